// Every sealed column, what binds its values to their rows, and how one row after another is carried from one vault
// to another. A spot names what a row keeps for as long as it lives; the one part that can change, the replica of a
// copy, is sealed anew when it does (changes.ts).
import type { Row } from './rows.ts'
import type { Statements } from './statements.ts'
import { printing, type Spot, type Vault } from './vault.ts'

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

/** From one vault to another; `print`: how a print that is written down reads afterwards. */
export type Change = Readonly<{ from: Vault; to: Vault; print: (print: string) => string }>

/** The rows of one table: which ones have something to carry over, after which key, and how one is carried over. */
type Stage = Readonly<{
  /** Selects `one` and `two` of the rows after ?1, ?2, in order. */
  after: string
  /** Answers the bytes that were written. */
  carry: (statements: Statements, change: Change, key: RowKey) => number
}>

/** All tables with sealed or printed columns, in the order in which they are carried over. */
export const stages: readonly Stage[] = [
  {
    after: `SELECT n AS one, 0 AS two FROM links WHERE n > ?1 AND ?2 = 0 AND agreed IS NOT NULL ORDER BY n`,
    carry: (statements, change, [n]) => {
      const row = statements.sql('SELECT * FROM links WHERE n = ?').get(n) ?? {}
      const text = carried(change, row.agreed, agreedSpot(row.grp, row.id, row.revision))
      statements.sql('UPDATE links SET agreed = ? WHERE n = ?').run(text, n)
      return bytesOf(text)
    },
  },
  {
    after: `SELECT link AS one, revision AS two FROM bases WHERE (link, revision) > (?1, ?2) AND item IS NOT NULL
      ORDER BY link, revision`,
    carry: (statements, change, [link, revision]) => {
      const row =
        statements
          .sql(
            'SELECT grp, id, item FROM bases JOIN links ON n = link WHERE link = ? AND bases.revision = ?',
          )
          .get(link, revision) ?? {}
      const text = carried(change, row.item, baseSpot(row.grp, row.id, revision))
      statements
        .sql('UPDATE bases SET item = ? WHERE link = ? AND revision = ?')
        .run(text, link, revision)
      return bytesOf(text)
    },
  },
  {
    after: `SELECT link AS one, replica AS two FROM copies WHERE (link, replica) > (?1, ?2) AND shown IS NOT NULL
      ORDER BY link, replica`,
    carry: (statements, change, [link, replica]) => {
      const row =
        statements
          .sql(
            `SELECT copies.grp, links.id, copies.id AS item, shown FROM copies JOIN links ON n = link
             WHERE link = ? AND replica = ?`,
          )
          .get(link, replica) ?? {}
      const text = carried(change, row.shown, shownSpot(row.grp, row.id, replica, row.item))
      statements
        .sql('UPDATE copies SET shown = ? WHERE link = ? AND replica = ?')
        .run(text, link, replica)
      return bytesOf(text)
    },
  },
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
export function changeOf(from: Vault, to: Vault): Change {
  return { from, to, print: printing(to.layers.slice(from.layers.length)) }
}

function carried({ from, to }: Change, text: Of, at: Spot): string | null {
  return text == null ? null : to.seal(from.open(String(text), at), at)
}

function bytesOf(text: string | null): number {
  return text === null ? 0 : text.length
}
