// Re-encrypts all sealed content from one sealing to another, in batches of one transaction each. A crash costs one
// batch; the next run continues after the last finished row.
import type { DatabaseSync } from 'node:sqlite'
import { damaged, readMeanwhile } from './errors.ts'
import { finalProof, isBound, isPlain, type Sealing } from './proof.ts'
import { parsed } from './rows.ts'
import { type Change, changeOf, type RowKey, stages } from './spots.ts'
import type { Row, Statements } from './statements.ts'

/** An open state whose sealing can be changed. */
export type Sealed = Readonly<{ db: DatabaseSync; statements: Statements; directory: string }>

/**
 * Called before the first batch and after each: the rows done, the total, and the number of values that did not open and
 * were left unchanged.
 */
export type Progress = (done: number, total: number, unopened: number) => void

/** If this many values fail to open and none opens, the state belongs to another key. */
const unopenedMax = 100

/** The most that one transaction carries over: rows, and bytes. */
const [rowsMax, bytesMax] = [500, 2 * 2 ** 20]

/**
 * Carries all rows over, one batch per step, and continues where a crash cut it short. Holds only the keys of one batch
 * and one row in memory: the bin may be larger than the memory.
 */
export function* carrying(
  { db, statements }: Sealed,
  now: Sealing,
  next: Sealing,
  told: Progress,
): Generator<void, void> {
  // secure_delete overwrites what this change frees; `clean` removes what was freed before.
  db.exec('PRAGMA secure_delete = ON')
  statements.transaction(true, () => {
    const begun = statements.sql('SELECT next FROM vault').get()?.next === next.proof
    if (begun) return
    statements
      .sql(
        `INSERT INTO vault (one, proof, clean, next) VALUES (1, ?, 1, ?)
         ON CONFLICT (one) DO UPDATE SET next = excluded.next, reached = NULL`,
      )
      .run(now.proof, next.proof)
  })
  let [opened, unopened] = [0, 0]
  const counted = (opens: boolean) => {
    if (opens) opened += 1
    else unopened += 1
    if (opened === 0 && unopened > unopenedMax) throw damaged('the state, in which nothing opens,')
  }
  // In a bound state every value must open: one that does not is counted, never taken for an unbound one.
  const change = changeOf(now.vault, next.vault, isBound(now.proof) ? counted : undefined)
  const total = rowsLeft(statements)
  let done = 0
  told(done, total, unopened)
  for (;;) {
    const rows = statements.transaction(false, () => batch(statements, change))
    if (rows === undefined) break
    done += rows
    told(done, total, unopened)
    yield
  }
  const left = isBound(next.proof) && (isPlain(now.proof) || isBound(now.proof))
  statements.transaction(true, () => {
    statements
      .sql('UPDATE vault SET proof = ?, next = NULL, reached = NULL, clean = min(clean, ?)')
      .run(finalProof(next), left ? 0 : 1)
  })
  db.exec('PRAGMA secure_delete = OFF')
}

type Reached = readonly [stage: number, ...RowKey]

function reachedIn(statements: Statements): Reached {
  const { reached } = statements.sql('SELECT reached FROM vault').get() ?? {}
  return reached == null ? [0, 0, 0] : (parsed(reached) as Reached)
}

function rowsLeft(statements: Statements): number {
  const [at, ...key] = reachedIn(statements)
  const left = stages.map(({ after }, n) => {
    if (n < at) return 0
    const row = statements.sql(`SELECT count(*) AS rows FROM (${after})`)
    return Number(row.get(...(n === at ? key : [0, 0]))?.rows)
  })
  return left.reduce((sum, rows) => sum + rows, 0)
}

// Carries one batch over. Answers its number of rows; undefined when none are left.
function batch(statements: Statements, change: Change): number | undefined {
  const [at, ...after] = reachedIn(statements)
  const stage = stages[at]
  if (stage === undefined) return undefined
  const note = statements.sql('UPDATE vault SET reached = ?')
  const keys = statements.sql(`${stage.after} LIMIT ${rowsMax}`).all(...after)
  if (keys.length === 0) {
    note.run(JSON.stringify([at + 1, 0, 0]))
    return 0
  }
  let [rows, bytes] = [0, 0]
  let reached: RowKey = after
  for (const row of keys) {
    reached = keyOf(row)
    bytes += stage.carry(statements, change, reached)
    rows += 1
    if (bytes >= bytesMax) break
  }
  note.run(JSON.stringify([at, ...reached]))
  return rows
}

function keyOf({ one, two }: Row): RowKey {
  return [Number(one), typeof two === 'string' ? two : Number(two)]
}

/**
 * Removes the old content from the file, also after a crash. VACUUM writes its temporary copy beside the state, because
 * /tmp may be too small. Throws a transient StateReaderActive while another process reads.
 */
export function clean({ db, directory }: Sealed): void {
  const row = db.prepare('SELECT clean FROM vault').get()
  if (row === undefined || Number(row.clean) === 1) return
  if (directory !== ':memory:')
    db.exec(`PRAGMA temp_store_directory = '${directory.replaceAll("'", "''")}'`)
  db.exec('PRAGMA secure_delete = ON; VACUUM')
  const { busy } = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() ?? {}
  if (Number(busy) !== 0) throw readMeanwhile()
  db.exec('UPDATE vault SET clean = 1; PRAGMA secure_delete = OFF')
}
