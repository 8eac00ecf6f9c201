// The first half of a pass: observe every replica, compare the changes with the baseline, plan, and set aside each
// replica that would do too much. Writes nothing anywhere, so it is also what `exsync plan` shows.

import { claimedBy, keepsFrom } from '../api/claims.ts'
import { type Attempt, attemptsByLink } from '../core/attempt.ts'
import { type Guarded, guarded, type Judgement } from '../core/guard.ts'
import type { ItemId, ReplicaId } from '../core/id.ts'
import { type Copy, isAuthoritative, type Link } from '../core/model.ts'
import { demandSize } from '../core/plan-size.ts'
import type { Wanted } from '../core/record.ts'
import { linksWith } from '../core/restore.ts'
import type { View } from '../core/rows.ts'
import { SyncError } from '../core/sync-error.ts'
import { breathing, inParts } from './breathe.ts'
import { type Renames, type Snapshot, snapshotOf } from './continuity.ts'
import { doublesRead } from './doubles.ts'
import { maybeThere } from './maybe-there.ts'
import { type Observed, touchedLinks } from './observe.ts'
import { isOutdated } from './outdated.ts'
import type { PassSpec } from './pass-spec.ts'
import type { Memory } from './ports.ts'
import { wantedBack } from './wanted.ts'

/** The work of a pass, before anything is written anywhere. */
export type Proposal = Readonly<{
  observed: Observed
  guarded: Guarded
  view: View
  /** Replicas that took part before, and no longer do. */
  left: readonly ReplicaId[]
  /** Folders that are stored under another id. */
  renames: Renames
  /** The group begins from nothing: it has another hub, server or resource than before. */
  reset: boolean
  /** Creates whose outcome was unknown before this pass. */
  attempts: readonly Attempt[]
  /** Those of them whose copy may be an unreadable item. */
  hidden: ReadonlySet<Attempt>
}> &
  Wanted

/** Observes and plans; writes nothing, neither to a replica nor to the state. Rejects without the hub. */
export async function propose(spec: PassSpec, signal: AbortSignal): Promise<Proposal> {
  const { rules, approved, ceiling } = spec
  const seen = await completeSnapshot(spec, signal)
  await refuseClaimed(spec, seen.observed, seen.before)
  demandHub(spec, seen.observed)
  const wishes = await wantedBack(seen.baseline, rules, ceiling?.approved ?? approved)
  const stored = await storedLinks(spec, seen, wishes.wanted, signal)
  const hidden = await maybeThere(seen.attempts, seen.observed, seen.baseline)
  const view = viewOf(spec, seen, { stored, hidden, wanted: wishes.wanted })
  const judgement = await judgementOf(spec, seen.baseline)
  const plan = await breathing(guarded(rules, view, judgement))
  return { ...seen, ...wishes, guarded: plan, view, left: leftOf(spec, seen), hidden }
}

function demandHub({ rules }: PassSpec, observed: Observed): void {
  const hub = rules.roles.find((role) => role.hub)
  const seen = hub && observed.observations.get(hub.id)
  if (seen?.state === 'unknown') throw judgedBy(seen.error, observed)
}

function leftOf({ rules }: PassSpec, { before }: Snapshot): readonly ReplicaId[] {
  const present = new Set(rules.roles.map(({ id }) => id))
  return [...before.keys()].filter((id) => !present.has(id))
}

// Every link that is changed, behind or to be restored; all links if a replica is new.
async function storedLinks(
  spec: PassSpec,
  { baseline, observed }: Snapshot,
  wanted: Wanted['wanted'],
  signal: AbortSignal,
): Promise<readonly Link[]> {
  const touched = new Set(await touchedLinks(baseline, observed))
  for (const { link } of wanted) touched.add(link)
  for (const id of await doublesRead(spec, baseline, observed, signal)) touched.add(id)
  if (observed.fresh.length > 0) for (const id of await baseline.everything()) touched.add(id)
  demandSize(spec.rules, { cells: touched.size * spec.rules.roles.length })
  return inParts([...touched], (part) => baseline.links(part))
}

