// A person is erased from what was kept: every entry, conflict and line of the journal of the contacts that are meant, and
// nothing of anybody else's; and no byte of it is left in the file.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Forgetting, forget } from '../../controller/cli/forget.ts'
import type { GroupId, LinkId } from '../../controller/core/id.ts'
import type { Item } from '../../controller/core/item.ts'
import { contact } from '../../controller/core/items/contact.ts'
import { notesOf } from '../../controller/core/record.ts'
import { isAbout, soughtIn } from '../../controller/core/search.ts'
import type { Key } from '../../controller/store/proof.ts'
import { openState } from '../../controller/store/state.ts'
import type { Change, Kept } from '../../controller/sync/ports.ts'
import { changed } from '../support/sealed.ts'
import {
  agreement,
  ann,
  copy,
  deleted,
  directory,
  group,
  keyOfBytes,
  outlive,
} from '../support/state.ts'

const key = keyOfBytes(1)
const other = 'ns/other' as GroupId
const refusal = (code: string, message: string) =>
  expect.objectContaining({ code, kind: 'terminal', message: expect.stringContaining(message) })
const [gone, alive, stranger] = ['gone' as LinkId, 'alive' as LinkId, 'stranger' as LinkId]
const body = { Body: { type: 'Text', text: 'Gęśla jaźń '.repeat(300) } }
const person = (more: Item = {}): Item => ({
  GivenName: 'Zdzisława',
  Surname: 'Gęsiorowska',
  ...more,
})

const lost = (link: LinkId, item: Item, won: Item): Kept => ({
  ...{ link, replica: ann, loss: JSON.stringify(item), reason: 'Conflict' },
  ...{ fields: ['JobTitle'], item, won },
})

function changeOf(timeMs: number, ...kept: readonly Kept[]): Change {
  return {
    at: { timeMs, pass: 'p' },
    writes: [
      { write: 'kept', kept },
      { write: 'conflicts', conflicts: kept.flatMap(notesOf) },
      {
        write: 'entries',
        entries: kept.map(({ link }) => ({
          link,
          replica: ann,
          action: 'delete',
          result: 'Deleted',
        })),
      },
    ],
  }
}

/** She was edited and deleted in one group, is alive in another, and there is somebody else. */
async function peopled(of?: Key): Promise<string> {
  const place = directory()
  const state = openState(place, { key: of })
  const one = state.baseline(group)
  await one.commit(changeOf(10, lost(gone, person(body), { JobTitle: 'Dyrektorka' })))
  await one.commit(changeOf(20, deleted(person({ JobTitle: 'Dyrektorka' }), gone)))
  await one.commit(changeOf(30, deleted({ GivenName: 'Ola', Surname: 'Nowak' }, stranger)))
  const copies = new Map([[ann, copy('A')]])
  const { at, writes } = changeOf(40, lost(alive, person({ JobTitle: 'a' }), { JobTitle: 'b' }))
  const living = { ...agreement, link: alive, agreed: person({ JobTitle: 'b' }), copies }
  await state
    .baseline(other)
    .commit({ at, writes: [...writes, { write: 'agreements', agreements: [living] }] })
  state.close()
  return place
}

async function told(place: string, asked: Partial<Forgetting>, of?: Key) {
  const state = openState(place, { asking: true, key: of })
  const lines: string[] = []
  const out = async (line: string) => lines.push(line) > 0
  const none = { item: undefined, match: undefined, group: undefined, yes: false, terminal: false }
  try {
    const all = { ...none, stateDirectory: place, nowMs: 99, ...asked }
    const code = await forget(state.eraser, all, out)
    return { code, text: lines.join('\n') }
  } finally {
    state.close()
  }
}

const holds = (place: string, text: string) =>
  readdirSync(place).filter((name) => readFileSync(join(place, name)).includes(text))

function rowsOf(place: string, table: string): readonly Record<string, unknown>[] {
  let rows: readonly Record<string, unknown>[] = []
  changed(place, (db) => {
    rows = db.prepare(`SELECT * FROM ${table}`).all()
  })
  return rows
}

