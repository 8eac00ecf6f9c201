// A replica is known by its server, mailbox and path, and so by another name once one of them is renamed. The folder's own id
// tells that it is the same one; then what was agreed of it stays agreed, and nothing is taken for new.
//
// Guarantees: a folder on another server is another one, whatever its id: a copy of a whole Exchange has the same ids.
import { lastName, namesIn, pathOf } from '../api/path.ts'
import { addressOf, type Place, pathIn, placeOfId } from '../api/topology.ts'
import { isHub, type ReplicaId } from '../core/id.ts'
import type { Link, Role } from '../core/model.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Observed } from './observe.ts'
import type { Baseline, Memory, Replica } from './ports.ts'

/** The name that a replica has now, and the one under which it is written down. */
export type Renames = ReadonlyMap<ReplicaId, ReplicaId>

/** Which newcomers show the very folder of one that does not take part any more. */
export function renamesIn(
  before: ReadonlyMap<ReplicaId, Memory>,
  sight: Observed,
  roles: readonly Role[],
): Renames {
  const renames = new Map<ReplicaId, ReplicaId>()
  const present = new Set(roles.map(({ id }) => id))
  for (const { id, hub } of roles) {
    const seen = before.has(id) ? undefined : sight.memories.get(id)
    if (seen?.folder === undefined) continue
    const server = serverOf(id)
    const [from] = [...before].find(
      ([old, memory]) =>
        !present.has(old) &&
        isHub(old) === hub &&
        memory.folder === seen.folder &&
        (hub || serverOf(old) === server),
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
  const all = new Map(renames)
  const named = (id: ReplicaId) => lastName(pathIn(placeOfId(id, '')))
  const [name, oldName] = [named(hub), named(was)]
  const left = [...before.keys()].filter((old) => roles.every(({ id }) => id !== old))
  for (const { id } of roles) {
    const place = placeOfId(id, '')
    if (id === hub || before.has(id) || named(id) !== name || place.kind !== 'mailbox') continue
    const folder = pathOf([...namesIn(place.folder).slice(0, -1), oldName])
    const old = left.find((each) => isOne(placeOfId(each, ''), { ...place, folder }))
    if (old !== undefined) all.set(id, old)
  }
  return all
}

function isOne(one: Place, other: Place): boolean {
  return one.server === other.server && addressOf(one) === addressOf(other)
}

// As the ids name servers: relative to the hub's, which may have got another name meanwhile.
function serverOf(id: ReplicaId): string {
  return placeOfId(id, '').server
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
    const [path, before] = [id, from].map((each) => pathIn(placeOfId(each, '')))
    if (path === undefined || before === undefined || lastName(path) === lastName(before)) continue
    try {
      await replica.rename?.(memory, before, signal)
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
