// One pass as a recipe: observe, propose, decide, commit, carry out, record which replicas are behind, report.
//
// Flow: list every replica; compare the changes with the baseline; plan, and set aside each replica that would do too
// much; commit the agreement, together with the kept content and the checkpoints that it consumes; carry it out,
// outcome by outcome; record which replicas are behind; move the checkpoints past our own writes.
// Guarantees: content is kept before it is overwritten or deleted; a crash at any point loses nothing, and unfinished
// work is behind.
// Assumptions: one pass per group at a time.
// Caveats: without the hub nothing is decided, nothing is written, and nothing is consumed.
// Errors: rejects with a SyncError when nothing could be decided, and when the signal aborts.

import { membersOf, type Problem, type Report } from '../api/report.ts'
import { attemptsByLink } from '../core/attempt.ts'
import { settled } from '../core/fold.ts'
import { isHub, type LinkId, type ReplicaId } from '../core/id.ts'
import { append } from '../core/many.ts'
import type { Link, Role } from '../core/model.ts'
import { restorer } from '../core/restore.ts'
import type { Step } from '../core/step.ts'
import { apply } from './apply.ts'
import { breathe } from './breathe.ts'
import { agedIn, checkpoints } from './checkpoint.ts'
import { renameFolders } from './continuity.ts'
import { Creates } from './creates.ts'
import { type Decision, decisionOf } from './decided.ts'
import { removeDeparted } from './departed.ts'
import { problemOf } from './inventory.ts'
import { odditiesOf } from './oddities.ts'
import { type Commit, committing, type PassSpec } from './pass-spec.ts'
import { type Memory, UnsureError } from './ports.ts'
import { prepared } from './prepare.ts'
import { type Proposal, propose } from './propose.ts'
import type { Applied } from './tally.ts'

/**
 * Makes one pass and resolves with its report. Rejects with a SyncError when nothing could be decided, and when the
 * signal aborts.
 */
export async function pass(spec: PassSpec, signal: AbortSignal): Promise<Report> {
  const startMs = spec.clock.now()
  const commit = committing(spec)
  const proposal = await proposed(spec, commit, signal)
  const decision = await decisionOf(spec, proposal)
  await commit(decision.writes)
  const { applied, memories } = await carriedOut(spec, proposal, decision, startMs, signal)
  const behind = await settle(spec, commit, proposal)
  await renameFolders(proposal.renames, spec.replicas, memories, signal)
  const done = { steps: proposal.guarded.plan.steps, applied, more: proposal.observed.more }
  const aged = agedIn(memories, proposal.observed.rewound)
  const reached = await checkpoints(spec, aged, done, signal)
  await commit([{ write: 'memories', memories: reached }])
  await removeDeparted(spec, commit, decision.leaving, applied, signal)
  return reportOf(spec, startMs, { proposal, decision, applied, behind })
}

// A failed listing of the hub may leave a checkpoint, which the next listing is compared with.
async function proposed(spec: PassSpec, commit: Commit, signal: AbortSignal): Promise<Proposal> {
  try {
    return await propose(spec, signal)
  } catch (error) {
    const hub = spec.rules.roles.find((role) => role.hub)
    const memory = hub && (await spec.baseline.memories()).get(hub.id)
    if (error instanceof UnsureError && hub !== undefined && memory !== undefined) {
      const memories = new Map([[hub.id, { ...memory, checkpoint: error.checkpoint }]])
      await commit([{ write: 'memories', memories }])
    }
    throw error
  }
}

// Prepares the folders and carries the plan out; resolves with the tally and the current memories.
async function carriedOut(
  spec: PassSpec,
  { guarded: { plan }, view }: Proposal,
  { memories }: Decision,
  startMs: number,
  signal: AbortSignal,
): Promise<Readonly<{ applied: Applied; memories: ReadonlyMap<ReplicaId, Memory> }>> {
  const { rules, replicas, clock } = spec
  const commit = committing(spec)
  const ready = await prepared(plan.steps, replicas, memories, signal)
  // A new folder is recorded before anything is written to it, so that its later loss is noticed.
  const isMade = ([id, { checkpoint }]: [ReplicaId, Memory]) =>
    checkpoint.folder !== memories.get(id)?.checkpoint.folder
  const made = new Map([...ready.memories].filter(isMade))
  if (made.size > 0) await commit([{ write: 'memories', memories: made }])
  const isLate = () => clock.now() - startMs > spec.budgetMs || spec.yields?.() === true
  const site = {
    group: rules.group,
    type: rules.type,
    replicas: replicas.filter(({ role }) => !ready.failures.has(role.id)),
    commit,
    creates: (id: ReplicaId) => new Creates(id, { commit, clock }, view.attempts ?? new Map()),
    due: (first: boolean) => spec.stopping() || (!first && isLate()),
    progress: spec.progress,
  }
  const applied = await apply(plan, site, signal)
  for (const [id, failure] of ready.failures) applied.failures.set(id, failure)
  return { applied, memories: ready.memories }
}

