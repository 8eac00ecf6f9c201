// The first half of a pass: look at every replica, lay what changed beside the baseline, plan, with whoever
// would do too much set aside. Writes nothing anywhere, so it is also what `exsync plan` shows.

import { claimedBy, keepsFrom } from '../api/claims.ts'
import { type Attempt, attemptsByLink, waits } from '../core/attempt.ts'
import { type Guarded, guarded } from '../core/guard.ts'
import type { ReplicaId } from '../core/id.ts'
import type { Copy, Link } from '../core/model.ts'
import { linksWith } from '../core/restore.ts'
import type { View } from '../core/rows.ts'
import { SyncError } from '../core/sync-error.ts'
import { anotherHub, blank } from './blank.ts'
import { breathing, inParts } from './breathe.ts'
import { type Wanted, wantedBack } from './consequences.ts'
import { doublesRead } from './doubles.ts'
import { maybeThere } from './maybe-there.ts'
import { type Observed, observe, touchedLinks } from './observe.ts'
import { isOutdated } from './outdated.ts'
import type { PassSpec } from './pass-spec.ts'
import type { Baseline, Identity, Memory } from './ports.ts'
import { type Renames, renamed, renamesAfterHub, renamesIn } from './renamed.ts'

/** What a pass would do, before anything is written anywhere. */
export type Proposal = Readonly<{
  sight: Observed
  guarded: Guarded
  view: View
  /** Replicas that took part before, and do not any more. */
  left: readonly ReplicaId[]
  /** Folders that are known under another name. */
  renames: Renames
  /** The group has another hub than before, and begins anew. */
  reset: boolean
  /** Creates whose outcome was unknown before this pass. */
  attempts: readonly Attempt[]
  /** Those whose copy may be an item that cannot be read. */
  hidden: ReadonlySet<Attempt>
}> &
  Wanted

/** Observes and plans; writes nothing, neither to a replica nor to the state. Rejects without the hub. */
export async function propose(course: PassSpec, signal: AbortSignal): Promise<Proposal> {
  const { rules, group, limits, approved } = course
  const { baseline, sight, renames, reset, before, attempts } = await lookedWhole(course, signal)
  const hub = rules.roles.find((role) => role.hub)
  await refuseClaimed(course, sight, before)
  const seen = hub === undefined ? undefined : sight.observations.get(hub.id)
  if (seen?.state === 'unknown') throw judgedBy(seen.error, sight)

  const { wanted, barred } = await wantedBack(baseline, rules, course.ceiling?.approved ?? approved)
  const touched = new Set(await touchedLinks(baseline, sight))
  for (const { link } of wanted) touched.add(link)
  for (const id of await doublesRead(course, baseline, sight, signal)) touched.add(id)
  if (sight.fresh.length > 0) for (const id of await baseline.everything()) touched.add(id)
  const present = new Set(rules.roles.map(({ id }) => id))
  const stored = await inParts([...touched], (part) => baseline.links(part))
  // Where the hub receives nothing, another folder in its place says what there is: what it lacks is gone.
  const stands = (id: ReplicaId) => id === hub?.id && !hub.receives
  const links = stored.map((link) =>
    without(
      link,
      (id, { id: item }) =>
        !present.has(id) ||
        (sight.replaced.includes(id) && !stands(id)) ||
        sight.forgotten.get(id)?.has(item) === true,
    ),
  )
  const replaced = new Map(
    stored.map(({ id, copies }) => [
      id,
      new Map([...copies].filter(([of]) => sight.replaced.includes(of) && !stands(of))),
    ]),
  )
  const restored = new Map(sight.restored)
  if (hub !== undefined && seen?.state === 'seen' && sight.replaced.some(stands)) {
    const gone = links.flatMap(({ copies }) => copies.get(hub.id)?.id ?? [])
    sight.observations.set(hub.id, { ...seen, gone })
    restored.set(hub.id, 'all')
  }
  const hidden = await maybeThere(attempts, sight, baseline)
  const view: View = {
    group,
    type: rules.type,
    roles: rules.roles,
    links: linksWith(links, wanted),
    observations: sight.observations,
    restored,
    replaced,
    restorations: wanted,
    attempts: attemptsByLink(attempts),
    short: sight.short,
    waits: (attempt, revision) =>
      attempt !== undefined &&
      (hidden.has(attempt) || (!course.audit && waits(attempt, revision, course.clock.now()))),
  }
  const since = course.clock.now() - course.windowMs
  const judgement = {
    limits,
    items: await baseline.count(),
    alone: rules.roles.length < 2,
    caused: await baseline.causedSince(since),
    approved,
    ceiling: course.ceiling,
    epoch: await baseline.approvals(),
  }
  const left = [...before.keys()].filter((id) => !present.has(id))
  const plan = await breathing(guarded(rules, view, judgement))
  return { sight, guarded: plan, view, left, renames, reset, attempts, hidden, wanted, barred }
}

