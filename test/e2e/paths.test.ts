// Folders whose names hold slashes and backslashes, by the program itself: found, made, planned and told of alike.

import { expect, test } from 'vitest'
import { startExchange } from '../exchange/exchange.ts'
import { groupOf, Place, readyOf, secretOf, serverOf } from './support.ts'

const password = 'path-secret'
const path = '/Company/Sales\\/R\\D\\\\'
const folder = 'Contacts/Sales\\/R\\D\\\\'
const own = 'Contacts\\/Sales/\\/'

test.concurrent('a hub and members with such names are kept the same', async () => {
  const exchange = await startExchange({
    domain: 'corp.example',
    users: [
      { mailbox: 'sync@corp.example', password, impersonates: 'all' },
      { mailbox: 'anna@corp.example', password },
      { mailbox: 'jan@corp.example', password },
    ],
    publicFolders: [
      {
        path,
        permissions: { 'sync@corp.example': 'PublishingEditor' },
        contacts: [{ GivenName: 'Ewa', Surname: 'Żak' }],
      },
    ],
  })
  const members = [{ mailbox: 'anna@corp.example' }, { mailbox: 'jan@corp.example', folder: own }]
  const declared = (publicFolder: string) => [
    serverOf(exchange.url, { allowed: { folders: ['Contacts/*', own] } }),
    secretOf('account', { username: 'sync@corp.example', password }),
    groupOf({ members, spec: { hub: { publicFolder } } }),
  ]
  using place = new Place(declared(path))
  const { store } = exchange
  const [hub] = [store.publicFolder(path)]
  const folders = () => [
    hub,
    store.mailbox('anna@corp.example').folder(folder),
    store.mailbox('jan@corp.example').folder(own),
  ]
  const titles = () => folders().map((each) => each.items().map(({ contact }) => contact.JobTitle))
  expect((await place.once()).code, place.statusText('company-contacts')).toBe(0)
  hub.update(hub.items()[0]?.id ?? '', { JobTitle: '1' })
  expect((await place.once()).code).toBe(0)
  expect(titles()).toEqual([['1'], ['1'], ['1']])
  // The same folder in another spelling is no change; a wrong one is told in the spelling that is needed.
  place.declare(declared('/company/Sales\\/R\\\\D\\\\'))
  expect((await place.start('plan').ended).code).toBe(0)
  place.declare(declared('/Company/Sales/R'))
  expect((await place.once()).code).toBe(1)
  expect(readyOf(place.status('company-contacts'))?.message).toContain(
    `the nearest existing one is /Company; it holds ${JSON.stringify('Sales\\/R\\D\\\\')}`,
  )
  expect(titles()).toEqual([['1'], ['1'], ['1']])
  await exchange.close()
})
