// One pass: observe, plan, guard, apply, fold.
//
// Flow: look at every replica; lay what changed beside the baseline; plan, with whoever would do too
// much set aside; write the agreement down, together with what is kept and with the cursors that it
// consumed; carry it out, outcome by outcome; note who is behind; move past our own echo.
// Guarantees: nothing is overwritten or deleted that was not kept first; it may die anywhere, and what
// is not done is behind.
// Assumptions: one pass per group at a time.
// Caveats: without the hub nothing is decided, nothing written, and nothing consumed.
import { agreementOf, settled } from '../core/fold.ts'
import { type Guarded, guarded, type Limits } from '../core/guard.ts'
import type { GroupId, LinkId, ReplicaId } from '../core/id.ts'
import type { Link, Observation } from '../core/link.ts'
import type { Rules } from '../core/plan.ts'
import { membersOf, type Problem, type Report } from '../core/report.ts'
import { linksWith } from '../core/restore.ts'
import type { View } from '../core/rows.ts'
import { SyncError, syncErrorOf } from '../core/sync-error.ts'
import type { Applied } from './applied.ts'
import { apply } from './apply.ts'
import { anotherHub, blank } from './blank.ts'
import { causedBy, keptOf, notesOf, restoredBy, type Wanted, wantedBack } from './consequences.ts'
import { observe, type Sight, touchedLinks } from './observe.ts'
import type { Baseline, Change, Clock, Memory, Replica } from './ports.ts'
import { pendingOf, remember, withRecheck } from './remember.ts'

/** All that a pass needs. Durations in ms. */
export type Course = Readonly<{
  group: GroupId
  /** A name for this pass, for the journal. */
  name: string
  rules: Rules
  replicas: readonly Replica[]
  baseline: Baseline
  limits: Limits
  windowMs: number
  /** Hashes of refusals that somebody approved. */
  approved: ReadonlySet<string>
  /** After this time no further batch is begun. */
  budgetMs: number
  /** Was the controller asked to stop? Then no further batch is begun either. */
  stopping: () => boolean
  /** Look at everything, not only at what changed. */
  audit: boolean
  clock: Clock
}>

/** What a pass would do, before anything is written anywhere. */
export type Proposal = Readonly<{
  sight: Sight
  guarded: Guarded
  view: View
  beforeRoles: readonly ReplicaId[]
  /** The group has another hub than before, and begins anew. */
  reset: boolean
}> &
  Wanted

/** Observes and plans; writes nothing, neither to a replica nor to the state. Rejects without the hub. */
export async function propose(course: Course, signal: AbortSignal): Promise<Proposal> {
  const { rules, replicas, group, limits, approved } = course
  const beforeRoles = [...(await course.baseline.memories()).keys()]
  const reset = anotherHub(beforeRoles, rules.roles)
  const baseline = reset ? blank(course.baseline) : course.baseline
  const sight = await observe(replicas, baseline, course.audit, signal)
  const hub = rules.roles.find((role) => role.hub)
  const seen = hub === undefined ? undefined : sight.observations.get(hub.id)
  if (seen?.state === 'unknown') throw seen.error

  await refuseClaimed(course, sight)
  const { wanted, barred } = await wantedBack(baseline, rules)
  const touched = new Set(await touchedLinks(baseline, sight))
  for (const { link } of wanted) touched.add(link)
  if (sight.fresh.length > 0) for (const id of await baseline.everything()) touched.add(id)
  const present = new Set(rules.roles.map(({ id }) => id))
  const stored = await baseline.links([...touched])
  // Where the hub receives nothing, another folder in its place says what there is: what it lacks is gone.
  const stands = (id: ReplicaId) => id === hub?.id && !hub.receives
  const links = stored.map((link) =>
    without(link, (id) => !present.has(id) || (sight.replaced.includes(id) && !stands(id))),
  )
  if (hub !== undefined && seen?.state === 'seen' && sight.replaced.some(stands)) {
    const gone = links.flatMap(({ copies }) => copies.get(hub.id)?.id ?? [])
    sight.observations.set(hub.id, { ...seen, gone })
  }
  const view: View = {
    group,
    type: rules.type,
    roles: rules.roles,
    links: linksWith(links, wanted),
    observations: sight.observations,
    restorations: wanted,
  }
  const since = course.clock.now() - course.windowMs
  const judgement = {
    limits,
    items: await baseline.count(),
    caused: await baseline.causedSince(since),
    approved,
  }
  return {
    sight,
    guarded: guarded(rules, view, judgement),
    view,
    beforeRoles,
    reset,
    wanted,
    barred,
  }
}

