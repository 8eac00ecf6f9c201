// The HTTP header Retry-After.
import { backOffMaxMs } from './sync-error.ts'

/**
 * The pause that an HTTP header Retry-After requests, ms, at most `backOffMaxMs`. Its value is in seconds, or a date,
 * which is compared with the Date of the answer if present. Undefined without a usable value.
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

// Date.parse alone also accepts `-5` as a date.
const httpDate = /^[A-Z][a-z]{2,8},? .*\d\d:\d\d:\d\d/

function firstOf(value: string | readonly string[] | undefined): string {
  return (typeof value === 'string' ? value : (value?.[0] ?? '')).trim()
}
