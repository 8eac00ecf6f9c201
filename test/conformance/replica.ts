// What every Replica must do, whatever stands behind it: a folder in memory, a public folder or a
// mailbox folder over EWS. A fake is trusted because it passes this, too.
import { expect, test } from 'vitest'
import { shownOf } from '../../controller/core/deviation.ts'
import { digestOf, type ItemId, type LinkId, type Version } from '../../controller/core/id.ts'
import { difference, type Item, patched, type Value } from '../../controller/core/item.ts'
import {
  addresses,
  addressParts,
  contact,
  emails,
  mapiTexts,
  messengers,
  phones,
  texts,
} from '../../controller/core/items/contact.ts'
import type { Found } from '../../controller/core/model.ts'
import { SyncError } from '../../controller/core/sync-error.ts'
import type { Known, Listing, Replica, Start, Written } from '../../controller/sync/ports.ts'

/** A replica, and a user who works in its folder by other means. */
export type Subject = Readonly<{
  replica: Replica
  put: (item: Item) => ItemId
  edit: (id: ItemId, field: 'JobTitle', value: string) => void
  remove: (id: ItemId) => void
  /** How many items the folder holds. */
  size: () => number
}>

const signal = new AbortController().signal
const stamp = { group: 'group', link: 'link-1' as LinkId, source: 'source', hub: 'hub' }
const ewa: Item = { GivenName: 'Ewa', Surname: 'Żak & <Söhne> 🎻', JobTitle: 'Dyrygentka' }

/** What a baseline would know. */
export class Baseline implements Known {
  readonly #versions = new Map<ItemId, Version>()

  learn({ id, version }: Readonly<{ id: ItemId; version: Version }>): void {
    this.#versions.set(id, version)
  }

  forget(id: ItemId): void {
    this.#versions.delete(id)
  }

