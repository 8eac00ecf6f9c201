// `exsync plan` says what a pass would do, and does nothing: not to Exchange, not to the state.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import { members, password, worldOf } from './crash-world.ts'
import {
  difference,
  type Ended,
  groupOf,
  holdingsOf,
  Place,
  type Resource,
  secretOf,
  serverOf,
  until,
} from './support.ts'

type Planned = Readonly<{
  groups: readonly Readonly<{
    group: string
    error?: Readonly<{ reason: string; message: string }>
    replicas: readonly Readonly<
      Record<'create' | 'update' | 'delete' | 'keep', readonly unknown[]> & { replica: string }
    >[]
  }>[]
}>

const nothing = { create: 0, update: 0, delete: 0, keep: 0 }
// Of the hub's 60, anna has 10, of which one knows more and one lost; 12 are hers alone.
const firstSync = {
  hub: { ...nothing, create: 12, update: 1 },
  'anna@corp.example': { ...nothing, create: 50, update: 1, keep: 1 },
  'jan@corp.example': { ...nothing, create: 72 },
  'ewa@corp.example': { ...nothing, create: 72 },
}

describe.concurrent('exsync plan', () => {
  test('of a first sync says what would be created where, exits 2, and writes nothing', async () => {
    await using world = await started()
    const json = await quietly(world, '-o', 'json')
    expect(json).toMatchObject({ code: 2, stderr: '' })
    expect(countsIn(json)).toEqual(firstSync)
    expect(plannedIn(json).groups[0]).toMatchObject({ joins: Object.keys(firstSync), forgets: [] })
    const table = await quietly(world)
    expect(table).toMatchObject({ code: 2, stderr: '' })
    expect(table.stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^there is no state in .* yet: this is the plan of a first pass$/),
      'sales/company-contacts',
      '  joins  hub, anna@corp.example, jan@corp.example and 1 more',
      '  create the same 72 items in jan@corp.example and ewa@corp.example',
      '  create 50 items in anna@corp.example',
      '  create 12 items in the hub',
      '  update 1 item in the hub: JobTitle 1',
      '  update 1 item in anna@corp.example: Phone:MobilePhone 1',
      expect.stringMatching(
        /^ {2}keep the content of 1 item of anna@corp\.example in the bin first/,
      ),
      '… the items: -o wide shows all',
    ])
    const wide = await quietly(world, '-o', 'wide')
    expect(wide.code).toBe(2)
    for (const [replica, { create, update, keep }] of Object.entries(firstSync)) {
      const line = `  ${replica}  create ${create}, update ${update}, delete 0, keep ${keep}`
      expect(wide.stdout.split('\n')).toContain(line)
    }
    // A plan names links and fields, never what stands in them.
    const all = [table, json, wide].map(({ stdout }) => stdout).join('')
    expect(all).not.toMatch(/hub-\d|anna-\d|\+48|client\.example/)
    expect(world.place.stateDigests().size).toBe(0)
  })

  test('after a sync exits 0, and after an edit says what would be updated', async () => {
    await using world = await started()
    const { place, exchange } = world
    expect((await place.once()).code).toBe(0)
    const idle = await quietly(world, '-o', 'json')
    expect(idle.code).toBe(0)
    expect(Object.values(countsIn(idle))).toEqual([nothing, nothing, nothing, nothing])

    const hub = exchange.store.publicFolder('/Company/Contacts')
    hub.update(hub.items()[0]?.id ?? '', { JobTitle: 'Director' })
    const edited = await quietly(world, '-o', 'json')
    expect(edited.code).toBe(2)
    const update = { ...nothing, update: 1 }
    expect(Object.values(countsIn(edited))).toEqual([nothing, update, update, update])
    const refused = await quietly(world, '--show-names')
    expect([refused.code, refused.stdout]).toEqual([1, ''])
    expect(refused.stderr).toMatch(/^exsync: --show-names is refused without a terminal/)
  })

  test('of a changed declaration says who joins, leaves and turns, while a controller runs', {
    concurrent: false,
  }, async () => {
    await using world = await started()
    const { place, exchange } = world
    // After its first pass the controller has nothing to do; it keeps the state open.
    const spec = { interval: '1h' }
    place.declare(declared(exchange.url, 8, spec))
    const running = place.start('run')
    await until('the first pass', () => place.status('company-contacts')?.lastPass !== undefined)
    const rest = members
      .slice(1)
      .map((each, n) => (n === 0 ? { ...each, direction: 'OneWay' } : each))
    const file = (name: string, ...resources: readonly Resource[]) => {
      const path = join(place.state, '..', name)
      writeFileSync(path, resources.map((each) => stringify(each)).join('---\n'))
      return path
    }
    const changed = file(
      'changed.yaml',
      groupOf({ members: rest, spec }),
      groupOf({ name: 'more', members: [] }),
    )
    const against = (path: string, ...more: readonly string[]) =>
      place.start('plan', '--against', path, ...more).ended
    const table = await against(changed)
    expect(table).toMatchObject({ code: 0, stderr: '' })
    expect(table.stdout.split('\n').slice(0, 5)).toEqual([
      'SyncGroup sales/company-contacts changes: spec.members',
      'SyncGroup sales/more is new',
      'sales/company-contacts',
      '  anna@corp.example  leaves, and its copies stay',
      '  jan@corp.example  direction OneWay, was TwoWay',
    ])
    // The new group wants the same hub, which is its right, and has no state.
    const json = plannedIn(await against(changed, '-o', 'json'))
    expect(json).toMatchObject({
      against: [
        { name: 'company-contacts', change: 'Changed', fields: ['spec.members'] },
        { name: 'more', change: 'Added', fields: [] },
      ],
      groups: [{ forgets: ['anna@corp.example'], joins: [] }, { joins: ['hub'] }],
    })
    const comment = await against(changed, '-o', 'markdown')
    expect(comment.stdout).toContain('- **Leaves, and its copies stay:** `anna@corp.example`')

    running.child.kill('SIGTERM')
    expect((await running.ended).code).toBe(0)
  })

  test('names what is kept right before a copy is deleted', async () => {
    await using world = await started()
    const { place, exchange } = world
    expect((await place.once()).code).toBe(0)
    const hub = exchange.store.publicFolder('/Company/Contacts')
    const [one] = hub.items()
    const ewas = exchange.store.mailbox('ewa@corp.example').folder('Contacts/Contacts')
    const hers = ewas.items().find(({ contact }) => contact.Surname === one?.contact.Surname)
    ewas.update(hers?.id ?? '', { JobTitle: 'mine' })
    hub.delete(one?.id ?? '')
    const planned = await quietly(world, '-o', 'json')
    const gone = { ...nothing, delete: 1 }
    expect(Object.values(countsIn(planned))).toEqual([
      { ...nothing, keep: 1 },
      gone,
      gone,
      { ...gone, keep: 1 },
    ])
    expect((await place.once()).code).toBe(0)
    expect(place.bin().filter(({ reason }) => reason === 'Deleted')).toHaveLength(2)
  })

  test('after a controller that died says what is left to do', async () => {
    await using world = await started(1)
    const { place, exchange } = world
    const running = place.start('run', '--once')
    let creates = 0
    exchange.inject(async ({ operation }) => {
      if (operation === 'CreateItem') creates += 1
      if (creates !== 3) return undefined
      running.child.kill('SIGKILL')
      await running.ended
      return { kind: 'drop', when: 'before' }
    })
    await running.ended
    exchange.inject(undefined)
    expect((await quietly(world)).code).toBe(2)
    expect((await place.once()).code).toBe(0)
    expect((await quietly(world)).code).toBe(0)
  })

  test('says who is not allowed, and whose copies wait', async () => {
    await using world = await started()
    const { place, exchange } = world
    const allow = (allowed: object, group: object = {}) =>
      place.declare([
        serverOf(exchange.url, { allowed }),
        secretOf('account', { username: 'sync@corp.example', password }),
        groupOf({ members, ...group }),
      ])
    expect((await place.once()).code).toBe(0)
    allow({ mailboxes: ['anna@corp.example', 'jan@corp.example'] })
    expect((await quietly(world)).stdout).toMatch(
      /ewa@corp\.example {2}NotAllowed: the mailbox ewa/,
    )
    const rest = members.filter(({ mailbox }) => mailbox !== 'ewa@corp.example')
    const removing = { members: rest, spec: { deletionPolicy: 'RemoveCopies' } }
    allow({ mailboxes: ['anna@corp.example', 'jan@corp.example'] }, removing)
    expect((await quietly(world)).stdout).toMatch(
      /ewa@corp\.example {2}leaves: of \d+ copies none is removed for now \(NotAllowed\)/,
    )
    allow({ hubs: [] })
    const denied = await quietly(world)
    expect(denied.code).toBe(1)
    expect(denied.stdout).toMatch(
      /error {2}NotAllowed: the public folder \/Company\/Contacts is not/,
    )
  })

  test('without a server exits 1, before a sync and after', async () => {
    await using world = await started()
    const { place, exchange } = world
    expect((await place.once()).code).toBe(0)
    await exchange.close()
    const table = await quietly(world)
    expect(table.code).toBe(1)
    expect(table.stdout).toMatch(
      /error {2}ConnectionRefused: nothing answers at .*: check spec\.url/,
    )
    const json = await quietly(world, '-o', 'json')
    expect(json.code).toBe(1)
    expect(plannedIn(json).groups[0]?.error?.reason).toBe('ConnectionRefused')
    using anew = new Place(declared(exchange.url))
    expect((await anew.start('plan').ended).code).toBe(1)
    expect(anew.stateDigests().size).toBe(0)
  })
})

