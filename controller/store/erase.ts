// Erases a person from the kept data: the entries of the bin with their restores, the conflicts, and the journal of all
// links concerned. The journal keeps that an erasure took place, when, and how many entries it removed, but not what. Live
// items in the folders of a group are not touched.
//
//   rows and the mark `clean` are removed ─► VACUUM, and the log is truncated ─► the mark is set again
//   If that is not possible while a controller runs, its next start does it: the mark is still unset.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { GroupId, LinkId } from '../core/id.ts'
import type { Item } from '../core/item.ts'
import { SyncError, syncErrorOf } from '../core/sync-error.ts'
import { clean, type Sealed } from './carry.ts'
import type { Vault } from './encryption.ts'
import { locked, lockFile, refusalIn, stateFile } from './open.ts'
import { plainProof } from './proof.ts'
import { itemOf } from './rows.ts'
import { agreedSpot, baseSpot, binSpot } from './spots.ts'
import type { Row } from './statements.ts'

/** The kept data of one link. */
export type Kept = Readonly<{
  group: GroupId
  link: LinkId
  /** The number of its entries in the bin; times of the first and the last one, ms since 1970. */
  entries: number
  firstMs: number
  lastMs: number
  /** The numbers of the entries that are requested for restore and not restored yet. */
  pending: readonly number[]
  /** Is the item still in a folder of the group, as far as the state knows? */
  alive: boolean
  /** The content of its entries that open. */
  items: readonly Item[]
}>

/** The result of a search. */
export type Found = Readonly<{
  kept: readonly Kept[]
  /** The number of values that did not open and could not be searched. */
  unopened: number
  /** By group: the number of matching links that are still in its folders. */
  living: ReadonlyMap<GroupId, number>
}>

/** A larger file is compacted only while no controller runs, which would have to wait too long. Bytes. */
const compactedMaxBytes = 128 * 2 ** 20

/** Finds and erases the kept data of a person. */
export class Eraser {
  readonly #open: Sealed
  readonly #vault: Vault

  constructor(open: Sealed, vault: Vault) {
    this.#open = open
    this.#vault = vault
  }

  /** The kept data of the link that entry `n` of the bin belongs to; undefined without such an entry. */
  ofEntry(n: number): Found | undefined {
    const row = this.#sql('SELECT grp, link FROM bin WHERE n = ?').get(n)
    if (row === undefined) return undefined
    const kept = this.#keptOf(String(row.grp) as GroupId, String(row.link) as LinkId)
    const living = new Map(kept.alive ? [[kept.group, 1] as const] : [])
    return { kept: [kept], unopened: kept.entries - kept.items.length, living }
  }

