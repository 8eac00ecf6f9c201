// A replica is known by its mailbox and path, and so by another name once somebody renames either. The folder's
// own id tells that it is the same one; then what was agreed of it stays agreed, and nothing is taken for new.
import { isHub, type ReplicaId } from '../core/id.ts'
import type { Link, Role } from '../core/link.ts'
import type { Sight } from './observe.ts'
import type { Baseline, Memory } from './ports.ts'

/** The name that a replica has now, and the one under which it is written down. */
export type Renames = ReadonlyMap<ReplicaId, ReplicaId>

/** Which newcomers show the very folder of one who does not take part any more. */
export function renamesIn(
  before: ReadonlyMap<ReplicaId, Memory>,
  sight: Sight,
  roles: readonly Role[],
): Renames {
  const renames = new Map<ReplicaId, ReplicaId>()
  const present = new Set(roles.map(({ id }) => id))
  for (const { id, hub } of roles) {
    const folder = before.has(id) ? undefined : sight.memories.get(id)?.folder
    if (folder === undefined) continue
    const [from] = [...before].find(
      ([old, memory]) => !present.has(old) && isHub(old) === hub && memory.folder === folder,
    ) ?? [undefined]
    if (from !== undefined) renames.set(id, from)
  }
  return renames
}

/** The baseline as it reads under the new names. What it is asked to write, it writes as it is told. */
export function renamed(baseline: Baseline, renames: Renames): Baseline {
  const now = new Map([...renames].map(([to, from]) => [from, to]))
  const old = (id: ReplicaId) => renames.get(id) ?? id
  const keyed = <Value>(map: ReadonlyMap<ReplicaId, Value>): ReadonlyMap<ReplicaId, Value> =>
    new Map([...map].map(([id, value]) => [now.get(id) ?? id, value]))
  const called = (link: Link): Link => ({
    ...link,
    copies: keyed(link.copies),
    declined: new Set([...link.declined].map((id) => now.get(id) ?? id)),
  })
  return {
    identity: () => baseline.identity(),
    group: baseline.group,
    memories: async () => keyed(await baseline.memories()),
    known: (replica) => baseline.known(old(replica)),
    linksOf: (replica, items) => baseline.linksOf(old(replica), items),
    linksNamed: (marks) => baseline.linksNamed(marks),
    deviating: (replica) => baseline.deviating(old(replica)),
    unsettled: () => baseline.unsettled(),
    everything: () => baseline.everything(),
    links: async (ids) => (await baseline.links(ids)).map(called),
    count: () => baseline.count(),
    causedSince: async (timeMs) => keyed(await baseline.causedSince(timeMs)),
    approvals: () => baseline.approvals(),
    conflicts: () => baseline.conflicts(),
    claims: () => baseline.claims(),
    restorations: () => baseline.restorations(),
    commit: (change) => baseline.commit(change),
  }
}
