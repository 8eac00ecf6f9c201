// What of an item a client wants to see: a base shape and additional properties, compiled once per request
// into a list of writers for each kind of item, in the order of the schema.
import type { Item } from '../store/item.ts'
import type { Element } from '../xml/reader.ts'
import { EwsError } from './errors.ts'
import { ADDRESS_PARTS, type Field, fieldsOf, type ItemKind } from './fields.ts'
import type { Extended } from './mapi.ts'
import { pathOf } from './paths.ts'
import { writerOf } from './render.ts'
import type { Session } from './session.ts'

/** Which slots of the dictionaries are wanted: all of them, or these. */
export type Slots = 'all' | ReadonlySet<string>

/** What writers need to know besides the item. */
export type View = Readonly<{
  session: Session
  /** GetItem shows everything; FindItem and SyncFolderItems leave bodies out, FindItem cuts long texts. */
  depth: 'whole' | 'sync' | 'find'
  bodyType: 'Best' | 'HTML' | 'Text'
  extended: readonly Extended[]
}>

/** Writes one property of an item, or nothing. */
export type Writer = (item: Item) => string

/** Writes items as a client wants to see them. */
export type Shape = (item: Item) => string

const RANK = { id: 0, default: 1, all: 2, ask: 3 } as const
const BASES: Readonly<Record<string, number>> = { IdOnly: 0, Default: 1, AllProperties: 2 }
const ITEM_SCOPES =
  /^(?:item|contacts|distributionlist|message|calendar|task|meeting|meetingRequest|postitem):/

/** The shape that an `m:ItemShape` describes. */
export function itemShape(session: Session, shape: Element, depth: View['depth']): Shape {
  const child = (name: string) => shape.children.find((one) => one.name === name)
  const base = BASES[child('BaseShape')?.text ?? 'IdOnly'] ?? 0
  const asked = new Map<string, Slots>()
  const extended: Extended[] = []
  for (const element of child('AdditionalProperties')?.children ?? []) {
    const path = pathOf(element)
    if (path.kind === 'extended') {
      extended.push(path.extended)
    } else if (path.kind === 'field') {
      if (!ITEM_SCOPES.test(path.uri)) throw new EwsError('ErrorInvalidPropertyRequest')
      asked.set(path.uri, 'all')
    } else {
      askSlot(asked, path.uri, path.slot)
    }
  }
  const bodyType = (child('BodyType')?.text ?? 'Best') as View['bodyType']
  const view: View = { session, depth, bodyType, extended }
  return compiled(view, base, asked)
}

function askSlot(asked: Map<string, Slots>, uri: string, slot: string): void {
  const [, part] = /^contacts:PhysicalAddress:(\w+)$/.exec(uri) ?? []
  const whole = part ? 'contacts:PhysicalAddresses' : `${uri.replace(/Address$/, 'Addresse')}s`
  const slots = asked.get(whole) ?? new Set<string>()
  if (slots === 'all') return
  asked.set(whole, new Set([...slots, part ? `${part}/${slot}` : slot]))
}

function compiled(view: View, base: number, asked: ReadonlyMap<string, Slots>): Shape {
  const writers = new Map<ItemKind, readonly Writer[]>()
  const writersOf = (kind: ItemKind): readonly Writer[] => {
    const known = writers.get(kind)
    if (known) return known
    const made = fieldsOf(kind)
      .map((field) => chosen(view, field, base, asked))
      .filter((writer) => writer !== undefined)
    writers.set(kind, made)
    return made
  }
  return (item) => {
    let xml = `<t:${item.kind}>`
    for (const write of writersOf(item.kind)) xml += write(item)
    return `${xml}</t:${item.kind}>`
  }
}

function chosen(
  view: View,
  field: Field,
  base: number,
  asked: ReadonlyMap<string, Slots>,
): Writer | undefined {
  if (field.name === 'ExtendedProperty') {
    return view.extended.length > 0 ? writerOf(view, field, 'all') : undefined
  }
  const { version, behaviour } = view.session
  const left = behaviour.leftOutOfShapes.includes(field.uri)
  const inBase = RANK[field.shape] <= base && field.since <= version && !left
  const slots = inBase ? 'all' : asked.get(field.uri)
  return slots === undefined ? undefined : writerOf(view, field, slots)
}

/** Whether a part of a postal address is wanted. */
export function wantsPart(slots: Slots, part: string, key: string): boolean {
  return slots === 'all' || slots.has(`${part}/${key}`)
}

/** Whether any part of a postal address is wanted. */
export function wantsAddress(slots: Slots, key: string): boolean {
  return ADDRESS_PARTS.some((part) => wantsPart(slots, part, key))
}
