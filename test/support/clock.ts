// Clocks for tests: the real one, and one whose time passes only when everybody waits for it.
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../controller/sync/ports.ts'

/** The machine's own. */
export const realClock: Clock = {
  now: () => Date.now(),
  sleep: (delayMs, signal) => sleep(delayMs, undefined, { signal }),
}

type Timer = Readonly<{ dueMs: number; ring: () => void }>

/** Time that stands still while anything runs. Whoever sleeps is woken in the order of the due times. */
export class VirtualClock implements Clock {
  #nowMs: number
  #timers: Timer[] = []

  constructor(nowMs: number) {
    this.#nowMs = nowMs
  }

  now(): number {
    return this.#nowMs
  }

  /** Lets time pass; whoever is due meanwhile is woken. */
  advance(byMs: number): void {
    this.#nowMs += byMs
    this.#ring()
  }

  sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const abort = () => {
        this.#timers = this.#timers.filter((each) => each !== timer)
        reject(signal.reason)
      }
      const ring = () => {
        signal.removeEventListener('abort', abort)
        resolve()
      }
      const timer = { dueMs: this.#nowMs + delayMs, ring }
      this.#timers.push(timer)
      signal.addEventListener('abort', abort, { once: true })
    })
  }

  /** Whoever sleeps is never woken: they are dead. */
  forget(): void {
    this.#timers = []
  }

  /** Waits for the answer; when nothing runs any more, time passes until somebody is woken. */
  async until<Value>(answer: Promise<Value>): Promise<Value> {
    let done = false
    const mark = () => {
      done = true
    }
    answer.then(mark, mark)
    for (;;) {
      // What runs within the process has come to an end, or waits for time, when a turn is over and none gave way.
      await turn()
      if (done) return answer
      // Long work takes a breath now and then (sync/breathe.ts): it is not over yet.
      if (process.getActiveResourcesInfo().includes('Immediate')) continue
      const [next] = [...this.#timers].sort((one, other) => one.dueMs - other.dueMs)
      if (next === undefined) throw new Error('everybody waits, and nobody for time')
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      this.#ring()
    }
  }

  #ring(): void {
    const due = this.#timers.filter(({ dueMs }) => dueMs <= this.#nowMs)
    this.#timers = this.#timers.filter(({ dueMs }) => dueMs > this.#nowMs)
    for (const { ring } of due.sort((one, other) => one.dueMs - other.dueMs)) ring()
  }
}

/** A clock that stands still until it is turned. */
export class Hand implements Clock {
  #nowMs = 0
  #sleepers: { atMs: number; wake: () => void }[] = []

  now(): number {
    return this.#nowMs
  }

  async sleep(delayMs: number, until: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#sleepers.push({ atMs: this.#nowMs + delayMs, wake: resolve })
      until.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  async turn(ms: number): Promise<void> {
    this.#nowMs += ms
    const due = this.#sleepers.filter(({ atMs }) => atMs <= this.#nowMs)
    this.#sleepers = this.#sleepers.filter((each) => !due.includes(each))
    for (const { wake } of due) wake()
    await calm()
  }
}

/** Lets everything that is ready run, without waiting for time. */
export async function calm(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1)
    await new Promise<void>((resolve) => setImmediate(resolve))
}
