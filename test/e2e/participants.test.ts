// A hub in a public folder or in a mailbox, members in mailboxes and public folders, on one Exchange or on two: each combination
// through the real program on a directory.
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import type { FolderHandle } from '../exchange/store/store.ts'
import {
  exsync,
  faultsOf,
  groupOf,
  holdingsOf,
  Place,
  type Resource,
  readyOf,
  secretOf,
  serverOf,
  two,
} from './support.ts'

const permissions = { 'sync@corp.example': 'PublishingEditor' as const }

async function office(prefix: string, hubs: readonly Resource[] = []): Promise<Exchange> {
  const other: Record<string, number> = prefix === 'two' ? { 'Contacts/Other': 0 } : {}
  const exchange = await startExchange({
    domain: 'corp.example',
    users: [
      { mailbox: 'sync@corp.example', password: prefix, impersonates: 'all' },
      { mailbox: 'shared@corp.example', password: 'x', folders: { 'Contacts/Customers': hubs } },
      // No two Exchanges give one id to two folders; these count them, each from the start.
      { mailbox: 'anna@corp.example', password: 'x', folders: other },
    ],
    publicFolders: [
      { path: '/Company/Customers', permissions, contacts: hubs },
      { path: '/Branches/Cracow', permissions, contacts: 0 },
    ],
  })
  onTestFinished(() => exchange.close())
  return exchange
}

const ola = { GivenName: 'Ola', Surname: 'Zielińska', JobTitle: '1' }
const account = (name: string, password: string) =>
  secretOf(name, { username: 'sync@corp.example', password })
const named = (name: string, exchange: Exchange, secret: string): Resource => ({
  ...serverOf(exchange.url, { auth: { type: 'Basic', secretRef: { name: secret } } }),
  metadata: { name, namespace: 'sales' },
})

const hubs = {
  'a public folder': { publicFolder: '/Company/Customers' },
  'a mailbox': { mailbox: 'shared@corp.example', folder: 'Contacts/Customers' },
}
const members = {
  'a mailbox': { mailbox: 'anna@corp.example' },
  'a public folder': { publicFolder: '/Branches/Cracow' },
}

function folderOf({ store }: Exchange, place: Resource): FolderHandle {
  const { publicFolder, mailbox, folder = 'Contacts/Customers' } = place
  return publicFolder === undefined
    ? store.mailbox(String(mailbox)).folder(String(folder))
    : store.publicFolder(String(publicFolder))
}

/** Names and job titles: `Ola:1`. */
const shows = (folder: FolderHandle): readonly string[] =>
  folder
    .items()
    .map(({ contact }) => `${contact.GivenName}:${contact.JobTitle}`)
    .sort()
const idOf = (folder: FolderHandle) => folder.items()[0]?.id ?? ''

const combinations = Object.entries(hubs).flatMap(([hub, hubPlace]) =>
  Object.entries(members).flatMap(([member, memberPlace]) =>
    [false, true].map((apart) => ({ hub, hubPlace, member, memberPlace, apart })),
  ),
)

