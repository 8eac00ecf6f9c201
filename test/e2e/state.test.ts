// A state that cannot be written, or is somebody else's, with real processes: nothing is lost or doubled, the
// controller says what is wrong, lives on where it can, and goes on when that has been mended.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import { members, password, worldOf, wrongIn } from './crash-world.ts'
import {
  exsync,
  faultsOf,
  groupOf,
  holdingsOf,
  Place,
  type Running,
  readyOf,
  secretOf,
  serverOf,
  until,
} from './support.ts'

const group = 'company-contacts'

type World = AsyncDisposable & Readonly<{ exchange: Exchange; place: Place }>

async function begun(): Promise<World> {
  const exchange = await startExchange(worldOf())
  const place = new Place([
    serverOf(exchange.url),
    secretOf('account', { username: 'sync@corp.example', password }),
    groupOf({ members }),
  ])
  const dispose = async () => {
    place[Symbol.dispose]()
    await exchange.close()
  }
  return { exchange, place, [Symbol.asyncDispose]: dispose }
}

async function stopped({ child, ended }: Running): Promise<number | null> {
  child.kill('SIGTERM')
  return (await ended).code
}

const reasonIn = (place: Place) => readyOf(place.status(group))?.reason

test.concurrent('a second controller on one state is refused; after a death the next one is not', async () => {
  await using world = await begun()
  const { place, exchange } = world
  const first = place.start('run')
  await until('it is Ready', () => reasonIn(place) === 'Succeeded')
  const second = await place.once()
  expect(second.code).toBe(1)
  expect(second.stderr).toMatch(/in use by another process: stop that process, or choose another/)
  first.child.kill('SIGKILL')
  await first.ended
  // Its lock file is still there; the lock died with it.
  expect(readFileSync(join(place.state, 'exsync.lock'))).toBeDefined()
  const before = holdingsOf(exchange.store)
  expect((await place.once()).code).toBe(0)
  expect(holdingsOf(exchange.store)).toEqual(before)
  expect(wrongIn(exchange.store)).toEqual([])
}, 90_000)

test.concurrent('no room for the state: nothing is written anywhere, it lives on, and goes on with room', async () => {
  await using world = await begun()
  const { place, exchange } = world
  const before = contentsOf(exchange)
  // From its first look on no file of this process may grow beyond 100 kB: the log of the state is full.
  let limited = false
  const running = place.start('run')
  exchange.inject(() => {
    if (!limited) limit(running, '100000')
    limited = true
    return undefined
  })
  try {
    await until('it says so', () => reasonIn(place) === 'StateUnwritable')
    expect(readyOf(place.status(group))?.message).toMatch(
      /could not be read or written: check its disk/,
    )
    expect(faultsOf(place.status(group))).toEqual([])
    expect(contentsOf(exchange)).toEqual(before)
    expect(running.child.exitCode).toBeNull()
    limit(running, 'unlimited')
    await until('it goes on', () => reasonIn(place) === 'Succeeded')
    expect(wrongIn(exchange.store)).toEqual([])
  } finally {
    expect(await stopped(running)).toBe(0)
  }
}, 90_000)

test.concurrent('a status that cannot be written is told; contacts travel all the same', async () => {
  await using world = await begun()
  const { place, exchange } = world
  mkdirSync(place.state, { mode: 0o700 })
  writeFileSync(join(place.state, 'status'), 'no directory')
  const running = place.start('run')
  try {
    const saysSo = (line: string) => line.includes('StatusUnwritable') && line.includes('"group"')
    await until('the group says so', () => running.said().split('\n').some(saysSo))
    expect(wrongIn(exchange.store)).toEqual([])
    rmSync(join(place.state, 'status'))
    await until('it is Ready', () => reasonIn(place) === 'Succeeded')
  } finally {
    expect(await stopped(running)).toBe(0)
  }
}, 90_000)

test.concurrent('a full bin: nobody’s version is overwritten or deleted, and the group says so', async () => {
  await using world = await begun()
  const { place, exchange } = world
  // At the first sync one of anna's numbers loses.
  const before = contentsOf(exchange)
  const full = await place.start('run', '--once', '--bin-limit', '10').ended
  expect(full.code).toBe(1)
  expect(readyOf(place.status(group))).toMatchObject({ status: 'False', reason: 'BinFull' })
  expect(readyOf(place.status(group))?.message).toMatch(/raise --bin-limit or shorten/)
  expect(faultsOf(place.status(group))).toEqual([])
  expect(contentsOf(exchange)).toEqual(before)
  expect((await place.once()).code).toBe(0)
  expect(wrongIn(exchange.store)).toEqual([])
}, 90_000)

// Whoever runs the tests as root may write everywhere: the process is then somebody else's.
test.concurrent('a state that may not be written is refused, with what to do', async () => {
  await using world = await begun()
  const { place, exchange } = world
  expect((await place.once()).code).toBe(0)
  const before = holdingsOf(exchange.store)
  for (const file of ['exsync.db', 'exsync.lock']) chmodSync(join(place.state, file), 0o444)
  chmodSync(place.state, 0o555)
  chmodSync(join(place.state, '..'), 0o755)
  try {
    const args = ['run', '--once', '--local', place.local, '--state', place.state]
    const refused = await exsync(args, [], process.getuid?.() === 0 ? 65_534 : undefined).ended
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/may not be written: make the directory and its files writable/)
  } finally {
    chmodSync(place.state, 0o700)
    for (const file of ['exsync.db', 'exsync.lock']) chmodSync(join(place.state, file), 0o600)
  }
  expect(holdingsOf(exchange.store)).toEqual(before)
  expect((await place.once()).code).toBe(0)
  expect(holdingsOf(exchange.store)).toEqual(before)
}, 90_000)

function limit({ child }: Running, bytes: string): void {
  execFileSync('prlimit', ['--pid', String(child.pid), `--fsize=${bytes}:unlimited`])
}

/** What is in everybody's folders; an empty folder that was made is not content. */
function contentsOf({ store }: Exchange): readonly string[] {
  return [...store.state.folders.values()].flatMap((folder) =>
    [...folder.items.values()].map(({ id, change }) => `${folder.box.address} ${id} ${change}`),
  )
}
