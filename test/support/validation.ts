// Has the messages of every Exchange of this process validated by Microsoft's schemas, where these lie beside the
// repository: every request of our client, every request that is carried out, and every response. The schemas are compiled
// when the first Exchange starts.
import type { Inspect } from '../exchange/http/inspection.ts'
import { inspectAll } from '../exchange/http/inspection.ts'

/** What was validated so far. */
export type Validation = Readonly<{
  /** The number of requests and responses that were looked at. */
  messages: number
  /** What was invalid, one text for each message. */
  errors: readonly string[]
}>

const validation = { messages: 0, errors: [] as string[] }
let asked = false

/** Validates from now on; `every`: one exchange of messages of so many. Answers what was validated so far, kept up to date. */
export function validated(every = 1): Validation {
  if (!asked) inspectAll(() => (inspect ??= made(every)))
  asked = true
  return validation
}

/** What was invalid since it was asked last. */
export function invalid(): readonly string[] {
  return validation.errors.splice(0)
}

let inspect: Promise<Inspect | undefined> | undefined

async function made(every: number): Promise<Inspect | undefined> {
  const { schemaValidator } = await import('../exchange/schema.ts')
  const validator = schemaValidator(validation.errors)
  if (validator === undefined) return undefined
  let n = -1
  return (message) => {
    if (message.direction === 'request') n += 1
    if (n % every !== 0) return
    validation.messages += 1
    validator.inspect(message)
  }
}