test('without --yes it only shows how much, of whom on a terminal only', async () => {
  const place = await peopled()
  const seen = await told(place, { match: 'GĘSIOROWSKA' })
  expect(seen.code).toBe(2)
  expect(seen.text).toMatch(
    /^3 entries of 2 contacts in ns\/g, ns\/other, from 1970-01-01T00:00:00.010Z to 1970-01-01T00:00:00.040Z\n/,
  )
  expect(seen.text).toMatch(/^ {2}ns\/g gone 2$/m)
  expect(seen.text).toMatch(/1 contact is still in the folders of ns\/other and not erased: delete/)
  expect(seen.text).toMatch(/nothing was erased: repeat the command with --yes/)
  expect(seen.text).not.toMatch(/sława/)
  const shown = await told(place, { match: 'gęsior', terminal: true })
  expect(shown.text).toMatch(/^ {2}ns\/g gone 2: “Zdzisława Gęsiorowska”$/m)
  expect(rowsOf(place, 'bin')).toHaveLength(4)
  const ofGroup = await told(place, { match: 'gęsior', group: other })
  expect(ofGroup.text).toMatch(/^1 entry of 1 contact in ns\/other,/)
})

test.each([
  ['plain', undefined],
  ['encrypted', key],
])('of a %s state everything goes, and the journal keeps that it did', async (_, of) => {
  const place = await peopled(of)
  expect(holds(place, 'Gęsiorowska')).toHaveLength(of === undefined ? 1 : 0)
  const { code, text } = await told(place, { item: 1, yes: true }, of)
  expect(code).toBe(0)
  expect(text).toMatch(/2 entries erased/)
  expect(text).toMatch(/no erased data is left in unused parts/)
  expect(rowsOf(place, 'bin')).toMatchObject([{ link: stranger }, { link: alive }])
  expect(rowsOf(place, 'conflicts')).toMatchObject([{ link: alive }])
  const erased = { grp: group, time_ms: 99, link: '', replica: '', action: 'forget' }
  expect(rowsOf(place, 'journal')).toMatchObject([
    ...[{ link: stranger }, { link: alive }],
    { ...erased, result: 'Erased', pass: '2 entries' },
  ])
  // It runs on, with the same key or none.
  const state = openState(place, { key: of })
  expect(state.bin.list(9)).toMatchObject([{ item: person({ JobTitle: 'a' }) }, { link: stranger }])
  expect(state.bin.counts()).toEqual({ bin: 2, conflicts: 1 })
  state.close()
  const bytes = rowsOf(place, 'bin').reduce((sum, { size }) => sum + Number(size), 0)
  expect(rowsOf(place, 'tally')).toMatchObject([{ bin_bytes: bytes, history_bytes: 0 }])
})

test('no byte of it is left in the file or its log, also while a controller runs', async () => {
  const place = await peopled()
  const running = openState(place)
  // What went before, when nobody thought of erasing, is in unused parts of pages.
  for (let n = 0; n < 60; n += 1) {
    const kept = deleted({ ...person(), Mileage: `${n}` }, gone)
    await running.baseline(group).commit(changeOf(50 + n, kept))
  }
  outlive(running, 60)
  expect(holds(place, 'Gęsiorowska').length).toBeGreaterThan(0)
  const { text } = await told(place, { match: 'gęsiorowska', yes: true, group })
  expect(text).toMatch(/entries erased/)
  expect(text).toMatch(/no erased data is left/)
  await running
    .baseline(other)
    .commit({ at: { timeMs: 1, pass: 'p' }, writes: [{ write: 'ended', ended: [alive] }] })
  const rest = await told(place, { match: 'gęsiorowska', yes: true })
  expect(rest.text).not.toMatch(/still in the folders/)
  expect(holds(place, 'Gęsiorowska')).toEqual([])
  await running.baseline(group).commit(changeOf(200, deleted({ GivenName: 'Jan' }, stranger)))
  running.close()
  expect(holds(place, 'Gęsiorowska')).toEqual([])
})

test('where somebody reads meanwhile the next start removes what is left in the file', async () => {
  const place = await peopled()
  const running = openState(place)
  const asking = openState(place, { asking: true })
  changed(place, (db) => {
    // A transaction that sees the state as it was.
    const rows = db.prepare('SELECT n FROM bin').iterate()
    rows.next()
    asking.eraser.erase(asking.eraser.ofEntry(1)?.kept ?? [], 5)
    expect(asking.eraser.purge()).toMatchObject({ code: 'StateReaderActive' })
    rows.return?.()
  })
  for (const each of [asking, running]) each.close()
  expect(rowsOf(place, 'vault')).toMatchObject([{ clean: 0 }])
  openState(place).close()
  expect(rowsOf(place, 'vault')).toMatchObject([{ clean: 1 }])
  expect(holds(place, 'Dyrektorka')).toEqual([])
}, 30_000)

