// What undoing some entries would do now, contact by contact: for `exsync bin restore` of several and `exsync rollback`.
// Reads the state and asks for nothing.

import { type GroupId, isHub, type LinkId } from '../core/id.ts'
import { contact } from '../core/items/contact.ts'
import { into } from '../core/loose.ts'
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
import type { Bin, Binned } from '../store/bin.ts'
import type { State } from '../store/state.ts'
import { inParts } from '../sync/breathe.ts'
import { reentered } from '../sync/reentered.ts'
import { each, rowsMax } from './table.ts'

/**
 * How entries are undone: `Overwrite` whatever was edited since; `Spare` what was edited since; `Back` to the content that
 * the entry holds.
 */
export type Manner = 'Overwrite' | 'Spare' | 'Back'

/** What happens to a contact. */
export type Effect = 'Revive' | 'Edit' | 'EditReentered' | 'There' | 'Left' | 'Cannot' | 'Damaged'

/** One line of a plan. `n`: the entry that it is taken from; `entries`: all that are undone by it. */
export type Line = Readonly<{
  n: number
  entries: readonly number[]
  group: GroupId
  link: LinkId
  effect: Effect
  message: string
  fields: readonly string[]
  /** Its content: for a name on a terminal, and for nothing else. */
  item: Binned['item']
}>

/** What would be done, and what it is called. */
export type UndoPlan = Readonly<{
  lines: readonly Line[]
  /** Of each entry that is asked for the fields, none: the whole item; and what it would edit. */
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
  const later: Later = manner === 'Spare' ? laterThan(bin, chosen) : new Map()
  for (const [group, entries] of grouped(chosen, (entry) => entry.group)) {
    const contacts = grouped(entries, ({ link }) => link)
    const base = baseline(group)
    const links = await inParts([...contacts.keys()], (part) => base.links(part))
    const now = new Map(links.map((link) => [link.id, link]))
    const sources: Source[] = []
    for (const [link, its] of contacts) {
      const made = contactPlan(bin, now.get(link), its, manner, later)
      for (const line of made.lines) lines.push(line)
      for (const source of made.sources) sources.push(source)
    }
    const targets = await reentered(base, contact, sources)
    const others = targets.map(({ link }) => link).filter((link) => !now.has(link))
    for (const link of await inParts([...new Set(others)], (part) => base.links(part)))
      now.set(link.id, link)
    const entered = new Set(
      sources.flatMap(({ link }, at) => (targets[at]?.link === link ? [] : [targets[at]?.link])),
    )
    for (const [at, source] of sources.entries()) {
      // What was entered again gets the content of the one that it replaces, not its own of then.
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
  bin: Bin,
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
      fields.length === 0
        ? `deleted since${who}, left as it is`
        : `edited since${who}, left as it is`
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
    if (mayReturn(bin, source)) continue
    const message = `cannot: it is marked private by its owner, and would reach everybody: exsync bin show ${source.n}`
    lines.push({ ...line, ...labelOf(source), effect: 'Cannot', message, fields: source.fields })
  }
  return { lines, sources: full.filter((source) => mayReturn(bin, source)) }
}

function undoing(
  link: Link | undefined,
  chosen: readonly Binned[],
  newest: Binned,
  manner: Manner,
  later: Later,
): Undoing {
  const now = link?.agreed
  if (manner === 'Back') return { sources: backTo(contact, now, newest), left: [] }
  if (manner === 'Overwrite') return undoingOf(contact, now, chosen)
  return undoingOf(contact, now, chosen, later.get(contactOf(newest)) ?? [])
}

const contactOf = ({ group, link }: Pick<Binned, 'group' | 'link'>) => `${group} ${link}`

// What else changed the contacts since the oldest of these, in one go: a look for each contact would read all of it.
function laterThan(bin: Bin, chosen: readonly Binned[]): ReadonlyMap<string, readonly Entry[]> {
  const own = new Set(chosen.map(({ n }) => n))
  const contacts = new Set(chosen.map(contactOf))
  const oldest = least(own)
  const found: (readonly [string, Entry])[] = []
  for (const entry of each((below?: number) => bin.list(rowsMax, below, { history: true }))) {
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

// The contact that it edits may be another one, which was entered again.
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
  const edit = restoringEdit(contact, 'HubWins', link, { ...source, askedMs: source.timeMs })
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
  const message = 'damaged: its content does not open'
  return { ...labelOf(entry), entries: [n], effect: 'Damaged', message, fields: [], item }
}

/** May the content reach everybody? Not what its owner marked private. */
export function mayReturn(bin: Bin, entry: Binned): boolean {
  const { replica, group } = entry
  const { private: hidden = 'Skip' } = bin.seenAs(group).get(replica) ?? {}
  const role = { id: replica, hub: isHub(replica), private: hidden }
  return restorable(contact, [role], entry)
}

/** How many lines there are of each effect. */
export function countsOf(lines: readonly Line[]): ReadonlyMap<Effect, number> {
  const counts = new Map<Effect, number>()
  for (const { effect } of lines) counts.set(effect, (counts.get(effect) ?? 0) + 1)
  return counts
}

/** A line as JSON has it: never with content. */
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
