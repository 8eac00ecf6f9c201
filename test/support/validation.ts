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
let inspect: Promise<Inspect | undefined> | undefined
let every = 1

/** Validates from now on. Answers what was validated so far, kept up to date. */
export function validated(): Validation {
  inspectAll(() => (inspect ??= made()))
  return validation
}

/** Validates one exchange of messages of so many from now on, where all of them would take too long. */
export function sample(many: number): void {
  every = many
}

/** What was invalid since it was asked last. */
export function invalid(): readonly string[] {
  return validation.errors.splice(0)
}

async function made(): Promise<Inspect | undefined> {
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