// The stored links as they count now, together with the observations.
function viewOf(
  { rules, audit, clock }: PassSpec,
  { observed, attempts }: Snapshot,
  {
    stored,
    hidden,
    wanted,
  }: Pick<Proposal, 'hidden' | 'wanted'> & Readonly<{ stored: readonly Link[] }>,
): View {
  const present = new Set(rules.roles.map(({ id }) => id))
  const hub = rules.roles.find((role) => role.hub)
  // An authoritative hub decides what exists, also after its folder was replaced: items that it lacks are deleted.
  const supplants = hub !== undefined && isAuthoritative(hub) && observed.replaced.includes(hub.id)
  const isReplaced = (id: ReplicaId) =>
    observed.replaced.includes(id) && !(supplants && id === hub.id)
  const links = stored.map((link) =>
    without(
      link,
      (id, { id: item }) =>
        !present.has(id) || isReplaced(id) || observed.forgotten.get(id)?.has(item) === true,
    ),
  )
  const gone = supplants ? links.flatMap(({ copies }) => copies.get(hub.id)?.id ?? []) : []
  if (supplants) lacking(observed, hub.id, gone)
  return {
    links: linksWith(links, wanted),
    observations: observed.observations,
    rewound: supplants ? new Map([...observed.rewound, [hub.id, 'all']]) : observed.rewound,
    replaced: new Map(
      stored.map(({ id, copies }) => [id, new Map([...copies].filter(([of]) => isReplaced(of)))]),
    ),
    restorations: wanted,
    attempts: attemptsByLink(attempts),
    short: observed.short,
    hidden,
    nowMs: audit ? undefined : clock.now(),
  }
}

function lacking({ observations }: Observed, hub: ReplicaId, gone: readonly ItemId[]): void {
  const seen = observations.get(hub)
  if (seen?.state === 'seen') observations.set(hub, { ...seen, gone })
}

async function judgementOf(
  { limits, rules, approved, ceiling, clock, windowMs }: PassSpec,
  baseline: Snapshot['baseline'],
): Promise<Judgement> {
  return {
    limits,
    items: await baseline.count(),
    alone: rules.roles.length < 2,
    caused: await baseline.causedSince(clock.now() - windowMs),
    approved,
    ceiling,
    epoch: await baseline.approvals(),
  }
}

// If the server answers for other replicas, the error concerns only the hub, and the server is not left alone.
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

// If the folders know more than the state, everything is listed, including the items that the state ignored.
async function completeSnapshot(spec: PassSpec, signal: AbortSignal): Promise<Snapshot> {
  const first = await snapshotOf(spec, signal)
  const { baseline, observed } = first
  const older = !spec.audit && (await isOutdated(baseline, spec.rules, observed))
  return older ? snapshotOf({ ...spec, audit: true }, signal) : first
}

/**
 * Marks as unknown each folder that belongs to another group, or to an earlier participant: one folder under two
 * spellings of a server or a path. The group that holds a folder keeps it; if two hold it, the first by name keeps it.
 * Rejects when the state cannot be read.
 */
export async function refuseClaimed(
  { baseline, rules: { group, roles } }: PassSpec,
  observed: Observed,
  before: ReadonlyMap<ReplicaId, Memory>,
): Promise<void> {
  const claims = await baseline.claims()
  const first = new Set<string>()
  const refusal = (folder: string, id: ReplicaId, hub: boolean): SyncError | undefined => {
    const holder = claims.get(folder)
    if (holder === undefined || !keepsFrom(holder, hub)) return undefined
    const had = before.get(id)?.checkpoint.folder === folder && group < holder.group
    return had ? undefined : claimedBy(group, holder, hub)
  }
  for (const { id, hub } of roles) {
    const folder = observed.memories.get(id)?.checkpoint.folder
    if (folder === undefined) continue
    const error = first.has(folder) ? twice : refusal(folder, id, hub)
    first.add(folder)
    if (error !== undefined) observed.observations.set(id, { state: 'unknown', error })
  }
}

// One server has two names, or one mailbox has two addresses.
const twice = new SyncError(
  'terminal',
  'FolderTwice',
  'the folder is already in the group, under another name: remove the member, or name another folder',
)

function without(link: Link, absent: (id: ReplicaId, copy: Copy) => boolean): Link {
  const copies = [...link.copies].filter(([id, copy]) => !absent(id, copy))
  return copies.length === link.copies.size ? link : { ...link, copies: new Map(copies) }
}
