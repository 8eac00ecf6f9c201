// From earlier schemas to today's: everything is still there, and counted.
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { digestOf, type LinkId } from '../../controller/core/id.ts'
import { openState, stateFile } from '../../controller/store/state.ts'
import type { Change } from '../../controller/sync/ports.ts'
import { asFourth, changed, contentOf, filled, metAgain } from '../support/sealed.ts'
import {
  agreement,
  ann,
  at,
  bytesIn,
  deleted,
  directory,
  group,
  keyOfBytes,
  link,
} from '../support/state.ts'

/** The schema of 0.1.0, as it was. */
const first = `
CREATE TABLE replicas (
  grp TEXT NOT NULL, replica TEXT NOT NULL, folder TEXT, parent TEXT, cursor TEXT, lens TEXT NOT NULL,
  recheck TEXT NOT NULL DEFAULT '[]', PRIMARY KEY (grp, replica)
) WITHOUT ROWID, STRICT;
CREATE TABLE links (
  n INTEGER PRIMARY KEY, grp TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL,
  agreed TEXT, edited_ms INTEGER, settled INTEGER NOT NULL DEFAULT 0, declined TEXT NOT NULL DEFAULT '[]', aliases TEXT NOT NULL DEFAULT '[]',
  UNIQUE (grp, id)
) STRICT;
CREATE INDEX links_unsettled ON links (grp) WHERE settled = 0;
CREATE TABLE bases (
  link INTEGER NOT NULL REFERENCES links (n) ON DELETE CASCADE, revision INTEGER NOT NULL, item TEXT,
  PRIMARY KEY (link, revision)
) WITHOUT ROWID, STRICT;
CREATE TABLE copies (
  link INTEGER NOT NULL REFERENCES links (n) ON DELETE CASCADE, grp TEXT NOT NULL, replica TEXT NOT NULL,
  id TEXT NOT NULL, version TEXT NOT NULL, revision INTEGER NOT NULL, shown TEXT, withheld INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (link, replica)
) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX copies_items ON copies (grp, replica, id);
CREATE TABLE bin (
  n INTEGER PRIMARY KEY, grp TEXT NOT NULL, link TEXT NOT NULL, replica TEXT NOT NULL, reason TEXT NOT NULL,
  fields TEXT NOT NULL, item TEXT NOT NULL, time_ms INTEGER NOT NULL, pass TEXT NOT NULL
) STRICT;
CREATE INDEX bin_link ON bin (link);
CREATE INDEX bin_time ON bin (time_ms);
CREATE TABLE conflicts (
  n INTEGER PRIMARY KEY, grp TEXT NOT NULL, link TEXT NOT NULL, replica TEXT NOT NULL, field TEXT NOT NULL,
  version TEXT NOT NULL, time_ms INTEGER NOT NULL, pass TEXT NOT NULL
) STRICT;
CREATE INDEX conflicts_link ON conflicts (link);
CREATE INDEX conflicts_grp ON conflicts (grp, time_ms);
CREATE TABLE caused (
  grp TEXT NOT NULL, replica TEXT NOT NULL, time_ms INTEGER NOT NULL,
  deletions INTEGER NOT NULL, publications INTEGER NOT NULL
) STRICT;
CREATE TABLE journal (
  n INTEGER PRIMARY KEY, grp TEXT NOT NULL, time_ms INTEGER NOT NULL, pass TEXT NOT NULL,
  link TEXT NOT NULL, replica TEXT NOT NULL, action TEXT NOT NULL, result TEXT NOT NULL
) STRICT;
CREATE INDEX journal_time ON journal (time_ms);
`

/** A state of the fifth schema from one of today. */
const withoutHistory = `DROP TRIGGER bin_grows; DROP TRIGGER bin_shrinks; DROP INDEX bin_history;
  DROP TABLE ages; DROP TABLE history_ends;
  ALTER TABLE tally DROP COLUMN history_bytes; ALTER TABLE tally DROP COLUMN last_n;
  ALTER TABLE restores DROP COLUMN fields; ALTER TABLE restores DROP COLUMN plan;
  ALTER TABLE restores DROP COLUMN seen; ALTER TABLE restores DROP COLUMN confirmed;
  ALTER TABLE caused DROP COLUMN updated; ALTER TABLE approved DROP COLUMN updated;
  CREATE TRIGGER bin_grows AFTER INSERT ON bin BEGIN
    UPDATE tally SET bin_bytes = bin_bytes + new.size;
  END;
  CREATE TRIGGER bin_shrinks AFTER DELETE ON bin BEGIN
    UPDATE tally SET bin_bytes = bin_bytes - old.size;
  END;`
