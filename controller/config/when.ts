// Moments as people write them: a date, a date with a time, or how long ago.
import { durationMs } from '../api/duration.ts'

/** What may be written for a moment, for messages. */
export const momentForms = 'a date (2026-03-01), a time (2026-03-01T09:30Z) or an age (2h, 90m, 7d)'

const dayMs = 86_400_000
const form = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/

/**
 * The moment in ms since 1970; undefined when the text is none. Without a zone it is in UTC. An age is a Go duration that
 * may begin with days (`7d`, `1d12h`).
 */
export function momentMs(text: string, nowMs: number): number | undefined {
  const [, days, rest] = /^(?:(\d{1,5})d)?(.*)$/.exec(text) ?? []
  const age = rest === '' && days !== undefined ? 0 : durationMs(rest ?? '')
  if (age !== undefined) return Math.round(nowMs - Number(days ?? 0) * dayMs - age)
  const [whole, day, minute = '00:00', second = ':00', zone = 'Z'] = form.exec(text) ?? []
  if (whole === undefined || day === undefined) return undefined
  const midnight = Date.parse(`${day}T00:00Z`)
  const ms = Date.parse(`${day}T${minute}${second}${zone}`)
  // The engine takes 31 February for a day of March.
  const exists = !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(day)
  return exists && !Number.isNaN(ms) ? ms : undefined
}
