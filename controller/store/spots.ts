// Every sealed column, what binds its values to their rows, and how one row after another is carried from one vault
// to another. A spot names what a row keeps for as long as it lives; the one part that can change, the replica of a
// copy, is sealed anew when it does (changes.ts).
import { SyncError } from '../core/sync-error.ts'
import { printing, type Spot, type Vault } from './encryption.ts'
import type { Row, Statements } from './statements.ts'

type Of = Row[string] | undefined

/** links.agreed */
export function agreedSpot(grp: Of, id: Of, revision: Of): Spot {
  return ['links.agreed', String(grp), String(id), Number(revision)]
}

/** bases.item */
export function baseSpot(grp: Of, id: Of, revision: Of): Spot {
  return ['bases.item', String(grp), String(id), Number(revision)]
}

/** copies.shown; `id` is the link's, `item` the copy's. */
export function shownSpot(grp: Of, id: Of, replica: Of, item: Of): Spot {
  return ['copies.shown', String(grp), String(id), String(replica), String(item)]
}

/** bin.item and bin.won; whose version it is decides who may have it back, and so it is bound, too. */
export function binSpot(column: 'item' | 'won', row: Row): Spot {
  const { n, grp, link, replica, reason, fields } = row
  return [
    `bin.${column}`,
    Number(n),
    ...[grp, link, replica, reason, fields].map((part) => String(part)),
  ]
}

/** A row by its key: two columns, of which the second may be idle. */
export type RowKey = readonly [one: number, two: number | string]

/**
 * From one vault to another; `print`: how a print that is written down reads afterwards; `told` hears of every value
 * whether it opened, and where there is none, all have to.
 */
export type Change = Readonly<{
  from: Vault
  to: Vault
  print: (print: string) => string
  told?: ((opened: boolean) => void) | undefined
}>

/** The rows of one table: which ones have something to carry over, after which key, and how one is carried over. */
type Stage = Readonly<{
  /** Selects `one` and `two` of the rows after ?1, ?2, in order. */
  after: string
  /** Answers the bytes that were written. */
  carry: (statements: Statements, change: Change, key: RowKey) => number
}>

// Of a table with one sealed column: how a row is found by its key, where its value is bound to, and how it is written.
function sealedColumn(
  after: string,
  find: string,
  spotOf: (row: Row, key: RowKey) => Spot,
  update: string,
): Stage {
  return {
    after,
    carry: (statements, change, key) => {
      const [one, two] = key
      const row = statements.sql(find).get(one, two) ?? {}
      const text = carried(change, row.text, spotOf(row, key))
      statements.sql(update).run(text, one, two)
      return bytesOf(text)
    },
  }
}

/** All tables with sealed or printed columns, in the order in which they are carried over. */
export const stages: readonly Stage[] = [
  sealedColumn(
    `SELECT n AS one, 0 AS two FROM links WHERE n > ?1 AND ?2 = 0 AND agreed IS NOT NULL ORDER BY n`,
    'SELECT grp, id, revision, agreed AS text FROM links WHERE n = ?1 AND ?2 = 0',
    ({ grp, id, revision }) => agreedSpot(grp, id, revision),
    'UPDATE links SET agreed = ?1 WHERE n = ?2 AND ?3 = 0',
  ),
  sealedColumn(
    `SELECT link AS one, revision AS two FROM bases WHERE (link, revision) > (?1, ?2) AND item IS NOT NULL
      ORDER BY link, revision`,
    `SELECT grp, id, item AS text FROM bases JOIN links ON n = link WHERE link = ?1 AND bases.revision = ?2`,
    ({ grp, id }, [, revision]) => baseSpot(grp, id, revision),
    'UPDATE bases SET item = ?1 WHERE link = ?2 AND revision = ?3',
  ),
  sealedColumn(
    `SELECT link AS one, replica AS two FROM copies WHERE (link, replica) > (?1, ?2) AND shown IS NOT NULL
      ORDER BY link, replica`,
    `SELECT copies.grp, links.id, copies.id AS item, shown AS text FROM copies JOIN links ON n = link
      WHERE link = ?1 AND replica = ?2`,
    ({ grp, id, item }, [, replica]) => shownSpot(grp, id, replica, item),
    'UPDATE copies SET shown = ?1 WHERE link = ?2 AND replica = ?3',
  ),
  {
    after: `SELECT n AS one, 0 AS two FROM bin WHERE n > ?1 AND ?2 = 0 ORDER BY n`,
    carry: (statements, change, [n]) => {
      const row = statements.sql('SELECT * FROM bin WHERE n = ?').get(n) ?? {}
      const item = carried(change, row.item, binSpot('item', row))
      const won = carried(change, row.won, binSpot('won', row))
      const print = change.print(String(row.print))
      statements
        .sql('UPDATE bin SET item = ?, won = ?, print = ? WHERE n = ?')
        .run(item, won, print, n)
      return bytesOf(item) + bytesOf(won)
    },
  },
  {
    after: `SELECT n AS one, 0 AS two FROM conflicts WHERE n > ?1 AND ?2 = 0 ORDER BY n`,
    carry: (statements, change, [n]) => {
      const row = statements.sql('SELECT version FROM conflicts WHERE n = ?').get(n) ?? {}
      const print = change.print(String(row.version))
      statements.sql('UPDATE conflicts SET version = ? WHERE n = ?').run(print, n)
      return print.length
    },
  },
]

/** The change from one vault to another, which only adds layers of printing. */
export function changeOf(from: Vault, to: Vault, told?: Change['told']): Change {
  return { from, to, print: printing(to.layers.slice(from.layers.length)), told }
}

// What does not open is left as it is, and opens afterwards as little as before: one value that was changed or moved
// must not keep all others from their key.
function carried({ from, to, told }: Change, text: Of, at: Spot): string | null {
  if (text == null) return null
  let open: string
  try {
    open = from.open(String(text), at)
  } catch (error) {
    if (told === undefined || !(error instanceof SyncError)) throw error
    told(false)
    return String(text)
  }
  told?.(true)
  return to.seal(open, at)
}

function bytesOf(text: string | null): number {
  return text === null ? 0 : text.length
}
