// Restores of a contact that was deleted, and that a user has entered again meanwhile: the restore edits the new
// contact, so that it does not exist twice.

import type { LinkId } from '../core/id.ts'
import type { Item, ItemType } from '../core/item.ts'
import { into } from '../core/many.ts'
import type { Restoration } from '../core/model.ts'
import { inParts } from './breathe.ts'
import type { Baseline } from './ports.ts'

/**
 * The restore requests. One of a deleted link is turned to the link that shares a natural key with it and does not
 * contradict it, if there is exactly one. Reads the whole group if anything is wanted back of a deleted link. Rejects
 * when the state cannot be read.
 */
export async function reentered<Wanted extends Pick<Restoration, 'link' | 'item'>>(
  baseline: Pick<Baseline, 'links' | 'everything'>,
  type: ItemType,
  wanted: readonly Wanted[],
): Promise<readonly Wanted[]> {
  const there = await inParts([...new Set(wanted.map(({ link }) => link))], (part) =>
    baseline.links(part),
  )
  const alive = new Set(there.flatMap(({ id, agreed }) => (agreed === undefined ? [] : [id])))
  const deleted = wanted.filter(({ link }) => !alive.has(link))
  if (deleted.length === 0) return wanted
  const candidates = await candidatesFor(baseline, type, deleted)
  return wanted.map((each) => {
    const [one, ...others] = candidates.get(each) ?? []
    return one === undefined || others.length > 0 ? each : { ...each, link: one }
  })
}

async function candidatesFor<Wanted extends Pick<Restoration, 'item'>>(
  baseline: Pick<Baseline, 'links' | 'everything'>,
  type: ItemType,
  deleted: readonly Wanted[],
): Promise<ReadonlyMap<Wanted, readonly LinkId[]>> {
  const byKey = new Map<string, Wanted[]>()
  for (const each of deleted) {
    for (const key of type.naturalKeys(each.item)) into(byKey, key, each)
  }
  const found = new Map<Wanted, LinkId[]>()
  const nominate = (id: LinkId, agreed: Item) => {
    const sharing = new Set(type.naturalKeys(agreed).flatMap((key) => byKey.get(key) ?? []))
    for (const each of sharing) {
      if (type.contradicts(each.item, agreed)) continue
      into(found, each, id)
    }
  }
  await inParts(await baseline.everything(), async (part) => {
    for (const { id, agreed } of await baseline.links(part))
      if (agreed !== undefined) nominate(id, agreed)
    return []
  })
  return found
}
