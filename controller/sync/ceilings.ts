// The upper limits of a group, whatever it declares. The operator sets them, so that one group cannot use up
// everything.
import { checkedMs } from '../api/duration.ts'
import { SyncError } from '../core/sync-error.ts'
import { deadline } from './deadline.ts'
import type { Clock, Declared } from './ports.ts'

/** The limits. Durations in ms. */
export type PassCeilings = Readonly<{
  /** After this time a pass begins no further batch; after twice this time it is cancelled. */
  passMs: number
  /** The maximum duration of one request. */
  requestMs: number
  /** The maximum number of members of one group. */
  members: number
}>

/**
 * Throws a terminal SyncError for a group with too many members. Then nothing of the group is read, and no member
 * counts as departed.
 */
export function refuseCrowd({ group }: Declared, ceilings: PassCeilings | undefined): void {
  const { length } = group.spec.members ?? []
  if (ceilings === undefined || length <= ceilings.members) return
  const remedy = 'split it into several groups, or run the controller with a larger --max-members'
  const message = `the group has ${length} members, and may have ${ceilings.members}: ${remedy}`
  throw new SyncError('terminal', 'TooManyMembers', message)
}

/** One message for each declared value above its limit. The limit counts instead. */
export function cutsOf(
  { group, access }: Pick<Declared, 'group' | 'access'>,
  { passMs, requestMs }: PassCeilings,
): readonly string[] {
  const cut = (what: string, declared: string | undefined, mostMs: number, flag: string) =>
    declared !== undefined && checkedMs(declared) > mostMs
      ? [`${what} is ${declared}, and counts as ${mostMs / 1000}s, the limit of ${flag}`]
      : []
  const field = 'spec.limits.requestTimeout of the ExchangeServer'
  const servers = [...access.values()].flatMap(({ server }) => server ?? [])
  return [
    ...cut('spec.timeout', group.spec.timeout, passMs, '--max-pass-timeout'),
    ...servers.flatMap(({ metadata, spec }) => {
      const what = servers.length > 1 ? `${field} ${metadata.name}` : field
      return cut(what, spec.limits?.requestTimeout, requestMs, '--max-request-timeout')
    }),
  ]
}

/**
 * A signal that also aborts when the pass is cancelled (`givenUp`), or has taken twice the maximum time. `end` releases
 * the timer.
 */
export function limited(
  clock: Clock,
  ceilings: PassCeilings | undefined,
  givenUp: AbortSignal | undefined,
  signal: AbortSignal,
): Readonly<{ signal: AbortSignal; end: () => void }> {
  const others = [signal, ...(givenUp === undefined ? [] : [givenUp])]
  if (ceilings === undefined) return { signal: AbortSignal.any(others), end: () => {} }
  return deadline(clock, 2 * ceilings.passMs, passTimeout, others)
}

const passTimeout = new SyncError(
  'transient',
  'PassTimeout',
  'the pass took twice as long as --max-pass-timeout allows, and was cancelled; it is tried again: check how long the server takes to answer, split the group, or raise the limit',
)
