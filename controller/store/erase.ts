// Erases a person from what was kept: the bin with its restores, conflicts, and the journal, of all links concerned. The
// journal keeps that something was erased, when and how much, and not what. What is alive in a group is no part of it.
//
//   rows go, and the mark `clean` with them ─► VACUUM, and the log is cut off ─► the mark is set again
//   Where that cannot be while a controller runs, its next start does it: it finds the mark.
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

/** What was kept of one link. */
export type Kept = Readonly<{
  group: GroupId
  link: LinkId
  /** How many entries the bin has, and from when to when they are. */
  entries: number
  firstMs: number
  lastMs: number
  /** The numbers of those that are wanted back, and are not yet. */
  pending: readonly number[]
  /** Is it still in a folder of the group, as far as the state knows? */
  alive: boolean
  /** What its entries hold, as far as it opens. */
  items: readonly Item[]
}>

/** What was found. */
export type Found = Readonly<{
  kept: readonly Kept[]
  /** How many values did not open, and could not be looked into. */
  unopened: number
  /** How many links that are still in the folders of a group are meant as well, by group. */
  living: ReadonlyMap<GroupId, number>
}>

/** Larger files are compacted only while no controller runs: it would have to wait for too long. */
const compactedMaxBytes = 128 * 2 ** 20

/** Finds and erases what was kept of somebody. */
export class Eraser {
  readonly #open: Sealed
  readonly #vault: Vault

  constructor(open: Sealed, vault: Vault) {
    this.#open = open
    this.#vault = vault
  }

  /** All that was kept of the link that entry `n` of the bin is of; undefined when there is no such entry. */
  ofEntry(n: number): Found | undefined {
    const row = this.#sql('SELECT grp, link FROM bin WHERE n = ?').get(n)
    if (row === undefined) return undefined
    const kept = this.#keptOf(String(row.grp) as GroupId, String(row.link) as LinkId)
    const living = new Map(kept.alive ? [[kept.group, 1] as const] : [])
    return { kept: [kept], unopened: kept.entries - kept.items.length, living }
  }

  /** All that was kept of the links of which one entry is meant, of one group or of all. */
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
   * Erases it, all or nothing; what was kept since it was found goes, too, and what went before is to be purged. Throws a
   * terminal WantedBack for what is to be put back.
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

  /** Leaves no trace of what was erased in the file and its log; answers why it could not, should it be so. */
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

  // The groups of links that are meant, each link once: by what is agreed, or by what it was for who has not got that yet.
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
    `${n} of the bin is wanted back, so nothing is erased: wait until the next pass of ${group} has put it back (exsync bin list), delete it in the folder, and forget it then`,
  )
}
