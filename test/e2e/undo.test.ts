// A member's phone wipes the notes of 20 contacts: with the real program the history shows it, and its pass is undone as a plan
// that was seen and approved, or the group is rolled back, as often as one likes.
import { expect, test } from 'vitest'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import type { FolderHandle } from '../exchange/store/store.ts'
import { type Ended, exsync, groupOf, Place, secretOf, serverOf } from './support.ts'

const password = 'undo-secret'
const count = 20
const contacts = Array.from({ length: count }, (_, n) => ({
  GivenName: `Person${n}`,
  Surname: 'Żak',
  Body: { type: 'Text', text: `note ${n}` },
}))
const mailboxes = ['anna@corp.example', 'jan@corp.example']
const group = 'sales/company-contacts'

async function world() {
  const exchange = await startExchange({
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
  })
  const declared = (maxCount: number, annotations = {}) => [
    serverOf(exchange.url),
    secretOf('account', { username: 'sync@corp.example', password }),
    groupOf({
      members: mailboxes.map((mailbox) => ({ mailbox })),
      spec: { guard: { updates: { maxPercent: 100, maxCount } } },
      annotations,
    }),
  ]
  return { exchange, declared }
}

const foldersOf = ({ store }: Exchange): readonly FolderHandle[] => [
  store.publicFolder('/Company/Contacts'),
  ...mailboxes.map((mailbox) => store.mailbox(mailbox).folder('Contacts/Contacts')),
]
const notes = (exchange: Exchange) =>
  foldersOf(exchange).map((folder) =>
    folder
      .items()
      .map(({ contact }) => `${contact.GivenName}: ${JSON.stringify(contact.Body)}`)
      .sort(),
  )

async function done(ended: Promise<Ended>, code = 0): Promise<string> {
  const { stdout, stderr, ...how } = await ended
  expect(how.code, stdout + stderr).toBe(code)
  return stdout + stderr
}

test.concurrent('notes that a phone wiped are as they were, by one plan or by a rollback', async () => {
  const { exchange, declared } = await world()
  using place = new Place(declared(100))
  const told = (line: string, code = 0) =>
    done(exsync([...line.split(' '), '--state', place.state]).ended, code)
  const listed = async (line: string) => JSON.parse(await told(`${line} -o json`))
  try {
    await done(place.once())
    const before = notes(exchange)
    const [, anna] = foldersOf(exchange)
    for (const { id } of anna?.items() ?? [])
      anna?.update(id, { Body: { type: 'Text', text: 'wiped' } })
    await done(place.once())
    const after = notes(exchange)
    expect(after.flat().filter((text) => text.includes('wiped'))).toHaveLength(3 * count)

    const { history } = await listed('history')
    expect(history).toHaveLength(count)
    expect(history[0]).toMatchObject({ reason: 'Edited', fields: ['Body'], group })
    expect(history[0].replica).toMatch(/^anna@corp\.example:/)
    const table = await told('history --replica anna@corp.example --since 1h')
    expect(table.match(/ Edited +Body /g)).toHaveLength(count)
    expect(await told('history --name Person7')).toMatch(/^1?\d +\S+Z +sales/m)
    expect(await told('bin list')).toBe('N  TIME  GROUP  LINK  WHOSE  WHY  FIELDS  RESTORE\n')

    // The guard would not let so many come back without being asked.
    place.declare(declared(5))
    const { pass } = history[0]
    const plan = await told(`bin restore --pass ${pass} --dry-run`, 2)
    const json = JSON.parse(await told(`bin restore --pass ${pass} --dry-run -o json`, 2))
    expect(json).toMatchObject({ contacts: count, counts: { Edit: count }, asked: false })
    const [, hash = ''] = /--approve (\S+)$/m.exec(plan) ?? []
    expect(json.hash).toBe(hash)
    expect(table + plan + JSON.stringify(json)).not.toMatch(/Żak|Person|wiped|note \d/)
    expect(await told(`bin restore --pass ${pass} --approve nonsense`, 1)).toMatch(
      /belongs to another plan/,
    )
    await done(place.once())
    expect(notes(exchange)).toEqual(after)
    expect(await told(`bin restore --pass ${pass} --approve ${hash}`)).toMatch(/^20 requested/m)
    await done(place.once())
    expect(notes(exchange)).toEqual(before)
    expect(await told(`bin restore --pass ${pass}`)).toMatch(/nothing to do$/m)

    // Back to what it was wiped to, and the rollback of that.
    const undone = (await listed('history')).history[0]
    expect(undone).toMatchObject({ reason: 'Restored', fields: ['Body'] })
    const back = `rollback --group ${group} --to ${undone.time}`
    const [, again = ''] = /--approve (\S+)$/m.exec(await told(`${back} --dry-run`, 2)) ?? []
    await told(`${back} --approve ${again}`)
    await done(place.once())
    expect(notes(exchange)).toEqual(after)
    expect(await told(`${back} --dry-run`)).toMatch(/nothing to do$/m)

    // Without an approval the guard counts it, and the status says so.
    const { time } = history.at(-1)
    expect(await told(`rollback --group ${group} --to ${time}`)).toMatch(/^the guard counts them/m)
    await done(place.once(), 1)
    expect(notes(exchange)).toEqual(after)
    expect(place.status('company-contacts')?.conditions).toContainEqual(
      expect.objectContaining({
        type: 'Guarded',
        message: expect.stringMatching(
          /approve: \S+; meanwhile the requested restores from the bin wait; .*--approve.*; bin would cause 20 updates \(limit 5\)/,
        ),
      }),
    )
    const dry = await told(`rollback --group ${group} --to ${time} --dry-run`, 2)
    const [, last = ''] = /--approve (\S+)$/m.exec(dry) ?? []
    // The hash of the dry run approves what was asked for already.
    place.declare(declared(5, { 'exchangesync.dev/approve': last }))
    await done(place.once())
    expect(notes(exchange)).toEqual(before)
  } finally {
    await exchange.close()
  }
}, 180_000)
