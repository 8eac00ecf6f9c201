// The stage of the demo: an embedded Exchange in this process, the controller as a process of its own, and
// a temporary directory with its resources, state and log. Whatever happens, `end` leaves nothing running.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parse, parseDocument } from 'yaml'
import type { SyncGroupStatus } from '../../controller/api/resources.generated.ts'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import { parseWorld } from '../exchange/world.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const worldFile = 'examples/worlds/demo.yaml'
/** The address that the examples name; the demo's own server listens on a free port instead. */
const exampleUrl = 'http://127.0.0.1:8025/EWS/Exchange.asmx'
const program = [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  join(root, 'controller/main.ts'),
] as const
const endMaxMs = 8_000

/** Everything that runs, and where its files are. */
export class Stage {
  readonly exchange: Exchange
  readonly directory: string
  readonly resources: string
  readonly state: string
  readonly log: string
  readonly #ended = new AbortController()
  #controller: ChildProcess | undefined
  #ending = false

  private constructor(exchange: Exchange, directory: string) {
    this.exchange = exchange
    this.directory = directory
    this.resources = join(directory, 'resources')
    this.state = join(directory, 'state')
    this.log = join(directory, 'controller.log')
  }

  /** Starts the Exchange of the demo's world on a free port, and copies the resources, with that port put in. */
  static async set(): Promise<Stage> {
    const world = parseWorld(await readFile(join(root, worldFile), 'utf8'), worldFile)
    const exchange = await startExchange(world)
    const stage = new Stage(exchange, await mkdtemp(join(tmpdir(), 'exsync-demo-')))
    await mkdir(stage.resources)
    let urls = 0
    for (const name of await readdir(join(root, 'examples/demo'))) {
      const text = await readFile(join(root, 'examples/demo', name), 'utf8')
      urls += text.split(exampleUrl).length - 1
      await writeFile(join(stage.resources, name), text.replace(exampleUrl, exchange.url))
    }
    if (urls !== 1) throw new Error(`examples/demo names ${exampleUrl} ${urls} times, not once`)
    return stage
  }

  /** Aborts when the controller ends although nobody asked it to. */
  get ended(): AbortSignal {
    return this.#ended.signal
  }

  /** Starts the controller. */
  startController(): void {
    const [node, ...args] = program
    const log = openSync(this.log, 'a')
    const given = ['run', '--local', this.resources, '--state', this.state]
    const child = spawn(node, [...args, ...given], { stdio: ['ignore', log, log] })
    closeSync(log)
    this.#controller = child
    child.once('error', (error) => this.#ended.abort(error))
    child.once('exit', (code, signal) => {
      if (!this.#ending)
        this.#ended.abort(new Error(`the controller ended by itself (${signal ?? code})`))
    })
    process.once('exit', () => child.kill('SIGKILL'))
  }

  /** What `exsync …` prints about this state. */
  async exsync(...args: readonly string[]): Promise<string> {
    const [node, ...main] = program
    const run = promisify(execFile)
    const { stdout } = await run(node, [...main, ...args, '--state', this.state])
    return stdout
  }

  /** The group's status; undefined before there is one. */
  async status(): Promise<SyncGroupStatus | undefined> {
    try {
      const file = join(this.state, 'status', 'sales.clients.yaml')
      return (parse(await readFile(file, 'utf8')) as { status?: SyncGroupStatus }).status
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Edits `spec.suspend` in the SyncGroup's file, as one would in Git. */
  async suspend(suspended: boolean): Promise<void> {
    const file = join(this.resources, 'sync-group.yaml')
    const document = parseDocument(await readFile(file, 'utf8'))
    if (suspended) document.setIn(['spec', 'suspend'], true)
    else document.deleteIn(['spec', 'suspend'])
    await writeFile(`${file}.new`, String(document))
    await rename(`${file}.new`, file)
  }

  /** Ends everything; removes the files unless they are to be kept. */
  async end(keepFiles: boolean): Promise<void> {
    this.#ending = true
    const child = this.#controller
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await Promise.race([gone, sleep(endMaxMs, undefined, { ref: false })])
      if (child.kill('SIGKILL')) await gone
    }
    await this.exchange.close()
    if (!keepFiles) await rm(this.directory, { recursive: true, force: true })
  }
}
