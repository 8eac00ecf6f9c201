// The life of a process of the controller, judged at its end: by what it logged and measured, and by the watch over it.
import { setTimeout as delay } from 'node:timers/promises'
import type { Running } from '../e2e/support.ts'
import { mark, nameMark, type Room } from './case.ts'
import type { Good } from './good.ts'
import type { Seen, Watch } from './watch.ts'

/** How it lived, and what was wrong with it. */
export type Life = Readonly<{
  seen: Seen
  code: number | null
  /** Passes of the healthy group, and the longest wait between two of them; ms. */
  passes: number
  gapMs: number
  log: string
  metricsBytes: number
  faults: readonly string[]
}>

/**
 * A freeze, in ms of the main thread's processor time: far below the twenty seconds after which a kubelet has asked
 * three times in vain, and far above what a slow machine makes of the longest piece of work.
 */
const frozenMs = 3_000
/** By the clock, on a quiet machine: three probes in a row, ten seconds apart. */
const hungMs = 30_000
const answerMs = 30_000
const memoryMaxMb = 1_024
const logMaxBytes = 2_000_000
const lineMaxBytes = 8_192
const metricsMaxBytes = 1_000_000
const seriesMax = 200
const usualGapMs = 20_000

/** Ends the process, and judges its life. */
export async function lifeOf({
  running,
  watch,
  metrics,
  room,
  good,
}: Readonly<{
  running: Running
  watch: Watch
  metrics: number
  room: Room
  good: Good
}>): Promise<Life> {
  const measured = await fetch(`http://127.0.0.1:${metrics}/metrics`, {
    signal: AbortSignal.timeout(answerMs),
  }).then(
    (answer) => answer.text(),
    () => '',
  )
  const seen = await watch.stop()
  const early = running.child.exitCode !== null || running.child.signalCode !== null
  running.child.kill('SIGTERM')
  const late = delay(45_000).then(() => running.child.kill('SIGKILL'))
  const { code, stdout, stderr } = await running.ended
  void late
  const { passes, gapMs } = passesIn(stdout)
  const gapMaxMs = (room.gapMaxMs ?? usualGapMs) * seen.load
  const wrong = (bad: boolean, what: string) => (bad ? [what] : [])
  const said = stdout + stderr
  const lines = said.split('\n')
  const longest = lines.reduce((most, { length }) => Math.max(most, length), 0)
  const series = measured
    .split('\n')
    .filter((line) => line.startsWith('exsync_ews_requests_total')).length
  return {
    seen,
    code,
    passes,
    gapMs,
    log: said,
    metricsBytes: measured.length,
    faults: [
      ...wrong(early, `the process ended: ${code} ${lastOf(stderr)}`),
      ...wrong(!early && code !== 0, `it did not end as asked: ${code} ${lastOf(stderr)}`),
      ...wrong(
        seen.cpuMaxMs > frozenMs,
        `it froze for ${Math.round(seen.cpuMaxMs)} ms of processor time`,
      ),
      ...wrong(
        seen.wallMaxMs > hungMs * seen.load,
        `it did not answer for ${Math.round(seen.wallMaxMs)} ms`,
      ),
      ...wrong(seen.memoryMb > memoryMaxMb, `it took ${Math.round(seen.memoryMb)} MB`),
      ...wrong(passes === 0, 'the healthy group made no pass'),
      ...wrong(gapMs > gapMaxMs, `the healthy group waited ${Math.round(gapMs)} ms for a pass`),
      ...good.wrong(),
      ...wrong(said.length > logMaxBytes, `the log has ${said.length} bytes`),
      ...wrong(longest > lineMaxBytes, `a line of the log has ${longest} bytes`),
      ...wrong(measured.length > metricsMaxBytes, `/metrics has ${measured.length} bytes`),
      ...wrong(!early && measured === '', '/metrics does not answer'),
      ...wrong(series > seriesMax, `exsync_ews_requests_total has ${series} series`),
      ...['Zq7secret', mark, nameMark].flatMap((text) => [
        ...wrong(said.includes(text), `the log holds ${text}: ${lineWith(lines, text)}`),
        ...wrong(measured.includes(text), `/metrics holds ${text}`),
      ]),
    ],
  }
}

/** How many passes the healthy group made, and the longest time from the end of one to the beginning of the next. */
function passesIn(stdout: string): { passes: number; gapMs: number } {
  const ends = stdout
    .split('\n')
    .filter((line) => line.includes('"good/contacts"') && line.includes('pass done'))
    .map((line) => JSON.parse(line) as { time: string; durationMs: number })
    .map(({ time, durationMs }) => ({
      endMs: Date.parse(time),
      startMs: Date.parse(time) - durationMs,
    }))
  const gaps = ends.slice(1).map(({ startMs }, at) => startMs - (ends[at]?.endMs ?? startMs))
  return { passes: ends.length, gapMs: Math.max(0, ...gaps) }
}

const lastOf = (text: string) => text.trim().split('\n').slice(-12).join(' | ').slice(0, 600)
const lineWith = (lines: readonly string[], text: string) =>
  (lines.find((line) => line.includes(text)) ?? '').slice(0, 300)
