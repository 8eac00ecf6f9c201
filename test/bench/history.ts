// What the history of edits costs: the same pass, with edits of one contact in a hundred, with a history and without.
//
//   node test/bench/history.ts [--items 1000] [--members 10] [--rounds 6]
//
// An embedded Exchange as a process of its own; the controller's passes in this one, over HTTP and a state on disk, by turns
// with and without: without, what edits replace is dropped before it is written. Exits 1 when the median pass with a
// history takes more than a tenth more time, of the clock and of the processor, than the median one without.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { GroupId } from '../../controller/core/id.ts'
import { Connections } from '../../controller/ews/connections.ts'
import { openState } from '../../controller/store/state.ts'
import type { Environment } from '../../controller/sync/environment.ts'
import type { Baseline, Change, Declared } from '../../controller/sync/ports.ts'
import { reconcile } from '../../controller/sync/reconcile.ts'
import { Servers } from '../../controller/sync/server-health.ts'
import type { World } from '../exchange/world.ts'
import { realClock } from '../support/clock.ts'
import { declaration } from '../support/declaration.ts'
import type { Edits, Ready } from './exchange-process.ts'

const ratioMax = 1.1
const account = 'sync@corp.example'
const password = 'bench-secret'
const folder = 'Contacts/Contacts'

type Figures = Readonly<{ wallMs: number; cpuMs: number; updated: number; kept: number }>

const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '1000' },
    members: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '6' },
  },
})
const [items, members, rounds] = [values.items, values.members, values.rounds].map(Number) as [
  number,
  number,
  number,
]
const mailboxes = Array.from({ length: members }, (_, n) => `member${n + 1}@corp.example`)

const directory = mkdtempSync(join(tmpdir(), 'exsync-bench-'))
async function main(exchange: ChildProcess): Promise<number> {
  exchange.send(world())
  const [{ url }] = (await once(exchange, 'message')) as [Ready]
  const bench = new Bench(url)
  try {
    // A folder that changed within this very second is listed again by the next pass: it is not what is measured.
    await nextSecond()
    const first = await bench.pass('with')
    console.log(`${items} items, ${members} members; first sync ${text(first)}`)
    await nextSecond()
    await bench.pass('with')
    const figures = { with: [] as Figures[], without: [] as Figures[] }
    const count = Math.ceil(items / 100)
    // The first of each is not counted. Who begins alternates.
    for (let round = 0; round <= rounds; round += 1) {
      const order = ['with', 'without'] as const
      for (const how of round % 2 === 0 ? order : order.toReversed()) {
        const from = (round * count) % items
        await edited(exchange, { from, count, value: `${how} ${round}` })
        await nextSecond()
        const one = await bench.pass(how)
        console.log(`${how.padEnd(8)} ${text(one)}`)
        if (round > 0) figures[how].push(one)
        await nextSecond()
        await bench.pass(how)
      }
    }
    return concluded(figures)
  } finally {
    await bench.close()
  }
}

function world(): World {
  return {
    domain: 'corp.example',
    users: [
      { mailbox: account, password, impersonates: 'all' },
      ...mailboxes.map((mailbox) => ({ mailbox, password })),
    ],
    publicFolders: [
      {
        path: '/Company/Contacts',
        permissions: { [account]: 'PublishingEditor' },
        contacts: items,
        seed: 7,
      },
    ],
  }
}

/** The controller: one group, and a state on disk. */
class Bench {
  readonly #state = openState(directory)
  readonly #connections = new Connections(realClock)
  readonly #servers = new Servers(realClock, { leastMs: 1_000, mostMs: 1_000 })
  readonly #declared: Declared

