// Detects a state that is older than the folders: it was restored from a backup, or began from nothing while copies
// were created. Such a state has ignored items that are originals of copies by now, for example those of a receive-only
// member, and no checkpoint lists them again. Then all folders are listed whole.
import type { ItemId } from '../core/id.ts'
import type { Rules } from '../core/model.ts'
import { groupMark } from '../core/stamp.ts'
import type { Observed } from './observe.ts'
import type { Baseline } from './ports.ts'

/**
 * Does a folder of a writing role show a copy that this group created of a link that the state does not know? Copies
 * that are to be read again anyway do not count.
 */
export async function isOutdated(
  baseline: Baseline,
  { group, roles }: Rules,
  { observations }: Observed,
): Promise<boolean> {
  const before = await baseline.memories()
  // If all folders are listed whole anyway, no checkpoint was used.
  if ([...before.values()].every(({ relist }) => relist)) return false
  const mark = groupMark(group)
  for (const { id } of roles.filter(({ writes }) => writes)) {
    const seen = observations.get(id)
    if (seen?.state !== 'seen') continue
    const known = new Set<ItemId>(before.get(id)?.recheck)
    const ours = seen.changed.filter((one) => one.stamp?.group === mark && !known.has(one.id))
    const links = ours.flatMap(({ stamp }) => stamp?.link ?? [])
    const stored = new Set((await baseline.links(links)).map((link) => link.id))
    const strange = ours.filter(({ stamp }) => stamp !== undefined && !stored.has(stamp.link))
    for (const item of strange)
      if ((await baseline.linksOf(id, [item.id])).length === 0) return true
  }
  return false
}
