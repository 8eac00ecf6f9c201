// Go durations, as Kubernetes resources write them: `1m30s`.

/** How long a refused user name or password is not sent again: an account that was locked is open again by then. */
export const lockoutMs = 15 * 60_000

/** The longest that a server can ask to be left alone, whatever it says; ms. */
export const backOffMaxMs = 15 * 60_000

const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

/** The duration in ms; undefined when the text is none. */
export function durationMs(text: string): number | undefined {
  if (!/^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/.test(text)) return undefined
  let ms = 0
  for (const [, value, unit = ''] of text.matchAll(/([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)/gy)) {
    ms += Number(value) * (units[unit] ?? 0)
  }
  return ms
}

/** The duration in ms of a text that the schema has checked. */
export function checkedMs(text: string): number {
  const ms = durationMs(text)
  if (ms === undefined) throw new Error('a duration that the schema let pass')
  return ms
}

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
