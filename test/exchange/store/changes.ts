// Everything that happens to items: creating, saving, moving, copying, removing. A change is complete when
// one of these functions returns: values, change key, change log, folder tags and indexes agree.

import type { ItemKind } from '../protocol/fields.ts'
import { derive } from './derive.ts'
import { forget } from './folders.ts'
import { keyOf } from './ids.ts'
import {
  type Attachment,
  changeKeyOf,
  type Folder,
  type Item,
  type Member,
  type State,
} from './item.ts'
import { begin, note } from './log.ts'
import type { Changes, Values } from './values.ts'

/** What a new item is made of. */
export type ItemPlan = Readonly<{
  kind: ItemKind
  values: Values
  members?: readonly Member[]
  by: string
}>

const NOTHING: readonly never[] = []

/** A new item in a folder. */
export function createItem(state: State, folder: Folder, plan: ItemPlan): Item {
  const { kind, by } = plan
  const values: Values = new Map(plan.values)
  derive(kind, values, new Set(values.keys()), state.normalise)
  if (!values.has('item:ItemClass')) values.set('item:ItemClass', CLASSES[kind])
  const now = state.clock()
  const draft = { kind, values, members: keyed(plan.members ?? NOTHING), createdMs: now, by }
  return insert(state, folder, { ...draft, creator: by, modifiedMs: now, attachments: NOTHING })
}

type Draft = Readonly<{
  kind: ItemKind
  values: Values
  members: readonly Member[]
  attachments: readonly Attachment[]
  createdMs: number
  modifiedMs: number
  creator: string
  by: string
  searchSeed?: string
  change?: number
}>

function insert(state: State, folder: Folder, draft: Draft): Item {
  const { box } = folder
  box.serial += 1
  box.change += 1
  const id = box.ids.item(folder.serial, box.serial)
  const item: Item = {
    kind: draft.kind,
    createdMs: draft.createdMs,
    creator: draft.creator,
    searchSeed: draft.searchSeed ?? `${box.ids.guid}/${box.serial}`,
    id,
    serial: box.serial,
    folder,
    track: { id, created: 0, last: 0, item: undefined, changeKey: '' },
    change: draft.change ?? box.change,
    values: draft.values,
    modifiedMs: draft.modifiedMs,
    modifier: draft.by,
    attachments: draft.attachments,
    members: draft.members,
    touched: undefined,
  }
  item.track = begin(folder.log, item, changeKeyOf(item))
  item.attachments = draft.attachments.map((one, index) => {
    const attachment = { ...one, id: box.ids.attachment(id, index + 1) }
    state.attachments.set(attachment.id, item)
    return attachment
  })
  folder.items.set(id, item)
  state.items.set(id, item)
  folder.commitMs = state.clock()
  return item
}

/** Saves an item with some values changed. Even a save that changes nothing moves the change key. */
export function saveItem(
  state: State,
  item: Item,
  changes: Changes,
  by: string,
  members?: readonly Member[],
): void {
  const before = item.values
  const values: Values = new Map(before)
  for (const [key, value] of changes) {
    if (value === undefined) values.delete(key)
    else values.set(key, value)
  }
  derive(item.kind, values, new Set(changes.keys()), state.normalise)
  item.values = values
  if (members) item.members = keyed(members)
  touch(state, item, by)
  const touched = item.touched ?? new Map<string, number>()
  for (const key of new Set([...changes.keys(), ...changedKeys(before, values)])) {
    touched.set(key, item.change)
  }
  item.touched = touched
}

function changedKeys(before: Values, after: Values): string[] {
  return [...after.keys()].filter((key) => before.get(key) !== after.get(key))
}

/** Moves an item's change key, as every save does; attachments do it too. */
export function touch(state: State, item: Item, by: string): void {
  const { folder } = item
  folder.box.change += 1
  item.change = folder.box.change
  item.modifiedMs = state.clock()
  item.modifier = by
  folder.commitMs = item.modifiedMs
  note(folder.log, item.track, changeKeyOf(item))
}

/** Hangs files on an item, or takes them away. */
export function setAttachments(
  state: State,
  item: Item,
  attachments: readonly Attachment[],
  by: string,
): void {
  for (const { id } of item.attachments) state.attachments.delete(id)
  for (const { id } of attachments) state.attachments.set(id, item)
  item.attachments = attachments
  touch(state, item, by)
}

/** Takes an item away for good. */
export function removeItem(state: State, item: Item): void {
  const { folder } = item
  note(folder.log, item.track, changeKeyOf(item))
  item.track.item = undefined
  folder.items.delete(item.id)
  folder.deletedTotal += 1
  folder.commitMs = state.clock()
  forget(state, item)
}

/** The same item in another folder, under a new id. Its change key stays when the store is the same. */
export function moveItem(state: State, item: Item, to: Folder): Item {
  const change = item.folder.box === to.box ? item.change : undefined
  const moved = copyItem(state, item, to, item.modifier, change)
  removeItem(state, item)
  return moved
}

/** A second item with the same content, stamps and all, in a folder. */
export function copyItem(state: State, item: Item, to: Folder, by: string, change?: number): Item {
  const moved = change !== undefined
  return insert(state, to, {
    kind: item.kind,
    values: new Map(item.values),
    members: item.members,
    attachments: item.attachments,
    createdMs: moved ? item.createdMs : state.clock(),
    modifiedMs: moved ? item.modifiedMs : state.clock(),
    creator: item.creator,
    by,
    searchSeed: item.searchSeed,
    ...(moved ? { change } : {}),
  })
}

const CLASSES: Readonly<Record<ItemKind, string>> = {
  Contact: 'IPM.Contact',
  DistributionList: 'IPM.DistList',
  Message: 'IPM.Note',
  PostItem: 'IPM.Post',
  Item: 'IPM.Note',
}

function keyed(members: readonly Member[]): readonly Member[] {
  return members.map((member) => ({
    ...member,
    key: keyOf(`${member.name}/${member.address}/${member.itemId}`),
  }))
}
