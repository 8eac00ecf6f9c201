// The controller as a process of its own, in a test's hands: what it says, its metrics and health, and signals to it.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until as soon } from '../e2e/support.ts'

/** The program. */
export const main = fileURLToPath(new URL('../../controller/main.ts', import.meta.url))
/** The flags of Node with which a person's shell starts it. */
export const nodeFlags = /node (.*)$/m.exec(readFileSync(main, 'utf8'))?.[1]?.split(' ') ?? []

/** How it is started. */
export type Process = Readonly<{
  args: readonly string[]
  env: Readonly<Record<string, string | undefined>>
  ports: Readonly<{ metrics: number; health: number }>
  state: string
  token: string
}>

/** The controller as a process. */
export class Controller {
  /** How it was started. */
  readonly started: Process
  readonly state: string
  /** The file that its token lies in. */
  readonly token: string
  readonly #ports: Process['ports']
  readonly #child: ChildProcess
  readonly ended: Promise<number | null>
  #said = ''

  constructor(started: Process) {
    const { args, env, ports, state, token } = started
    this.started = started
    this.state = state
    this.token = token
    this.#ports = ports
    this.#child = spawn(process.execPath, [...nodeFlags, main, ...args], {
      env: { ...env, NODE_COMPILE_CACHE: join(tmpdir(), 'exsync-cluster-compiled') },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const hear = (text: string) => {
      this.#said += text
    }
    this.#child.stdout?.setEncoding('utf8').on('data', hear)
    this.#child.stderr?.setEncoding('utf8').on('data', hear)
    this.ended = new Promise((resolve) => this.#child.once('close', resolve))
  }

  /** All that it has said. */
  get said(): string {
    return this.#said
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Waits until it leads. */
  async leads(): Promise<void> {
    await until('the controller leads', async () => {
      if (!this.running) throw new Error(`the controller ended: ${this.#said}`)
      return this.#said.includes('"started"')
    })
  }

  /** Its metrics, by name and labels as they are written. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const text = await (await fetch(`http://127.0.0.1:${this.#ports.metrics}/metrics`)).text()
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    return new Map(
      lines.map((line) => [line.replace(/ [^ ]+$/, ''), Number(line.split(' ').at(-1))]),
    )
  }

  /** What /healthz or /readyz answers. */
  async health(path: '/healthz' | '/readyz'): Promise<number> {
    return (await fetch(`http://127.0.0.1:${this.#ports.health}${path}`)).status
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Asks it to end; answers its exit code. */
  async stop(): Promise<number | null> {
    this.signal('SIGTERM')
    return this.ended
  }

  async kill(): Promise<void> {
    if (this.running) {
      this.signal('SIGKILL')
      await this.ended
    }
  }
}

/** Asks again and again until it is so: in a cluster, beside much else, that may take minutes. */
export function until(
  what: string,
  condition: () => Promise<boolean> | boolean,
  deadlineMs = 150_000,
): Promise<void> {
  return soon(what, condition, deadlineMs)
}