  constructor(url: string) {
    const metadata = { namespace: 'bench' }
    const server = { url, auth: { type: 'Basic', secretRef: { name: 'account' } } }
    const group = {
      serverRef: { name: 'corp' },
      hub: { publicFolder: '/Company/Contacts' },
      members: mailboxes.map((mailbox) => ({ mailbox, folder })),
      guard: { updates: { maxPercent: 100, maxCount: 1_000_000 } },
    }
    this.#declared = declaration(
      { metadata: { ...metadata, name: 'corp' }, spec: server },
      { metadata: { ...metadata, name: 'company' }, spec: group },
      { credentials: { username: account, password }, fingerprint: '1' },
    )
  }

  async pass(how: 'with' | 'without'): Promise<Figures> {
    const mode = { sliceMs: undefined, audit: false, stopping: () => false, claimed: undefined }
    const [startMs, before] = [performance.now(), process.cpuUsage()]
    const { signal } = new AbortController()
    const { result } = await reconcile(this.#declared, this.#site(how), mode, signal)
    const { user, system } = process.cpuUsage(before)
    const wallMs = performance.now() - startMs
    if (result.kind !== 'passed') throw new Error(JSON.stringify(result))
    const { updated } = result.report
    const kept = this.#state.bin.counts({ history: true }).bin
    return { wallMs, cpuMs: (user + system) / 1000, updated, kept }
  }

  async close(): Promise<void> {
    await this.#connections.close()
    this.#state.close()
  }

  #site(how: 'with' | 'without'): Environment {
    const [connections, state] = [this.#connections, this.#state]
    const whole = (group: GroupId) => state.baseline(group)
    return {
      declarations: {
        groups: async () => [],
        changed: async () => {},
        hold: async () => {},
        report: async () => {},
        released: async () => {},
      },
      replicas: (group, signal) => connections.replicas(group, signal),
      former: (group, ids, signal) => connections.former(group, ids, signal),
      baseline: how === 'with' ? whole : (group) => withoutHistory(whole(group)),
      recent: async () => [],
      clock: realClock,
      itemBytes: connections.itemBytes,
      servers: this.#servers,
      onEnded: () => {},
    }
  }
}

async function edited(exchange: ChildProcess, some: Omit<Edits, 'mailbox' | 'folder'>) {
  exchange.send({ mailbox: mailboxes[0] ?? '', folder, ...some } satisfies Edits)
  await once(exchange, 'message')
}

async function nextSecond(): Promise<void> {
  await realClock.sleep(1_050 - (Date.now() % 1_000), new AbortController().signal)
}

// What edits replace is never written down.
function withoutHistory(baseline: Baseline): Baseline {
  const commit = (change: Change) => {
    const writes = change.writes.map((one) =>
      one.write === 'kept'
        ? { ...one, kept: one.kept.filter(({ reason }) => reason !== 'Edited') }
        : one,
    )
    return baseline.commit({ ...change, writes })
  }
  return new Proxy(baseline, {
    get: (target, key) => {
      if (key === 'commit') return commit
      const value = Reflect.get(target, key) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function text({ wallMs, cpuMs, updated, kept }: Figures): string {
  const ms = (value: number) => `${Math.round(value)} ms`.padStart(9)
  return `${ms(wallMs)} ${ms(cpuMs)} of CPU, ${updated} updated, ${kept} kept so far`
}

// The least that any round took says most where other programs run as well; the median decides.
function concluded(figures: Readonly<Record<'with' | 'without', readonly Figures[]>>): number {
  const ratio = (what: 'wallMs' | 'cpuMs', of: (some: readonly number[]) => number) =>
    of(figures.with.map((each) => each[what])) / of(figures.without.map((each) => each[what]))
  const least = (some: readonly number[]) => Math.min(...some)
  const told = ([what, of]: readonly ['wallMs' | 'cpuMs', typeof least]) =>
    ratio(what, of).toFixed(3)
  console.log(
    `with a history a pass takes ${told(['wallMs', median])} times as long (the quickest: ${told(['wallMs', least])}), and ${told(['cpuMs', median])} times the CPU (the least: ${told(['cpuMs', least])})`,
  )
  return ratio('wallMs', median) <= ratioMax && ratio('cpuMs', median) <= ratioMax ? 0 : 1
}

function median(some: readonly number[]): number {
  const sorted = [...some].sort((one, other) => one - other)
  const middle = sorted.length / 2
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle) - 1] ?? 0)) / 2
}

const server = fork(fileURLToPath(new URL('exchange-process.ts', import.meta.url)), [], {
  execArgv: ['--disable-warning=ExperimentalWarning'],
})
try {
  process.exitCode = await main(server)
} finally {
  server.disconnect()
  rmSync(directory, { recursive: true, force: true })
}
