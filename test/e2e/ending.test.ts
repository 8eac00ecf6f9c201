// Who leaves, and groups that are not declared any more, by the program itself: what is removed and what stays.
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import {
  groupOf,
  holdingsOf,
  Place,
  type Resource,
  readyOf,
  secretOf,
  serverOf,
} from './support.ts'

const password = 'end-secret'
const people = ['anna', 'jan'].map((name) => ({ mailbox: `${name}@corp.example`, password }))

function started(): Promise<Exchange> {
  return startExchange({
    domain: 'corp.example',
    users: [
      { mailbox: 'sync@corp.example', password, impersonates: 'all' },
      ...people.map((user) => ({
        ...user,
        folders: { 'Contacts/Contacts': [{ GivenName: 'Own', Surname: user.mailbox }] },
      })),
    ],
    publicFolders: [
      {
        path: '/Company/Contacts',
        permissions: { 'sync@corp.example': 'PublishingEditor' },
        contacts: ['Ewa', 'Ola', 'Jan'].map((GivenName) => ({ GivenName, Surname: 'Żak' })),
      },
    ],
  })
}

const members = people.map(({ mailbox }) => ({ mailbox, direction: 'OneWay' }))
const names = ({ store }: Exchange, who: string) =>
  store
    .mailbox(`${who}@corp.example`)
    .folder('Contacts/Contacts')
    .items()
    .map(({ contact }) => String(contact.GivenName))
    .sort()
const all = ['Ewa', 'Jan', 'Ola', 'Own']

function declared({ url }: Exchange, ...groups: readonly Resource[]): Resource[] {
  return [
    serverOf(url),
    secretOf('account', { username: 'sync@corp.example', password }),
    ...groups,
  ]
}

const removing = (of: readonly Resource[], spec: Resource = {}) =>
  groupOf({ members: of, spec: { deletionPolicy: 'RemoveCopies', ...spec } })

test.concurrent('a member who is taken out loses our copies into the bin, and keeps her own contacts', async () => {
  const exchange = await started()
  using place = new Place(declared(exchange, removing(members)))
  expect((await place.once()).code).toBe(0)
  expect(names(exchange, 'anna')).toEqual(all)
  place.declare(declared(exchange, removing(members.slice(1))))
  expect(await place.start('plan').ended).toMatchObject({
    code: 2,
    stdout: expect.stringContaining(
      'anna@corp.example  leaves: of 3 copies 3 that the controller made are removed',
    ),
  })
  expect((await place.once()).code, place.statusText('company-contacts')).toBe(0)
  expect([names(exchange, 'anna'), names(exchange, 'jan')]).toEqual([['Own'], all])
  expect(
    place
      .bin()
      .map(({ reason, item }) => `${reason} ${item.GivenName}`)
      .sort(),
  ).toEqual(['Removed Ewa', 'Removed Jan', 'Removed Ola'])
  await exchange.close()
})

test.concurrent('a group that is deleted with RemoveCopies takes its copies along, and touches nothing else', async () => {
  const exchange = await started()
  using place = new Place(declared(exchange, removing(members)))
  expect((await place.once()).code).toBe(0)
  const hub = () => exchange.store.publicFolder('/Company/Contacts').items().length

  // A mailbox that cannot be reached is tried again; the group stays until then.
  place.declare(declared(exchange))
  expect((await place.start('plan').ended).stdout).toContain('deleted: it is no longer declared')
  exchange.inject(({ mailbox, operation }) =>
    mailbox === 'jan@corp.example' && operation === 'GetItem'
      ? { kind: 'code', code: 'ErrorMailboxStoreUnavailable', at: 'whole' }
      : undefined,
  )
  expect((await place.once()).code).toBe(1)
  expect([names(exchange, 'anna'), names(exchange, 'jan')]).toEqual([['Own'], all])
  expect(readyOf(place.status('company-contacts'))).toMatchObject({
    status: 'False',
    reason: 'MailboxStoreUnavailable',
    message: expect.stringMatching(/its copies are being removed: .*deletionPolicy: Orphan/),
  })
  exchange.inject(undefined)
  await place.once()
  expect([names(exchange, 'anna'), names(exchange, 'jan'), hub()]).toEqual([['Own'], ['Own'], 3])
  expect(place.statusText('company-contacts')).toBe('')
  const before = holdingsOf(exchange.store)
  await place.once()
  expect(holdingsOf(exchange.store)).toEqual(before)
  await exchange.close()
})

test.concurrent('a group that is deleted with Orphan leaves its copies, and its folders to others', async () => {
  const exchange = await started()
  using place = new Place(declared(exchange, groupOf({ members })))
  expect((await place.once()).code).toBe(0)
  place.declare(declared(exchange, groupOf({ name: 'another', members })))
  expect((await place.once()).code, place.statusText('another')).toBe(0)
  expect([names(exchange, 'anna'), names(exchange, 'jan')]).toEqual([all, all])
  expect(place.statusText('company-contacts')).toBe('')
  await exchange.close()
})

test.concurrent('a file that holds nothing or leads nowhere deletes no group', async () => {
  const exchange = await started()
  const group = removing(members)
  using place = new Place(declared(exchange))
  place.write('group.yaml', stringify(group))
  expect((await place.once()).code).toBe(0)
  const path = join(place.local, 'group.yaml')
  for (const spoil of [
    () => writeFileSync(path, '---\n# to be written\n'),
    () => symlinkSync('nowhere.yaml', path),
    () => mkdirSync(path),
  ]) {
    rmSync(path, { recursive: true, force: true })
    spoil()
    await place.once()
    expect([names(exchange, 'anna'), names(exchange, 'jan')]).toEqual([all, all])
    expect(place.statusText('company-contacts')).not.toBe('')
  }
  rmSync(path, { recursive: true, force: true })
  expect((await place.once()).code).toBe(0)
  expect([names(exchange, 'anna'), names(exchange, 'jan')]).toEqual([['Own'], ['Own']])
  await exchange.close()
})

test.concurrent('an empty directory, or one that cannot be parsed, deletes no group', async () => {
  const exchange = await started()
  using place = new Place(declared(exchange, removing(members)))
  expect((await place.once()).code).toBe(0)
  for (const text of ['', 'apiVersion: [']) {
    place.write('all.yaml', text)
    expect((await place.once()).code).toBe(1)
    expect([names(exchange, 'anna'), names(exchange, 'jan')]).toEqual([all, all])
  }
  place.declare(declared(exchange, removing(members)))
  expect((await place.once()).code).toBe(0)
  await exchange.close()
})
