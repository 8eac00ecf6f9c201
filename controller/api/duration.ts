// Go durations, as Kubernetes resources write them: `1m30s`.

/** How long a refused user name or password is not sent again: an account that was locked is open again by then. */
export const lockoutMs = 15 * 60_000

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
