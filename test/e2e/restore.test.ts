// What was lost to somebody else's edit or delete comes back by command, to everybody, with the real program
// and, from the first run to the last, an encrypted state.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import type { FolderHandle, Snapshot } from '../exchange/store/store.ts'
import {
  type Ended,
  exsync,
  groupOf,
  Place,
  type Resource,
  secretOf,
  serverOf,
  until,
} from './support.ts'

const password = 'restore-secret'
const contacts = ['Ola', 'Jan', 'Ewa'].map((GivenName) => ({
  GivenName,
  Surname: 'Żak',
  JobTitle: '1',
  // What EWS has no element for comes back as well.
  DisplayNamePrefix: 'Dr.',
  UserField1: 'VIP',
  Birthday: '1980-05-11T22:00:00Z',
  BirthdayLocal: '1980-05-12T00:00:00Z',
}))
const mailboxes = ['anna@corp.example', 'jan@corp.example']

function worldOf() {
  return {
    domain: 'corp.example',
    users: [
      { mailbox: 'sync@corp.example', password, impersonates: 'all' as const },
      ...mailboxes.map((mailbox) => ({ mailbox, password })),
    ],
    publicFolders: [
      {
        path: '/Company/Contacts',
        permissions: { 'sync@corp.example': 'PublishingEditor' as const },
        contacts,
      },
    ],
  }
}

const declared = ({ url }: Exchange, spec: Resource = {}) => [
  serverOf(url),
  secretOf('account', { username: 'sync@corp.example', password }),
  groupOf({ members: mailboxes.map((mailbox) => ({ mailbox })), spec }),
]

const foldersOf = ({ store }: Exchange): readonly FolderHandle[] => [
  store.publicFolder('/Company/Contacts'),
  ...mailboxes.map((mailbox) => store.mailbox(mailbox).folder('Contacts/Contacts')),
]

const titled = ({ contact }: Snapshot) => `${contact.GivenName}:${contact.JobTitle}`
const shown = (exchange: Exchange) =>
  foldersOf(exchange).map((folder) => folder.items().map(titled).sort().join(' '))
const everybody = (text: string) => [text, text, text]

function edit(folder: FolderHandle | undefined, name: string, JobTitle: string): void {
  const item = folder?.items().find(({ contact }) => contact.GivenName === name)
  folder?.update(item?.id ?? '', { JobTitle })
}