/** What replicas remembered up to the third schema. */
const replicasBefore = `DROP TABLE replicas; CREATE TABLE replicas (
  grp TEXT NOT NULL, replica TEXT NOT NULL, folder TEXT, parent TEXT, cursor TEXT, lens TEXT NOT NULL,
  recheck TEXT NOT NULL DEFAULT '[]', stand TEXT, restored INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (grp, replica)
) WITHOUT ROWID, STRICT;`
const withoutNext = `${withoutHistory} DROP TABLE approved;
  ALTER TABLE vault DROP COLUMN next; ALTER TABLE vault DROP COLUMN reached;`
const item = { GivenName: 'Ewa', JobTitle: 'Buyer' }
const lost = { GivenName: 'Ewa', JobTitle: 'Director' }
const version = digestOf(JSON.stringify(lost))

function written(): string {
  const place = directory()
  const db = new DatabaseSync(join(place, stateFile))
  db.exec(`PRAGMA journal_mode = WAL; ${first}; PRAGMA user_version = 1`)
  db.exec(`PRAGMA application_id = ${0x65787379}`)
  db.prepare('INSERT INTO links (n, grp, id, revision, agreed) VALUES (1, ?, ?, 2, ?)').run(
    group,
    link,
    JSON.stringify(item),
  )
  db.prepare('INSERT INTO bases VALUES (1, 1, ?)').run(JSON.stringify({ GivenName: 'Eva' }))
  db.prepare('INSERT INTO copies VALUES (1, ?, ?, ?, ?, 2, NULL, 0)').run(group, ann, 'A', 'v')
  const bin = db.prepare(
    'INSERT INTO bin (grp, link, replica, reason, fields, item, time_ms, pass) VALUES (?, ?, ?, ?, ?, ?, 1, ?)',
  )
  bin.run(group, link, ann, 'Conflict', '["JobTitle"]', JSON.stringify(lost), 'p')
  bin.run(group, 'ended', ann, 'Deleted', '[]', JSON.stringify(item), 'p')
  db.prepare(
    'INSERT INTO conflicts (grp, link, replica, field, version, time_ms, pass) VALUES (?, ?, ?, ?, ?, 1, ?)',
  ).run(group, link, ann, 'JobTitle', version, 'p')
  db.close()
  return place
}

const keys = [
  ['without a key', undefined],
  ['with a key, in the same go', keyOfBytes(1)],
] as const

test.each(keys)('a state of the first release is brought up to date, %s', async (_how, key) => {
  const place = written()
  for (const _time of ['first', 'second']) {
    // The second time it is up to date already.
    const state = openState(place, { key })
    const [found] = await state.baseline(group).links([link])
    expect(found).toMatchObject({ revision: 2, agreed: item })
    expect(found?.bases.get(1)).toEqual({ GivenName: 'Eva' })
    expect(found?.copies.get(ann)).toMatchObject({ id: 'A', version: 'v', revision: 2 })
    expect(state.bin.list(9)).toMatchObject([
      { n: 2, item, won: undefined, restore: undefined },
      { n: 1, item: lost, fields: ['JobTitle'] },
    ])
    expect(state.bin.conflict(1)?.kept?.n).toBe(1)
    state.close()
  }
  const roomy = openState(place, { key })
  // What the first release kept does not say which loss it was: met again, it is rather kept twice. The
  // conflict is the same still.
  await roomy.baseline(group).commit({
    at,
    writes: [
      { write: 'kept', kept: [{ ...deleted(lost), reason: 'Conflict', fields: ['JobTitle'] }] },
      { write: 'conflicts', conflicts: [{ link, replica: ann, field: 'JobTitle', version }] },
    ],
  })
  expect([roomy.bin.list(9).length, roomy.bin.conflicts(9).length]).toEqual([3, 1])
  roomy.close()
  const state = openState(place, { key, binMaxBytes: 1 })
  const baseline = state.baseline(group)
  // What was kept before counts.
  const more: Change = { at, writes: [{ write: 'kept', kept: [deleted({}, 'another' as LinkId)] }] }
  await expect(baseline.commit(more)).rejects.toMatchObject({ code: 'BinFull' })
  state.close()
  if (key === undefined) return
  for (const [name, bytes] of bytesIn(place)) expect(bytes.includes('Director'), name).toBe(false)
})