type World = AsyncDisposable & Readonly<{ exchange: Exchange; place: Place }>

async function started(concurrency = 8): Promise<World> {
  const exchange = await startExchange(worldOf())
  const place = new Place(declared(exchange.url, concurrency))
  const dispose = async () => {
    place[Symbol.dispose]()
    await exchange.close()
  }
  return { exchange, place, [Symbol.asyncDispose]: dispose }
}

function declared(url: string, concurrency = 8, spec = {}) {
  return [
    serverOf(url, { limits: { concurrency } }),
    secretOf('account', { username: 'sync@corp.example', password }),
    groupOf({ members, spec }),
  ]
}

/** Plans, and sees that neither Exchange nor the state is different afterwards. */
async function quietly({ exchange, place }: World, ...flags: readonly string[]): Promise<Ended> {
  const [held, state] = [holdingsOf(exchange.store), place.stateDigests()]
  const ended = await place.start('plan', ...flags).ended
  expect(difference(holdingsOf(exchange.store), held)).toEqual({ missing: [], surplus: [] })
  expect(place.stateDigests()).toEqual(state)
  return ended
}

function plannedIn({ stdout }: Ended): Planned {
  return JSON.parse(stdout) as Planned
}

function countsIn(ended: Ended): Record<string, typeof nothing> {
  const replicas = plannedIn(ended).groups.flatMap((group) => group.replicas)
  return Object.fromEntries(
    replicas.map(({ replica, create, update, delete: remove, keep }) => [
      replica,
      {
        create: create.length,
        update: update.length,
        delete: remove.length,
        keep: keep.length,
      },
    ]),
  )
}
