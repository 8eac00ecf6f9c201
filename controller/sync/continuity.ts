// Decides which part of the baseline still counts for the group as it is declared now.
//
//   another resource under the name, another hub, another server │ nothing: the group begins from nothing
//   a folder under another address or path                       │ all of it, under the new id
//   another kind of items                                        │ refused
//
// The id of a replica consists of its server, mailbox and path, so a rename gives it another id. The id of its folder
// shows that it is the same replica: then its agreements stay, and nothing counts as new. A folder on another server is
// another folder, even with the same id: a copied Exchange has the same ids.

import { lastName, namesIn, pathOf } from '../api/path.ts'
import { addressOf, type Place, pathIn, placeOfId } from '../api/topology.ts'
import { type Attempt, waits } from '../core/attempt.ts'
import { isHub, type ReplicaId } from '../core/id.ts'
import type { Link, Role } from '../core/model.ts'
import { SyncError } from '../core/sync-error.ts'
import { type Observed, observe } from './observe.ts'
import type { PassSpec } from './pass-spec.ts'
import type { Baseline, Identity, Memory, Replica } from './ports.ts'

/** The observations of every replica, with the baseline to compare them with. */
export type Snapshot = Readonly<{
  /** The baseline as this pass must read it. */
  baseline: Baseline
  observed: Observed
  renames: Renames
  reset: boolean
  before: ReadonlyMap<ReplicaId, Memory>
  attempts: readonly Attempt[]
}>

/**
 * Lists every replica; writes nothing. A renamed folder or mailbox is compared with the baseline under its former id.
 * Rejects with a terminal KindChanged when the group was of another kind.
 */
export async function snapshotOf(spec: PassSpec, signal: AbortSignal): Promise<Snapshot> {
  const { baseline: stored, identity, rules } = spec
  const was = await stored.identity()
  refuseKind(was, identity, rules.type.name)
  const as = { stored, renames: new Map(), reset: anotherUid(was, identity) }
  const first = await snapshotUnder(spec, as, signal)
  if (!first.reset && isAnotherServer(first, spec, was))
    return snapshotUnder(spec, { ...as, reset: true }, signal)
  const same = renamesIn(first.before, first.observed, rules.roles)
  const renames = renamesAfterHub(first.before, same, rules.roles)
  if (renames.size === 0) return first
  return snapshotUnder(spec, { ...as, stored: renamed(stored, renames), renames }, signal)
}

async function snapshotUnder(
  spec: PassSpec,
  {
    stored,
    renames,
    reset: another,
  }: Readonly<{ stored: Baseline; renames: Renames; reset: boolean }>,
  signal: AbortSignal,
): Promise<Snapshot> {
  const { rules, replicas, audit } = spec
  const before = await stored.memories()
  const reset = another || anotherHub([...before.keys()], rules.roles)
  const baseline = reset ? blank(stored) : stored
  const attempts = await baseline.attempts()
  const nowMs = spec.clock.now()
  const due = attempts.filter((each) => !each.seen && !waits(each, each.revision, nowMs))
  const { progress } = spec
  progress?.reading(replicas.map(({ role }) => role.id))
  const watched = progress === undefined ? {} : { onListed: progress.listed }
  const manner = { audit, attempts: due, codec: rules.type.codec, nowMs, ...watched }
  const observed = await observe(replicas, baseline, manner, signal)
  return { baseline, observed, renames: reset ? new Map() : renames, reset, before, attempts }
}

// One changed name may be a rename of the same server, if the hub still has the same folder.
function isAnotherServer(
  { before, observed }: Snapshot,
  { rules, identity }: PassSpec,
  was: Identity,
) {
  const moves = movesOf(was, identity)
  const hub = rules.roles.find((role) => role.hub)?.id
  if (moves === 0 || hub === undefined) return false
  const [old, now] = [before, observed.memories].map((of) => of.get(hub)?.checkpoint.folder)
  return old !== undefined && now !== undefined && (moves > 1 || old !== now)
}