test('a state of the second schema learns what its links’ items are called over the hub', async () => {
  const place = directory()
  const made = openState(place)
  await made
    .baseline(group)
    .commit({ at, writes: [{ write: 'agreements', agreements: [agreement] }] })
  made.close()
  const db = new DatabaseSync(join(place, stateFile))
  db.exec(`ALTER TABLE links DROP COLUMN source; ${replicasBefore}
    ALTER TABLE copies DROP COLUMN codec; DROP TABLE attempts; ${withoutNext} PRAGMA user_version = 2`)
  db.close()
  const state = openState(place)
  const baseline = state.baseline(group)
  const [before] = await baseline.links([link])
  expect(before).toMatchObject({ revision: 1, agreed: agreement.agreed, source: undefined })
  await baseline.commit({
    at,
    writes: [{ write: 'agreements', agreements: [{ ...agreement, source: 'mark' }] }],
  })
  expect(await baseline.links([link])).toMatchObject([{ source: 'mark' }])
  state.close()
})

test('a state of the third schema learns under which codec its copies were read', async () => {
  const place = directory()
  const made = openState(place)
  await made
    .baseline(group)
    .commit({ at, writes: [{ write: 'agreements', agreements: [agreement] }] })
  made.close()
  const db = new DatabaseSync(join(place, stateFile))
  db.exec(`${replicasBefore} ALTER TABLE copies DROP COLUMN codec;
    DROP TABLE attempts; ${withoutNext} PRAGMA user_version = 3`)
  db.close()
  const state = openState(place)
  const baseline = state.baseline(group)
  const [found] = await baseline.links([link])
  expect(found).toMatchObject({ revision: 1, agreed: agreement.agreed })
  const ids = [...(found?.copies.values() ?? [])].map(({ id }) => id)
  expect([...(found?.copies.values() ?? [])].every(({ codec }) => codec === 1)).toBe(true)
  const outdated = await Promise.all(
    [...(found?.copies.keys() ?? [])].map((replica) => baseline.outdated(replica, 2, 10)),
  )
  expect(outdated.flat()).toEqual(ids)
  expect([await baseline.attempts(), await baseline.outdated(ann, 1, 10)]).toEqual([[], []])
  state.close()
})

test.each(keys)('a state of the fourth schema goes on, %s', async (_how, key) => {
  const place = await filled(3, undefined)
  const before = await contentOf(place, undefined)
  if (key !== undefined) asFourth(place, key)
  else changed(place, (db) => db.exec(`${withoutNext} PRAGMA user_version = 4`))
  openState(place, { key }).close()
  expect(await contentOf(place, key)).toEqual(before)
  expect(await metAgain(place, key, 3)).toEqual([3, 3])
})

test('a state of the fifth schema gets a history, and counts what is in the bin as before', async () => {
  const place = directory()
  const made = openState(place)
  await made.baseline(group).commit({
    at,
    writes: [
      { write: 'kept', kept: [deleted({ A: '1' })] },
      { write: 'agreements', agreements: [agreement] },
    ],
  })
  made.bin.ask(new Map([[1, {}]]), 5)
  made.close()
  changed(place, (db) => db.exec(`${withoutHistory} PRAGMA user_version = 5`))
  const limit = Buffer.byteLength(JSON.stringify({ A: '1' }))
  const state = openState(place, { binMaxBytes: limit })
  const baseline = state.baseline(group)
  expect(await baseline.restorations()).toMatchObject([{ n: 1, fields: [], confirmed: false }])
  expect(await baseline.causedSince(0)).toEqual(new Map())
  await expect(
    baseline.commit({ at, writes: [{ write: 'kept', kept: [deleted({ A: '2' })] }] }),
  ).rejects.toMatchObject({
    code: 'BinFull',
  })
  state.close()
})

test('who only reads or asks does not bring it up to date, and says who does', () => {
  const place = written()
  const before = bytesIn(place)
  for (const how of [{ readOnly: true }, { asking: true }]) {
    expect(() => openState(place, how)).toThrow(
      expect.objectContaining({
        code: 'StateOlder',
        message: expect.stringContaining('exsync run'),
      }),
    )
  }
  expect(bytesIn(place)).toEqual(before)
})
