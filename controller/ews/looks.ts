// What the looks at a hub and at a member's folder have in common: reading what is new or changed, and
// making sure that what a listing lacks is really gone. Half a listing, or a folder that we may no
// longer see, reads as a mass deletion: so nothing counts as gone on one witness alone.
import { digestOf, type ItemId } from '../core/id.ts'
import type { Item } from '../core/item.ts'
import type { Found } from '../core/link.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Known } from '../sync/ports.ts'
import type { FolderState } from './folder-state.ts'
import { type Items, readMax } from './items.ts'
import type { Ref } from './operations.ts'

/** What a read brought: items, those that could not be read and shall be tried again, and those that are not there. */
export type Read = Readonly<{
  found: readonly Found[]
  unreadable: readonly ItemId[]
  missing: readonly ItemId[]
}>

/** Those of the listed items whose version is not the known one. */
export async function moved(refs: readonly Ref[], known: Known): Promise<readonly ItemId[]> {
  const versions = await known.versions(refs.map(({ id }) => id))
  return refs.filter(({ id, version }) => versions.get(id) !== version).map(({ id }) => id)
}

/** Of what was not there when it was read: what we know, and nobody has told that it is gone. It is read again. */
export async function unsettled(
  missing: readonly ItemId[],
  gone: readonly ItemId[],
  known: Known,
): Promise<readonly ItemId[]> {
  if (missing.length === 0) return []
  const ours = await known.versions(missing)
  return missing.filter((id) => ours.has(id) && !gone.includes(id))
}

/** Reads the items. An unreadable one is passed over, and tried again; a transient error is the replica's. */
export async function readAll(
  items: Items,
  pool: Pool,
  ids: readonly ItemId[],
  signal: AbortSignal,
): Promise<Read> {
  const found: Found[] = []
  const unreadable: ItemId[] = []
  const missing: ItemId[] = []
  for (let from = 0; from < ids.length; from += readMax) {
    const page = ids.slice(from, from + readMax)
    const got = await items.read(page, signal)
    got.forEach((each, index) => {
      const id = page[index]
      if (each instanceof SyncError) {
        if (each.kind === 'transient') throw each
        if (each.code !== 'OtherKind' && id !== undefined) unreadable.push(id)
      } else if (each !== undefined) found.push(pool.kept(each))
      else if (id !== undefined) missing.push(id)
    })
  }
  return { found, unreadable, missing }
}

/**
 * Items that are kept for the length of a pass. Equal ones are held once, whatever the number of members
 * that show them: without that, a lost state of 10,000 items and 10 members took a gigabyte. And V8 cuts
 * texts out of the chunk that they came in, which then stays in memory as long as they do: so what is
 * kept is copied out of it.
 */
export class Pool {
  readonly #items = new Map<string, Item>()

  /** The same, held by nothing but itself. */
  kept({ item, ...rest }: Found): Found {
    const text = JSON.stringify(item)
    const key = digestOf(text)
    const held = this.#items.get(key) ?? (JSON.parse(text) as Item)
    this.#items.set(key, held)
    return { ...(JSON.parse(JSON.stringify(rest)) as typeof rest), item: held }
  }
}

/** Those that a listing lacks and that the server also says one by one are not there. */
export async function confirmedGone(
  items: Items,
  missing: readonly ItemId[],
  signal: AbortSignal,
): Promise<readonly ItemId[]> {
  const got = await items.read(missing, signal)
  return missing.filter((id, index) => {
    const each = got[index]
    if (each instanceof SyncError)
      throw new SyncError(
        'transient',
        'ListingIncomplete',
        'a listing lacks items that the server cannot tell about; it is listed again',
      )
    if (each !== undefined)
      throw new SyncError(
        'transient',
        'ListingIncomplete',
        'a listing lacks items that are still there; it is listed again',
      )
    return id !== undefined
  })
}

/** Throws unless the folder holds contacts and may be read. */
export function demandReadable(state: FolderState): void {
  // Some servers keep silent about the class of a public folder; then items themselves must tell.
  if (state.class !== '' && !/^IPF\.Contact($|\.)/i.test(state.class)) {
    throw new SyncError(
      'terminal',
      'WrongFolderClass',
      `the folder is of class ${state.class}, not IPF.Contact: name another folder`,
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

/** Throws unless items may be created, changed and deleted in the folder. */
export function demandWritable({ rights }: FolderState, whose: string): void {
  const lacking = (['create', 'modify', 'delete'] as const).filter((right) => !rights[right])
  if (lacking.length === 0) return
  throw new SyncError(
    'terminal',
    'NoRightToWrite',
    `the account may not ${lacking.join(', ')} items in ${whose}: grant it PublishingEditor, or make the members OneWay`,
  )
}