test('what is wanted back is not erased, and nothing else with it', async () => {
  const place = await peopled()
  const asking = openState(place, { asking: true })
  asking.bin.ask(new Map([[2, {}]]), 5)
  asking.close()
  const seen = await told(place, { match: 'gęsiorowska' })
  expect(seen.text).toMatch(/^ {2}ns\/g gone 2 \(2 wait to be restored\)$/m)
  await expect(told(place, { match: 'gęsiorowska', yes: true })).rejects.toThrow(
    refusal('WantedBack', 'entry 2 of the bin waits to be restored'),
  )
  expect(rowsOf(place, 'bin')).toHaveLength(4)
})

test('what is damaged is counted, and found by its number only', async () => {
  const place = await peopled(key)
  changed(place, (db) => db.exec("UPDATE bin SET item = 'xxxx', won = NULL WHERE n = 1"))
  const seen = await told(place, { match: 'dyrektor' }, key)
  expect(seen.text).toMatch(/1 value does not open and could not be searched/)
  expect(seen.text).toMatch(/nothing in the bin matches/)
  changed(place, (db) => db.exec('DELETE FROM bin WHERE n <> 1'))
  const erased = await told(place, { item: 1, yes: true }, key)
  expect(erased.text).toMatch(/1 entry erased/)
  expect(rowsOf(place, 'bin')).toEqual([])
})

test('where nothing is meant, or the arguments mean nobody, it says so', async () => {
  const place = await peopled()
  expect(await told(place, { match: 'Wacława' })).toEqual({
    code: 0,
    text: 'nothing in the bin matches',
  })
  expect(rowsOf(place, 'journal')).toHaveLength(4)
  for (const [asked, said] of [
    [{}, 'either --item N or --match TEXT'],
    [{ item: 1, match: 'abc' }, 'either --item N or --match TEXT'],
    [{ match: ' a ' }, 'at least 3 characters'],
    [{ item: 77 }, 'there is no 77 in the bin'],
    [{ item: 1, group: other }, 'there is no 1 of ns/other in the bin'],
  ] as const)
    await expect(told(place, asked)).rejects.toThrow(refusal('InvalidArguments', said))
})

test('a contact that is alive and has nothing in the bin is named as such', async () => {
  const place = await peopled()
  changed(place, (db) => db.exec('DELETE FROM bin'))
  const { code, text } = await told(place, { match: 'gęsiorowska' })
  expect(code).toBe(0)
  expect(text).toMatch(/nothing in the bin matches\n1 contact is still in the folders of ns\/other/)
})

test.each<readonly [string, Item, boolean]>([
  ['ewa żak', { GivenName: 'Ewa', Surname: 'Żak' }, true],
  ['żak ewa', { GivenName: 'Ewa', Surname: 'Żak' }, true],
  ['Z\u030cAK', { DisplayName: 'Ewa \u017dak' }, true],
  ['  ewa   ż ', { DisplayName: 'Ewa Żak' }, true],
  ['EWA@', { 'Email:EmailAddress1': { address: 'ewa@corp.example', name: 'x' } }, true],
  ['600 100', { 'Phone:MobilePhone': '+48 (600) 100-200' }, true],
  ['0048600100200', { 'Phone:MobilePhone': '+48 600 100 200' }, true],
  ['acme', { CompanyName: 'Acme' }, true],
  ['acme', { JobTitle: 'Acme', Body: { type: 'Text', text: 'acme' } }, false],
  ['600', { 'Address:Business': { Street: '600' } }, false],
  ['ewa żak', { GivenName: 'Ewa', Surname: 'Żuk' }, false],
])('%j is in %j: %s', (text, item, is) => {
  expect(isAbout(contact, item, soughtIn(text) ?? '?')).toBe(is)
})

test.each<readonly [Item, string]>([
  [{ DisplayName: 'Ewa Ż.', GivenName: 'Ewa' }, 'Ewa Ż.'],
  [{ GivenName: 'Ewa', Surname: 'Żak' }, 'Ewa Żak'],
  [{ CompanyName: 'Acme' }, 'Acme'],
  [{ 'Email:EmailAddress1': { address: 'e@x.example' } }, 'e@x.example'],
  [{}, ''],
])('%j is called %j', (item, called) => {
  expect(contact.title(item)).toBe(called)
})
