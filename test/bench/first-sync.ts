// How long a first sync takes, what the next pass costs when nothing has happened since, and what it costs to verify.
//
//   node test/bench/first-sync.ts [--items 10000] [--members 10] [--profile DIR]
//
// An embedded Exchange and the controller, each a process of its own. Exits 1 unless both runs end Ready,
// the second writes nothing, asks every replica at most twice and leaves nothing planned, the
// verification proves all in less time than the first run, and the controller stays within its memory. With --profile the first run leaves CPU profiles of both in DIR.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { exsync, groupOf, Place, readyOf, secretOf, serverOf, until } from '../e2e/support.ts'
import type { World } from '../exchange/world.ts'
import type { Ready, Tally } from './exchange-process.ts'
import type { Usage } from './usage.ts'

const rssMaxMb = 400
const requestsPerReplicaMax = 2
const account = 'sync@corp.example'
const password = 'bench-secret'
const writes = /^(Create|Update|Delete|Move|Copy)/

type Run = Readonly<{
  wallS: number
  controller: Usage
  server: Tally
  ready: string
}>

const beside = (name: string) => fileURLToPath(new URL(name, import.meta.url))

function worldOf(items: number, mailboxes: readonly string[]): World {
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

async function started(
  world: World,
  nodeFlags: readonly string[],
): Promise<[ChildProcess, string]> {
  const execArgv = ['--disable-warning=ExperimentalWarning', ...nodeFlags]
  const server = fork(beside('exchange-process.ts'), [], { execArgv })
  server.send(world)
  const [{ url }] = (await once(server, 'message')) as [Ready]
  // A folder that changed within this very second is listed again by the next pass: it is not what is measured.
  const second = () => Math.floor(Date.now() / 1000)
  const ready = second()
  await until('the clock’s next second', () => second() > ready)
  return [server, url]
}

async function tallyOf(server: ChildProcess): Promise<Tally> {
  server.send('tally')
  const [tally] = (await once(server, 'message')) as [Tally]
  return tally
}

async function measured(
  place: Place,
  server: ChildProcess,
  nodeFlags: readonly string[],
  command: 'run' | 'verify' = 'run',
): Promise<Run> {
  await tallyOf(server)
  const file = join(place.local, 'usage.json')
  process.env.EXSYNC_BENCH_USAGE = file
  const startMs = performance.now()
  const where = [command, '--local', place.local, '--state', place.state]
  const args = command === 'run' ? [...where, '--once'] : where
  const ended = await exsync(args, ['--import', beside('usage.ts'), ...nodeFlags]).ended
  const { code, stdout, stderr } = ended
  const wallS = (performance.now() - startMs) / 1000
  const condition = readyOf(place.status('company-contacts'))
  const said =
    command === 'run' ? `${condition?.reason}: ${condition?.message}` : stdout.slice(0, 1000)
  return {
    wallS,
    controller: JSON.parse(readFileSync(file, 'utf8')) as Usage,
    server: await tallyOf(server),
    ready: code === 0 && condition?.status === 'True' ? '' : `exit ${code}, ${said} ${stderr}`,
  }
}

function byOperation({ requests }: Tally): ReadonlyMap<string, number> {
  const sums = new Map<string, number>()
  for (const operations of Object.values(requests)) {
    for (const [name, count] of Object.entries(operations))
      sums.set(name, (sums.get(name) ?? 0) + count)
  }
  return new Map([...sums].sort(([, one], [, other]) => other - one))
}

function perReplica({ requests }: Tally): readonly (readonly [string, number])[] {
  return Object.entries(requests).map(([mailbox, operations]) => {
    const sum = Object.values(operations).reduce((all, one) => all + one, 0)
    return [mailbox === account ? 'hub' : mailbox, sum]
  })
}

function writesOf(tally: Tally): number {
  return [...byOperation(tally)]
    .filter(([name]) => writes.test(name))
    .reduce((all, [, count]) => all + count, 0)
}

function table(runs: readonly Run[]): void {
  const sum = (tally: Tally) => [...byOperation(tally).values()].reduce((all, one) => all + one, 0)
  const operations = new Set(runs.flatMap(({ server }) => [...byOperation(server).keys()]))
  const rows: [string, (run: Run) => string | number][] = [
    ['wall, s', ({ wallS }) => wallS.toFixed(1)],
    ['CPU of the controller, s', ({ controller }) => (controller.cpuMs / 1000).toFixed(1)],
    ['CPU of the server, s', ({ server }) => (server.cpuMs / 1000).toFixed(1)],
    ['peak RSS of the controller, MB', ({ controller }) => Math.round(controller.rssMaxMb)],
    ['peak RSS of the server, MB', ({ server }) => Math.round(server.rssMaxMb)],
    ['requests', ({ server }) => sum(server)],
    ['writes', ({ server }) => writesOf(server)],
    ...[...operations].map((name): [string, (run: Run) => number] => [
      `  ${name}`,
      ({ server }) => byOperation(server).get(name) ?? 0,
    ]),
    [
      'requests to one replica, at most',
      ({ server }) => Math.max(0, ...perReplica(server).map(([, n]) => n)),
    ],
  ]
  const heads = ['first run', 'second run', 'verify'].map((head) => head.padStart(12))
  console.log(''.padEnd(34) + heads.join(''))
  for (const [name, value] of rows) {
    console.log(name.padEnd(34) + runs.map((run) => String(value(run)).padStart(12)).join(''))
  }
  for (const [replica, count] of perReplica(
    runs[1]?.server ?? { requests: {}, cpuMs: 0, rssMaxMb: 0 },
  ))
    console.log(`  second run, ${replica}`.padEnd(46) + String(count).padStart(12))
}

type Runs = readonly [first: Run, second: Run, verify: Run]

function shortcomings([first, second, verify]: Runs, planCode: number | null): string[] {
  const busy = perReplica(second.server).filter(([, count]) => count > requestsPerReplicaMax)
  const rssMb = Math.max(...[first, second, verify].map(({ controller }) => controller.rssMaxMb))
  const checks: [boolean, string][] = [
    [first.ready === '', `the first run is not Ready: ${first.ready}`],
    [second.ready === '', `the second run is not Ready: ${second.ready}`],
    [planCode === 0, `after the second run, plan exits ${planCode} instead of 0`],
    [writesOf(second.server) === 0, `the second run writes ${writesOf(second.server)} times`],
    [verify.ready === '', `the verification proves less than all: ${verify.ready}`],
    [writesOf(verify.server) === 0, `the verification writes ${writesOf(verify.server)} times`],
    [verify.wallS < first.wallS, 'the verification takes longer than the first run'],
    [busy.length === 0, `the second run asks more than ${requestsPerReplicaMax} times: ${busy}`],
    [rssMb < rssMaxMb, `the controller takes ${Math.round(rssMb)} MB, more than ${rssMaxMb}`],
  ]
  return checks.filter(([fine]) => !fine).map(([, what]) => what)
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      items: { type: 'string', default: '10000' },
      members: { type: 'string', default: '10' },
      profile: { type: 'string' },
    },
  })
  const [items, members] = [Number(values.items), Number(values.members)]
  const profiling =
    values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`]
  const mailboxes = Array.from({ length: members }, (_, n) => `member${n + 1}@corp.example`)
  const [server, url] = await started(worldOf(items, mailboxes), profiling)
  using place = new Place([
    serverOf(url),
    secretOf('account', { username: account, password }),
    groupOf({ members: mailboxes.map((mailbox) => ({ mailbox })) }),
  ])
  const first = await measured(place, server, profiling)
  const second = await measured(place, server, [])
  const plan = await place.start('plan').ended
  const verify = await measured(place, server, [], 'verify')
  server.disconnect()
  console.log(`${items} items, ${members} members\n`)
  table([first, second, verify])
  console.log(
    `\nto verify takes ${(verify.wallS / first.wallS).toFixed(2)} of the first run’s time`,
  )
  const wrong = shortcomings([first, second, verify], plan.code)
  for (const what of wrong) console.error(`NOT GOOD: ${what}`)
  return wrong.length === 0 ? 0 : 1
}

process.exitCode = await main()
