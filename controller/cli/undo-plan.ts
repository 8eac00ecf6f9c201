// Plans what undoing some entries would do now, contact by contact: for `exsync bin restore` of several and
// `exsync rollback`. It only reads the state.

import { type GroupId, isHub, type LinkId } from '../core/id.ts'
import { itemTypeNamed } from '../core/items.ts'
import { into } from '../core/many.ts'
import type { Link } from '../core/model.ts'
import { restorable, restoringEdit, seenOf } from '../core/restore.ts'
import {
  backTo,
  type Entry,
  hashOfPlan,
  holdsAgreed,
  type Undoing,
  undoingOf,
} from '../core/undo.ts'
import { inParts } from '../sync/breathe.ts'
import type { Bin, Binned } from '../sync/ports/bin.ts'
import type { State } from '../sync/ports/state.ts'
import { reentered } from '../sync/reentered.ts'
import { each, rowsMax } from './table.ts'

/**
 * How to undo entries: `Overwrite` later edits; `Spare` later edits; `Back` to the content of the
 * entry.
 */
export type Manner = 'Overwrite' | 'Spare' | 'Back'

/** The effect on a contact. */
export type Effect = 'Revive' | 'Edit' | 'EditReentered' | 'There' | 'Left' | 'Cannot' | 'Damaged'

/** One line of a plan. `n`: the entry that the content is from; `entries`: all entries that it undoes. */
export type Line = Readonly<{
  n: number
  entries: readonly number[]
  group: GroupId
  link: LinkId
  effect: Effect
  message: string
  fields: readonly string[]
  /** Its content: only for a name on a terminal. */
  item: Binned['item']
}>

/** The effects, and the requests with their hash. */
export type UndoPlan = Readonly<{
  lines: readonly Line[]
  /** By entry: the requested fields (none: the whole item), and the item that it would edit. */
  asked: ReadonlyMap<number, Readonly<{ fields: readonly string[]; seen: string; link: LinkId }>>
  hash: string
}>

/** Plans to undo these entries. */
export async function undoPlan(
  { bin, baseline }: Pick<State, 'bin' | 'baseline'>,
  chosen: readonly Binned[],
  manner: Manner,
): Promise<UndoPlan> {
  const lines: Line[] = []
  const asks: Ask[] = []
  const later: Later = manner === 'Spare' ? await laterThan(bin, chosen) : new Map()
  for (const [group, entries] of grouped(chosen, (entry) => entry.group)) {
    const contacts = grouped(entries, ({ link }) => link)
    const base = baseline(group)
    const roles = await bin.seenAs(group)
    const links = await inParts([...contacts.keys()], (part) => base.links(part))
    const now = new Map(links.map((link) => [link.id, link]))
    const sources: Source[] = []
    for (const [link, its] of contacts) {
      const made = contactPlan(roles, now.get(link), its, manner, later)
      for (const line of made.lines) lines.push(line)
      for (const source of made.sources) sources.push(source)
    }
    const targets = await reentered(base, itemTypeNamed(), sources)
    const others = targets.map(({ link }) => link).filter((link) => !now.has(link))
    for (const link of await inParts([...new Set(others)], (part) => base.links(part)))
      now.set(link.id, link)
    const entered = new Set(
      sources.flatMap(({ link }, at) => (targets[at]?.link === link ? [] : [targets[at]?.link])),
    )
    for (const [at, source] of sources.entries()) {
      // A contact that was entered again gets the content of the one that it replaces.
      if (manner === 'Back' && entered.has(source.link)) continue
      const { line, ask } = effectOf(source, now.get(targets[at]?.link ?? source.link))
      lines.push(line)
      if (ask !== undefined) asks.push(ask)
    }
  }
  return {
    lines: lines.toSorted((one, other) => other.n - one.n),
    asked: new Map(asks.map(({ n, fields, seen, link }) => [n, { fields, seen, link }])),
    hash: hashOfPlan(asks),
  }
}

type Later = ReadonlyMap<string, readonly Entry[]>
type Ask = Readonly<{
  n: number
  link: LinkId
  revision: number
  fields: readonly string[]
  seen: string
}>
type Source = Binned & Readonly<{ entries: readonly number[] }>

function contactPlan(
  roles: Roles,
  link: Link | undefined,
  chosen: readonly Binned[],
  manner: Manner,
  later: Later,
): Readonly<{ lines: readonly Line[]; sources: readonly Source[] }> {
  const whole = chosen.filter(({ restore }) => restore !== 'Damaged')
  const lines = chosen.filter(({ restore }) => restore === 'Damaged').map(damagedLine)
  const [newest] = whole.toSorted((one, other) => other.n - one.n)
  if (newest === undefined) return { lines, sources: [] }
  const entries = whole.map(({ n }) => n).toSorted((one, other) => one - other)
  const { sources, left } = undoing(link, whole, newest, manner, later)
  const line = { ...labelOf(newest), entries, item: newest.item }
  for (const { fields, by } of left) {
    const who = by === undefined ? '' : ` by ${by.replica} (${by.n})`
    const message =
      fields.length === 0 ? `deleted since${who}: not changed` : `edited since${who}: not changed`
    lines.push({ ...line, effect: 'Left', message, fields })
  }
  if (sources.length === 0 && left.length === 0)
    lines.push({ ...line, effect: 'There', message: 'is there already', fields: [] })
  const known = new Map(whole.map((entry) => [entry.n, entry]))
  const full = sources.flatMap(({ n, fields }) => {
    const entry = known.get(n)
    return entry === undefined ? [] : [{ ...entry, fields, entries }]
  })
  for (const source of full) {
    if (mayReturn(roles, source)) continue
    const message = `cannot be restored: it is marked private by its owner and would reach all members; see exsync bin show ${source.n}`
    lines.push({ ...line, ...labelOf(source), effect: 'Cannot', message, fields: source.fields })
  }
  return { lines, sources: full.filter((source) => mayReturn(roles, source)) }
}

