// The Replica port: folders in memory, and a public folder and a mailbox folder over EWS on the embedded
// Exchange, whose every message must also be valid by Microsoft's schemas.
import { afterAll, describe, expect, test } from 'vitest'
import type { ExchangeServer, SyncGroup } from '../../controller/api/resources.generated.ts'
import type { GroupId, ItemId, ReplicaId } from '../../controller/core/id.ts'
import type { Item } from '../../controller/core/item.ts'
import type { Found } from '../../controller/core/model.ts'
import { Connections } from '../../controller/ews/connections.ts'
import { envelopeXml } from '../../controller/ews/envelope.ts'
import type { Declared, Replica } from '../../controller/sync/ports.ts'
import { readResources } from '../../controller/validation/resources.ts'
import { type Exchange, type ExchangeOptions, startExchange } from '../exchange/exchange.ts'
import { fieldsOf } from '../exchange/protocol/fields.ts'
import { schemaValidator } from '../exchange/schema.ts'
import type { FolderHandle } from '../exchange/store/store.ts'
import { realClock } from '../support/clock.ts'
import { accessesOf } from '../support/declaration.ts'
import { Folder, FolderReplica } from '../support/folder.ts'
import { Baseline, conformsToReplica, type Subject } from './replica.ts'

describe('a folder in memory', () => {
  conformsToReplica(async () => {
    const folder = new Folder('ann')
    const role = {
      id: 'ann' as ReplicaId,
      hub: false,
      writes: true,
      receives: true,
      drift: 'Revert',
      private: 'Skip',
    } as const
    return {
      replica: new FolderReplica(role, folder),
      put: (item) => folder.put(item),
      edit: (id, field, value) =>
        folder.edit(id, { ...folder.items.get(id)?.item, [field]: value }),
      remove: (id) => folder.remove(id),
      size: () => folder.items.size,
    }
  })
})

describe.each(['hub', 'member'] as const)('a %s over EWS', (role) => {
  describe('in a public folder', () => conformsToReplica(() => over(role, 'publicFolder')))
  describe('in a public folder whose content lies in another mailbox', () =>
    conformsToReplica(() => over(role, 'publicFolder', { publicFolderRouting: 'required' })))
  describe('in a mailbox folder', () => conformsToReplica(() => over(role, 'mailbox')))
})

describe('only over EWS', () => {
  const signal = new AbortController().signal

  test('what is deleted between two pages of the hub’s listing hides nobody', async () => {
    const subject = await over('hub', 'publicFolder')
    const exchange = running.at(-1) as Exchange
    const folder = exchange.store.publicFolder('/Company')
    for (let n = 0; n < 1500; n += 1) subject.put({ GivenName: `P${n}` })
    let pages = 0
    exchange.inject(({ operation }) => {
      if (operation !== 'FindItem') return undefined
      pages += 1
      if (pages === 2) for (const { id } of folder.items().slice(0, 10)) folder.delete(id)
      return undefined
    })
    const { changed } = await subject.replica.observe(undefined, new Baseline(), signal)
    const there = folder.items().map(({ id }) => id)
    expect(changed.map(({ id }) => id as string).sort()).toEqual(there.sort())
  })

  test('every field is read, also where the server leaves it out of its base shapes', async () => {
    const leftOutOfShapes = fieldsOf('Contact')
      .filter(({ access }) => access === 'rw')
      .map(({ uri }) => uri)
    const subject = await over('member', 'mailbox', { leftOutOfShapes })
    const note = { type: 'Text', text: 'note' }
    const contact = { GivenName: 'Ewa', Nickname: 'E', MobilePhone: '1', Categories: ['VIP'] }
    const { id } = await made(subject, { ...contact, Body: note })
    const [found] = await subject.replica.read([id], signal)
    expect((found as Found).item).toMatchObject({
      GivenName: 'Ewa',
      Nickname: 'E',
      'Phone:MobilePhone': '1',
      Categories: ['VIP'],
      Body: note,
    })
  })

  test('an item says in which folder it lies', async () => {
    const subject = await over('member', 'mailbox')
    const { id, folder } = await made(subject, { GivenName: 'Ewa' })
    expect((await subject.replica.read([id], signal))[0]).toMatchObject({ parent: folder })
  })

  test('a folder that was deleted into Deleted Items is not hers any more', async () => {
    const subject = await over('member', 'mailbox')
    const exchange = running.at(-1) as Exchange
    const first = await subject.replica.observe(undefined, new Baseline(), signal)
    expect(first.checkpoint.folder).toBeDefined()
    const authorization = `Basic ${Buffer.from('anna@corp.example:a').toString('base64')}`
    const body = envelopeXml(
      `<m:DeleteFolder DeleteType="MoveToDeletedItems"><m:FolderIds><t:FolderId Id="${first.checkpoint.folder}"/></m:FolderIds></m:DeleteFolder>`,
      undefined,
    )
    const headers = { authorization, 'content-type': 'text/xml' }
    expect((await exchange.fetch(exchange.url, { method: 'POST', headers, body })).status).toBe(200)
    const next = await subject.replica.observe(first, new Baseline(), signal)
    expect(next.checkpoint.folder).toBeUndefined()
    const made = await subject.replica.prepare(next.checkpoint, signal)
    expect(made.folder).not.toBe(first.checkpoint.folder)
  })
})

