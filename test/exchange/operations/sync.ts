// SyncFolderItems and SyncFolderHierarchy: what has changed since the state that the client brings along.

import { batch, type Call } from '../protocol/batch.ts'
import { EwsError } from '../protocol/errors.ts'
import { folderShape, visibleChildren } from '../protocol/folder-shape.ts'
import { contentOf, folderOf, ownFolder, rights, type Session } from '../protocol/session.ts'
import { itemShape, type Shape } from '../protocol/shape.ts'
import { numbersIn, tokenOf } from '../protocol/tokens.ts'
import { descendants } from '../store/folders.ts'
import { changeKeyOf, type Folder } from '../store/item.ts'
import { type Change, type Place, round } from '../store/log.ts'
import type { Element } from '../xml/reader.ts'
import { childOf, entriesOf } from './items.ts'

// Also a refusal speaks of a state and of the end, as the answers of Exchange do.
const NO_ITEMS = '<m:SyncState/><m:IncludesLastItemInRange>true</m:IncludesLastItemInRange>'
const NO_FOLDERS = '<m:SyncState/><m:IncludesLastFolderInRange>true</m:IncludesLastFolderInRange>'

/** SyncFolderItems. */
export function syncFolderItems(call: Call, request: Element): string {
  const { session } = call
  const one = () => {
    const folder = syncFolder(session, request)
    const write = itemShape(session, childOf(request, 'ItemShape') ?? request, 'sync')
    const token = childOf(request, 'SyncState')?.text ?? ''
    const from = token === '' ? undefined : placeOf(numbersIn(token, 'items', folder))
    const max = Number(childOf(request, 'MaxChangesReturned')?.text)
    const ignored = new Set(entriesOf(request, 'Ignore').map((id) => id.attributes.Id ?? ''))
    const silent = folder.box.scope === 'public' && session.behaviour.publicFolderSync === 'empty'
    const found = round(folder.log, from, silent ? 0 : max, ignored)
    const { base, end, at } = found.place
    const state = tokenOf('items', folder, silent ? [0, 0, 0] : [base, end, at])
    const changes = found.changes.map((change) => changeXml(change, write)).join('')
    return `<m:SyncState>${state}</m:SyncState><m:IncludesLastItemInRange>${silent || found.last}</m:IncludesLastItemInRange><m:Changes>${changes}</m:Changes>`
  }
  return batch(call, 'SyncFolderItems', [request], one, NO_ITEMS)
}

function syncFolder(session: Session, request: Element): Folder {
  try {
    const folder = contentOf(session, entriesOf(request, 'SyncFolderId')[0])
    if (!rights(session, folder).read) throw new EwsError('ErrorAccessDenied')
    if (folder.box.scope === 'public' && session.behaviour.publicFolderSync === 'refused') {
      const message = 'Public folders cannot be synchronized with this operation.'
      throw new EwsError('ErrorInvalidOperation', message)
    }
    return folder
  } catch (error) {
    const missing = error instanceof EwsError && error.code === 'ErrorFolderNotFound'
    throw missing ? new EwsError('ErrorSyncFolderNotFound') : error
  }
}

function placeOf([base = 0, end = 0, at = 0]: readonly number[]): Place {
  return { base, end, at }
}

function changeXml({ kind, track }: Change, write: Shape): string {
  const { item } = track
  if (kind === 'Delete' || !item) {
    return `<t:Delete><t:ItemId Id="${track.id}" ChangeKey="${track.changeKey}"/></t:Delete>`
  }
  track.changeKey = changeKeyOf(item)
  return `<t:${kind}>${write(item)}</t:${kind}>`
}

/** SyncFolderHierarchy, for mailboxes. */
export function syncFolderHierarchy(call: Call, request: Element): string {
  const { session } = call
  const one = () => {
    const [id] = entriesOf(request, 'SyncFolderId')
    const top = id ? folderOf(session, id) : ownFolder(session, 'msgfolderroot')
    if (top.box.scope === 'public') throw new EwsError('ErrorInvalidOperation')
    const write = folderShape(session, childOf(request, 'FolderShape') ?? request)
    const token = childOf(request, 'SyncState')?.text ?? ''
    const [from = 0] = token === '' ? [] : numbersIn(token, 'hierarchy', top)
    const changes = hierarchyChanges(session, top, from).map(({ kind, folder, id: gone }) =>
      folder
        ? `<t:${kind}>${write(folder)}</t:${kind}>`
        : `<t:Delete><t:FolderId Id="${gone}"/></t:Delete>`,
    )
    const state = tokenOf('hierarchy', top, [top.box.hierarchy.length])
    return `<m:SyncState>${state}</m:SyncState><m:IncludesLastFolderInRange>true</m:IncludesLastFolderInRange><m:Changes>${changes.join('')}</m:Changes>`
  }
  return batch(call, 'SyncFolderHierarchy', [request], one, NO_FOLDERS)
}

type FolderChange = Readonly<{
  kind: 'Create' | 'Update' | 'Delete'
  id: string
  folder: Folder | undefined
}>

function hierarchyChanges(session: Session, top: Folder, from: number): FolderChange[] {
  const known = new Set(top.box.hierarchy.slice(0, from).map(({ id }) => id))
  const visible = (one: Folder) => visibleChildren(session, one.parent ?? one).includes(one)
  const there = new Map(
    descendants(top)
      .filter(visible)
      .map((folder) => [folder.id, folder]),
  )
  const touched = new Set(top.box.hierarchy.slice(from).map(({ id }) => id))
  const changed = [...touched].filter((id) => there.has(id) || known.has(id))
  return changed.map((id) => {
    const folder = there.get(id)
    if (!folder) return { kind: 'Delete', id, folder: undefined }
    return { kind: known.has(id) ? 'Update' : 'Create', id, folder }
  })
}
