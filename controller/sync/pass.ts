// One pass: observe, plan, guard, apply, fold.
//
// Flow: look at every replica; lay what changed beside the baseline; plan, with whoever would do too
// much set aside; write the agreement down, together with what is kept and with the cursors that it
// consumed; carry it out, outcome by outcome; note who is behind; move past our own echo.
// Guarantees: nothing is overwritten or deleted that was not kept first; it may die anywhere, and what
// is not done is behind.
// Assumptions: one pass per group at a time.
// Caveats: without the hub nothing is decided, nothing written, and nothing consumed.

import { membersOf, type Problem, type Report } from '../api/report.ts'
import { attemptsByLink } from '../core/attempt.ts'
import { agreementOf, settled } from '../core/fold.ts'
import type { LinkId, ReplicaId } from '../core/id.ts'
import { append } from '../core/many.ts'
import type { Link, Observation, Role } from '../core/model.ts'
import { restorer } from '../core/restore.ts'
import type { Step } from '../core/step.ts'
import type { SyncError } from '../core/sync-error.ts'
import { orphansOf } from '../core/unclaimed.ts'
import { apply } from './apply.ts'
import { breathe, breathing } from './breathe.ts'
import { agedIn, pendingOf, remember, withoutCursors, withRecheck } from './checkpoint.ts'
import { causedBy, historyOf, keptOf, notesOf, restoredBy } from './consequences.ts'
import { Creates } from './creates.ts'
import { leaversOf, seeOff } from './departed.ts'
import { odditiesOf, seenSince } from './oddities.ts'
import type { PassSpec } from './pass-spec.ts'
import { type Kept, type Memory, type Moment, UnsureError, type Write } from './ports.ts'
import { prepared } from './prepare.ts'
import { type Proposal, propose } from './propose.ts'
import { renameFolders } from './renamed.ts'
import type { Applied } from './tally.ts'

/** Makes one pass. Rejects with a SyncError when nothing could be decided, and when the signal aborts. */
export async function pass(course: PassSpec, signal: AbortSignal): Promise<Report> {
  const startMs = course.clock.now()
  const { baseline, rules, replicas, clock } = course
  const at = () => ({ timeMs: clock.now(), pass: course.name })
  const proposal = await proposed(course, at, signal)
  const { sight, guarded } = proposal
  const { plan, observations, refusals } = guarded
  // What was not used is not consumed: neither who was set aside, nor anybody when it was the hub.
  const decided = rules.roles.every(({ id, hub }) => !hub || observations.get(id)?.state === 'seen')
  const used = ([id]: [ReplicaId, Memory]) => decided && observations.get(id)?.state === 'seen'
  const orphans = await breathing(orphansOf(proposal.view, observations, plan))
  const seen = withRecheck(new Map([...sight.memories].filter(used)), orphans)
  const memories = withRecheck(seen, plan.held ?? new Map())
  const kept = plan.steps.flatMap(keptOf)
  const history = plan.steps.flatMap((step) => historyOf(step, rules.roles))
  const now = withRecheck(agedIn(memories, sight.restored), pendingOf(plan.steps))
  const leaving = decided ? await leaversOf(course, proposal) : []
  const left = proposal.left.filter((id) => !leaving.some(({ role }) => role.id === id))
  const writes = agreed(course, proposal, { decided, left, kept, history, now })
  await baseline.commit({ at: at(), writes })

  const ready = await prepared(plan.steps, replicas, memories, signal)
  // A folder that was made is known before anything is put into it: should it be lost, it is missed.
  const made = [...ready.memories].filter(([id, { folder }]) => folder !== memories.get(id)?.folder)
  if (made.length > 0)
    await baseline.commit({ at: at(), writes: [{ write: 'memories', memories: new Map(made) }] })
  const applied = await apply(
    plan,
    {
      group: course.group,
      type: rules.type,
      replicas: replicas.filter(({ role }) => !ready.failures.has(role.id)),
      baseline,
      at,
      creates: (id) => new Creates(id, baseline, at, proposal.view.attempts ?? new Map()),
      due: (first) =>
        course.stopping() ||
        (!first && (clock.now() - startMs > course.budgetMs || course.yields?.() === true)),
    },
    signal,
  )
  for (const [id, failure] of ready.failures) applied.failures.set(id, failure)

  const looked = new Set(proposal.view.links.map(({ id }) => id))
  const behind = await settle(course, at, looked, plan.steps)
  await renameFolders(proposal.renames, replicas, ready.memories, signal)
  const aged = agedIn(ready.memories, sight.restored)
  await remember(course, at, aged, plan.steps, { applied, more: sight.more }, signal)
  await seeOff(course, at, leaving, applied, signal)
  const reading = decided && sight.more.size > 0
  const restoring = decided && (await isMoreWanted(baseline, proposal))
  const facts = { observations, refusals, applied, behind, kept: kept.length, reading, restoring }
  return reportOf(course, startMs, {
    ...facts,
    oddities: await odditiesOf(course, sight, [applied.tooLarge, plan.tooLarge]),
  })
}

