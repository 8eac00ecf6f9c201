// A controller that keeps running: bad edits of its declarations, a request to stop, and neighbours that are
// not well.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import { members, password, worldOf, wrongIn } from './crash-world.ts'
import {
  faultsOf,
  groupOf,
  holdingsOf,
  Place,
  type Resource,
  type Running,
  readyOf,
  secretOf,
  serverOf,
  until,
} from './support.ts'

const group = 'company-contacts'

test.concurrent('an edit that is not valid leaves the last valid version running, and says so', async () => {
  const exchange = await startExchange(worldOf())
  using place = new Place(declared(exchange))
  const running = place.start('run')
  try {
    const reason = () => readyOf(place.status(group))?.reason
    await until('the group is Ready', () => reason() === 'Succeeded')

    place.declare(declared(exchange, { direction: 'Sideways' }))
    await until('the bad field is told', () => reason() === 'InvalidSpec')
    expect(readyOf(place.status(group))).toMatchObject({ status: 'False' })
    expect(readyOf(place.status(group))?.message).toMatch(
      /all\.yaml:\d+:\d+: spec\.direction: must be one of TwoWay, OneWay.*; the last valid version stays in use/,
    )
    expect(faultsOf(place.status(group))).toEqual([])
    await travels(exchange, 'Buyer')
    expect(reason()).toBe('InvalidSpec')

    place.write('all.yaml', 'apiVersion: [')
    await until('the bad YAML is told', () =>
      /all\.yaml:1:\d+/.test(readyOf(place.status(group))?.message ?? ''),
    )
    expect(reason()).toBe('InvalidSpec')
    await travels(exchange, 'Director')

    place.write('all.yaml', '# to be written\n')
    const message = () => readyOf(place.status(group))?.message ?? ''
    await until('the blank file is told', () => /all\.yaml:1:1: declares nothing/.test(message()))
    expect([reason(), faultsOf(place.status(group))]).toEqual(['InvalidSpec', []])
    expect(running.said()).toMatch(/"problem":"[^"]*all\.yaml:1:1: declares nothing/)
    await travels(exchange, 'Chairman')

    rmSync(join(place.local, 'all.yaml'))
    await until('that the last file is gone is told', () =>
      /the directory declares/.test(message()),
    )
    expect([reason(), faultsOf(place.status(group))]).toEqual(['InvalidSpec', []])
    await travels(exchange, 'Secretary')

    place.declare(declared(exchange))
    await until('the group is Ready again', () => reason() === 'Succeeded')
    expect(faultsOf(place.status(group))).toEqual([])
  } finally {
    expect(await stopped(running)).toBe(0)
    await exchange.close()
  }
}, 90_000)

test.concurrent.each(['SyncFolderItems', 'CreateItem', 'GetItem', 'UpdateItem'])(
  'a request to stop, during %s of a first sync, is followed at once and leaves nothing doubled',
  async (operation) => {
    const exchange = await startExchange(worldOf())
    using place = new Place(declared(exchange))
    const running = place.start('run')
    let asked: Promise<number | null> | undefined
    exchange.inject((request) => {
      if (request.operation === operation) asked ??= stopped(running)
      return undefined
    })
    try {
      await until(`${operation} comes`, () => asked !== undefined)
      expect(await asked).toBe(0)
      exchange.inject(undefined)
      const last = await place.once()
      expect(last.code, place.statusText(group)).toBe(0)
      expect(wrongIn(exchange.store)).toEqual([])
      const before = holdingsOf(exchange.store)
      expect((await place.once()).code).toBe(0)
      expect(holdingsOf(exchange.store)).toEqual(before)
    } finally {
      await stopped(running)
      await exchange.close()
    }
  },
)

test.concurrent('with two groups, one of them not Ready, --once serves the other and exits 1', async () => {
  const exchange = await startExchange(worldOf())
  const hub = { publicFolder: '/Company/Nowhere' }
  const lost = groupOf({ name: 'a-lost-one', members: [], spec: { hub } })
  using place = new Place([lost, ...declared(exchange)])
  expect((await place.once()).code).toBe(1)
  expect(readyOf(place.status('a-lost-one'))).toMatchObject({
    status: 'False',
    reason: 'HubNotFound',
  })
  expect(readyOf(place.status(group))).toMatchObject({ status: 'True', reason: 'Succeeded' })
  expect(wrongIn(exchange.store)).toEqual([])
  await exchange.close()
})

function declared({ url }: Exchange, spec: Resource = {}): Resource[] {
  return [
    serverOf(url),
    secretOf('account', { username: 'sync@corp.example', password }),
    groupOf({ members, spec }),
  ]
}

/** Somebody corrects a job title in a mailbox, and it reaches the hub. */
async function travels({ store }: Exchange, title: string): Promise<void> {
  const folder = store.mailbox('anna@corp.example').folder('Contacts/Contacts')
  folder.update(folder.items()[0]?.id ?? '', { JobTitle: title })
  const hub = store.publicFolder('/Company/Contacts')
  await until(`${title} reaches the hub`, () =>
    hub.items().some(({ contact }) => contact.JobTitle === title),
  )
}

/** Asks to stop, and answers how the process ended; it must be soon. */
async function stopped({ child, ended }: Running): Promise<number | null> {
  let end: { code: number | null } | undefined
  void ended.then((how) => {
    end = how
  })
  child.kill('SIGTERM')
  await until('the controller ends', () => end !== undefined, 5_000).catch((error: unknown) => {
    child.kill('SIGKILL')
    throw error
  })
  return end?.code ?? null
}