// The folders hold copies of the other kind, so the group cannot continue under this name.
function refuseKind(was: Identity, now: Identity | undefined, kind: string): void {
  if (was.kind === undefined || was.kind === kind || anotherUid(was, now)) return
  throw new SyncError(
    'terminal',
    'KindChanged',
    `the group was of the kind ${was.kind} and is declared as ${kind} now: declare it as ${was.kind} again, or delete it and declare the new one under another name`,
  )
}

// A resource that was created again under the name is another group, whatever the state holds.
function anotherUid(was: Identity, now: Identity | undefined): boolean {
  return was.uid !== undefined && now?.uid !== undefined && was.uid !== now.uid
}

// The number of changed names of the server: its resource and its URL.
function movesOf(was: Identity, now: Identity = {}): number {
  const moved = (before?: string, after?: string) => before !== undefined && before !== after
  return Number(moved(was.server, now.server)) + Number(moved(was.url, now.url))
}

// Had the group another hub before?
function anotherHub(before: readonly ReplicaId[], roles: readonly Role[]): boolean {
  const hub = roles.find((role) => role.hub)
  return hub !== undefined && before.some(isHub) && !before.includes(hub.id)
}

// An empty view of the baseline. Commits go through to the real one.
function blank(baseline: Baseline): Baseline {
  return {
    group: baseline.group,
    identity: () => baseline.identity(),
    memories: async () => new Map(),
    known: () => ({ versions: async () => new Map(), all: async () => new Map() }),
    linksOf: async () => [],
    linksNamed: async () => [],
    unsettled: async () => [],
    everything: async () => [],
    links: async () => [],
    count: async () => 0,
    deviating: async () => [],
    attempts: async () => [],
    outdated: async () => [],
    restorations: async () => [],
    causedSince: (timeMs) => baseline.causedSince(timeMs),
    approvals: () => baseline.approvals(),
    historySince: () => baseline.historySince(),
    conflicts: () => baseline.conflicts(),
    claims: () => baseline.claims(),
    commit: (change) => baseline.commit(change),
  }
}

/** The renamed replicas: current id → id in the stored baseline. */
export type Renames = ReadonlyMap<ReplicaId, ReplicaId>

// Finds new replicas whose folder is that of a replica that left.
function renamesIn(
  before: ReadonlyMap<ReplicaId, Memory>,
  observed: Observed,
  roles: readonly Role[],
): Renames {
  const renames = new Map<ReplicaId, ReplicaId>()
  const present = new Set(roles.map(({ id }) => id))
  for (const { id, hub } of roles) {
    const seen = before.has(id) ? undefined : observed.memories.get(id)
    if (seen?.checkpoint.folder === undefined) continue
    const server = serverOf(id)
    const [from] = [...before].find(
      ([old, memory]) =>
        !present.has(old) &&
        isHub(old) === hub &&
        memory.checkpoint.folder === seen.checkpoint.folder &&
        (hub || serverOf(old) === server),
    ) ?? [undefined]
    if (from !== undefined) renames.set(id, from)
  }
  return renames
}

// A member without a declared folder uses the hub's folder name. When the hub's folder is renamed, the folder of such a
// member is the same one under the new name, too.
function renamesAfterHub(
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

// The server as the id names it: relative to the hub's server, which may have been renamed meanwhile.
function serverOf(id: ReplicaId): string {
  return placeOfId(id, '').server
}

/**
 * Renames members' folders that still have their former names. A folder that cannot be renamed keeps its name. Rejects
 * when the signal aborts.
 */
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
      await replica.rename?.(memory.checkpoint, before, signal)
    } catch (error) {
      // The folder is found by its id, so it also works under its former name.
      if (!(error instanceof SyncError) || signal.aborted) throw error
    }
  }
}

// A view of the baseline under the new ids. Commits go through unchanged.
function renamed(baseline: Baseline, renames: Renames): Baseline {
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