// A hub that alone fails to answer on a server that answers for others is no reason to leave that server alone.
function judgedBy(error: SyncError, { observations }: Observed): SyncError {
  const { kind, code, message, backOffMs } = error
  const others = [...observations.values()].some(({ state }) => state === 'seen')
  if (!others || !requests.has(code)) return error
  return new SyncError(kind, code, message, { backOffMs, local: true, cause: error })
}

const requests: ReadonlySet<string> = new Set([
  'ConnectionLost',
  'HttpError',
  'RequestTimeout',
  'ServerTooSlow',
])

/** A look at every replica, with the baseline to compare it with. */
export type Looked = Readonly<{
  /** The baseline as this pass must read it. */
  baseline: Baseline
  sight: Observed
  renames: Renames
  reset: boolean
  before: ReadonlyMap<ReplicaId, Memory>
  attempts: readonly Attempt[]
}>

// Where the folders know more than the state, what it let pass is looked at as well.
async function lookedWhole(course: PassSpec, signal: AbortSignal): Promise<Looked> {
  const first = await looked(course, signal)
  const { baseline, sight } = first
  const older =
    !course.audit && (await isOutdated(baseline, course.group, course.rules.roles, sight))
  return older ? looked({ ...course, audit: true }, signal) : first
}

/**
 * Looks at every replica and writes nothing. A folder or a mailbox that was renamed is compared with what is known of it
 * under its former name.
 */
export async function looked(course: PassSpec, signal: AbortSignal): Promise<Looked> {
  const { roles } = course.rules
  const was = await course.baseline.identity()
  const look = async (
    stored: Baseline,
    renames: Renames,
    another = anotherUid(was, course.identity),
  ): Promise<Looked> => {
    const before = await stored.memories()
    const reset = another || anotherHub([...before.keys()], roles)
    const baseline = reset ? blank(stored) : stored
    const attempts = await baseline.attempts()
    const nowMs = course.clock.now()
    const due = attempts.filter((each) => !each.seen && !waits(each, each.revision, nowMs))
    const { codec } = course.rules.type
    const manner = { audit: course.audit, attempts: due, codec, nowMs }
    const sight = await observe(course.replicas, baseline, manner, signal)
    return { baseline, sight, renames: reset ? new Map() : renames, reset, before, attempts }
  }
  const first = await look(course.baseline, new Map())
  // One change may be another name of the same server, where the hub is the folder that it was.
  const moves = first.reset ? 0 : movesOf(was, course.identity)
  if (moves > 0) {
    const hub = roles.find((role) => role.hub)
    const [old, now] = [first.before, first.sight.memories].map(
      (of) => hub && of.get(hub.id)?.folder,
    )
    const another = moves > 1 || old !== now
    if (old !== undefined && now !== undefined && another)
      return look(course.baseline, new Map(), true)
  }
  const same = renamesIn(first.before, first.sight, roles)
  const renames = renamesAfterHub(first.before, same, roles)
  return renames.size === 0 ? first : look(renamed(course.baseline, renames), renames)
}

// A resource that was made anew under the name is another group, whatever the state remembers of the old one.
function anotherUid(was: Identity, now: Identity | undefined): boolean {
  return was.uid !== undefined && now?.uid !== undefined && was.uid !== now.uid
}

// How many of the server's names are others than before.
function movesOf(was: Identity, now: Identity = {}): number {
  const moved = (before?: string, after?: string) => before !== undefined && before !== after
  return Number(moved(was.server, now.server)) + Number(moved(was.url, now.url))
}

/**
 * Marks as unknown each folder that belongs to another group, or to an earlier participant: one folder under two spellings
 * of a server or a path. The group that has it keeps it, else the first by name.
 */
export async function refuseClaimed(
  { baseline, group, rules }: PassSpec,
  sight: Observed,
  before: ReadonlyMap<ReplicaId, Memory>,
): Promise<void> {
  const claims = await baseline.claims()
  const first = new Set<string>()
  const refusal = (folder: string, id: ReplicaId, hub: boolean): SyncError | undefined => {
    const holder = claims.get(folder)
    if (holder === undefined || !keepsFrom(holder, hub)) return undefined
    const had = before.get(id)?.folder === folder && group < holder.group
    return had ? undefined : claimedBy(group, holder, hub)
  }
  for (const { id, hub } of rules.roles) {
    const folder = sight.memories.get(id)?.folder
    if (folder === undefined) continue
    const error = first.has(folder) ? twice : refusal(folder, id, hub)
    first.add(folder)
    if (error !== undefined) sight.observations.set(id, { state: 'unknown', error })
  }
}

// Two names of one server, or two addresses of one mailbox.
const twice = new SyncError(
  'terminal',
  'FolderTwice',
  'the folder takes part already, under another name: remove the member, or name another folder',
)

function without(link: Link, absent: (id: ReplicaId, copy: Copy) => boolean): Link {
  const copies = [...link.copies].filter(([id, copy]) => !absent(id, copy))
  return copies.length === link.copies.size ? link : { ...link, copies: new Map(copies) }
}
