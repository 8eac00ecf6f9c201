// A rollback is killed at each of its writes in turn, before the write's effect and after it; the next passes come to what
// was agreed then, once, and what was written since is in the bin.
import { describe, expect, test } from 'vitest'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import { exsync, groupOf, Place, secretOf, serverOf, two } from './support.ts'

const password = 'undo-crash-secret'
const mailboxes = ['anna@corp.example', 'jan@corp.example']
const group = 'sales/company-contacts'
/** Three folders: an update of each, and a create in each. */
const writes = 6
/** How many passes it may take from the kill until all is well. */
const passesMax = 3

const moments = Array.from({ length: writes }, (_, n) => n + 1).flatMap((n) =>
  (['before', 'after'] as const).map((when) => [n, when] as const),
)

describe.concurrent('a rollback that is killed', () => {
  test.each(moments)(
    'at its write %i, %s it has its effect, goes on',
    (n, when) => two(() => lived(n, when)),
    120_000,
  )
})

async function lived(n: number, when: 'before' | 'after'): Promise<void> {
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
        contacts: ['Ewa', 'Jan', 'Ola'].map((GivenName) => ({ GivenName, JobTitle: 'then' })),
      },
    ],
  })
  using place = new Place([
    serverOf(exchange.url, { limits: { concurrency: 1 } }),
    secretOf('account', { username: 'sync@corp.example', password }),
    groupOf({ members: mailboxes.map((mailbox) => ({ mailbox })) }),
  ])
  try {
    expect((await place.once()).code).toBe(0)
    const moment = new Date().toISOString()
    const anna = exchange.store.mailbox('anna@corp.example').folder('Contacts/Contacts')
    for (const { id, contact } of anna.items()) {
      if (contact.GivenName === 'Jan') anna.delete(id)
      else anna.update(id, { JobTitle: 'wiped' })
    }
    expect((await place.once()).code).toBe(0)
    expect(shown(exchange)).toEqual(Array(3).fill('Ewa:wiped Ola:wiped'))
    const args = ['rollback', '--group', group, '--to', moment, '--state', place.state]
    expect((await exsync(args).ended).code).toBe(0)

    expect(await killed(exchange, place, n, when)).toBe(true)
    let last = await place.once()
    for (let pass = 1; pass < passesMax && last.code !== 0; pass += 1) last = await place.once()
    expect(last.code, place.statusText('company-contacts')).toBe(0)
    expect(shown(exchange)).toEqual(Array(3).fill('Ewa:then Jan:then Ola:then'))
    const kept = place.bin().filter(({ reason }) => reason === 'Restored')
    expect(kept.map(({ item }) => item.JobTitle)).toEqual(['wiped', 'wiped'])
  } finally {
    await exchange.close()
  }
}

// One pass that is killed at its nth write; did it get that far?
async function killed(
  exchange: Exchange,
  place: Place,
  n: number,
  when: 'before' | 'after',
): Promise<boolean> {
  let count = 0
  const running = place.start('run', '--once')
  exchange.inject(async ({ operation }) => {
    if (!/^(Create|Update|Delete)Item/.test(operation)) return undefined
    count += 1
    if (count !== n) return undefined
    running.child.kill('SIGKILL')
    await running.ended
    return { kind: 'drop', when }
  })
  await running.ended
  exchange.inject(undefined)
  return count >= n
}

function shown({ store }: Exchange): readonly string[] {
  const folders = [
    store.publicFolder('/Company/Contacts'),
    ...mailboxes.map((mailbox) => store.mailbox(mailbox).folder('Contacts/Contacts')),
  ]
  return folders.map((folder) =>
    folder
      .items()
      .map(({ contact }) => `${contact.GivenName}:${contact.JobTitle}`)
      .sort()
      .join(' '),
  )
}
