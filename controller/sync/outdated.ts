// A state that is older than the folders: put back from a backup, or begun from nothing while copies were made. It has let
// items pass that are the originals of copies by now, a receive-only member's own for one, and no checkpoint shows them
// again. So the folders are listed whole.
import type { GroupId, ItemId } from '../core/id.ts'
import type { Role } from '../core/model.ts'
import { groupMark } from '../core/stamp.ts'
import type { Observed } from './observe.ts'
import type { Baseline } from './ports.ts'

/**
 * Does a folder whose items travel show a copy that the group made of a link that the state does not know? A copy that
 * was to be read again anyway is no news.
 */
export async function isOutdated(
  baseline: Baseline,
  group: GroupId,
  roles: readonly Role[],
  { observations }: Observed,
): Promise<boolean> {
  const before = await baseline.memories()
  // Where all folders are listed whole anyway, no checkpoint has been believed.
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
