// A disk without room: the change is not there at all, what was there is, and it goes on when there is room.
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import type { LinkId } from '../../controller/core/id.ts'
import { SqliteBaseline } from '../../controller/store/baseline.ts'
import { plain } from '../../controller/store/encryption.ts'
import { upToDate } from '../../controller/store/migrations.ts'
import { Statements } from '../../controller/store/statements.ts'
import { agreement, at, directory, group, link } from '../support/state.ts'

test('a change that has no room is not there at all, and is written once there is room', async () => {
  const db = new DatabaseSync(join(directory(), 'exsync.db'))
  db.exec('PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON')
  upToDate(db, 0)
  const statements = new Statements(db, 'exsync.db')
  const baseline = new SqliteBaseline({ statements, vault: plain, group, binMaxBytes: 1e9 })
  await baseline.commit({ at, writes: [{ write: 'agreements', agreements: [agreement] }] })
  const pages = Number(db.prepare('PRAGMA page_count').get()?.page_count)
  db.exec(`PRAGMA max_page_count = ${pages + 3}`)
  const much = Array.from({ length: 100 }, (_, n) => ({
    ...agreement,
    link: `link-${n}` as LinkId,
    agreed: { Body: { type: 'Text', text: 'x'.repeat(3000) } },
    copies: new Map(),
  }))
  for (let times = 0; times < 3; times += 1) {
    await expect(
      baseline.commit({ at, writes: [{ write: 'agreements', agreements: much }] }),
    ).rejects.toMatchObject({
      kind: 'transient',
      code: 'StateFull',
      message: expect.stringContaining('free space'),
    })
    expect(await baseline.everything()).toEqual([link])
  }
  // What is small enough goes on meanwhile.
  await baseline.commit({ at, writes: [{ write: 'settled', settled: [link] }] })
  db.exec('PRAGMA max_page_count = 1000000')
  await baseline.commit({ at, writes: [{ write: 'agreements', agreements: much }] })
  expect(await baseline.everything()).toHaveLength(101)
  db.close()
})
