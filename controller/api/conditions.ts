// The shared parts of both statuses: conditions, the form of reasons, messages, counts and times, and when a status is
// worth a write. The time of a pass without changes is written every five minutes only.
import { isDeepStrictEqual } from 'node:util'
import { printableUpTo } from '../core/printable.ts'
import { isReason } from '../core/sync-error.ts'

/** The types of our conditions; others in a status belong to other controllers and are ignored. */
export const conditionTypes = ['Ready', 'Reconciling', 'Stalled', 'Guarded']

const messageMax = 1024

/** A code as a condition's reason: Exchange's codes without their prefix. */
export function reasonOf(code: string): string {
  return isReason(code) ? code.replace(/^Error(?=[A-Z])/, '') : 'UnknownCode'
}

/** A message as a status accepts it: printable and cut. */
export function messageText(message: string): string {
  return printableUpTo(message, messageMax)
}

type Said = Readonly<{
  type: string
  status: 'True' | 'False' | 'Unknown'
  reason: string
  message: string
}>

/**
 * The conditions of a suspended resource: those from before, without Reconciling, because nothing goes on. A resource that
 * has had no result of its spec yet, and one that an older version suspended, is Unknown with the reason Suspended.
 */
export function pausedOf(before: readonly Said[] = []): readonly Said[] {
  const kept = before.filter(({ type }) => conditionTypes.includes(type) && type !== 'Reconciling')
  const ready = kept.find(({ type }) => type === 'Ready')
  const isResult = ready !== undefined && ready.status !== 'Unknown'
  if (isResult && !['Suspended', 'InvalidSpec'].includes(ready.reason))
    return kept.map(({ type, status, reason, message }) => ({ type, status, reason, message }))
  const message = 'spec.suspend is true'
  return [{ type: 'Ready', status: 'Unknown', reason: 'Suspended', message }]
}

/** The oldest that the time of the last pass may get while nothing else changes, ms. */
export const heartbeatMs = 5 * 60_000

type Timed = Readonly<{
  lastPass?: Readonly<{ time: string; durationMs: number }> | undefined
  conditions?: readonly Readonly<{ type: string }>[] | undefined
}>

/** Does the new status contain news over the one on the server? */
export function isNews(before: unknown, now: Timed & object): boolean {
  const old = timedIn(before)
  if (!isDeepStrictEqual(untimed(old), untimed(now))) return true
  const age = Date.parse(now.lastPass?.time ?? '') - Date.parse(old.lastPass?.time ?? '')
  return Number.isFinite(age) && age >= heartbeatMs
}

// The status in an answer. Its content is unchecked.
function timedIn(status: unknown): Timed {
  if (typeof status !== 'object' || status === null) return {}
  const { conditions, lastPass, ...rest } = status as Record<string, unknown>
  const known = Array.isArray(conditions)
    ? { conditions: conditions.filter((each) => typeof each?.type === 'string') }
    : {}
  return { ...rest, ...known, ...(lastPass ? { lastPass: lastPass as Timed['lastPass'] } : {}) }
}

function untimed({ lastPass, conditions = [], ...rest }: Timed) {
  const mine = conditions
    .filter(({ type }) => conditionTypes.includes(type))
    .sort((one, other) => conditionTypes.indexOf(one.type) - conditionTypes.indexOf(other.type))
  const { time: _, durationMs: __, ...counts } = lastPass ?? { time: '', durationMs: 0 }
  return { ...rest, conditions: mine, ...(lastPass && { lastPass: counts }) }
}

/** A count as a status accepts it. A clock that was set back can make a duration negative. */
export function countOf(count: number): number {
  return Number.isFinite(count) ? Math.max(0, Math.round(count)) : 0
}

/** A time in a status, in UTC and seconds; ms that no date can express are limited to the range of dates. */
export function iso(ms: number): string {
  const known = Number.isFinite(ms) ? Math.min(Math.max(ms, 0), lastMs) : 0
  return new Date(known).toISOString().replace(/\.\d{3}Z$/, 'Z')
}

const lastMs = Date.parse('9999-12-31T23:59:59Z')