describe.each(combinations)('a hub in $hub, a member in $member, apart: $apart', (each) => {
  const { hubPlace, memberPlace, apart } = each
  const name = String(Object.values(memberPlace)[0])

  test('edits and deletes travel both ways, and what is said names them', async () => {
    await two(async () => {
      const first = await office('one', [ola])
      const second = apart ? await office('two') : first
      const ref = apart ? { serverRef: { name: 'other' } } : {}
      const declared = (
        spec: Resource = {},
        all: readonly Resource[] = [{ ...memberPlace, ...ref }],
      ) => [
        named('corp', first, 'account'),
        ...(apart
          ? [named('other', second, 'other-account'), account('other-account', 'two')]
          : []),
        account('account', 'one'),
        groupOf({ members: all, spec: { hub: hubPlace, ...spec } }),
      ]
      using place = new Place(declared())
      const [hub, member] = [folderOf(first, hubPlace), folderOf(second, memberPlace)]
      const untouched = holdingsOf(second.store)
      const plan = await place.start('plan', '-o', 'wide').ended
      expect([plan.code, plan.stdout]).toEqual([2, expect.stringContaining(`${name}  create 1,`)])
      expect(holdingsOf(second.store)).toEqual(untouched)

      const pass = async () => {
        const { code, stdout } = await place.once()
        expect([code, stdout]).toEqual([0, stdout])
        expect(faultsOf(place.status('company-contacts'))).toEqual([])
      }
      await pass()
      expect([shows(hub), shows(member)]).toEqual([['Ola:1'], ['Ola:1']])
      member.update(idOf(member), { JobTitle: '2' })
      await pass()
      expect(shows(hub)).toEqual(['Ola:2'])
      hub.update(idOf(hub), { JobTitle: '3' })
      member.create({ GivenName: 'Jan', JobTitle: '1' })
      await pass()
      expect([shows(hub), shows(member)]).toEqual([
        ['Jan:1', 'Ola:3'],
        ['Jan:1', 'Ola:3'],
      ])
      const verified = await place.start('verify').ended
      expect([verified.code, verified.stdout]).toEqual([
        0,
        expect.stringContaining('Proved: 4 copies'),
      ])

      // What the member did is asked for by its name.
      const listed = await exsync([
        'history',
        '--state',
        place.state,
        '--replica',
        name,
        '-o',
        'json',
      ]).ended
      expect([listed.code, listed.stderr]).toEqual([0, ''])
      const copy = hub.items().find(({ contact }) => contact.GivenName === 'Jan')
      hub.delete(copy?.id ?? '')
      await pass()
      expect(shows(member)).toEqual(['Ola:3'])

      // It leaves, and its copies with it, wherever they are.
      place.declare(declared({ deletionPolicy: 'RemoveCopies' }, []))
      await pass()
      expect([shows(hub), shows(member)]).toEqual([['Ola:3'], []])
    })
  }, 120_000)
})

describe('a member on another server', () => {
  async function apart() {
    const [first, second] = [await office('one', [ola]), await office('two')]
    const anna = members['a mailbox']
    const branch = { ...members['a public folder'], serverRef: { name: 'other' } }
    const servers = [named('corp', first, 'account'), account('account', 'one')]
    const other = [named('other', second, 'other-account'), account('other-account', 'two')]
    const group = (all: readonly Resource[] = [anna, branch], spec: Resource = {}) =>
      groupOf({ members: all, spec: { hub: hubs['a public folder'], ...spec } })
    return { first, second, anna, branch, servers, other, group }
  }

  test('that is not there, or refuses, keeps nobody else waiting, and is named', async () => {
    const { first, anna, branch, servers, other, group } = await apart()
    using place = new Place([...servers, group()])
    await place.once()
    expect(shows(folderOf(first, anna))).toEqual(['Ola:1'])
    const problems = () => place.status('company-contacts')?.problems
    expect(problems()).toMatchObject([
      { publicFolder: branch.publicFolder, reason: 'ServerNotFound' },
    ])
    place.declare([...servers, other[0] as Resource, account('other-account', 'wrong'), group()])
    await place.once()
    expect(problems()).toMatchObject([
      { publicFolder: branch.publicFolder, reason: 'AuthenticationFailed' },
    ])
    expect(readyOf(place.status('company-contacts'))?.message).toContain('/Branches/Cracow: ')
  }, 60_000)

  test('gets no other server’s credentials', async () => {
    const { first, second, servers, other, group } = await apart()
    const used = [first, second].map((exchange) => {
      const seen = new Set<string>()
      exchange.inject(({ user }) => {
        seen.add(String(user))
        return undefined
      })
      return seen
    })
    using place = new Place([...servers, ...other, group()])
    expect((await place.once()).code).toBe(0)
    expect(used.map((seen) => seen.size > 0)).toEqual([true, true])
    // Each server takes its own password only: one that was sent the other's would have refused.
    expect(place.status('company-contacts')?.problems).toEqual([])
  }, 60_000)

  test('that moves to another server is another place: nothing is deleted because of it', async () => {
    const { first, second, anna, servers, other, group } = await apart()
    using place = new Place([...servers, ...other, group([anna])])
    await place.once()
    const before = folderOf(first, anna)
    expect(shows(before)).toEqual(['Ola:1'])
    place.declare([...servers, ...other, group([{ ...anna, serverRef: { name: 'other' } }])])
    expect((await place.once()).code).toBe(0)
    const after = folderOf(second, anna)
    expect([shows(before), shows(after), shows(folderOf(first, hubs['a public folder']))]).toEqual([
      ['Ola:1'],
      ['Ola:1'],
      ['Ola:1'],
    ])
    // Back, with RemoveCopies: what it leaves is cleared on the server that it was on.
    place.declare([...servers, ...other, group([anna], { deletionPolicy: 'RemoveCopies' })])
    expect((await place.once()).code).toBe(0)
    expect([shows(before), shows(after)]).toEqual([['Ola:1'], []])
  }, 60_000)

  test('obeys what its own server allows', async () => {
    const { first, second, anna, branch, servers, other, group } = await apart()
    const strict = {
      ...(other[0] as Resource),
      spec: { ...((other[0] as Resource).spec as object), allowed: { hubs: ['/Lunch'] } },
    }
    using place = new Place([...servers, strict, other[1] as Resource, group()])
    const untouched = holdingsOf(second.store)
    await place.once()
    expect(shows(folderOf(first, anna))).toEqual(['Ola:1'])
    expect(place.status('company-contacts')?.problems).toMatchObject([
      { publicFolder: branch.publicFolder, reason: 'NotAllowed' },
    ])
    expect(holdingsOf(second.store)).toEqual(untouched)
  }, 60_000)
})

