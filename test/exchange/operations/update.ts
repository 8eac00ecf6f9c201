// UpdateItem: what may be set, added to or taken away, and what happens when the caller has not seen the
// latest version.

import { batch, type Call } from '../protocol/batch.ts'
import { type Decoded, decodeMembers, decodeProperty, extendedChanges } from '../protocol/decode.ts'
import { EwsError } from '../protocol/errors.ts'
import { DICTIONARIES, fieldAt } from '../protocol/fields.ts'
import { extendedOf } from '../protocol/mapi.ts'
import { type PropertyPath, pathOf } from '../protocol/paths.ts'
import { demandEdit, itemOf, type Session } from '../protocol/session.ts'
import { saveItem } from '../store/changes.ts'
import { changeKeyOf, type Item, type Member } from '../store/item.ts'
import { textAt, type Value } from '../store/values.ts'
import type { Element } from '../xml/reader.ts'
import { demandClass, entriesOf, itemsWithId, NO_ITEMS } from './items.ts'

type Resolution = 'NeverOverwrite' | 'AutoResolve' | 'AlwaysOverwrite'
type Update = Readonly<{ changes: Decoded; members: readonly Member[] | undefined }>

/** UpdateItem. */
export function updateItems(call: Call, request: Element): string {
  const { session } = call
  const resolution = request.attributes.ConflictResolution as Resolution
  const one = (change: Element) => {
    const [id, updates] = change.children
    if (!id || !updates) throw new EwsError('ErrorInvalidRequest')
    const item = itemOf(session, id)
    demandEdit(session, item)
    const seen = changeSeen(item, id.attributes.ChangeKey)
    if (resolution === 'NeverOverwrite' && seen !== item.change) {
      throw new EwsError('ErrorIrresolvableConflict')
    }
    const { bodyDeletes } = session.behaviour
    const update = updateOf(item, updates.children, bodyDeletes === 'ignored')
    const conflicts = resolution === 'AutoResolve' ? resolve(item, update.changes, seen) : 0
    save(session, item, update)
    const results = `<m:ConflictResults><t:Count>${conflicts}</t:Count></m:ConflictResults>`
    return itemsWithId(item) + results
  }
  return batch(call, 'UpdateItem', entriesOf(request, 'ItemChanges'), one, NO_ITEMS)
}

/** The change that the caller has seen; a key of another store is older than everything here. */
function changeSeen(item: Item, key: string | undefined): number {
  if (key === undefined || key === '')
    throw new EwsError('ErrorChangeKeyRequiredForWriteOperations')
  if (key === changeKeyOf(item)) return item.change
  if (!/^[A-Za-z0-9+/]{40}$/.test(key)) throw new EwsError('ErrorInvalidChangeKey')
  const seen = item.folder.box.ids.change(key)
  return seen === undefined || seen > item.change ? -1 : seen
}

/** Drops what somebody else has changed meanwhile: their version stays. Says how many properties it was. */
function resolve(item: Item, changes: Decoded, seen: number): number {
  if (seen === item.change) return 0
  const stale = [...changes].filter(([key, value]) => {
    return (item.touched?.get(key) ?? 0) > seen && !same(item.values.get(key), value)
  })
  for (const [key] of stale) changes.delete(key)
  return stale.length
}

function same(left: Value | undefined, right: Value | undefined): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}

function save(session: Session, item: Item, { changes, members }: Update): void {
  saveItem(session.state, item, changes, session.user.address, members)
}

function updateOf(item: Item, updates: readonly Element[], bodyStays: boolean): Update {
  const changes: Decoded = new Map()
  let members: readonly Member[] | undefined
  for (const update of updates) {
    const [pathElement, content] = update.children
    if (!pathElement) throw new EwsError('ErrorInvalidRequest')
    const path = pathOf(pathElement)
    if (path.kind === 'slot' && path.uri === 'distributionlist:Members:Member') {
      members = without(members ?? item.members, path.slot)
      continue
    }
    if (update.name === 'DeleteItemField') {
      if (path.kind === 'field' && path.uri === 'distributionlist:Members') members = []
      const stays = bodyStays && path.kind === 'field' && path.uri === 'item:Body'
      for (const key of stays ? [] : deletedKeys(item, path)) changes.set(key, undefined)
      continue
    }
    const property = onlyProperty(item, content)
    demandMatch(item, path, property)
    if (update.name === 'AppendToItemField') append(item, path, property, changes)
    else for (const [key, value] of setChanges(item, path, property)) changes.set(key, value)
    members = decodeMembers(content ?? property) ?? members
  }
  demandClass(item.kind, changes.get('item:ItemClass'))
  return { changes, members }
}

