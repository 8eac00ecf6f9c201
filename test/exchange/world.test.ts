// Worlds: what may be written, what it becomes, and what is said about mistakes.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { startExchange } from './exchange.ts'
import { parseWorld, WorldError } from './world.ts'

const HEAD = 'domain: corp.example\n'
const USERS = 'users: [{ mailbox: a@corp.example, password: p }]\n'

//   what is wrong                text                                                     what is said
const mistakes = [
  ['not YAML', 'domain: [', /^w\.yaml:1:10: /],
  ['no mapping', '- 1', /^w\.yaml:1:1: world: write a mapping with domain, users/],
  ['no domain', USERS, /domain: write the mail domain/],
  ['no users', HEAD, /users: write a list of users/],
  [
    'an unknown key',
    `${HEAD}${USERS}publicfolders: []`,
    /^w\.yaml:3:1: publicfolders: "publicfolders" is not known here; allowed are domain, users, publicFolders/,
  ],
  [
    'an unknown key of a user',
    `${HEAD}users: [{ mailbox: a@b, password: p, name: A }]`,
    /^w\.yaml:2:38: users\[0\]\.name: "name" is not known here/,
  ],
  [
    'no address',
    `${HEAD}users: [{ mailbox: anna, password: p }]`,
    /^w\.yaml:2:11: users\[0\]\.mailbox: write an address/,
  ],
  [
    'a number for a password',
    `${HEAD}users: [{ mailbox: a@b, password: 1 }]`,
    /password: write a text; put quotation marks/,
  ],
  [
    'a mailbox twice',
    `${HEAD}users: [{ mailbox: a@b, password: p }, { mailbox: A@b, password: p }]`,
    /there twice/,
  ],
  [
    'an unknown level',
    `${HEAD}${USERS}publicFolders: [{ path: /P, permissions: { a@corp.example: Boss } }]`,
    /"Boss" is no permission level; allowed are None, Contributor/,
  ],
  [
    'an unknown person',
    `${HEAD}${USERS}publicFolders: [{ path: /P, permissions: { b@corp.example: Owner } }]`,
    /there is no user b@corp\.example/,
  ],
  [
    'a path without root',
    `${HEAD}${USERS}publicFolders: [{ path: P }]`,
    /write a path from the root/,
  ],
  [
    'an unknown field of a contact',
    `${HEAD}users: [{ mailbox: a@b, password: p, folders: { Contacts: [{ FirstName: A }] } }]`,
    /^w\.yaml:2:\d+: users\[0\]\.folders\.Contacts\[0\]\.FirstName: "FirstName" is not known here; allowed are .*GivenName/,
  ],
  [
    'an unknown slot',
    `${HEAD}users: [{ mailbox: a@b, password: p, folders: { Contacts: [{ PhoneNumbers: { Fax: 1 } }] } }]`,
    /PhoneNumbers\.Fax: "Fax" is not known here; allowed are AssistantPhone/,
  ],
  [
    'a sensitivity that is none',
    `${HEAD}users: [{ mailbox: a@b, password: p, folders: { Contacts: [{ Sensitivity: Secret }] } }]`,
    /"Secret" is not known here; allowed are Normal, Personal/,
  ],
  [
    'no date',
    `${HEAD}users: [{ mailbox: a@b, password: p, folders: { Contacts: [{ Birthday: May }] } }]`,
    /"May" is not a date/,
  ],
  [
    'half a contact',
    `${HEAD}users: [{ mailbox: a@b, password: p, folders: { Contacts: 1.5 } }]`,
    /write a number of contacts/,
  ],
  [
    'an unknown way to sign in',
    `${HEAD}${USERS}signIn: { offers: [NTLM, Digest] }`,
    /^w\.yaml:3:26: signIn\.offers\[1\]: "Digest" is not offered here; allowed are Basic, NTLM, Negotiate, Bearer/,
  ],
  ['no way to sign in', `${HEAD}${USERS}signIn: { offers: [] }`, /offers: write a list, each once/],
  [
    'an unknown protection',
    `${HEAD}${USERS}signIn: { extendedProtection: None }`,
    /extendedProtection: write one of Off, Allow, Require/,
  ],
  [
    'an application without a user',
    `${HEAD}${USERS}signIn: { apps: [{ id: x, secret: 1, as: b@corp.example }], tokenSeconds: 0 }`,
    /tokenSeconds: write[\s\S]*secret: write a text[\s\S]*as: there is no mailbox b@corp\.example/,
  ],
  [
    'somebody else to act as',
    `${HEAD}users: [{ mailbox: a@b, password: p, impersonates: [c@d] }]`,
    /there is no mailbox c@d among the users/,
  ],
] as const

test.each(mistakes)('%s', (_, text, said) => {
  expect(() => parseWorld(text, 'w.yaml')).toThrow(WorldError)
  expect(() => parseWorld(text, 'w.yaml')).toThrow(said)
})

const WORLD = `
domain: corp.example
users:
  - mailbox: Anna@corp.example
    password: anna-secret
    folders:
      Contacts: 12
      Contacts/Old: [ { GivenName: Ewa, Surname: Żak } ]
      Inbox/Projects: { class: IPF.Note }
      Seeded: { contacts: 3, seed: 7 }
  - { mailbox: sync@corp.example, password: sync-secret, impersonates: all }
publicFolders:
  - path: /Company/Contacts
    permissions: { sync@corp.example: PublishingEditor, Default: Reviewer }
    contacts: 20
    seed: 7
`

