// A state in memory of which a copy can be put back later, as an administrator does with a file.
import { DatabaseSync } from 'node:sqlite'
import type { GroupId } from '../../controller/core/id.ts'
import { SqliteBaseline } from '../../controller/store/baseline.ts'
import { SqliteBin } from '../../controller/store/bin.ts'
import { plain } from '../../controller/store/encryption.ts'
import { upToDate } from '../../controller/store/migrations.ts'
import { Statements } from '../../controller/store/statements.ts'
import type { Binned } from '../../controller/sync/ports/bin.ts'
import type { Baseline } from '../../controller/sync/ports.ts'

/** The state of one group. */
export type Memory = Readonly<{
  baseline: Baseline
  bin: () => readonly Binned[]
  /** The bin, and the history of edits. */
  kept: () => readonly Binned[]
  /** Asks for something in the bin. */
  ask: (n: number, nowMs: number) => void
  copy: () => Uint8Array
  close: () => void
}>

/** Opens an empty state, or one that was copied earlier. */
export function openMemory(group: GroupId, copied?: Uint8Array): Memory {
  const db = new DatabaseSync(':memory:')
  if (copied === undefined) upToDate(db, 0)
  else db.deserialize(copied)
  const statements = new Statements(db, ':memory:')
  const bin = new SqliteBin(statements, plain)
  return {
    baseline: new SqliteBaseline({ statements, vault: plain, group, binMaxBytes: 1e12 }),
    bin: () => bin.list(1e6),
    kept: () => bin.list(1e6, undefined, { history: true }),
    ask: (n, nowMs) => void bin.ask(new Map([[n, {}]]), nowMs),
    copy: () => db.serialize(),
    close: () => db.close(),
  }
}
