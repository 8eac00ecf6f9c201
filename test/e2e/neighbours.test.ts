// A group of another namespace keeps a folder only where it has it: naming it, on the same Exchange, keeps it from nobody.
import { expect, onTestFinished, test } from 'vitest'
import { startExchange } from '../exchange/exchange.ts'
import { groupOf, Place, type Resource, readyOf, secretOf, serverOf } from './support.ts'

const account = { username: 'sync@corp.example', password: 's' }

/** The same resource in the tenant's namespace, which comes first by name. */
const ofTenant = (resource: Resource): Resource => ({
  ...resource,
  metadata: { ...(resource.metadata as object), namespace: 'rival' },
})

async function office() {
  const exchange = await startExchange({
    domain: 'corp.example',
    users: [
      { mailbox: 'anna@corp.example', password: 'a' },
      { mailbox: 'jan@corp.example', password: 'j' },
      { mailbox: account.username, password: account.password, impersonates: 'all' },
    ],
    publicFolders: ['/Company/Contacts', '/Lunch'].map((path) => ({
      path,
      permissions: { [account.username]: 'PublishingEditor' },
      contacts: 2,
    })),
  })
  onTestFinished(() => exchange.close())
  const member = (who: string) => ({
    mailbox: `${who}@corp.example`,
    folder: 'Contacts/Company',
  })
  const ours = [
    serverOf(exchange.url),
    secretOf('account', account),
    groupOf({ members: [member('anna')] }),
  ]
  const rival = (password: string) =>
    [
      serverOf(exchange.url),
      secretOf('account', { ...account, password }),
      groupOf({
        name: 'lunch',
        members: [member('jan'), member('anna')],
        spec: { hub: { publicFolder: '/Lunch' } },
      }),
    ].map(ofTenant)
  return { exchange, ours, rival }
}

test('a group that cannot sign in keeps a folder from nobody, although it is the older one', async () => {
  const { ours, rival } = await office()
  using place = new Place([...rival('wrong'), ...ours])
  await place.once()
  expect(readyOf(place.status('company-contacts'))?.reason).toBe('Succeeded')
  expect(place.status('lunch', 'rival')?.conditions?.[0]?.reason).toBe('AuthenticationFailed')
})

test('a folder that a group has is refused to a group of another namespace, and nothing is mixed', async () => {
  const { exchange, ours, rival } = await office()
  using place = new Place(ours)
  await place.once()
  place.declare([...rival('s'), ...ours])
  await place.once()
  expect(readyOf(place.status('company-contacts'))?.reason).toBe('Succeeded')
  expect(place.status('lunch', 'rival')?.problems).toMatchObject([
    { mailbox: 'anna@corp.example', reason: 'FolderClaimed' },
  ])
  const count = (who: string) =>
    exchange.store.mailbox(`${who}@corp.example`).folder('Contacts/Company').items().length
  expect([count('anna'), count('jan')]).toEqual([2, 2])
})
