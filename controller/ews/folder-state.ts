// GetFolder: a folder's class, its tag, and the account's rights in it; and the demands on them.
import { legal } from '../core/item.ts'
import { SyncError } from '../core/sync-error.ts'
import { type Codec, isOfClass } from './codec.ts'
import { folderXml } from './envelope.ts'
import type { HighWaterMark } from './folder-notes.ts'
import { incomplete, isId, type Operation, only } from './operations.ts'
import { all, at, textAt } from './xml.ts'

/** The state of a folder, as the server reports it. */
export type FolderState = Readonly<{
  id: string
  class: string
  /** The id of its parent folder, and its name; undefined if the server does not report them. */
  parent: string | undefined
  name: string | undefined
  /** Changes whenever something in the folder changes; undefined if the server does not report it. */
  tag: string | undefined
  /** The reported part of the tag, possibly the count alone; undefined if the server reports nothing. */
  mark: string | undefined
  /** Time of the latest commit, ms since 1970. */
  committedMs: number | undefined
  /** The number of items of all kinds in it; undefined if the server does not report it. */
  count: number | undefined
  /** Latest commit and total of deletes; undefined if the server does not report both. */
  highWater: HighWaterMark | undefined
  /** The GUID of the public folder's content mailbox. */
  contentMailbox: string | undefined
  rights: Readonly<{
    read: boolean
    create: boolean
    modify: boolean
    delete: boolean
    /** Sub-folders may be created. */
    subfolders: boolean
  }>
}>

/**
 * Did the folder go back in time since it was seen? Commit time and total of deletes only grow, whatever clients write;
 * only restoring a backup lowers them (exchange-protocol §8.5, 20). Both must be lower: some servers report the commit
 * time of the newest item, which may have been deleted.
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

/** GetFolder: a folder's tag and the account's rights in it. */
export const getFolder = ({
  folderClass,
  folderElement,
}: Codec): Operation<{ folder: string }, FolderState> => ({
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
      class: textAt(node, 'FolderClass') ?? (node.name === folderElement ? folderClass : ''),
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
        subfolders: may('CreateHierarchy'),
      },
    }
  },
})

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

// PR_REPLICA_LIST is a 36-character GUID and a NUL, in base64.
function guidOf(base64: string | undefined): string | undefined {
  const text = Buffer.from((base64 ?? '').trim().slice(0, 52), 'base64').toString('latin1')
  const [guid] = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=\0*$)/i.exec(text) ?? []
  return guid?.toLowerCase()
}

/** Throws a terminal WrongFolderClass or NoRightToRead unless the folder holds items of the kind and may be read. */
export function demandReadable(state: FolderState, { folderClass }: Codec): void {
  // Some servers do not report the class of a public folder; then the class of each item decides.
  if (state.class !== '' && !isOfClass(state.class, folderClass)) {
    throw new SyncError(
      'terminal',
      'WrongFolderClass',
      `the folder is of class ${state.class}, not ${folderClass}: name another folder`,
    )
  }
  if (!state.rights.read) {
    throw new SyncError(
      'terminal',
      'NoRightToRead',
      'the account may not read the folder: grant it the right',
    )
  }
}

/** Throws a terminal NoRightToWrite unless items may be created, changed and deleted in the folder. */
export function demandWritable({ rights }: FolderState): void {
  const lacking = (['create', 'modify', 'delete'] as const).filter((right) => !rights[right])
  if (lacking.length === 0) return
  throw new SyncError(
    'terminal',
    'NoRightToWrite',
    `the account may not ${lacking.join(', ')} items in the folder: grant it PublishingEditor, or, for a hub, set all members to direction: OneWay`,
  )
}
