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
import { type Caused as CausedBy, deletes, type Guarded, publishes } from '../core/guard.ts'
import { digestOf, type LinkId, type ReplicaId } from '../core/id.ts'
import type { Observation, Role } from '../core/link.ts'
import { membersOf, type Problem, type Report } from '../core/report.ts'
import { SyncError, syncErrorOf } from '../core/sync-error.ts'
import type { Applied } from './applied.ts'
import { apply } from './apply.ts'
import { dismiss, mayDismiss } from './dismiss.ts'
import type { Change, ConflictNote, Kept, Memory, Replica } from './ports.ts'
import { type Course, type Proposal, propose } from './propose.ts'
import { agedIn, pendingOf, remember, withRecheck } from './remember.ts'

/** Makes one pass. Rejects with a SyncError when nothing could be decided, and when the signal aborts. */
export async function pass(course: Course, signal: AbortSignal): Promise<Report> {
  const startMs = course.clock.now()
  const { baseline, rules, replicas, clock } = course
  const at = () => ({ timeMs: clock.now(), pass: course.name })
  const proposal = await propose(course, signal)
  const { sight, guarded } = proposal
  const { plan, observations, refusals } = guarded
  // What was not used is not consumed: neither who was set aside, nor anybody when it was the hub.
  const decided = rules.roles.every(({ id, hub }) => !hub || observations.get(id)?.state === 'seen')
  const used = ([id]: [ReplicaId, Memory]) => decided && observations.get(id)?.state === 'seen'
  const memories = new Map([...sight.memories].filter(used))
  const kept = plan.steps.flatMap(({ link, keeps }) =>
    keeps.map((keep) => ({ ...keep, link: link.id })),
  )
  const pending = pendingOf(plan.steps)
  const leaving = decided ? await leaversOf(course, proposal) : []
  const left = proposal.left.filter((id) => !leaving.some(({ role }) => role.id === id))
  await baseline.commit({
    at: at(),
    reset: proposal.reset && decided,
    renames: proposal.renames,
    left: decided ? [...left, ...sight.replaced] : [],
    unsettle: sight.fresh.length > 0,
    agreements: plan.steps.map(agreementOf),
    kept,
    conflicts: kept.filter(({ reason }) => reason === 'Conflict').flatMap(notesOf),
    caused: causedBy(guarded, rules.roles),
    memories: withRecheck(agedIn(memories, sight.restored), pending),
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
  const remembered = agedIn(ready.memories, sight.restored)
  await remember(course, at, remembered, pending, applied, signal)
  await seeOff(course, at, leaving, applied, signal)
  return reportOf(course, startMs, { observations, refusals, applied, behind, kept: kept.length })
}

// Whose copies are to be removed, and may be.
async function leaversOf(course: Course, { left, sight }: Proposal): Promise<readonly Replica[]> {
  const { former, baseline, rules } = course
  const members = left.filter((id) => !id.startsWith('hub:'))
  if (former === undefined || members.length === 0) return []
  const [before, claims] = [await baseline.memories(), await baseline.claims()]
  const present = rules.roles.map(({ id }) => sight.memories.get(id) ?? before.get(id))
  return former(members.filter((id) => mayDismiss(before.get(id), present, claims) !== 'no'))
}

// Removes our copies from the folders of those who left. Who cannot be read now is tried again.
async function seeOff(
  course: Course,
  at: () => Change['at'],
  leaving: readonly Replica[],
  applied: Applied,
  signal: AbortSignal,
): Promise<void> {
  const { baseline, group, rules } = course
  const [memories, claims] = [await baseline.memories(), await baseline.claims()]
  const present = rules.roles.map(({ id }) => memories.get(id))
  for (const replica of leaving) {
    const { id } = replica.role
    try {
      // Whoever takes part and was never seen could have this very folder, under a new address.
      if (mayDismiss(memories.get(id), present, claims) !== 'yes') throw somebodyUnseen
      applied.deleted += await dismiss(group, replica, baseline, at, signal)
      await baseline.commit({ at: at(), left: [id] })
    } catch (error) {
      signal.throwIfAborted()
      applied.failures.set(id, { error: syncErrorOf(error), items: 0 })
    }
  }
}

const somebodyUnseen = new SyncError(
  'transient',
  'WaitingForMembers',
  'copies are removed once every member’s folder has been seen; to leave them, set deletionPolicy: Orphan',
)

function notesOf({ link, replica, fields, item }: Kept): readonly ConflictNote[] {
  const version = digestOf(JSON.stringify(item))
  return fields.map((field) => ({ link, replica, field, version }))
}

// What somebody approved does not use up what may be done without asking.
function causedBy(
  { plan, approvals }: Guarded,
  roles: readonly Role[],
): ReadonlyMap<ReplicaId, CausedBy> {
  const caused = new Map<ReplicaId, CausedBy>()
  for (const { id, hub } of roles) {
    const asked = (reason: 'Deletions' | 'Publications') =>
      approvals.some((each) => each.replica === id && each.reason === reason)
    const count = (counts: typeof deletes) => plan.steps.filter((step) => counts(step, id)).length
    const deletions = asked('Deletions') ? 0 : count(deletes)
    const publications = hub || asked('Publications') ? 0 : count(publishes)
    if (deletions + publications > 0) caused.set(id, { deletions, publications })
  }
  return caused
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
