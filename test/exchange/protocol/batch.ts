// Operations on many things at once: one response message for each, in the order of the request. One that
// fails does not disturb the others, unless its code is one of those after which Exchange stops trying.
import { text } from '../xml/writer.ts'
import { EwsError, SoapFault, STOPPING } from './errors.ts'
import type { Session } from './session.ts'
import { answer, messageXml } from './soap.ts'

/** A code that a test wants instead of what would happen: for every item, or for the n-th one, from 0. */
export type Injection = Readonly<{ error: EwsError; at: number | undefined }>

/** A request in hand, and what a test has planned for it. */
export type Call = Readonly<{ session: Session; injection: Injection | undefined }>

/** What one item gets: the content after the response code. A warning is a success with a code. */
export type Reply = string | Readonly<{ warning: EwsError; xml: string }>

/** Answers an operation. `empty` is what the schema demands of a message that has nothing to say. */
export function batch<T>(
  call: Call,
  operation: string,
  entries: readonly T[],
  one: (entry: T) => Reply,
  empty = '',
): string {
  let stopped = false
  let xml = ''
  entries.forEach((entry, index) => {
    let error: EwsError | undefined
    if (stopped) {
      const skipped = new EwsError('ErrorBatchProcessingStopped')
      xml += message(operation, 'Warning', status(skipped) + empty)
      return
    }
    try {
      const { injection } = call
      if (injection && (injection.at === undefined || injection.at === index)) throw injection.error
      xml += success(operation, one(entry))
    } catch (thrown) {
      if (!(thrown instanceof EwsError) || thrown instanceof SoapFault) throw thrown
      error = thrown
      xml += message(operation, 'Error', status(error) + empty)
    }
    stopped = error !== undefined && STOPPING.has(error.code)
  })
  return answer(operation, `<m:ResponseMessages>${xml}</m:ResponseMessages>`)
}

function success(operation: string, reply: Reply): string {
  if (typeof reply !== 'string') {
    return message(operation, 'Warning', status(reply.warning) + reply.xml)
  }
  return message(operation, 'Success', `<m:ResponseCode>NoError</m:ResponseCode>${reply}`)
}

/** What a response message says about an error. */
export function status({ message: why, code, details }: EwsError): string {
  return `<m:MessageText>${text(why)}</m:MessageText><m:ResponseCode>${text(code)}</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>${messageXml(details, 'm')}`
}

function message(operation: string, responseClass: string, content: string): string {
  const name = `${operation}ResponseMessage`
  return `<m:${name} ResponseClass="${responseClass}">${content}</m:${name}>`
}
