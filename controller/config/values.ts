// Values of flags: numbers, durations, sizes.
import { durationMs } from '../api/duration.ts'
import { invalidArguments } from '../core/sync-error.ts'

/** A whole number within bounds; throws InvalidArguments that names the flag. */
export function count(flag: string, text: string, least: number, most: number): number {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN
  if (!(number >= least && number <= most))
    throw invalidArguments(`${flag} ${text} is not a number from ${least} to ${most}`)
  return number
}

/** A Go duration in ms, at least a second; throws InvalidArguments that names the flag. */
export function duration(flag: string, text: string): number {
  const ms = durationMs(text)
  if (ms === undefined || ms < 1000)
    throw invalidArguments(`${flag} ${text} is not a duration from 1s up, like 1h30m`)
  return ms
}

const units = { '': 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 } as const

/** A number of bytes; throws InvalidArguments that names the flag. */
export function bytes(flag: string, text: string): number {
  const [, count, unit = ''] = /^([1-9]\d{0,11})(Ki|Mi|Gi|Ti)?$/.exec(text) ?? []
  if (count === undefined)
    throw invalidArguments(`${flag} ${text} is not a number of bytes, like 500Mi or 1Gi`)
  return Number(count) * units[unit as keyof typeof units]
}