test('a world is built as it is written', async () => {
  const { store, close } = await startExchange(parseWorld(WORLD, 'w.yaml'), { port: 'none' })
  const anna = store.mailbox('anna@corp.example')
  expect(anna.folder('Contacts').size()).toBe(12)
  expect(anna.folder('contacts/old').items()[0]?.contact).toMatchObject({ Surname: 'Żak' })
  expect(anna.folder('Inbox').children()).toEqual(['Projects'])
  expect(store.publicFolder('/Company/Contacts').size()).toBe(20)
  await close()
})

test('a world is always the same', async () => {
  const items = async () => {
    const world = parseWorld(WORLD, 'w.yaml')
    const { store, close } = await startExchange(world, { port: 'none', clock: () => 0 })
    await close()
    const hub = store.publicFolder('/Company/Contacts').items()
    const seeded = store.mailbox('anna@corp.example').folder('Seeded').items()
    return { hub: hub.map(({ id, contact }) => ({ id, contact })), seeded }
  }
  const { hub, seeded } = await items()
  expect((await items()).hub).toEqual(hub)
  expect(seeded.map(({ contact }) => contact)).toEqual(
    hub.slice(0, 3).map(({ contact }) => contact),
  )
})

test('generated contacts have namesakes, letters and signs to trip over', async () => {
  const { store, close } = await startExchange(
    { domain: 'd', users: [], publicFolders: [{ path: '/P', contacts: 500 }] },
    { port: 'none' },
  )
  const contacts = store
    .publicFolder('/P')
    .items()
    .map(({ contact }) => contact)
  const text = JSON.stringify(contacts)
  for (const sign of ['Ż', '&', '<', '🙂', '"']) expect(text).toContain(sign)
  const names = contacts.map(({ DisplayName }) => DisplayName)
  expect(new Set(names).size).toBeLessThan(names.length)
  const addresses = contacts.map(({ EmailAddresses }) => JSON.stringify(EmailAddresses))
  expect(new Set(addresses).size).toBe(addresses.length)
  await close()
})

test('a literal contact may be written flat or nested, and is read back nested', async () => {
  const flat = {
    GivenName: 'Ewa',
    MobilePhone: '1',
    EmailAddress1: 'a@b.c',
    ImAddress1: 'im',
    Body: 'note',
    Birthday: '1980-05-12',
  }
  const nested = {
    GivenName: 'Ewa',
    PhoneNumbers: { MobilePhone: '1' },
    EmailAddresses: { EmailAddress1: 'a@b.c' },
    ImAddresses: { ImAddress1: 'im' },
    Body: { type: 'Text', text: 'note' },
    Birthday: '1980-05-12T00:00:00Z',
  }
  const folders = { Contacts: [flat, nested] }
  const users = [{ mailbox: 'a@b', password: 'p', folders }]
  const options = { port: 'none', normalise: false } as const
  const { store, close } = await startExchange({ domain: 'b', users }, options)
  const contacts = store.mailbox('a@b').folder('Contacts').items()
  for (const { contact } of contacts) expect(contact).toEqual(nested)
  await close()
})

const main = fileURLToPath(new URL('main.ts', import.meta.url))
const sample = fileURLToPath(new URL('../../examples/worlds/company.yaml', import.meta.url))

function run(...flags: string[]) {
  return spawn(process.execPath, [main, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
}

async function outputOf(stream: AsyncIterable<unknown>): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}

test('the program says when it is ready, and ends when it is told to', async () => {
  const child = run('--world', sample)
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer]
  expect(String(chunk)).toMatch(/^ready http:\/\/127\.0\.0\.1:\d+\/EWS\/Exchange\.asmx\n$/)
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

const misuses = [
  ['no world', [], /--world is missing/],
  ['a world that is not there', ['--world', 'no.yaml'], /no\.yaml: there is no such file/],
  ['a port that is none', ['--world', sample, '--port', 'x'], /--port x is not a port/],
  [
    'an open address without https',
    ['--world', sample, '--listen', '0.0.0.0'],
    /--listen 0\.0\.0\.0 without https/,
  ],
  [
    'a key that is missing',
    ['--world', sample, '--tls-cert', sample],
    /--tls-key are given together/,
  ],
  [
    'a certificate that is not there',
    ['--world', sample, '--tls-cert', 'no.crt', '--tls-key', sample],
    /no\.crt: there is no such file; name a cert file with --tls-cert/,
  ],
  [
    'a certificate that is none',
    ['--world', sample, '--tls-cert', sample, '--tls-key', sample],
    /company\.yaml are no certificate and its key in PEM/,
  ],
  ['a name that is no Service', ['--print-secrets', 'exchange'], /write SERVICE\.NAMESPACE\.svc/],
  ['an unknown flag', ['--word', 'x'], /--word/],
] as const

test.each(misuses)('%s is explained', async (_, flags, said) => {
  const child = run(...flags)
  const [text, [code]] = await Promise.all([outputOf(child.stderr), once(child, 'exit')])
  expect(text).toMatch(said)
  expect(text).not.toMatch(/^\s+at /m)
  expect(code).toBe(1)
})
