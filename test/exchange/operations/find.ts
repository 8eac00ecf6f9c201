// FindItem and FindFolder: views of a folder, restricted, sorted, and a page at a time. What a view is made
// of is kept until the folder changes, so that paging through a large folder does not sort it anew for
// every page.

import { batch, type Call } from '../protocol/batch.ts'
import { EwsError } from '../protocol/errors.ts'
import { folderShape, folderValue, visibleChildren } from '../protocol/folder-shape.ts'
import { valueAt } from '../protocol/paths.ts'
import { compare, searchable, testOf } from '../protocol/restriction.ts'
import { contentOf, folderOf, rights, type Session } from '../protocol/session.ts'
import { itemShape } from '../protocol/shape.ts'
import { descendants } from '../store/folders.ts'
import type { Folder, Item } from '../store/item.ts'
import type { Element } from '../xml/reader.ts'
import { childOf, entriesOf } from './items.ts'

/** No page is longer; with a restriction, it is even shorter. */
const PAGE_MAX = 1000
const RESTRICTED_PAGE_MAX = 250
const VIEWS_KEPT = 4

type Page<T> = Readonly<{ things: readonly T[]; attributes: string }>

/** FindItem. */
export function findItem(call: Call, request: Element): string {
  const { session } = call
  const one = (parent: Element) => {
    const folder = contentOf(session, parent)
    const write = itemShape(session, childOf(request, 'ItemShape') ?? request, 'find')
    const { things, attributes } = pageOf(listed(session, folder, request), request)
    return `<m:RootFolder${attributes}><t:Items>${things.map(write).join('')}</t:Items></m:RootFolder>`
  }
  return batch(call, 'FindItem', entriesOf(request, 'ParentFolderIds'), one)
}

function listed(session: Session, folder: Folder, request: Element): readonly Item[] {
  refuseUnsupported(request)
  // Who may put things into a folder but not read it sees an empty folder.
  if (request.attributes.Traversal !== 'Shallow' || !rights(session, folder).read) return []
  const items = viewOf(folder, childOf(request, 'Restriction'), childOf(request, 'SortOrder'))
  const names = childOf(request, 'ContactsView')?.attributes
  return names ? items.filter((item) => between(item, names)) : items
}

function refuseUnsupported(request: Element): void {
  const code = {
    QueryString: 'ErrorContentIndexingNotEnabled',
    CalendarView: 'ErrorCalendarFolderIsInvalidForCalendarView',
    GroupBy: 'ErrorUnsupportedPathForSortGroup',
    DistinguishedGroupBy: 'ErrorUnsupportedPathForSortGroup',
  }
  for (const [name, refusal] of Object.entries(code)) {
    if (childOf(request, name)) throw new EwsError(refusal)
  }
}

function between(item: Item, { InitialName, FinalName }: Element['attributes']): boolean {
  const name = String(item.values.get('contacts:DisplayName') ?? '')
  const from = InitialName === undefined || compare(name, InitialName) >= 0
  return from && (FinalName === undefined || compare(name, FinalName) <= 0)
}

type View = Readonly<{ key: string; stamp: number; items: readonly Item[] }>
const views = new WeakMap<Folder, View[]>()

function viewOf(folder: Folder, restriction?: Element, sortOrder?: Element): readonly Item[] {
  const key = JSON.stringify([restriction, sortOrder], (name, value) =>
    name === 'offset' ? undefined : value,
  )
  const stamp = folder.log.tracks.length
  const kept = (views.get(folder) ?? []).filter((view) => view.stamp === stamp)
  const known = kept.find((view) => view.key === key)
  if (known) return known.items
  const items = selected(folder, restriction, sortOrder)
  views.set(folder, [{ key, stamp, items }, ...kept].slice(0, VIEWS_KEPT))
  return items
}

function selected(folder: Folder, restriction?: Element, sortOrder?: Element): readonly Item[] {
  const all = [...folder.items.values()].reverse() // Newest first.
  const found = restriction ? all.filter(testOf(restriction, valueAt)) : all
  const orders = (sortOrder?.children ?? []).map((order) => {
    const [path] = order.children
    if (!path) throw new EwsError('ErrorUnsupportedPathForSortGroup')
    const sign = order.attributes.Order === 'Descending' ? -1 : 1
    return { path: searchable(path), sign }
  })
  if (orders.length === 0) return found
  const keyed = found.map((item) => {
    return { item, keys: orders.map(({ path }) => String(valueAt(item, path) ?? '')) }
  })
  keyed.sort((left, right) => {
    for (const [index, { sign }] of orders.entries()) {
      const order = compare(left.keys[index] ?? '', right.keys[index] ?? '')
      if (order !== 0) return order * sign
    }
    return 0
  })
  return keyed.map(({ item }) => item)
}

