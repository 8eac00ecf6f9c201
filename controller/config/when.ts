// Points in time as people write them: a date, a date with a time, or an age.
import { durationMs } from '../api/duration.ts'

/** The accepted forms, for messages. */
export const momentForms = 'a date (2026-03-01), a time (2026-03-01T09:30Z) or an age (2h, 90m, 7d)'

const dayMs = 86_400_000
const form = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/

/**
 * The time in ms since 1970; undefined for an invalid text. Without a zone it is UTC. An age is a Go duration that may
 * begin with days (`7d`, `1d12h`).
 */
export function momentMs(text: string, nowMs: number): number | undefined {
  const [, days, rest] = /^(?:(\d{1,5})d)?(.*)$/.exec(text) ?? []
  const age = rest === '' && days !== undefined ? 0 : durationMs(rest ?? '')
  if (age !== undefined) return Math.round(nowMs - Number(days ?? 0) * dayMs - age)
  const [whole, day, minute = '00:00', second = ':00', zone = 'Z'] = form.exec(text) ?? []
  if (whole === undefined || day === undefined) return undefined
  const midnight = Date.parse(`${day}T00:00Z`)
  const ms = Date.parse(`${day}T${minute}${second}${zone}`)
  // Date.parse accepts 31 February as a day of March; refuse it.
  const exists = !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(day)
  return exists && !Number.isNaN(ms) ? ms : undefined
}
