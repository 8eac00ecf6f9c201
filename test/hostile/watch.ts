// Asks a process whether it lives, as a kubelet does, without a pause longer than a tenth of a second. How long it
// froze is counted in the processor time of its main thread between question and answer: that is the same on a loaded
// machine, on which the clock tells of the others.
import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

/** What the watch has seen. */
export type Seen = Readonly<{
  answers: number
  /** The most processor time of the main thread, and the most time, between a question and its answer; ms. */
  cpuMaxMs: number
  wallMaxMs: number
  /** The most memory that the process ever had; MB. */
  memoryMb: number
  /** How much longer things take since others use the processors as well: 1 on a quiet machine. */
  load: number
}>

/** What a thread used, and waited for, so far; ms. */
type Used = Readonly<{ cpuMs: number; waitedMs: number }>

/** The watch over one process. */
export class Watch {
  readonly #pid: number
  readonly #port: number
  readonly #ended = new AbortController()
  readonly #done: Promise<void>
  #seen = { answers: 0, cpuMaxMs: 0, wallMaxMs: 0, memoryMb: 0, load: 1 }

  constructor(pid: number, port: number) {
    this.#pid = pid
    this.#port = port
    this.#done = this.#run()
  }

  get seen(): Seen {
    return this.#seen
  }

  /** Ends the watch; answers what it has seen. */
  async stop(): Promise<Seen> {
    this.#ended.abort()
    await this.#done
    return this.#seen
  }

  async #run(): Promise<void> {
    const first = this.#used()
    while (!this.#ended.signal.aborted) {
      const [before, startMs] = [this.#used(), performance.now()]
      const alive = await answered(this.#port, this.#ended.signal)
      const [after, endMs] = [this.#used(), performance.now()]
      const { memoryMb, answers } = this.#seen
      this.#seen.memoryMb = Math.max(memoryMb, this.#memoryMb())
      // Before its first answer it starts, and when it has ended it is not frozen.
      if ((alive || this.#ended.signal.aborted) && answers > 0) {
        this.#seen.cpuMaxMs = Math.max(this.#seen.cpuMaxMs, after.cpuMs - before.cpuMs)
        this.#seen.wallMaxMs = Math.max(this.#seen.wallMaxMs, endMs - startMs)
      }
      this.#seen.answers += alive ? 1 : 0
      const [cpuMs, waitedMs] = [after.cpuMs - first.cpuMs, after.waitedMs - first.waitedMs]
      if (cpuMs > 500) this.#seen.load = (cpuMs + waitedMs) / cpuMs
      await delay(100, undefined, { signal: this.#ended.signal }).catch(() => {})
    }
  }

  #used(): Used {
    const [ran, waited = '0'] = this.#proc('schedstat').split(' ')
    // A kernel that does not tell leaves the clock.
    if (!ran) return { cpuMs: performance.now(), waitedMs: 0 }
    return { cpuMs: Number(ran) / 1e6, waitedMs: Number(waited) / 1e6 }
  }

  #memoryMb(): number {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(this.#proc('status'))?.[1] ?? 0) / 1024
  }

  #proc(name: string): string {
    try {
      return readFileSync(`/proc/${this.#pid}/${name}`, 'utf8')
    } catch {
      return ''
    }
  }
}

function answered(port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(
      { port, host: '127.0.0.1', path: '/healthz', agent: false, signal },
      (response) => {
        response.resume()
        response.once('end', () => resolve(response.statusCode === 200))
        response.once('error', () => resolve(false))
      },
    )
    request.once('error', () => resolve(false))
  })
}