function pageOf<T>(all: readonly T[], request: Element): Page<T> {
  const view = request.children.find(({ name }) =>
    /^(?:Indexed|Fractional|SeekTo|Contacts)/.test(name),
  )
  const cap = childOf(request, 'Restriction') ? RESTRICTED_PAGE_MAX : PAGE_MAX
  const { MaxEntriesReturned, Offset, BasePoint, Numerator, Denominator } = view?.attributes ?? {}
  const wanted = MaxEntriesReturned === undefined ? cap : Number(MaxEntriesReturned)
  if (wanted < 1) throw new EwsError('ErrorInvalidPagingMaxRows')
  const count = Math.min(wanted, cap)
  const total = all.length
  if (view?.name.startsWith('Indexed')) {
    const offset = Number(Offset)
    if (offset < 0) throw new EwsError('ErrorInvalidIndexedPagingParameters')
    return BasePoint === 'End' ? pageFromEnd(all, offset, count) : pageAt(all, offset, count)
  }
  if (view?.name.startsWith('Fractional')) {
    const [part, whole] = [Number(Numerator), Number(Denominator)]
    if (!(whole > 0 && part >= 0 && part <= whole)) {
      throw new EwsError('ErrorInvalidFractionalPagingParameters')
    }
    return pageAt(all, Math.floor((total * part) / whole), count)
  }
  const condition = view && childOf(view, 'Condition')
  if (condition) {
    const test = testOf(condition, valueAt)
    const at = (all as readonly unknown[] as readonly Item[]).findIndex(test)
    return pageAt(all, at < 0 ? total : at, count)
  }
  const { things, attributes } = pageAt(all, 0, count)
  const complete = things.length === total
  return {
    things,
    attributes: complete ? attributes.replace(/^ IndexedPagingOffset="\d+"/, '') : attributes,
  }
}

function pageAt<T>(all: readonly T[], offset: number, count: number): Page<T> {
  const things = all.slice(offset, offset + count)
  const next = Math.min(offset + things.length, all.length)
  return page(things, { next, last: next >= all.length, total: all.length })
}

function pageFromEnd<T>(all: readonly T[], offset: number, count: number): Page<T> {
  const end = Math.max(0, all.length - offset)
  const things = all.slice(Math.max(0, end - count), end)
  const next = Math.min(offset + things.length, all.length)
  return page(things, { next, last: next >= all.length, total: all.length })
}

function page<T>(
  things: readonly T[],
  { next, last, total }: Readonly<{ next: number; last: boolean; total: number }>,
): Page<T> {
  const attributes = ` IndexedPagingOffset="${next}" TotalItemsInView="${total}" IncludesLastItemInRange="${last}"`
  return { things, attributes }
}

/** FindFolder. */
export function findFolder(call: Call, request: Element): string {
  const { session } = call
  const one = (parent: Element) => {
    const folder = folderOf(session, parent)
    const write = folderShape(session, childOf(request, 'FolderShape') ?? request)
    const { things, attributes } = pageOf(foldersBelow(session, folder, request), request)
    return `<m:RootFolder${attributes}><t:Folders>${things.map(write).join('')}</t:Folders></m:RootFolder>`
  }
  return batch(call, 'FindFolder', entriesOf(request, 'ParentFolderIds'), one)
}

function foldersBelow(session: Session, folder: Folder, request: Element): readonly Folder[] {
  const traversal = request.attributes.Traversal
  if (traversal === 'SoftDeleted') return []
  const deep = traversal === 'Deep'
  if (deep && folder.box.scope === 'public') {
    throw new EwsError('ErrorInvalidOperation', 'Public folders cannot be searched deeply.')
  }
  const visible = (one: Folder) => visibleChildren(session, one.parent ?? one).includes(one)
  const found = deep ? descendants(folder).filter(visible) : visibleChildren(session, folder)
  const restriction = childOf(request, 'Restriction')
  return restriction ? found.filter(testOf(restriction, folderValue(session))) : found
}
