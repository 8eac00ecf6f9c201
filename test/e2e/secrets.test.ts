// The real process, through a conflict, a refusal, a lost hub and a wrong password: what it says aloud, in its
// log at its most talkative, on its command line and in the status, holds no content and no secret.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import { exsync, groupOf, Place, type Resource, secretOf, serverOf } from './support.ts'

const token = 'Tajemnica'
const password = 'hush-hush-42'
const hubFolder = '/Company/Contacts'
const basic = Buffer.from(`sync@corp.example:${password}`).toString('base64')

function world() {
  const contacts = ['Ewa', 'Jan', 'Ola'].map((name) => ({ GivenName: name, Surname: token }))
  const hers = { GivenName: token, Sensitivity: 'Private' }
  return {
    domain: 'corp.example',
    users: [
      { mailbox: 'sync@corp.example', password, impersonates: 'all' as const },
      { mailbox: 'anna@corp.example', password: 'p', folders: { 'Contacts/Contacts': [hers] } },
    ],
    publicFolders: [
      {
        path: hubFolder,
        permissions: { 'sync@corp.example': 'PublishingEditor' as const },
        contacts,
      },
    ],
  }
}

const declared = (exchange: Exchange, secret = password): readonly Resource[] => [
  groupOf({ members: [{ mailbox: 'anna@corp.example' }] }),
  serverOf(exchange.url),
  secretOf('account', { username: 'sync@corp.example', password: secret }),
]

test('says nothing of what it carries, and nothing of how it signs in', async () => {
  const exchange = await startExchange(world())
  using place = new Place(declared(exchange))
  const said: string[] = []
  const runs = async () => {
    const ended = await place.start('run', '--once', '--log-level', 'trace').ended
    said.push(ended.stdout, ended.stderr, place.statusText('company-contacts'))
    return ended.code
  }
  try {
    expect(await runs()).toBe(0)
    const hub = exchange.store.publicFolder(hubFolder)
    const hers = exchange.store.mailbox('anna@corp.example').folder('Contacts/Contacts')
    const [first] = hub.items()
    const copy = hers.items().find(({ contact }) => contact.GivenName === first?.contact.GivenName)
    hub.update(first?.id ?? '', { JobTitle: `${token} 1` })
    hers.update(copy?.id ?? '', { JobTitle: `${token} 2` })
    expect(await runs()).toBe(0)
    for (const command of ['status', 'conflicts'] as const) {
      const { stdout, stderr } = await exsync([command, '--state', place.state]).ended
      said.push(stdout, stderr)
    }
    hers.clear()
    expect(await runs()).toBe(1)
    exchange.inject(({ operation }) =>
      operation === 'GetFolder' ? { kind: 'drop', when: 'after' } : undefined,
    )
    await runs()
    exchange.inject(undefined)
    hub.setPermission('sync@corp.example', 'None')
    expect(await runs()).toBe(1)
    place.declare(declared(exchange, `${password}-wrong`))
    expect(await runs()).toBe(1)
    const bundle = join(place.state, '..', 'bundle')
    const from = ['--local', place.local, '--state', place.state, '--with-doctor']
    const { code, stdout, stderr } = await exsync(['support-bundle', bundle, ...from]).ended
    expect([code, stderr, stdout.includes('not taken')]).toEqual([0, '', false])
    const files = readdirSync(bundle).map((file) => readFileSync(join(bundle, file), 'utf8'))
    expect(files).toHaveLength(5)
    const bundled = files.join('\n')
    expect(bundled).toContain('AuthenticationFailed')
    for (const named of ['corp.example', 'anna', 'sync@', '127.0.0.1'])
      expect([named, bundled.includes(named)]).toEqual([named, false])
    said.push(bundled)
  } finally {
    await exchange.close()
  }
  const all = said.join('\n')
  expect(all).toContain('Deletions')
  expect(all).toContain('AuthenticationFailed')
  for (const secret of [token, password, basic, 'Basic ']) expect(all).not.toContain(secret)
})
