// What a user does in one folder, and what the ledger must know of it.

import type { ItemId } from '../../controller/core/id.ts'
import type { Item } from '../../controller/core/item.ts'
import type { Folder } from '../support/folder.ts'
import { type Ledger, tokensIn } from './ledger.ts'

/** The ways in which a user may act. */
export const ways = [
  'put',
  'edit',
  'clear',
  'remove',
  'touch',
  'copy',
  'move',
  'hide',
  'twice',
  'mark',
  'unmark',
  'fill',
  'empty',
  'rewrite',
] as const

/** What a user does: to whom, to which of the folder's items, in which field. */
export type Act = Readonly<{
  who: number
  what: (typeof ways)[number]
  which: number
  field: number
}>

/** Where a user acts: the folder's part in the groups, and whether a pass is running. */
export type Scene = Readonly<{
  folder: Folder
  ledger: Ledger
  /** Does what is written here travel? */
  writes: boolean
  /** May what is marked private leave? */
  open: boolean
  /** How many passes have begun; `passing`: one has not ended yet. */
  during: number
  passing: boolean
  /** Items that users of this folder have marked. */
  marked: Set<ItemId>
}>

/** Does it; answers whether there was anything to do. */
export function act(scene: Scene, one: Act): boolean {
  const done = carryOut(scene, one)
  confine(scene)
  return done
}

function carryOut(scene: Scene, { what, which, field: at }: Act): boolean {
  const { folder, ledger, marked } = scene
  const { kind } = ledger
  if (what === 'put' || what === 'hide' || what === 'twice') return enter(scene, what, which)
  if (what === 'fill') return [0, 1, 2].every(() => enter(scene, 'put', which))
  const ids = [...folder.items].flatMap(([one, { item }]) =>
    what !== 'unmark' || kind.type.private(item) ? [one] : [],
  )
  const id = ids[which % Math.max(1, ids.length)]
  if (id === undefined) return false
  const item = folder.items.get(id)?.item ?? {}
  const field = kind.fields[at % kind.fields.length] ?? ''
  if (what !== 'touch') ledger.touched(item, folder)
  switch (what) {
    case 'edit':
      edit(scene, id, field)
      return true
    case 'rewrite':
      for (const one of ids) edit(scene, one, field)
      return true
    case 'clear': {
      ledger.supersede(item[field])
      folder.edit(id, kind.cleared(item, field))
      return true
    }
    case 'remove':
      remove(scene, id, item)
      return true
    case 'empty':
      for (const one of ids) remove(scene, one, folder.items.get(one)?.item ?? {})
      return true
    case 'touch':
      folder.touch(id)
      return true
    case 'mark':
      return mark(scene, id, item)
    case 'unmark': {
      ledger.release(folder, 'private', item)
      marked.delete(id)
      folder.edit(id, kind.marked?.(item, false) ?? item)
      return true
    }
    case 'move': {
      const next = folder.move(id)
      if (next !== undefined && marked.has(id)) marked.add(next)
      // Out of the folder while a pass looks, and back before the next: that is a delete and a new item. And
      // what is private is not compared with anything, so it is not known again.
      // Nor is one of several namesakes, should it be edited as well.
      const hidden = marked.has(id) && kind.type.private(item)
      const namesakes = [...folder.items.values()].filter(
        (each) => kind.nameOf(each.item) === kind.nameOf(item),
      )
      if (scene.passing || hidden || namesakes.length > 1) ledger.entered(item, folder)
      ledger.moved.add(`${folder.name} ${kind.nameOf(item)}`)
      ledger.removed(item, folder)
      return true
    }
    case 'copy': {
      const next = folder.copy(id)
      if (next !== undefined && marked.has(id)) marked.add(next)
      ledger.entered(item, folder)
      if (ledger.moved.has(`${folder.name} ${kind.nameOf(item)}`)) ledger.entered(item, folder)
      return true
    }
  }
}

function edit(scene: Scene, id: ItemId, field: string): void {
  const { folder, ledger, marked } = scene
  const { kind } = ledger
  const item = folder.items.get(id)?.item ?? {}
  ledger.touched(item, folder)
  ledger.supersede(item[field])
  const value = written(scene, item, field, marked.has(id) && kind.type.private(item))
  folder.edit(id, { ...item, [field]: value })
}

function remove({ folder, ledger }: Scene, id: ItemId, item: Item): void {
  for (const value of Object.values(item)) ledger.supersede(value)
  ledger.touched(item, folder)
  ledger.removed(item, folder)
  folder.remove(id)
}

// Two people may enter the same person or thing: of one name.
function enter(scene: Scene, what: 'put' | 'hide' | 'twice', which: number): boolean {
  const { folder, ledger, marked, open } = scene
  const { kind } = ledger
  const name = what === 'twice' ? `Shared${which % 3}` : `Person${ledger.number()}`
  const hidden = what === 'hide' && kind.marked !== undefined
  const entered = (token: Item[string] | undefined) => {
    const item = kind.entered(name, token)
    return hidden ? (kind.marked?.(item, true) ?? item) : item
  }
  const [field = ''] = kind.fields
  const item = entered(written(scene, entered(undefined), field, hidden && !open))
  ledger.entered(item, folder)
  const id = folder.put(item)
  if (hidden && !open) marked.add(id)
  return true
}

function mark({ folder, ledger, open, marked }: Scene, id: ItemId, item: Item): boolean {
  const { kind } = ledger
  if (kind.marked === undefined || kind.type.private(item)) return false
  folder.edit(id, kind.marked(item, true))
  if (!open) marked.add(id)
  return true
}

// What nobody but its owner can have seen is confined as soon as every item that holds it is marked: a copy of it
// that is not marked travels.
function confine({ folder, ledger, marked, open, passing, during }: Scene): void {
  if (open || passing) return
  const items = [...folder.items].map(([id, { item }]) => ({ id, item }))
  const hidden = items.filter(({ id, item }) => marked.has(id) && ledger.kind.type.private(item))
  const shown = items.filter((each) => !hidden.includes(each)).flatMap(({ item }) => tokensIn(item))
  for (const token of tokensIn(hidden.map(({ item }) => item)))
    if (!shown.includes(token) && ledger.unseen(token, during))
      ledger.confine(token, folder, 'private')
}

function written(scene: Scene, item: Item, field: string, hidden: boolean): Item[string] {
  const { folder, ledger, writes, during, passing } = scene
  const { kind } = ledger
  const token = ledger.token(passing ? undefined : during, folder, item)
  if (!writes) ledger.confine(token, folder, 'foreign')
  if (hidden) ledger.confine(token, folder, 'private')
  return kind.written(item, field, token)
}