// What is written down before anything is carried out.
function agreed(
  { identity, rules, clock }: PassSpec,
  proposal: Proposal,
  {
    decided,
    left,
    kept,
    history,
    now,
  }: Readonly<{
    decided: boolean
    left: readonly ReplicaId[]
    kept: readonly Kept[]
    history: readonly Kept[]
    now: ReadonlyMap<ReplicaId, Memory>
  }>,
): readonly Write[] {
  const { sight, guarded } = proposal
  const { plan } = guarded
  const remembered = new Map([...withoutCursors(now, plan.steps), ...(decided ? sight.unsure : [])])
  const conflicts = kept.filter(({ reason }) => reason === 'Conflict').flatMap(notesOf)
  return [
    ...(proposal.reset && decided ? [{ write: 'reset' } as const] : []),
    ...(decided && identity !== undefined ? [{ write: 'identity', identity } as const] : []),
    { write: 'renames', renames: proposal.renames },
    { write: 'left', left: decided ? [...left, ...sight.replaced] : [] },
    { write: 'forgotten', forgotten: decided ? sight.forgotten : new Map() },
    ...(sight.fresh.length > 0 ? [{ write: 'unsettle' } as const] : []),
    { write: 'kept', kept: [...kept, ...history] },
    { write: 'conflicts', conflicts },
    { write: 'agreements', agreements: plan.steps.map(agreementOf) },
    { write: 'restored', restored: decided ? restoredBy(proposal, guarded, rules) : [] },
    { write: 'caused', caused: causedBy(guarded, rules.roles) },
    { write: 'approvals', approvals: guarded.approvals.map(({ hash }) => hash) },
    { write: 'memories', memories: remembered },
    { write: 'attempts', attempts: decided ? seenSince(proposal, clock.now()) : [] },
  ]
}

// What the guard set aside waits for a person, and is not done at once.
async function isMoreWanted(
  baseline: PassSpec['baseline'],
  { wanted, guarded }: Proposal,
): Promise<boolean> {
  if (wanted.length === 0 || guarded.refusals.some(({ replica }) => replica === restorer))
    return false
  return (await baseline.restorations()).length > 0
}

// A hub that could not be looked at leaves something to compare the next look with.
async function proposed(
  course: PassSpec,
  at: () => Moment,
  signal: AbortSignal,
): Promise<Proposal> {
  try {
    return await propose(course, signal)
  } catch (error) {
    const hub = course.rules.roles.find((role) => role.hub)
    if (error instanceof UnsureError && hub !== undefined)
      await course.baseline.commit({
        at: at(),
        writes: [{ write: 'memories', memories: new Map([[hub.id, error.memory]]) }],
      })
    throw error
  }
}

// Notes which links are done with, and says who is behind with the others.
async function settle(
  course: PassSpec,
  at: () => Moment,
  looked: Set<LinkId>,
  steps: readonly Step[],
): Promise<ReadonlySet<ReplicaId>> {
  const { baseline, rules } = course
  for (const { link } of steps) looked.add(link.id)
  // Another group may have made it again as well: what was agreed before is remembered until the next pass has looked.
  const hub = rules.roles.find((role) => role.hub)?.id
  const again = new Set(steps.filter((step) => makesAgain(step, hub)).map(({ link }) => link.id))
  const behind = new Set<ReplicaId>()
  const attempts = attemptsByLink(await baseline.attempts())
  const ids = [...looked]
  for (let from = 0; from < ids.length; from += 200) {
    const links = await baseline.links(ids.slice(from, from + 200))
    const done = links.filter(
      (link) => settled(link, rules.roles, attempts.get(link.id)) && !again.has(link.id),
    )
    const isDone = new Set(done)
    for (const link of links) {
      if (isDone.has(link)) continue
      for (const role of rules.roles) if (isBehind(link, role)) behind.add(role.id)
    }
    const [ended, current] = [
      done.filter(({ agreed }) => agreed === undefined),
      done.filter(({ agreed }) => agreed !== undefined),
    ]
    await baseline.commit({
      at: at(),
      writes: [
        { write: 'settled', settled: current.map(({ id }) => id) },
        { write: 'ended', ended: ended.map(({ id }) => id) },
      ],
    })
    await breathe()
  }
  return behind
}

function makesAgain({ link, actions }: Step, hub: ReplicaId | undefined): boolean {
  return (
    link.revision > 0 && actions.some(({ kind, replica }) => kind === 'create' && replica === hub)
  )
}

// With what is deleted only who still has it is behind.
function isBehind(link: Link, role: Role): boolean {
  return link.agreed === undefined ? link.copies.has(role.id) : !settled(link, [role])
}

async function reportOf(
  { baseline, rules, clock }: PassSpec,
  startMs: number,
  facts: Readonly<{
    observations: ReadonlyMap<ReplicaId, Observation>
    refusals: Report['refusals']
    applied: Applied
    behind: ReadonlySet<ReplicaId>
    kept: number
    reading: boolean
    /** More of the bin is wanted back than one pass takes. */
    restoring: boolean
    oddities: readonly Problem[]
  }>,
): Promise<Report> {
  const { observations, refusals, applied, behind, kept, reading, restoring, oddities } = facts
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
  append(problems, oddities)
  const late = [...behind, ...applied.failures.keys(), ...refusals.map(({ replica }) => replica)]
  return {
    startMs,
    durationMs: clock.now() - startMs,
    items: await baseline.count(),
    historySinceMs: await baseline.historySince(),
    created: applied.created,
    updated: applied.updated,
    deleted: applied.deleted,
    kept: kept + applied.kept,
    conflicts: await baseline.conflicts(),
    members: membersOf(rules.roles, unreachable, new Set(late)),
    problems,
    refusals,
    unfinished: applied.unfinished || reading || restoring,
    reading,
  }
}
