// The text by which a status names a plan that waits for an approval, and its reader: `exsync approve` approves only the hash
// that a status shows.
import { approveAnnotation } from './annotations.ts'
import type { SyncGroupStatus } from './resources.generated.ts'

/** A plan that the guard blocked, as a group's status shows it. */
export type Awaited = Readonly<{
  hash: string
  /** The hashes of single replicas, if several are blocked. */
  alone: readonly string[]
  /** Is it above the ceilings of an ExchangeServer? Then the server's annotation approves it. */
  onServer: boolean
  /** The whole message of the condition. */
  message: string
}>

const onServerText = ' on the ExchangeServer, whose spec.allowed.guard has lower limits'

/** The part of the message that names the annotation. `onServer`: only an ExchangeServer's annotation approves it. */
export function approvalText(hash: string, onServer: boolean): string {
  return `${approveAnnotation}: ${hash}${onServer ? onServerText : ''}`
}

/** The part of the message that names the hash of one replica. */
export function aloneText(hash: string): string {
  return ` (alone: ${hash})`
}

// The first one counts: the message names folders, whose names others choose, after it.
const whole = new RegExp(`${approveAnnotation}: ([\\w-]{6,64})(${onServerText})?`)

/**
 * The plan that waits for an approval, by the condition Guarded; undefined if none does. The hashes of single replicas are those of
 * status.guard, never of the message, because the name of a folder may look like one.
 */
export function awaitedIn(status: SyncGroupStatus | undefined): Awaited | undefined {
  const guarded = status?.conditions?.find(({ type }) => type === 'Guarded')
  if (guarded?.status !== 'True') return undefined
  const { message } = guarded
  const [, inMessage, onServer] = whole.exec(message) ?? []
  const { hash = inMessage, refusals = [] } = status?.guard ?? {}
  if (hash === undefined) return undefined
  const alone = refusals.flatMap((refusal) => refusal.hash ?? [])
  const above = onServer !== undefined || refusals.some((refusal) => refusal.above)
  return { hash, alone, onServer: above, message }
}