  /** The kept data of all links with a matching entry, of one group or of all. */
  meant(isMeant: (item: Item) => boolean, group?: GroupId): Found {
    const links = new Map<string, readonly [GroupId, LinkId]>()
    let unopened = 0
    const look = (open: () => Item | undefined): boolean => {
      try {
        const item = open()
        return item !== undefined && isMeant(item)
      } catch (error) {
        if (!(error instanceof SyncError)) throw error
        unopened += 1
        return false
      }
    }
    const [where, given] = group === undefined ? ['', []] : ['WHERE bin.grp = ?', [group]]
    for (const row of this.#sql(`SELECT * FROM bin ${where} ORDER BY n`).iterate(...given)) {
      const [item, won] = [look(() => this.#itemIn(row)), look(() => this.#wonIn(row))]
      if (!item && !won) continue
      links.set(`${row.grp} ${row.link}`, [String(row.grp) as GroupId, String(row.link) as LinkId])
    }
    const living = new Map<GroupId, number>()
    for (const id of this.#livingOf(look, group)) living.set(id, (living.get(id) ?? 0) + 1)
    const kept = [...links.values()].map(([grp, link]) => this.#keptOf(grp, link))
    return { kept, unopened, living }
  }

  /**
   * Erases the kept data in one transaction, also data kept since the search; then call `purge`. Throws a terminal
   * WantedBack if an entry waits to be restored.
   */
  erase(found: readonly Kept[], nowMs: number): void {
    const { db, statements } = this.#open
    db.exec('PRAGMA secure_delete = ON')
    statements.transaction(true, () => {
      const counts = new Map<GroupId, number>()
      for (const { group, link } of found) {
        const [pending] = this.#pendingOf(group, link)
        if (pending !== undefined) throw wantedBack(pending, group)
        const erased = this.#sql('DELETE FROM bin WHERE grp = ? AND link = ?').run(group, link)
        for (const table of ['conflicts', 'journal'])
          this.#sql(`DELETE FROM ${table} WHERE grp = ? AND link = ?`).run(group, link)
        counts.set(group, (counts.get(group) ?? 0) + erased)
      }
      for (const [group, entries] of counts) {
        this.#sql(
          "INSERT INTO journal (grp, time_ms, pass, link, replica, action, result) VALUES (?, ?, ?, '', '', 'forget', 'Erased')",
        ).run(group, nowMs, `${entries} entries`)
      }
      this.#sql(
        'INSERT INTO vault (one, proof, clean) VALUES (1, ?, 0) ON CONFLICT (one) DO UPDATE SET clean = 0',
      ).run(plainProof)
    })
    db.exec('PRAGMA secure_delete = OFF')
  }

  /** Removes the erased data from the file and its log. Answers the error if it could not; undefined on success. */
  purge(): SyncError | undefined {
    const { db, directory } = this.#open
    try {
      const large = statSync(join(directory, stateFile)).size > compactedMaxBytes
      if (large && isRunning(directory)) {
        db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
        return new SyncError('terminal', 'StateInUse', 'a controller runs, and the file is large')
      }
      clean(this.#open)
      return undefined
    } catch (error) {
      return syncErrorOf(refusalIn(directory, error))
    }
  }

  #keptOf(group: GroupId, link: LinkId): Kept {
    const rows = this.#sql('SELECT * FROM bin WHERE grp = ? AND link = ? ORDER BY n').all(
      group,
      link,
    )
    const times = rows.map(({ time_ms }) => Number(time_ms))
    const alive = this.#sql('SELECT 1 FROM links WHERE grp = ? AND id = ?').get(group, link)
    return {
      group,
      link,
      entries: rows.length,
      firstMs: times.reduce((one, other) => Math.min(one, other), Number.POSITIVE_INFINITY),
      lastMs: times.reduce((one, other) => Math.max(one, other), 0),
      pending: this.#pendingOf(group, link),
      alive: alive !== undefined,
      items: rows.flatMap((row) => opened(() => this.#itemIn(row))),
    }
  }

  #pendingOf(group: GroupId, link: LinkId): readonly number[] {
    return this.#sql(
      'SELECT n FROM bin JOIN restores ON restores.bin = n WHERE bin.grp = ? AND link = ? AND done_ms IS NULL ORDER BY n',
    )
      .all(group, link)
      .map(({ n }) => Number(n))
  }

  // The group of each matching link, once per link. A link matches by its agreed content, or by an earlier base that a
  // replica still has.
  *#livingOf(
    look: (open: () => Item | undefined) => boolean,
    group: GroupId | undefined,
  ): Iterable<GroupId> {
    const [where, given] = group === undefined ? ['', []] : ['WHERE grp = ?', [group]]
    const bases = this.#sql('SELECT revision, item FROM bases WHERE link = ?')
    for (const row of this.#sql(`SELECT * FROM links ${where}`).iterate(...given)) {
      const { n = null, grp, id, revision, agreed } = row
      const was = Number(row.settled) === 1 ? [] : bases.all(n)
      const isMeant =
        look(() => itemOf(agreed, this.#vault, agreedSpot(grp, id, revision))) ||
        was.some((base) =>
          look(() => itemOf(base.item, this.#vault, baseSpot(grp, id, base.revision))),
        )
      if (isMeant) yield String(grp) as GroupId
    }
  }

  #itemIn(row: Row): Item | undefined {
    return itemOf(row.item, this.#vault, binSpot('item', row))
  }

  #wonIn(row: Row): Item | undefined {
    return itemOf(row.won, this.#vault, binSpot('won', row))
  }

  #sql(text: string) {
    return this.#open.statements.sql(text)
  }
}

function opened(open: () => Item | undefined): readonly Item[] {
  try {
    const item = open()
    return item === undefined ? [] : [item]
  } catch (error) {
    if (!(error instanceof SyncError)) throw error
    return []
  }
}

function isRunning(directory: string): boolean {
  try {
    locked(join(directory, lockFile))?.close()
    return false
  } catch {
    return true
  }
}

function wantedBack(n: number, group: GroupId): SyncError {
  return new SyncError(
    'terminal',
    'WantedBack',
    `entry ${n} of the bin waits to be restored, so nothing is erased: wait until the next pass of ${group} has restored it (exsync bin list), delete the contact in the folder, then forget it`,
  )
}