describe('one folder', () => {
  test('is not the hub of one group and a member of another; two hubs may be one', async () => {
    const exchange = await office('one', [ola])
    const servers = [named('corp', exchange, 'account'), account('account', 'one')]
    const hub = hubs['a mailbox']
    const groups = [
      groupOf({ name: 'a', members: [members['a public folder']], spec: { hub } }),
      groupOf({ name: 'b', members: [members['a mailbox']], spec: { hub } }),
      groupOf({ name: 'c', members: [hub], spec: { hub: hubs['a public folder'] } }),
      groupOf({ name: 'd', members: [], spec: { hub: members['a public folder'] } }),
    ]
    using place = new Place([...servers, ...groups])
    await place.once()
    const reasons = ['a', 'b', 'c', 'd'].map((name) => readyOf(place.status(name))?.reason)
    expect(reasons).toEqual(['Succeeded', 'Succeeded', 'FolderClaimed', 'FolderClaimed'])
  }, 60_000)

  test('under two names of its server is one: validate says so, and so does the controller', async () => {
    const exchange = await office('one', [ola])
    const servers = [
      named('corp', exchange, 'account'),
      named('twin', exchange, 'account'),
      account('account', 'one'),
    ]
    const twin = { ...hubs['a public folder'], serverRef: { name: 'twin' } }
    using place = new Place([
      ...servers,
      groupOf({ members: [twin], spec: { hub: hubs['a public folder'] } }),
    ])
    const { code, stdout } = await exsync(['validate', place.local]).ended
    expect([code, stdout]).toEqual([
      1,
      expect.stringContaining('the folder is that of the hub already'),
    ])
  }, 60_000)
})

test('a hub in a mailbox that is not there is not made', async () => {
  const exchange = await office('one', [ola])
  const hub = { mailbox: 'shared@corp.example', folder: 'Contacts/Elsewhere' }
  using place = new Place([
    named('corp', exchange, 'account'),
    account('account', 'one'),
    groupOf({ members: [members['a mailbox']], spec: { hub } }),
  ])
  const untouched = holdingsOf(exchange.store)
  await place.once()
  const ready = readyOf(place.status('company-contacts'))
  expect(ready?.reason).toBe('HubNotFound')
  expect(ready?.message).toContain('there is no folder Contacts/Elsewhere in the mailbox')
  expect(holdingsOf(exchange.store)).toEqual(untouched)
}, 60_000)
