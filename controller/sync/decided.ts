// The writes of a pass before it carries anything out: agreements, kept content, and the checkpoints that these
// consume. Unused input is not consumed: neither that of a replica that was set aside, nor any when the hub was set
// aside.
import { agreementOf } from '../core/fold.ts'
import type { ReplicaId } from '../core/id.ts'
import { causedBy, historyOf, keptOf, notesOf, restoredBy } from '../core/record.ts'
import { orphansOf } from '../core/unclaimed.ts'
import { breathing } from './breathe.ts'
import { agedIn, pendingOf, relisting, withRecheck } from './checkpoint.ts'
import { leaversOf } from './departed.ts'
import { seenSince } from './oddities.ts'
import type { PassSpec } from './pass-spec.ts'
import type { Kept, Memory, Replica, Write } from './ports.ts'
import type { Proposal } from './propose.ts'

/** The decision on a proposal. */
export type Decision = Readonly<{
  /** True if the hub was seen and not set aside. Otherwise nothing is decided. */
  decided: boolean
  /** The writes that are committed first, in one change. */
  writes: readonly Write[]
  /** The memories of the replicas that were seen and not set aside. */
  memories: ReadonlyMap<ReplicaId, Memory>
  /** The content that the plan itself keeps, without the history. */
  kept: readonly Kept[]
  /** The folders from which our copies still have to be removed. */
  leaving: readonly Replica[]
}>

/** Decides on a proposal; writes nothing. Rejects when the state cannot be read. */
export async function decisionOf(spec: PassSpec, proposal: Proposal): Promise<Decision> {
  const { plan, observations } = proposal.guarded
  const isSeen = (id: ReplicaId) => observations.get(id)?.state === 'seen'
  const decided = spec.rules.roles.every(({ id, hub }) => !hub || isSeen(id))
  const seen = [...proposal.observed.memories].filter(([id]) => decided && isSeen(id))
  const orphans = await breathing(orphansOf(spec.rules, proposal.view, observations, plan))
  const memories = withRecheck(withRecheck(new Map(seen), orphans), plan.held ?? new Map())
  const leaving = decided ? await leaversOf(spec, proposal) : []
  const kept = plan.steps.flatMap(keptOf)
  const decision = { decided, memories, kept, leaving }
  const always = alwaysWritten(spec, proposal, decision)
  return { ...decision, writes: decided ? withDecided(spec, proposal, always, leaving) : always }
}

// The writes that count even if the hub was set aside, in the order in which the state applies them.
function alwaysWritten(
  { rules }: PassSpec,
  { observed, guarded, renames }: Proposal,
  { decided, memories, kept }: Pick<Decision, 'decided' | 'memories' | 'kept'>,
): readonly Write[] {
  const { steps } = guarded.plan
  const history = steps.flatMap((step) => historyOf(step, rules.roles))
  const conflicts = kept.filter(({ reason }) => reason === 'Conflict').flatMap(notesOf)
  const now = withRecheck(agedIn(memories, observed.rewound), pendingOf(steps))
  const remembered = new Map([...relisting(now, steps), ...(decided ? observed.unsure : [])])
  return [
    { write: 'renames', renames },
    ...(observed.fresh.length > 0 ? [{ write: 'unsettle' } as const] : []),
    { write: 'kept', kept: [...kept, ...history] },
    { write: 'conflicts', conflicts },
    { write: 'agreements', agreements: steps.map(agreementOf) },
    { write: 'caused', caused: causedBy(guarded, rules.roles) },
    { write: 'approvals', approvals: guarded.approvals.map(({ hash }) => hash) },
    { write: 'memories', memories: remembered },
  ]
}

// Adds the reset, renamed and forgotten replicas before the agreements.
function withDecided(
  { identity, rules, clock }: PassSpec,
  proposal: Proposal,
  [renames, ...others]: readonly Write[],
  leaving: readonly Replica[],
): readonly Write[] {
  const { observed, guarded, reset } = proposal
  const left = proposal.left.filter((id) => !leaving.some(({ role }) => role.id === id))
  return [
    ...(reset ? [{ write: 'reset' } as const] : []),
    ...(identity
      ? [{ write: 'identity', identity: { ...identity, kind: rules.type.name } } as const]
      : []),
    ...(renames ? [renames] : []),
    { write: 'left', left: [...left, ...observed.replaced] },
    { write: 'forgotten', forgotten: observed.forgotten },
    ...others,
    { write: 'attempts', attempts: seenSince(proposal, clock.now()) },
    { write: 'restored', restored: restoredBy(proposal, guarded, rules) },
  ]
}