function undoing(
  link: Link | undefined,
  chosen: readonly Binned[],
  newest: Binned,
  manner: Manner,
  later: Later,
): Undoing {
  const now = link?.agreed
  if (manner === 'Back') return { sources: backTo(itemTypeNamed(), now, newest), left: [] }
  if (manner === 'Overwrite') return undoingOf(itemTypeNamed(), now, chosen)
  return undoingOf(itemTypeNamed(), now, chosen, later.get(contactOf(newest)) ?? [])
}

const contactOf = ({ group, link }: Pick<Binned, 'group' | 'link'>) => `${group} ${link}`

// All other changes of these contacts since the oldest entry, in one query: one query per contact would be slow.
async function laterThan(
  bin: Bin,
  chosen: readonly Binned[],
): Promise<ReadonlyMap<string, readonly Entry[]>> {
  const own = new Set(chosen.map(({ n }) => n))
  const contacts = new Set(chosen.map(contactOf))
  const oldest = least(own)
  const found: (readonly [string, Entry])[] = []
  for await (const entry of each((below?: number) => bin.list(rowsMax, below, { history: true }))) {
    if (entry.n < oldest) break
    const { n, link, replica, reason, fields } = entry
    if (own.has(n) || !holdsAgreed(reason) || !contacts.has(contactOf(entry))) continue
    found.push([contactOf(entry), { n, link, replica, reason, fields, item: {} }])
  }
  const groups = grouped(found, ([key]) => key)
  return new Map([...groups].map(([key, pairs]) => [key, pairs.map(([, entry]) => entry)]))
}

function least(numbers: Iterable<number>): number {
  let found = Number.POSITIVE_INFINITY
  for (const n of numbers) found = Math.min(found, n)
  return found
}

// The contact to edit may be another one, which was entered again.
function effectOf(source: Source, link: Link | undefined): Readonly<{ line: Line; ask?: Ask }> {
  const { n, fields, entries, item } = source
  const line = { ...labelOf(source), entries, item }
  const target = link?.id ?? source.link
  const seen = seenOf(target, link)
  const ask = { n, link: target, revision: link?.revision ?? 0, fields, seen }
  if (link?.agreed === undefined)
    return {
      line: { ...line, effect: 'Revive', message: 'the contact is brought back', fields: [] },
      ask,
    }
  const edit = restoringEdit(itemTypeNamed(), 'HubWins', link, {
    ...source,
    askedMs: source.timeMs,
  })
  const again = link.id !== source.link
  if (edit === undefined) {
    const message = again ? 'is there already: it was entered again' : 'is there already'
    return { line: { ...line, effect: 'There', message, fields: [] } }
  }
  const effect = again ? 'EditReentered' : 'Edit'
  const message = again ? 'edits the contact that was entered again' : 'fields go back'
  return { line: { ...line, effect, message, fields: [...edit.changes.keys()].sort() }, ask }
}

function labelOf({ n, group, link }: Binned): Pick<Line, 'n' | 'group' | 'link'> {
  return { n, group, link }
}

function damagedLine(entry: Binned): Line {
  const { n, item } = entry
  const message = 'damaged: its content cannot be read'
  return { ...labelOf(entry), entries: [n], effect: 'Damaged', message, fields: [], item }
}

/** The roles that the replicas of a group had when they were observed last. */
type Roles = Awaited<ReturnType<Bin['seenAs']>>

/** May the content reach all members? Not if its owner marked it private. */
export function mayReturn(roles: Roles, entry: Binned): boolean {
  const { replica } = entry
  const { private: hidden = 'Skip' } = roles.get(replica) ?? {}
  const role = { id: replica, hub: isHub(replica), private: hidden }
  return restorable(itemTypeNamed(), [role], entry)
}

/** The number of lines with each effect. */
export function countsOf(lines: readonly Line[]): ReadonlyMap<Effect, number> {
  const counts = new Map<Effect, number>()
  for (const { effect } of lines) counts.set(effect, (counts.get(effect) ?? 0) + 1)
  return counts
}

/** A line for JSON: without content. */
export function bareLine({ item: _, ...line }: Line) {
  return line
}

function grouped<Key, Value>(
  values: readonly Value[],
  keyOf: (value: Value) => Key,
): ReadonlyMap<Key, Value[]> {
  const groups = new Map<Key, Value[]>()
  for (const value of values) into(groups, keyOf(value), value)
  return groups
}
