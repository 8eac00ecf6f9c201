// Durations in Go's format, as in Kubernetes resources: `1m30s`.

/** The time for which refused credentials are not sent again, ms: by then a locked account is usually open again. */
export const lockoutMs = 15 * 60_000

const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

/** The duration in ms; undefined if the text is no duration. */
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
  if (ms === undefined) throw new Error('an invalid duration passed the schema')
  return ms
}
