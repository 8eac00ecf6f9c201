// A state with something in every sealed column, all of what it says, and the same state as schema 4 sealed it.
import { createCipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { LinkId, ReplicaId } from '../../controller/core/id.ts'
import type { Key } from '../../controller/store/proof.ts'
import { openState, stateFile } from '../../controller/store/state.ts'
import type { Change } from '../../controller/sync/ports.ts'
import { agreement, ann, at, copy, directory, group } from './state.ts'

export const bob = 'bob' as ReplicaId
/** What stands in every sealed value, and nowhere else. */
export const secret = 'Stradivarius'

/** Every sealed column, with the columns that name a row. */
export const columns = [
  ['links', 'agreed', ['n']],
  ['bases', 'item', ['link', 'revision']],
  ['copies', 'shown', ['link', 'replica']],
  ['bin', 'item', ['n']],
  ['bin', 'won', ['n']],
] as const

/** What the n-th link brings into a state: content, a copy that deviates, a base, and a conflict. */
export function changeOf(n: number): Change {
  const link = `link-${n}` as LinkId
  const text = (what: string) => ({ JobTitle: `${secret} ${what} ${n}` })
  const shown = { JobTitle: `${secret} digest ${n}` }
  return {
    at,
    writes: [
      {
        write: 'kept',
        kept: [
          {
            link,
            replica: ann,
            loss: `v${n}`,
            reason: 'Conflict',
            fields: ['JobTitle'],
            item: text('lost'),
            won: text('won'),
          },
        ],
      },
      {
        write: 'conflicts',
        conflicts: [{ link, replica: ann, field: 'JobTitle', version: `digest ${n}` }],
      },
      {
        write: 'agreements',
        agreements: [
          {
            ...agreement,
            link,
            revision: 2,
            agreed: text('agreed'),
            base: { revision: 1, item: text('before') },
            copies: new Map([
              [ann, { ...copy(`a${n}`, 2), shown }],
              [bob, { ...copy(`b${n}`), shown }],
            ]),
          },
        ],
      },
    ],
  }
}

/** A state of so many links, closed. */
export async function filled(links: number, key: Key | undefined): Promise<string> {
  const place = directory()
  const state = openState(place, { key })
  const all = Array.from({ length: links }, (_, n) => changeOf(n))
  await state.baseline(group).commit({ at, writes: all.flatMap(({ writes }) => writes) })
  state.close()
  return place
}

/** Everything that was written, as it is read back. Rejects when any of it cannot be. */
export async function contentOf(place: string, key: Key | undefined): Promise<unknown> {
  const state = openState(place, { readOnly: true, key })
  try {
    const baseline = state.baseline(group)
    const links = await baseline.links(await baseline.everything())
    const conflicts = state.bin.conflicts(9_999).map(({ n }) => state.bin.conflict(n)?.conflict)
    const kept = state.bin.list(9_999).map(({ n }) => state.bin.get(n))
    return { links, kept, conflicts }
  } finally {
    state.close()
  }
}

/** Meets everything again; answers how much of it is taken for something else. */
export async function metAgain(place: string, key: Key | undefined, links: number) {
  const state = openState(place, { key })
  for (let n = 0; n < links; n += 1) await state.baseline(group).commit(changeOf(n))
  const { bin, conflicts } = state.bin.counts()
  state.close()
  return [bin, conflicts]
}

/** Makes a plain state one of schema 4, sealed with a key as that sealed: nothing knows its row. */
export function asFourth(place: string, { bytes }: Key): void {
  const derived = (use: string) => Buffer.from(hkdfSync('sha256', bytes, '', `exsync ${use}`, 32))
  const seal = (text: string) => {
    const nonce = randomBytes(12)
    const sealer = createCipheriv('aes-256-gcm', derived('seal'), nonce)
    const parts = [nonce, sealer.update(text, 'utf8'), sealer.final(), sealer.getAuthTag()]
    return Buffer.concat(parts).toString('base64')
  }
  const print = (digest: string) =>
    createHmac('sha256', derived('print')).update(digest).digest('base64url').slice(0, 22)
  changed(place, (db) => {
    db.function('seal', (text) => (text === null ? null : seal(String(text))))
    db.function('print', (digest) => print(String(digest)))
    for (const [table, column] of columns)
      db.exec(`UPDATE ${table} SET ${column} = seal(${column})`)
    db.exec(`UPDATE bin SET print = print(print); UPDATE conflicts SET version = print(version);
      ALTER TABLE vault DROP COLUMN next; ALTER TABLE vault DROP COLUMN reached;
      DELETE FROM vault; INSERT INTO vault VALUES (1, seal('exsync'), 1); PRAGMA user_version = 4`)
  })
}

/** Does something to the file of a state behind its back. */
export function changed(place: string, work: (db: DatabaseSync) => void): void {
  const db = new DatabaseSync(join(place, stateFile))
  try {
    work(db)
  } finally {
    db.close()
  }
}

/** All sealed values, as they stand in the file. */
export function valuesIn(place: string): readonly string[] {
  const values: string[] = []
  changed(place, (db) => {
    for (const [table, column] of columns) {
      const rows = db.prepare(`SELECT ${column} AS value FROM ${table}`).all()
      values.push(...rows.map(({ value }) => String(value)))
    }
  })
  return values
}

/** Is there something plain in any file of the state? */
export function hasPlain(place: string, names: readonly string[]): boolean {
  return names.some((name) => readFileSync(join(place, name)).includes(secret))
}