// Records which links are settled, and resolves with the replicas that are behind with the others.
async function settle(
  { baseline, rules: { roles } }: PassSpec,
  commit: Commit,
  { view, guarded: { plan } }: Proposal,
): Promise<ReadonlySet<ReplicaId>> {
  const ids = new Set([...view.links.map(({ id }) => id), ...plan.steps.map(({ link }) => link.id)])
  // Another group may have created the item again, too: the former content is retained until the next pass has listed
  // it.
  const hub = roles.find((role) => role.hub)?.id
  const again = new Set(plan.steps.filter(makesAgain(hub)).map(({ link }) => link.id))
  const attempts = attemptsByLink(await baseline.attempts())
  const isDone = (link: Link) => settled(link, roles, attempts.get(link.id)) && !again.has(link.id)
  const behind = new Set<ReplicaId>()
  for (const part of partsOf([...ids])) {
    const links = await baseline.links(part)
    for (const link of links.filter((each) => !isDone(each)))
      for (const role of roles) if (isBehind(link, role)) behind.add(role.id)
    const done = (ended: boolean) =>
      links
        .filter((link) => isDone(link) && (link.agreed === undefined) === ended)
        .map(({ id }) => id)
    await commit([
      { write: 'settled', settled: done(false) },
      { write: 'ended', ended: done(true) },
    ])
    await breathe()
  }
  return behind
}

function* partsOf(ids: readonly LinkId[]): Generator<readonly LinkId[]> {
  for (let from = 0; from < ids.length; from += 200) yield ids.slice(from, from + 200)
}

function makesAgain(hub: ReplicaId | undefined): (step: Step) => boolean {
  return ({ link, actions }) =>
    link.revision > 0 && actions.some(({ kind, replica }) => kind === 'create' && replica === hub)
}

// Only a replica that still has a copy is behind with a deletion.
function isBehind(link: Link, role: Role): boolean {
  return link.agreed === undefined ? link.copies.has(role.id) : !settled(link, [role])
}

type Facts = Readonly<{
  proposal: Proposal
  decision: Decision
  applied: Applied
  behind: ReadonlySet<ReplicaId>
}>

async function reportOf(spec: PassSpec, startMs: number, facts: Facts): Promise<Report> {
  const { baseline, rules, clock } = spec
  const { proposal, decision, applied, behind } = facts
  const { refusals } = proposal.guarded
  const { unreachable, problems } = await problemsOf(spec, facts)
  const late = [...behind, ...applied.failures.keys(), ...refusals.map(({ replica }) => replica)]
  const reading = decision.decided && proposal.observed.more.size > 0
  const restoring = decision.decided && (await isMoreWanted(baseline, proposal))
  return {
    startMs,
    durationMs: clock.now() - startMs,
    items: await baseline.count(),
    historySinceMs: await baseline.historySince(),
    created: applied.created,
    updated: applied.updated,
    deleted: applied.deleted,
    kept: decision.kept.length + applied.kept,
    conflicts: await baseline.conflicts(),
    members: membersOf(rules.roles, unreachable, new Set(late)),
    problems,
    refusals,
    unexplained: unexplainedOf(behind, [...problems, ...refusals]),
    unfinished: applied.unfinished || reading || restoring,
    reading,
  }
}

function unexplainedOf(
  behind: ReadonlySet<ReplicaId>,
  causes: readonly Readonly<{ replica: ReplicaId }>[],
): number {
  const explained = new Set(causes.map(({ replica }) => replica))
  return [...behind].filter((id) => !isHub(id) && !explained.has(id)).length
}

async function problemsOf(
  spec: PassSpec,
  { proposal: { observed, guarded }, applied }: Facts,
): Promise<Readonly<{ unreachable: ReadonlySet<ReplicaId>; problems: readonly Problem[] }>> {
  const unreachable = new Set<ReplicaId>()
  const problems: Problem[] = []
  for (const [id, observation] of guarded.observations) {
    const isGuarded = guarded.refusals.some(({ replica }) => replica === id)
    if (observation.state !== 'unknown' || isGuarded) continue
    unreachable.add(id)
    problems.push(problemOf(id, observation.error))
  }
  for (const [id, { error }] of applied.failures) problems.push(problemOf(id, error))
  append(problems, await odditiesOf(spec, observed, [applied.tooLarge, guarded.plan.tooLarge]))
  return { unreachable, problems }
}

// Are more restores pending than one pass takes? Those that the guard set aside wait for a person, and are not
// continued at once.
async function isMoreWanted(
  baseline: PassSpec['baseline'],
  { wanted, guarded }: Proposal,
): Promise<boolean> {
  if (wanted.length === 0 || guarded.refusals.some(({ replica }) => replica === restorer))
    return false
  return (await baseline.restorations()).length > 0
}
