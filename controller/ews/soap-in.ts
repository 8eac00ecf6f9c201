// The envelope in the body of a response, and what is there instead of one.
import { SyncError } from '../core/sync-error.ts'
import { statusError } from './http-errors.ts'
import type { Intake } from './intake.ts'
import type { Incoming } from './network.ts'
import type { Node } from './xml.ts'
import { parsed } from './xml-reader.ts'

/** How an answer is read: as a whole, or message by message. `begin` is called at every attempt. */
export type Reading = Readonly<{ begin?: () => (message: Node) => void }>

/** Reads the envelope. Rejects with a SyncError where there is none, or more than is taken in. */
export async function soapIn(
  response: Incoming,
  { begin }: Reading,
  { intake, nowMs, signal }: Readonly<{ intake: Intake; nowMs: number; signal: AbortSignal }>,
): Promise<Node> {
  let empty = true
  const bytes = async function* () {
    for await (const chunk of response.body) {
      empty &&= chunk.length === 0
      yield chunk
    }
  }
  try {
    const room = () => intake.room(signal)
    return await parsed(bytes(), { each: begin?.(), limits: intake.limits, room })
  } catch (error) {
    if (error instanceof SyncError && error.code === 'NotXml') {
      if (response.status === 500) throw statusError(response, nowMs)
      throw notEws(empty ? 'nothing' : 'a web page')
    }
    throw error
  }
}

function notEws(what: string): SyncError {
  return new SyncError(
    'transient',
    'NotEws',
    `the server answered with ${what} instead of EWS: check that the URL ends in /EWS/Exchange.asmx and that no proxy or sign-in page stands before it`,
  )
}
