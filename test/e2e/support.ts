// What the end-to-end tests have in common: a directory of declarations beside a state, the real program as
// a process of its own, and a look at everything that an Exchange holds. Nothing here sleeps for a fixed
// time: one waits for a process to end, or asks again until a deadline.
import { type ChildProcess, spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'
import type { SyncGroup, SyncGroupStatus } from '../../controller/api/resources.generated.ts'
import { openState } from '../../controller/store/state.ts'
import type { Binned } from '../../controller/sync/ports/bin.ts'
import type { Store } from '../exchange/store/store.ts'

const program = fileURLToPath(new URL('../../controller/main.ts', import.meta.url))
// As a person's shell starts it.
const flags = /node (.*)$/m.exec(readFileSync(program, 'utf8'))?.[1]?.split(' ') ?? []
// Compiled code is kept between processes; it saves each of them a good part of its start.
const compiled = join(tmpdir(), 'exsync-e2e-compiled')

/** The present environment, in which compiled code is kept between processes. */
export function compiledEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, NODE_COMPILE_CACHE: compiled }
}

/** The program with its first arguments, as a person's shell starts it. */
export const command: readonly string[] = [process.execPath, ...flags, program]

/** How a process ended, and all that it said. */
export type Ended = Readonly<{ code: number | null; stdout: string; stderr: string }>

/** The program while it runs. */
export type Running = Readonly<{
  child: ChildProcess
  /** What it has said on standard output so far. */
  said: () => string
  ended: Promise<Ended>
}>