test.concurrent('a losing edit and a deleted contact come back to everybody', async () => {
  const exchange = await startExchange(worldOf())
  using place = new Place(declared(exchange))
  const key = join(place.local, 'key')
  writeFileSync(key, `${'0123456789abcdef'.repeat(4)}\n`, { mode: 0o600 })
  const flags = ['--state', place.state, '--key-file', key]
  const done = async (ended: Promise<Ended>, code = 0) => {
    const { stdout, stderr, ...how } = await ended
    expect(how.code, stdout + stderr).toBe(code)
    return stdout + stderr
  }
  const pass = () => done(place.start('run', '--once', '--key-file', key).ended)
  const told = (...args: readonly string[]) => done(exsync([...args, ...flags]).ended)
  const refused = (...args: readonly string[]) => done(exsync([...args, ...flags]).ended, 1)
  try {
    await pass()
    const [hub, anna, jan] = foldersOf(exchange)
    edit(hub, 'Ola', 'hubs')
    edit(anna, 'Ola', 'annas')
    await pass()
    expect(shown(exchange)).toEqual(everybody('Ewa:1 Jan:1 Ola:hubs'))

    expect(await told('conflicts')).toMatch(/^\d{4}-.* JobTitle +anna@corp\.example:\S+ +1$/m)
    expect(await told('conflicts', 'show', '1')).toMatch(/JobTitle:\n +lost: annas\n +won: hubs/)
    const json = JSON.parse(await told('conflicts', 'show', '1', '-o', 'json'))
    expect(json).toMatchObject({
      n: 1,
      bin: 1,
      fields: { JobTitle: { lost: 'annas', won: 'hubs' } },
    })
    expect(JSON.parse(await told('conflicts', '-o', 'json')).conflicts).toMatchObject([{ n: 1 }])

    jan?.delete(jan.items().find(({ contact }) => contact.GivenName === 'Jan')?.id ?? '')
    await pass()
    expect(shown(exchange)).toEqual(everybody('Ewa:1 Ola:hubs'))

    // Number 2 is what was agreed before the edit: it is in the history.
    expect(await told('bin', 'list')).toMatch(/^3 .* Deleted$/m)
    expect(await told('bin', 'restore', '1')).toMatch(/requested/)
    expect(await told('bin', 'restore', '3')).toMatch(/requested/)
    expect(await told('bin', 'restore', '3')).toMatch(/requested/)
    expect(await told('bin', 'list')).toMatch(/^1 .* JobTitle +Pending$/m)
    // A plan shows what a pass will make of it, and makes nothing.
    const planned = await done(place.start('plan', '-o', 'wide', '--key-file', key).ended, 2)
    expect(planned.match(/create 1, update 1, delete 0/g)).toHaveLength(3)
    await pass()
    expect(shown(exchange)).toEqual(everybody('Ewa:1 Jan:1 Ola:annas'))
    expect(await told('bin', 'list')).toMatch(/^1 .* JobTitle +Restored$/m)
    expect(await told('bin', 'restore', '3')).toMatch(/already/)
    await done(place.start('plan', '--key-file', key).ended)

    expect(await refused('bin', 'restore', '99')).toMatch(/there is no entry 99 in the bin/)
    expect(await refused('bin', 'restore')).toMatch(/exsync bin list/)
    // Without the key nobody reads any of it, and nobody runs on it.
    for (const args of [['bin', 'list'], ['conflicts'], ['bin', 'restore', '3']]) {
      const locked = await done(exsync([...args, '--state', place.state]).ended, 1)
      expect(locked).toMatch(/encrypted: give its key with --key-file/)
    }
    expect(await done(place.once(), 1)).toMatch(/--key-file/)
  } finally {
    await exchange.close()
  }
}, 120_000)

test.concurrent('while a controller runs it takes up what is asked for, and goes on', async () => {
  const exchange = await startExchange(worldOf())
  using place = new Place(declared(exchange))
  const running = place.start('run')
  try {
    await until('it is Ready', () => place.statusText('company-contacts').includes('Succeeded'))
    const [hub] = foldersOf(exchange)
    hub?.delete(hub.items().find(({ contact }) => contact.GivenName === 'Ewa')?.id ?? '')
    await until('it is gone', () => shown(exchange).every((text) => text === 'Jan:1 Ola:1'))
    const asked = await exsync(['bin', 'restore', '1', '--state', place.state]).ended
    expect(asked, asked.stderr).toMatchObject({ code: 0, stderr: '' })
    await until('it is back', () => shown(exchange).every((text) => text === 'Ewa:1 Jan:1 Ola:1'))
    expect(running.child.exitCode).toBeNull()
  } finally {
    running.child.kill('SIGTERM')
    await running.ended
    await exchange.close()
  }
}, 90_000)

test.concurrent('where members only receive, or the group is gone, it says what to do instead', async () => {
  const exchange = await startExchange(worldOf())
  using place = new Place(declared(exchange, { direction: 'OneWay' }))
  const restored = () => exsync(['bin', 'restore', '1', '--state', place.state]).ended
  try {
    await place.once()
    const [, anna] = foldersOf(exchange)
    edit(anna, 'Ola', 'annas')
    await place.once()
    expect(place.bin()).toMatchObject([{ reason: 'Drift' }])
    const refused = await restored()
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/members only receive: show it with exsync bin show 1.*by hand/)
    place.declare(declared(exchange))
    const running = place.start('run')
    const seen = () => place.status('company-contacts')?.observedGeneration
    await until('it is running', () => seen() === 2)
    place.declare(declared(exchange).slice(0, 2))
    await until('it is gone', () => place.statusText('company-contacts') === '')
    running.child.kill('SIGTERM')
    await running.ended
    const gone = await restored()
    expect(gone.code).toBe(1)
    expect(gone.stderr).toMatch(/sales\/company-contacts no longer exists: declare it again/)
  } finally {
    await exchange.close()
  }
}, 90_000)
