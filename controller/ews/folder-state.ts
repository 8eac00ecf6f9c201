// GetFolder: a folder's class, its tag, and what we may do in it.
import { legal } from '../core/item.ts'
import { folderXml } from './envelope.ts'
import type { HighWaterMark } from './folder-notes.ts'
import { incomplete, isId, type Operation, only } from './operations.ts'
import { all, at, textAt } from './xml.ts'

/** What a folder says of itself. */
export type FolderState = Readonly<{
  id: string
  class: string
  /** Where it lies, and what it is called; undefined where the server does not tell. */
  parent: string | undefined
  name: string | undefined
  /** Moves whenever something in the folder does; undefined where the server does not tell. */
  tag: string | undefined
  /** What there is of the tag: the count alone, perhaps; undefined where the server tells nothing. */
  mark: string | undefined
  /** The latest commit, ms since 1970. */
  committedMs: number | undefined
  /** How many items lie in it, of whatever kind; undefined where the server does not tell. */
  count: number | undefined
  /** How far it has come; undefined where the server does not tell all of it. */
  highWater: HighWaterMark | undefined
  /** The public folder's content mailbox, a GUID. */
  contentMailbox: string | undefined
  rights: Readonly<{ read: boolean; create: boolean; modify: boolean; delete: boolean }>
}>

/**
 * Did the folder go back in time since it was seen? Both only grow, whatever clients write: only a backup that is
 * put back takes them back (exchange-protocol §8.5, 20). One alone does not tell: a server may just say when its
 * newest item was committed, and that one may have been deleted.
 */
export function wentBack(now: HighWaterMark | undefined, seen: HighWaterMark | undefined): boolean {
  if (now === undefined || seen === undefined) return false
  return now.committedMs < seen.committedMs && now.deletedTotal <= seen.deletedTotal
}

/** PR_LOCAL_COMMIT_TIME_MAX, PR_DELETED_COUNT_TOTAL, PR_CONTENT_COUNT, PR_REPLICA_LIST (exchange-protocol §1.2, §1.3). */
const tags = {
  committed: '0x670a',
  deleted: '0x670b',
  count: '0x3602',
  replicas: '0x6698',
} as const

const tagUri = (tag: string, type: string) =>
  `<t:ExtendedFieldURI PropertyTag="${tag}" PropertyType="${type}"/>`

/** GetFolder: a folder's tag and what we may do in it. */
export const getFolder: Operation<{ folder: string }, FolderState> = {
  name: 'GetFolder',
  request: ({ folder }) =>
    '<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>' +
    '<t:FieldURI FieldURI="folder:ParentFolderId"/><t:FieldURI FieldURI="folder:DisplayName"/>' +
    '<t:FieldURI FieldURI="folder:FolderClass"/><t:FieldURI FieldURI="folder:EffectiveRights"/>' +
    tagUri(tags.committed, 'SystemTime') +
    tagUri(tags.deleted, 'Integer') +
    tagUri(tags.count, 'Integer') +
    tagUri(tags.replicas, 'Binary') +
    `</t:AdditionalProperties></m:FolderShape><m:FolderIds>${folderXml(folder)}</m:FolderIds></m:GetFolder>`,
  result: (answer) => {
    const node = at(only(answer), 'Folders')?.children[0]
    const id = at(node, 'FolderId')?.attributes.Id
    const parent = at(node, 'ParentFolderId')?.attributes.Id
    const damaged = parent !== undefined && !isId(parent)
    if (node === undefined || !isId(id) || damaged) throw incomplete('GetFolder')
    const property = (tag: string) => {
      const found = all(node, 'ExtendedProperty').find(
        (each) => Number(at(each, 'ExtendedFieldURI')?.attributes.PropertyTag) === Number(tag),
      )
      return textAt(found, 'Value')
    }
    const committed = property(tags.committed)
    const parts = [committed, property(tags.deleted), property(tags.count)]
    const mark = parts.map((part) => part ?? '').join('|')
    const rights = at(node, 'EffectiveRights')
    const displayName = textAt(node, 'DisplayName')
    const may = (right: string) => textAt(rights, right)?.trim() !== 'false'
    return {
      id,
      class: textAt(node, 'FolderClass') ?? (node.name === 'ContactsFolder' ? 'IPF.Contact' : ''),
      parent,
      name: displayName === undefined ? undefined : legal(displayName),
      tag: committed === undefined ? undefined : mark,
      mark: parts.some((part) => part !== undefined) ? mark : undefined,
      committedMs: committed === undefined ? undefined : Date.parse(committed),
      count: countOf(property(tags.count)),
      highWater: highWaterOf(committed, property(tags.deleted)),
      contentMailbox: guidOf(property(tags.replicas)),
      rights: {
        read: may('Read'),
        create: may('CreateContents'),
        modify: may('Modify'),
        delete: may('Delete'),
      },
    }
  },
}

function countOf(text: string | undefined): number | undefined {
  return /^\d{1,10}$/.test(text?.trim() ?? '') ? Number(text) : undefined
}

function highWaterOf(
  committed: string | undefined,
  deleted: string | undefined,
): HighWaterMark | undefined {
  const [committedMs, deletedTotal] = [Date.parse(committed ?? ''), Number(deleted ?? '-')]
  return Number.isNaN(committedMs + deletedTotal) ? undefined : { committedMs, deletedTotal }
}

// PR_REPLICA_LIST is the base64 of a 36-character GUID and a NUL.
function guidOf(base64: string | undefined): string | undefined {
  const text = Buffer.from((base64 ?? '').trim().slice(0, 52), 'base64').toString('latin1')
  const [guid] = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=\0*$)/i.exec(text) ?? []
  return guid?.toLowerCase()
}