/** Makes one pass. Rejects with a SyncError when nothing could be decided, and when the signal aborts. */
export async function pass(course: Course, signal: AbortSignal): Promise<Report> {
  const startMs = course.clock.now()
  const { baseline, rules, replicas, clock } = course
  const at = () => ({ timeMs: clock.now(), pass: course.name })
  const proposal = await propose(course, signal)
  const { plan, observations, refusals } = proposal.guarded
  // What was not used is not consumed: neither who was set aside, nor anybody when it was the hub.
  const decided = rules.roles.every(({ id, hub }) => !hub || observations.get(id)?.state === 'seen')
  const used = ([id]: [ReplicaId, Memory]) => decided && observations.get(id)?.state === 'seen'
  const memories = new Map([...proposal.sight.memories].filter(used))
  const kept = plan.steps.flatMap(keptOf)
  const pending = pendingOf(plan.steps)
  const left = proposal.beforeRoles.filter((id) => !rules.roles.some((role) => role.id === id))
  await baseline.commit({
    at: at(),
    reset: proposal.reset && decided,
    left: [...left, ...(decided ? proposal.sight.replaced : [])],
    unsettle: proposal.sight.fresh.length > 0,
    agreements: plan.steps.map(agreementOf),
    kept,
    conflicts: kept.filter(({ reason }) => reason === 'Conflict').flatMap(notesOf),
    caused: causedBy(plan.steps, rules.roles),
    memories: withRecheck(memories, pending),
    restored: decided ? restoredBy(proposal, plan, rules) : [],
  })

  const ready = await prepared(plan.steps, replicas, memories, signal)
  const applied = await apply(
    plan,
    {
      group: course.group,
      type: rules.type,
      replicas: replicas.filter(({ role }) => !ready.failures.has(role.id)),
      baseline,
      at,
      due: () => course.stopping() || clock.now() - startMs > course.budgetMs,
    },
    signal,
  )
  for (const [id, failure] of ready.failures) applied.failures.set(id, failure)

  const behind = await settle(
    course,
    at,
    new Set(proposal.view.links.map(({ id }) => id)),
    plan.steps,
  )
  await remember(course, at, ready.memories, pending, applied, signal)
  return reportOf(course, startMs, { observations, refusals, applied, behind, kept: kept.length })
}

// One folder under two spellings of a server or a path: whoever has it keeps it, else the first by name.
async function refuseClaimed({ baseline, group, rules }: Course, sight: Sight): Promise<void> {
  const claims = await baseline.claims()
  if (claims.size === 0) return
  const before = await baseline.memories()
  for (const { id, hub } of rules.roles) {
    const folder = sight.memories.get(id)?.folder
    const other = folder === undefined || hub ? undefined : claims.get(folder)
    if (other === undefined || (before.get(id)?.folder === folder && group < other)) continue
    const message = `the folder belongs to the group ${other}: remove the member here or there, or name another folder`
    sight.observations.set(id, {
      state: 'unknown',
      error: new SyncError('terminal', 'FolderClaimed', message),
    })
  }
}

function without(link: Link, absent: (id: ReplicaId) => boolean): Link {
  if (![...link.copies.keys()].some(absent)) return link
  return { ...link, copies: new Map([...link.copies].filter(([id]) => !absent(id))) }
}

type Failures = Map<ReplicaId, { error: SyncError; items: number }>

// Folders that are written to must be there, and be ours to write.
async function prepared(
  steps: Guarded['plan']['steps'],
  replicas: readonly Replica[],
  memories: ReadonlyMap<ReplicaId, Memory>,
  signal: AbortSignal,
): Promise<{ memories: Map<ReplicaId, Memory>; failures: Failures }> {
  const needed = new Set(steps.flatMap(({ actions }) => actions.map(({ replica }) => replica)))
  const ready = new Map(memories)
  const failures: Failures = new Map()
  const prepare = async (replica: Replica): Promise<void> => {
    const { id } = replica.role
    const memory = memories.get(id)
    if (memory === undefined || !needed.has(id)) return
    try {
      ready.set(id, await replica.prepare(memory, signal))
    } catch (error) {
      signal.throwIfAborted()
      failures.set(id, { error: syncErrorOf(error), items: 0 })
    }
  }
  await Promise.all(replicas.map(prepare))
  return { memories: ready, failures }
}

// Notes which links are done with, and says who is behind with the others.
async function settle(
  course: Course,
  at: () => Change['at'],
  looked: Set<LinkId>,
  steps: Guarded['plan']['steps'],
): Promise<ReadonlySet<ReplicaId>> {
  const { baseline, rules } = course
  for (const { link } of steps) looked.add(link.id)
  const behind = new Set<ReplicaId>()
  const ids = [...looked]
  for (let from = 0; from < ids.length; from += 1000) {
    const links = await baseline.links(ids.slice(from, from + 1000))
    const done = links.filter((link) => settled(link, rules.roles))
    for (const link of links) {
      if (done.includes(link)) continue
      for (const role of rules.roles) if (!settled(link, [role])) behind.add(role.id)
    }
    const [ended, current] = [
      done.filter(({ agreed }) => agreed === undefined),
      done.filter(({ agreed }) => agreed !== undefined),
    ]
    await baseline.commit({
      at: at(),
      settled: current.map(({ id }) => id),
      ended: ended.map(({ id }) => id),
    })
  }
  return behind
}

async function reportOf(
  { baseline, rules, clock }: Course,
  startMs: number,
  facts: Readonly<{
    observations: ReadonlyMap<ReplicaId, Observation>
    refusals: Report['refusals']
    applied: Applied
    behind: ReadonlySet<ReplicaId>
    kept: number
  }>,
): Promise<Report> {
  const { observations, refusals, applied, behind, kept } = facts
  const problems: Problem[] = []
  const unreachable = new Set<ReplicaId>()
  const problem = (replica: ReplicaId, { kind, code, message, backOffMs }: SyncError) =>
    problems.push({ replica, kind, reason: code, message, backOffMs })
  for (const [id, observation] of observations) {
    const guardedBy = refusals.some(({ replica }) => replica === id)
    if (observation.state !== 'unknown' || guardedBy) continue
    unreachable.add(id)
    problem(id, observation.error)
  }
  for (const [id, { error }] of applied.failures) problem(id, error)
  return {
    startMs,
    durationMs: clock.now() - startMs,
    items: await baseline.count(),
    created: applied.created,
    updated: applied.updated,
    deleted: applied.deleted,
    kept: kept + applied.kept,
    conflicts: await baseline.conflicts(),
    members: membersOf(rules.roles, unreachable, new Set([...behind, ...applied.failures.keys()])),
    problems,
    refusals,
    unfinished: applied.unfinished,
  }
}
