// Prepared statements and transactions over one database. An error of SQLite becomes a SyncError with a remedy. A
// transaction is carried out completely or not at all.
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { SyncError } from '../core/sync-error.ts'
import { refusalOf } from './errors.ts'

/** A row as SQLite returns it. */
export type Row = Record<string, null | number | bigint | string | NodeJS.NonSharedUint8Array>

/** One prepared statement. */
export type Statement = Readonly<{
  all: (...given: SQLInputValue[]) => readonly Row[]
  get: (...given: SQLInputValue[]) => Row | undefined
  /** Answers the number of changed rows. */
  run: (...given: SQLInputValue[]) => number
  iterate: (...given: SQLInputValue[]) => Iterable<Row>
}>

/** The statements of one database, each prepared once. */
export class Statements {
  readonly #db: DatabaseSync
  readonly #file: string
  readonly #ready = new Map<string, Statement>()
  /** The epoch of this writer; undefined for a reader. */
  readonly #epoch: number | undefined
  readonly #permit: () => void

  constructor(db: DatabaseSync, file: string, epoch?: number, permit: () => void = () => {}) {
    this.#db = db
    this.#file = file
    this.#epoch = epoch
    this.#permit = permit
  }

  /** The statement of this text. */
  sql(text: string): Statement {
    const ready = this.#ready.get(text) ?? this.#prepared(text)
    this.#ready.set(text, ready)
    return ready
  }

  /** Runs the work in one transaction. Durable: it survives a power cut. */
  transaction<Result>(durable: boolean, work: () => Result): Result {
    return this.#refusing(() => {
      this.#db.exec(`PRAGMA synchronous = ${durable ? 'FULL' : 'NORMAL'}; BEGIN IMMEDIATE`)
      try {
        this.#permit()
        this.#refuseFenced()
        const result = work()
        this.#db.exec('COMMIT')
        return result
      } catch (error) {
        // With a full disk SQLite ends the transaction by itself.
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
        throw error
      }
    })
  }

  // Another process writes by now: what this one knows is outdated.
  #refuseFenced(): void {
    if (this.#epoch === undefined) return
    const now = this.sql('SELECT epoch FROM writers').get()?.epoch
    if (Number(now) === this.#epoch) return
    throw new SyncError(
      'terminal',
      'StateTakenOver',
      'another controller has taken over the state: this one ends',
    )
  }

  #prepared(text: string): Statement {
    const statement = this.#refusing(() => this.#db.prepare(text))
    const refusing = this.#refusing.bind(this)
    return {
      all: (...given) => refusing(() => statement.all(...given)),
      get: (...given) => refusing(() => statement.get(...given)),
      run: (...given) => refusing(() => Number(statement.run(...given).changes)),
      *iterate(...given) {
        const rows = refusing(() => statement.iterate(...given))
        for (;;) {
          const next = refusing(() => rows.next())
          if (next.done) return
          yield next.value
        }
      },
    }
  }

  #refusing<Result>(work: () => Result): Result {
    try {
      return work()
    } catch (error) {
      throw refusalOf(error, this.#file)
    }
  }
}
