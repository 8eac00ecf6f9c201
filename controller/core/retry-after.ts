// The HTTP header Retry-After.
import { backOffMaxMs } from './sync-error.ts'

/**
 * How long an HTTP header Retry-After asks to wait, ms, at most `backOffMaxMs`: seconds, or a date that is compared
 * with the answer's own Date where it has one. Undefined where it says nothing that can be used.
 */
export function retryAfterMs(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  nowMs: number,
): number | undefined {
  const text = firstOf(headers['retry-after'])
  const date = Date.parse(firstOf(headers.date))
  const wantedMs = httpDate.test(text) ? Date.parse(text) : Number.NaN
  const ms = /^\d+(\.\d+)?$/.test(text)
    ? Number(text) * 1000
    : wantedMs - (Number.isNaN(date) ? nowMs : date)
  return ms > 0 ? Math.min(ms, backOffMaxMs) : undefined
}

// Date.parse alone also makes a date of `-5`.
const httpDate = /^[A-Z][a-z]{2,8},? .*\d\d:\d\d:\d\d/

function firstOf(value: string | readonly string[] | undefined): string {
  return (typeof value === 'string' ? value : (value?.[0] ?? '')).trim()
}