const validator = schemaValidator()
const running: Exchange[] = []
const connections = new Connections(realClock)

afterAll(async () => {
  await connections.close()
  for (const exchange of running) await exchange.close()
  expect(validator?.errors ?? []).toEqual([])
})

/** What a user makes in the member's folder, and that folder's id. */
async function made({ replica }: Subject, contact: Item | Record<string, unknown>) {
  const exchange = running.at(-1) as Exchange
  const folder = exchange.store.mailbox('anna@corp.example').folder('Contacts/Company')
  const { checkpoint } = await replica.observe(
    undefined,
    new Baseline(),
    new AbortController().signal,
  )
  return { id: folder.create(contact).id as ItemId, folder: checkpoint.folder }
}

async function over(
  role: 'hub' | 'member',
  kind: 'publicFolder' | 'mailbox',
  options: ExchangeOptions = {},
): Promise<Subject> {
  const permissions = { 'sync@corp.example': 'PublishingEditor' as const }
  const exchange = await startExchange(
    {
      domain: 'corp.example',
      users: [
        {
          mailbox: 'anna@corp.example',
          password: 'a',
          folders: { 'Contacts/Company': 0, 'Contacts/Other': 0 },
        },
        { mailbox: 'sync@corp.example', password: 's', impersonates: 'all' },
      ],
      publicFolders: [
        { path: '/Company', permissions, contacts: 0 },
        { path: '/Other', permissions, contacts: 0 },
      ],
    },
    validator ? { ...options, inspect: validator.inspect } : options,
  )
  running.push(exchange)
  const other =
    role === 'hub'
      ? { hub: places[kind], member: elsewhere }
      : { hub: elsewhere, member: places[kind] }
  const declared = declaredOn(exchange.url, other.hub, other.member)
  const [hub, member] = connections.replicas(declared, new AbortController().signal)
  const folder =
    kind === 'publicFolder'
      ? exchange.store.publicFolder('/Company')
      : exchange.store.mailbox('anna@corp.example').folder('Contacts/Company')
  return subjectOf((role === 'hub' ? hub : member) as Replica, folder)
}

/** Where the subject is, and where the other participant. */
const places = {
  publicFolder: '{ publicFolder: /Company }',
  mailbox: '{ mailbox: anna@corp.example, folder: Contacts/Company }',
}
const elsewhere = '{ publicFolder: /Other }'

function subjectOf(replica: Replica, folder: FolderHandle): Subject {
  return {
    replica,
    put: (item: Item) => folder.create(item).id as ItemId,
    edit: (id, field, value) => void folder.update(id, { [field]: value }),
    remove: (id) => folder.delete(id),
    size: () => folder.size(),
  }
}

/** A declaration on that server, as the local directory would give it. */
function declaredOn(url: string, hub: string, member: string): Declared {
  const text = `
apiVersion: exchangesync.dev/v1alpha1
kind: ExchangeServer
metadata: { name: corp }
spec: { url: '${url}', auth: { type: Basic, secretRef: { name: secret } } }
---
apiVersion: exchangesync.dev/v1alpha1
kind: SyncGroup
metadata: { name: group }
spec:
  serverRef: { name: corp }
  hub: ${hub}
  members: [${member}]`
  const { documents } = readResources([{ name: 'test.yaml', text }], { externalSecrets: true })
  const [server, group] = documents.map(({ resource }) => resource)
  return {
    id: 'default/group' as GroupId,
    group: group as SyncGroup,
    access: accessesOf(group as SyncGroup, [server as ExchangeServer], {
      username: 'sync@corp.example',
      password: 's',
    }),
    generation: 1,
    fingerprint: '',
    invalid: undefined,
    previous: undefined,
  }
}
