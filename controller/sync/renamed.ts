// A replica is known by its mailbox and path, and so by another name once somebody renames either. The folder's
// own id tells that it is the same one; then what was agreed of it stays agreed, and nothing is taken for new.

import { lastName, namesIn, pathOf } from '../api/path.ts'
import { isHub, type ReplicaId } from '../core/id.ts'
import type { Link, Role } from '../core/model.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Sight } from './observe.ts'
import type { Baseline, Memory, Replica } from './ports.ts'

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
    const folder = before.has(id) ? undefined : sight.memories.get(id)?.checkpoint.folder
    if (folder === undefined) continue
    const [from] = [...before].find(
      ([old, memory]) =>
        !present.has(old) && isHub(old) === hub && memory.checkpoint.folder === folder,
    ) ?? [undefined]
    if (from !== undefined) renames.set(id, from)
  }
  return renames
}

/**
 * The renames of members whose folder bears the hub's name because none is declared for them: when the hub is the same
 * folder under another name, so is theirs.
 */
export function renamesAfterHub(
  before: ReadonlyMap<ReplicaId, Memory>,
  renames: Renames,
  roles: readonly Role[],
): Renames {
  const hub = roles.find((role) => role.hub)?.id
  const was = hub && renames.get(hub)
  if (hub === undefined || was === undefined) return renames
  const present = new Set(roles.map(({ id }) => id))
  const all = new Map(renames)
  const [name, oldName] = [lastNameIn(hub), lastNameIn(was)]
  for (const { id } of roles) {
    if (id === hub || before.has(id) || lastNameIn(id) !== name) continue
    const names = [...namesIn(pathIn(id)).slice(0, -1), oldName]
    const old = (id.slice(0, id.indexOf(':') + 1) + pathOf(names)) as ReplicaId
    if (before.has(old) && !present.has(old)) all.set(id, old)
  }
  return all
}

function pathIn(id: ReplicaId): string {
  return id.slice(id.indexOf(':') + 1)
}

function lastNameIn(id: ReplicaId): string {
  return lastName(pathIn(id))
}

/** Gives the members' folders their new names, where they still bear the old ones. */
export async function renameFolders(
  renames: Renames,
  replicas: readonly Replica[],
  memories: ReadonlyMap<ReplicaId, Memory>,
  signal: AbortSignal,
): Promise<void> {
  for (const replica of replicas) {
    const { id, hub } = replica.role
    const [from, memory] = [renames.get(id), memories.get(id)]
    if (hub || from === undefined || memory === undefined) continue
    if (lastNameIn(from) === lastNameIn(id)) continue
    try {
      await replica.rename?.(memory.checkpoint, pathIn(from), signal)
    } catch (error) {
      // The folder is known by its id: with its old name it goes on as well.
      if (!(error instanceof SyncError) || signal.aborted) throw error
    }
  }
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
    attempts: async () =>
      (await baseline.attempts()).map((each) => ({
        ...each,
        replica: now.get(each.replica) ?? each.replica,
      })),
    outdated: (replica, codec, max) => baseline.outdated(old(replica), codec, max),
    unsettled: () => baseline.unsettled(),
    everything: () => baseline.everything(),
    links: async (ids) => (await baseline.links(ids)).map(called),
    count: () => baseline.count(),
    causedSince: async (timeMs) => keyed(await baseline.causedSince(timeMs)),
    approvals: () => baseline.approvals(),
    historySince: () => baseline.historySince(),
    conflicts: () => baseline.conflicts(),
    claims: () => baseline.claims(),
    restorations: () => baseline.restorations(),
    commit: (change) => baseline.commit(change),
  }
}