function without(members: readonly Member[], key: string): readonly Member[] {
  return members.filter((member) => member.key !== key)
}

function onlyProperty(item: Item, content: Element | undefined): Element {
  if (content && content.name !== item.kind && content.name !== 'Item') {
    throw new EwsError('ErrorObjectTypeChanged')
  }
  const [property, more] = content?.children ?? []
  if (!property || more) {
    const message = 'An object within a change description must contain one and only one property.'
    throw new EwsError('ErrorIncorrectUpdatePropertyCount', message)
  }
  return property
}

/** Refuses a change whose path names one property and whose content another. */
function demandMatch(item: Item, path: PropertyPath, property: Element): void {
  if (matches(item, path, property)) return
  const message = 'Property path must match the property that is set.'
  throw new EwsError('ErrorUpdatePropertyMismatch', message)
}

function matches(item: Item, path: PropertyPath, property: Element): boolean {
  if (path.kind === 'extended') {
    const [name] = property.children
    return (
      property.name === 'ExtendedProperty' &&
      name !== undefined &&
      extendedOf(name).key === path.extended.key
    )
  }
  if (path.kind === 'field') return fieldAt(item.kind, path.uri)?.name === property.name
  const [entry, more] = property.children
  const dictionary = DICTIONARIES.get(path.uri)
  const part = /^contacts:PhysicalAddress:(\w+)$/.exec(path.uri)?.[1]
  const whole =
    part === undefined || (entry?.children.length === 1 && entry.children[0]?.name === part)
  return (
    property.name === dictionary?.element && !more && entry?.attributes.Key === path.slot && whole
  )
}

const WHOLE = new Set(['emails', 'phones', 'ims', 'addresses'])

function setChanges(item: Item, path: PropertyPath, property: Element): Decoded {
  // A dictionary cannot be set as a whole, only slot by slot.
  const kind = path.kind === 'field' ? fieldAt(item.kind, path.uri)?.kind : undefined
  if (kind && WHOLE.has(kind)) throw new EwsError('ErrorInvalidPropertySet')
  return decodeProperty(item.kind, property)
}

function append(item: Item, path: PropertyPath, property: Element, changes: Decoded): void {
  if (path.kind !== 'field' || path.uri !== 'item:Body') {
    throw new EwsError('ErrorInvalidPropertyAppend')
  }
  const before = textAt(item.values, 'item:Body') ?? ''
  const type = textAt(item.values, 'item:Body#Type') ?? property.attributes.BodyType ?? 'Text'
  const end = type === 'HTML' ? before.search(/\s*<\/body>/i) : -1
  const at = end < 0 ? before.length : end
  changes.set('item:Body', before.slice(0, at) + property.text + before.slice(at))
  changes.set('item:Body#Type', type)
}

const KEPT = new Set(['item:ItemClass', 'contacts:FileAsMapping'])

// No contact has them here, and DavMail takes them away with every change.
const CERTIFICATES = new Set(['contacts:UserSMIMECertificate', 'contacts:MSExchangeCertificate'])

/** What taking a property away takes away. What is not there may be taken away all the same. */
function deletedKeys(item: Item, path: PropertyPath): string[] {
  if (path.kind === 'extended') return [...extendedChanges(path.extended, undefined).keys()]
  if (path.kind === 'slot') {
    if (path.uri !== 'contacts:EmailAddress') return [path.key]
    return [path.key, `${path.key}#Name`, `${path.key}#RoutingType`]
  }
  if (item.kind === 'Contact' && CERTIFICATES.has(path.uri)) return []
  const field = fieldAt(item.kind, path.uri)
  const fixed = field?.access !== 'rw' || KEPT.has(path.uri) || WHOLE.has(field.kind)
  if (fixed) throw new EwsError('ErrorInvalidPropertyDelete')
  return field.kind === 'body' ? [path.uri, `${path.uri}#Type`] : [path.uri]
}
