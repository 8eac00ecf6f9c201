// Every sealed column: what binds its values to their rows, and how its rows are carried from one vault to another. A
// spot consists of values that a row keeps for its whole life. Exception: the replica of a copy can change; its value is
// then sealed again (changes.ts).
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

/** bin.item and bin.won. The replica decides who may get the entry back, so it is bound, too. */
export function binSpot(column: 'item' | 'won', row: Row): Spot {
  const { n, grp, link, replica, reason, fields } = row
  return [
    `bin.${column}`,
    Number(n),
    ...[grp, link, replica, reason, fields].map((part) => String(part)),
  ]
}

/** The key of a row: two columns; 0 for a second one that is not used. */
export type RowKey = readonly [one: number, two: number | string]

/**
 * A change from one vault to another. `print`: turns a stored print into its new form. `told`: called with every value,
 * whether it opened; without it, every value must open.
 */
export type Change = Readonly<{
  from: Vault
  to: Vault
  print: (print: string) => string
  told?: ((opened: boolean) => void) | undefined
}>

/** The rows of one table: selecting those after a key, and carrying one over. */
type Stage = Readonly<{
  /** SQL that selects `one` and `two` of the rows after ?1, ?2, in order. */
  after: string
  /** Carries one row over and answers the bytes written. */
  carry: (statements: Statements, change: Change, key: RowKey) => number
}>

// The stage of a table with one sealed column: the SQL to find a row by its key, its spot, and the SQL to write it.
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

/** All tables with sealed or printed columns, in the order in which they are carried. */
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

/** The change from one vault to another that only adds layers to prints. */
export function changeOf(from: Vault, to: Vault, told?: Change['told']): Change {
  return { from, to, print: printing(to.layers.slice(from.layers.length)), told }
}

// A value that does not open stays as it is: one that was changed or moved must not keep the others from their new key.
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