/** Starts the program; `nodeFlags` are for Node itself, `uid` is who runs it when that is not who runs the test. */
export function exsync(
  args: readonly string[],
  nodeFlags: readonly string[] = [],
  uid?: number,
): Running {
  const child = spawn(process.execPath, [...flags, ...nodeFlags, program, ...args], {
    env: compiledEnvironment(),
    ...(uid === undefined ? {} : { uid }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
  return { child, said: () => stdout, ended }
}

/** Asks again and again until it is so; after the deadline it fails, saying what was waited for. */
export async function until(
  what: string,
  condition: () => Promise<boolean> | boolean,
  deadlineMs = 40_000,
): Promise<void> {
  for (const endMs = performance.now() + deadlineMs; !(await condition()); await delay(20)) {
    if (performance.now() > endMs) throw new Error(`waited ${deadlineMs} ms in vain for: ${what}`)
  }
}

/** A Kubernetes resource as it is written down. */
export type Resource = Readonly<Record<string, unknown>>

/** A directory of declarations, and the state beside it; deleted at the end of its scope. */
export class Place implements Disposable {
  readonly #top = mkdtempSync(join(tmpdir(), 'exsync-e2e-'))
  readonly local = join(this.#top, 'local')
  readonly state = join(this.#top, 'state')

  constructor(resources: readonly Resource[]) {
    mkdirSync(this.local)
    this.declare(resources)
  }

  /** Writes the declarations, one file for all. */
  declare(resources: readonly Resource[]): void {
    this.write('all.yaml', resources.map((each) => stringify(each)).join('---\n'))
  }

  /** Writes a file among the declarations. */
  write(name: string, text: string): void {
    writeFileSync(join(this.local, name), text)
  }

  /** A file among the declarations. */
  read(name: string): string {
    return readFileSync(join(this.local, name), 'utf8')
  }

  /** Starts a command of the program on this place. */
  start(command: 'run' | 'plan' | 'verify', ...more: readonly string[]): Running {
    return exsync([command, '--local', this.local, '--state', this.state, ...more])
  }

  /** Makes one pass for every group, and waits for the end. */
  once(): Promise<Ended> {
    return this.start('run', '--once').ended
  }

  /** A group's status as it is now; undefined while there is none. */
  status(name: string, namespace = 'sales'): SyncGroupStatus | undefined {
    return (parse(this.statusText(name, namespace)) as Partial<SyncGroup> | null)?.status
  }

  /** The file that holds a group's status; empty while there is none. */
  statusText(name: string, namespace = 'sales'): string {
    try {
      return readFileSync(join(this.state, 'status', `${namespace}.${name}.yaml`), 'utf8')
    } catch {
      return ''
    }
  }

  /**
   * Every file of the state with a digest of its bytes; empty when there is no state. What SQLite's readers
   * and writers share as memory (-shm) is no part of it.
   */
  stateDigests(): ReadonlyMap<string, string> {
    try {
      const files = readdirSync(this.state, { recursive: true, withFileTypes: true })
      return new Map(
        files
          .filter(({ name }) => !name.endsWith('-shm'))
          .map((file) => {
            const path = join(file.parentPath, file.name)
            return [path, file.isFile() ? hash('sha256', readFileSync(path)) : ''] as const
          })
          .sort(([one], [other]) => (one < other ? -1 : 1)),
      )
    } catch {
      return new Map()
    }
  }

  /** What is in the bin: the newest first. */
  bin(): readonly Binned[] {
    const state = openState(this.state, { readOnly: true })
    try {
      return state.bin.list(1000)
    } finally {
      state.close()
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#top, { recursive: true, force: true })
  }
}

/** What a group's declaration may differ in. */
export type GroupOptions = Readonly<{
  name?: string
  members: readonly Resource[]
  spec?: Resource
  annotations?: Readonly<Record<string, string>>
}>

/** A SyncGroup of the namespace sales. */
export function groupOf(options: GroupOptions): Resource {
  const { name = 'company-contacts', members, spec = {}, annotations = {} } = options
  return {
    apiVersion: 'exchangesync.dev/v1alpha1',
    kind: 'SyncGroup',
    metadata: { name, namespace: 'sales', annotations },
    spec: {
      serverRef: { name: 'corp' },
      hub: { publicFolder: '/Company/Contacts' },
      members,
      interval: '1s',
      retryInterval: '1s',
      ...spec,
    },
  }
}

/** The ExchangeServer at the URL. */
export function serverOf(url: string, spec: Resource = {}): Resource {
  return {
    apiVersion: 'exchangesync.dev/v1alpha1',
    kind: 'ExchangeServer',
    metadata: { name: 'corp', namespace: 'sales' },
    spec: { url, auth: { type: 'Basic', secretRef: { name: 'account' } }, ...spec },
  }
}

/** A Secret of the namespace sales, which may be used for signing in. */
export function secretOf(name: string, stringData: Resource): Resource {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'sales', labels: { 'exchangesync.dev/credentials': 'true' } },
    stringData,
  }
}

/** Everything in all mailboxes and public folders, to the last change key: equal means untouched. */
export function holdingsOf({ state }: Store): readonly string[] {
  return [...state.folders.values()].flatMap((folder) => [
    `${folder.box.address} ${folder.id} ${folder.name} ${folder.change}`,
    ...[...folder.items.values()].map(
      ({ id, change }) => `${folder.box.address} ${folder.name} ${id} ${change}`,
    ),
  ])
}

/** What is in the one and not in the other, each as often as it is; both empty when they are equal. */
export function difference(found: readonly string[], wanted: readonly string[]) {
  const missing = [...wanted]
  const surplus = found.filter((each) => {
    const at = missing.indexOf(each)
    if (at >= 0) missing.splice(at, 1)
    return at < 0
  })
  return { missing, surplus }
}

/** What a status must always keep to (kstatus); answers what it does not. */
export function faultsOf(status: SyncGroupStatus | undefined): readonly string[] {
  if (status === undefined) return ['there is no status']
  const conditions = status.conditions ?? []
  const of = (type: string) => conditions.find((each) => each.type === type)
  const wrong = (bad: boolean, what: string) => (bad ? [what] : [])
  return [
    ...wrong(of('Ready') === undefined, 'Ready is missing'),
    ...wrong(
      of('Reconciling')?.status === 'True' && of('Stalled')?.status === 'True',
      'Reconciling and Stalled exclude each other',
    ),
    ...wrong(
      of('Ready')?.status === 'True' && of('Stalled')?.status === 'True',
      'Ready while Stalled',
    ),
    ...conditions.flatMap(({ type, reason, message }) => [
      ...wrong(!/^[A-Z][A-Za-z]*$/.test(reason), `${type}: ${reason} is not a stable reason`),
      ...wrong(message === '' || message.length > 1024, `${type}: the message is empty or long`),
    ]),
    ...wrong((status.problems?.length ?? 0) > 50, 'too many problems'),
  ]
}

/** The condition Ready. */
export function readyOf(status: SyncGroupStatus | undefined) {
  return status?.conditions?.find(({ type }) => type === 'Ready')
}

/** Runs the tasks of one file two at a time: each is a process or two, and two cores are little. */
export const two = turnstile(2)

/** Lets at most so many tasks run at once; the others wait in order. */
function turnstile(max: number): <Result>(task: () => Promise<Result>) => Promise<Result> {
  const ends: Promise<unknown>[] = Array.from({ length: max }, () => Promise.resolve())
  let turn = 0
  return (task) => {
    const lane = turn++ % max
    const done = (ends[lane] ?? Promise.resolve()).then(task)
    ends[lane] = done.catch(() => {})
    return done
  }
}