  async versions(ids: readonly ItemId[]) {
    return new Map([...this.#versions].filter(([id]) => ids.includes(id)))
  }

  async all() {
    return this.#versions
  }
}

/** The suite. `subject` makes a replica on an empty folder. */
export function conformsToReplica(subject: () => Promise<Subject>): void {
  test('a first look tells everything, with content, and a second one nothing', async () => {
    const { replica, put } = await subject()
    const [one, two] = [put(ewa), put({ GivenName: 'Jan' })]
    const { look, known } = await looked(replica)
    expect(look.changed.map(({ id }) => id).sort()).toEqual([one, two].sort())
    expect(look.changed.find(({ id }) => id === one)?.item).toMatchObject(ewa)
    expect(look.gone).toEqual([])
    const again = await replica.observe(look, known, signal)
    expect([again.changed, again.gone]).toEqual([[], []])
  })

  test('an edit is told with another version, a delete as gone', async () => {
    const { replica, put, edit, remove } = await subject()
    const [one, two] = [put(ewa), put({ GivenName: 'Jan' })]
    const { look, known } = await looked(replica)
    edit(one, 'JobTitle', 'Prezes')
    remove(two)
    const next = await replica.observe(look, known, signal)
    expect(next.changed).toHaveLength(1)
    expect(next.changed[0]?.item.JobTitle).toBe('Prezes')
    expect(next.changed[0]?.version).not.toBe(look.changed.find(({ id }) => id === one)?.version)
    expect(next.gone).toEqual([two])
  })

  test('the same listing twice tells the same, until its checkpoint is used', async () => {
    const { replica, put, edit } = await subject()
    const one = put(ewa)
    const { look, known } = await looked(replica)
    edit(one, 'JobTitle', 'Prezes')
    const first = await replica.observe(look, known, signal)
    const second = await replica.observe(look, known, signal)
    expect(second.changed).toEqual(first.changed)
    for (const each of first.changed) known.learn(each)
    const third = await replica.observe(first, known, signal)
    expect(third.changed).toEqual([])
  })

  test('a whole listing still knows what is gone', async () => {
    const { replica, put, remove } = await subject()
    const one = put(ewa)
    put({ GivenName: 'Jan' })
    const { look, known } = await looked(replica)
    remove(one)
    const next = await replica.observe({ ...look, whole: true }, known, signal)
    expect([next.changed, next.gone]).toEqual([[], [one]])
  })

  test('what was seen and not dealt with is read again', async () => {
    const { replica, put } = await subject()
    const one = put(ewa)
    const { look, known } = await looked(replica)
    const next = await replica.observe({ ...look, recheck: [one] }, known, signal)
    expect(next.changed.map(({ id }) => id)).toContain(one)
  })

  test('a new copy carries its stamp and its content', async () => {
    const { replica, size } = await subject()
    const start = await ready(replica)
    const [written] = await replica.create([{ item: ewa, stamp }], signal)
    const { id, version } = success(written)
    expect(size()).toBe(1)
    const [found] = await replica.read([id], signal)
    expect(found).toMatchObject({ id, version, stamp, item: ewa })
    const look = await replica.observe(start, new Baseline(), signal)
    expect(look.changed.map((each) => each.id)).toEqual([id])
  })

  test('our own echo is passed by, and nobody else’s change with it', async () => {
    const { replica, edit } = await subject()
    const start = await ready(replica)
    const known = new Baseline()
    const one = success((await replica.create([{ item: ewa, stamp }], signal))[0])
    known.learn(one)
    const settled = await replica.settle(start.checkpoint, known, signal)
    const quiet = await replica.observe(settled, known, signal)
    expect([quiet.changed, quiet.gone]).toEqual([[], []])
    edit(one.id, 'JobTitle', 'Prezes')
    const unsettled = await replica.settle(quiet.checkpoint, known, signal)
    const look = await replica.observe(unsettled, known, signal)
    expect(look.changed.map(({ item }) => item.JobTitle)).toEqual(['Prezes'])
  })

  test('an update changes what it names, and only at the version that it expects', async () => {
    const { replica, put } = await subject()
    const id = put({ ...ewa, Department: 'Smyczki' })
    await ready(replica)
    const { version: expectVersion, item } = await found(replica, id)
    const agreed = { ...ewa, JobTitle: 'Prezes' }
    const patch = { set: { JobTitle: 'Prezes' }, clear: ['Department'] }
    const [written] = await replica.update([{ id, expect: expectVersion, patch, agreed }], signal)
    expect(success(written).version).not.toBe(expectVersion)
    const after = await found(replica, id)
    expect(after.item).toMatchObject({ ...ewa, JobTitle: 'Prezes' })
    expect(after.item.Department).toBeUndefined()
    const [stale] = await replica.update(
      [{ id, expect: expectVersion, patch: { set: { JobTitle: 'X' }, clear: [] }, agreed }],
      signal,
    )
    expect(stale).toMatchObject({ kind: 'stale' })
    expect((await found(replica, id)).item.JobTitle).toBe('Prezes')
    expect(item.JobTitle).toBe('Dyrygentka')
  })

  test('under a mapping the server goes on writing FileAs, whatever else is updated', async () => {
    const { replica } = await subject()
    await ready(replica)
    const mapped = { GivenName: 'Ewa', Surname: 'Żak', FileAsMapping: 'LastCommaFirst' }
    const { id, version } = success((await replica.create([{ item: mapped, stamp }], signal))[0])
    const agreed = { ...mapped, Surname: 'Zak', FileAs: 'Zak, Ewa', DisplayName: 'Ewa Zak' }
    const patch = difference(contact, mapped, agreed)
    success((await replica.update([{ id, expect: version, patch, agreed }], signal))[0])
    expect((await found(replica, id)).item).toMatchObject({
      Surname: 'Zak',
      FileAsMapping: 'LastCommaFirst',
    })
  })

  test('of a batch one may fail, the others are done', async () => {
    const { replica, put, remove } = await subject()
    const [one, two] = [put(ewa), put({ GivenName: 'Jan' })]
    await ready(replica)
    const updates = await Promise.all(
      [one, two].map(async (id) => {
        const { version, item } = await found(replica, id)
        return {
          id,
          expect: version,
          patch: { set: { JobTitle: 'Prezes' }, clear: [] },
          agreed: item,
        }
      }),
    )
    remove(one)
    const [first, second] = await replica.update(updates, signal)
    expect(first).toMatchObject({ kind: 'stale' })
    expect(success(second).id).toBe(two)
  })

  test('what is deleted is not there, and what is not found is left to the next look', async () => {
    const { replica, put, size } = await subject()
    const id = put(ewa)
    await ready(replica)
    expect(await replica.remove([id], signal)).toEqual([undefined])
    expect(size()).toBe(0)
    expect(await replica.read([id], signal)).toEqual([undefined])
    expect(await replica.remove([id], signal)).toMatchObject([{ kind: 'stale' }])
  })

  test('every field of a contact goes there and comes back, by create and by update', async () => {
    const { replica } = await subject()
    await ready(replica)
    const full = fullContact('a')
    const created = success((await replica.create([{ item: full, stamp }], signal))[0])
    expect(deviations((await found(replica, created.id)).item, full)).toEqual([])

    const other = fullContact('b')
    const patch = difference(contact, full, other)
    const now = await found(replica, created.id)
    const updated = success(
      (
        await replica.update(
          [{ id: created.id, expect: now.version, patch, agreed: other }],
          signal,
        )
      )[0],
    )
    expect(deviations((await found(replica, created.id)).item, other)).toEqual([])

    const bare: Item = { GivenName: 'Ewa' }
    const clear = { ...difference(contact, other, bare) }
    success(
      (
        await replica.update(
          [{ id: created.id, expect: updated.version, patch: clear, agreed: bare }],
          signal,
        )
      )[0],
    )
    const left = (await found(replica, created.id)).item
    const derived = ['DisplayName', 'Subject', 'FileAs', 'Culture']
    expect(Object.keys(left).filter((field) => !derived.includes(field))).toEqual(['GivenName'])
  })

  test('the day beside a date goes with it, and goes away with it; both as they were written', async () => {
    const { replica } = await subject()
    await ready(replica)
    const evening = { utc: '1980-05-11T22:00:00Z', local: '1980-05-12T00:00:00Z' }
    const bare: Item = { GivenName: 'Ewa' }
    const states: readonly Item[] = [
      { ...bare, Birthday: evening, WeddingAnniversary: evening },
      {
        ...bare,
        Birthday: '1980-05-13T11:59:00Z',
        WeddingAnniversary: { ...evening, local: '1980-05-14T00:00:00Z' },
      },
      bare,
      { ...bare, Birthday: evening },
    ]
    let item = states[0] ?? bare
    const { id } = success((await replica.create([{ item, stamp }], signal))[0])
    for (const next of states) {
      const { version: expectVersion } = await found(replica, id)
      const patch = difference(contact, item, next)
      await replica.update([{ id, expect: expectVersion, patch, agreed: next }], signal)
      item = next
      const { Birthday, WeddingAnniversary } = (await found(replica, id)).item
      expect({ Birthday, WeddingAnniversary }).toEqual({
        Birthday: next.Birthday,
        WeddingAnniversary: next.WeddingAnniversary,
      })
    }
  })
}

async function looked(replica: Replica): Promise<{ look: Listing; known: Baseline }> {
  const known = new Baseline()
  const look = await replica.observe(undefined, known, signal)
  for (const each of look.changed) known.learn(each)
  return { look, known }
}

async function ready(replica: Replica): Promise<Start> {
  const { look } = await looked(replica)
  return { ...look, checkpoint: await replica.prepare(look.checkpoint, signal) }
}

async function found(replica: Replica, id: ItemId): Promise<Found> {
  const [each] = await replica.read([id], signal)
  if (each === undefined || each instanceof SyncError) throw new Error('not found')
  return each
}

function success(written: Written | undefined): Exclude<Written, SyncError> {
  if (written === undefined || written instanceof SyncError)
    throw new Error(`not written: ${written?.code}`)
  return written
}

function deviations(stored: Item, given: Item): readonly string[] {
  return Object.keys(shownOf(contact, stored, given)).map(
    (field) =>
      `${field}: ${contact.field(field).canonical(given[field])} → ${contact.field(field).canonical(stored[field])}`,
  )
}

/** A contact with every field; `mark` tells two of them apart in each. */
export function fullContact(mark: string): Item {
  const text = (field: string) => `${field} ${mark} Ł & "<ż>" 🎻`
  const item: Record<string, Value> = Object.fromEntries(
    [...texts, ...mapiTexts].map((field) => [field, text(field)]),
  )
  for (const slot of emails) {
    item[`Email:${slot}`] = {
      address: `${slot}.${mark}@corp.example`,
      name: text(slot),
      routingType: 'SMTP',
    }
  }
  for (const place of addresses) {
    item[`Address:${place}`] = Object.fromEntries(
      addressParts.map((part) => [part, text(`${place} ${part}`)]),
    )
  }
  for (const key of phones) item[`Phone:${key}`] = `+48 ${digestOf(key, mark).slice(0, 6)}`
  for (const slot of messengers) item[`Im:${slot}`] = text(slot)
  const day = mark === 'a' ? '12' : '13'
  return patched(item, {
    set: {
      Body:
        mark === 'a'
          ? { type: 'Text', text: 'Zażółć\ngęślą <jaźń> & 🎻' }
          : { type: 'HTML', text: '<html><body><p>Zażółć <b>gęślą</b></p></body></html>' },
      Categories: [`Kategoria ${mark}`, 'Zażółć & <gęślą>'],
      Children: [`Dziecko ${mark}`, 'Ola'],
      Companies: [`Spółka ${mark}`],
      Gender: mark === 'a' ? '1' : '2',
      Birthday: `1980-05-${day}T11:59:00Z`,
      WeddingAnniversary: `2001-02-${day}T00:00:00Z`,
      BusinessHomePage: `http://www.corp.example/${mark}?a=1&b=2`,
      PostalAddressIndex: mark === 'a' ? 'Business' : 'Home',
      Sensitivity: mark === 'a' ? 'Private' : 'Confidential',
      Importance: mark === 'a' ? 'High' : 'Low',
      Culture: mark === 'a' ? 'pl-PL' : 'en-GB',
      ItemClass: `IPM.Contact.${mark.toUpperCase()}`,
      Subject: text('Subject'),
    },
    // A mapping makes the server write FileAs itself.
    clear: ['FileAsMapping'],
  })
}
