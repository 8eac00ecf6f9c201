// What the statuses of both resources share: their conditions, how a reason and a message are written, and when a status
// is worth a write. The times of passes that changed nothing are news every five minutes only.
import { isDeepStrictEqual } from 'node:util'
import { printableUpTo } from '../core/printable.ts'
import { isReason } from '../core/sync-error.ts'

/** The conditions that are ours; another's beside them say nothing of us. */
export const conditionTypes = ['Ready', 'Reconciling', 'Stalled', 'Guarded']

const messageMax = 1024

/** A code as a condition's reason: Exchange's own without their prefix. */
export function reasonOf(code: string): string {
  return isReason(code) ? code.replace(/^Error(?=[A-Z])/, '') : 'UnknownCode'
}

/** A message as a status takes it, whatever words of others stand in it. */
export function messageText(message: string): string {
  return printableUpTo(message, messageMax)
}

/** How old the time of the last pass may get while nothing else changes, ms. */
export const heartbeatMs = 5 * 60_000

type Timed = Readonly<{
  lastPass?: Readonly<{ time: string; durationMs: number }> | undefined
  conditions?: readonly Readonly<{ type: string }>[] | undefined
}>

/** Does the new status say something that the one on the server does not? */
export function isNews(before: unknown, now: Timed & object): boolean {
  const old = timedIn(before)
  if (!isDeepStrictEqual(untimed(old), untimed(now))) return true
  const age = Date.parse(now.lastPass?.time ?? '') - Date.parse(old.lastPass?.time ?? '')
  return Number.isFinite(age) && age >= heartbeatMs
}

// A status as an answer has it: nobody need have checked it.
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
