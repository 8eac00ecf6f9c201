// The effects that a pass of a group would have now, for `exsync plan`: one value with links, counts and fields, without content. Reads
// the folders and the state, and writes nothing.
import { reasonOf } from '../api/conditions.ts'
import type { Direction, SummaryTurn } from '../api/plan-summary.ts'
import { hindranceOf } from '../api/references.ts'
import { nameOf, type Participants, type Place, participantsOf } from '../api/topology.ts'
import { hashOf, type Refusal } from '../core/guard.ts'
import { isHub, type ReplicaId } from '../core/id.ts'
import { type Item, type ItemType, touched } from '../core/item.ts'
import type { Step } from '../core/step.ts'
import { SyncError, syncErrorOf } from '../core/sync-error.ts'
import type { Work } from '../core/work.ts'
import { breathing } from './breathe.ts'
import { leaversOf } from './departed.ts'
import type { Environment, Mode } from './environment.ts'
import { foreseen } from './foreseen.ts'
import type { Declared, Kept, Left } from './ports.ts'
import { propose } from './propose.ts'
import { passSpecOf } from './reconcile.ts'
import { dismissible } from './removal.ts'

/** One change: the link, its fields, and why content is kept. `name`: of the item, only if names were asked for. */
export type ForecastLine = Readonly<{
  link: string
  fields: readonly string[]
  reason?: string
  name?: string
}>

/** The effects on one replica. */
export type ForecastReplica = Readonly<{
  replica: string
  create: ForecastLine[]
  update: ForecastLine[]
  delete: ForecastLine[]
  keep: ForecastLine[]
}>

/**
 * A folder that no longer takes part: the number of its copies, and of those to be removed, each kept in the bin first.
 * `waits`: why the folder cannot be read, or must not be.
 */
export type Leaver = Readonly<{ replica: string; copies: number; removes?: number; waits?: string }>

/** A refusal of the guard, with the name of the replica. */
export type Refused = Omit<Refusal, 'replica'> & Readonly<{ replica: string }>

/** The wishes for a forecast. `names`: lines hold the names of items, for a terminal and nothing else. */
export type Wishes = Readonly<{
  names?: boolean
  /** The most changes (core/plan-size.ts); absent: any number. */
  actionsMax?: number | undefined
}>

/** The effects of a pass on one group. */
export type Forecast = Readonly<{
  group: string
  suspended?: true
  deleted?: true
  error?: Readonly<{ reason: string; message: string }>
  problems: readonly Readonly<{ replica: string; reason: string; message: string }>[]
  guard?: Readonly<{ hash: string; refusals: readonly Refused[] }>
  replicas: readonly ForecastReplica[]
  /** The folders that take part for the first time. */
  joins?: readonly string[]
  /** The folders that no longer take part, and keep their copies. */
  forgets?: readonly string[]
  /** The folders whose copies would be removed (deletionPolicy: RemoveCopies). */
  leaving?: readonly Leaver[]
  /** The members with another direction than in the last pass. */
  turns?: readonly SummaryTurn[]
}>

/**
 * The effects that a pass of this group would have now. An error of the group, or of one folder, is part of the answer. `claimed`: the
 * group that already holds one of its folders. Rejects only when the signal aborts.
 */
export async function forecastOf(
  declared: Declared,
  claimed: Mode['claimed'],
  environment: Environment,
  signal: AbortSignal,
  wishes: Wishes = {},
): Promise<Forecast> {
  const { suspend } = declared.group.spec
  const nothing = { group: declared.id, problems: [], replicas: [] }
  if (declared.deleted)
    return { ...nothing, deleted: true, ...(await ending(declared, environment, signal)) }
  if (suspend) return { ...nothing, suspended: true }
  const mode: Mode = { sliceMs: undefined, audit: false, stopping: () => false, claimed }
  try {
    return await forecastOfPass(declared, environment, { mode, signal, wishes })
  } catch (error) {
    signal.throwIfAborted()
    return { ...nothing, error: reasoned(syncErrorOf(error)) }
  }
}

// The end of a group that is no longer declared.
async function ending(
  declared: Declared,
  environment: Environment,
  signal: AbortSignal,
): Promise<Pick<Forecast, 'error' | 'leaving'>> {
  const { suspend, deletionPolicy } = declared.group.spec
  if (deletionPolicy === 'Orphan' || suspend) return { leaving: [] }
  const hindrance = hindranceOf(declared)
  if (hindrance !== undefined) return { error: reasoned(hindrance) }
  const memories = [...(await environment.baseline(declared.id).memories())]
  const left = memories.flatMap(([id, { place }]) => (isHub(id) ? [] : [{ id, place }]))
  return { leaving: await leaversIn(declared, left, environment, signal) }
}

async function forecastOfPass(
  declared: Declared,
  environment: Environment,
  { mode, signal, wishes }: Readonly<{ mode: Mode; signal: AbortSignal; wishes: Wishes }>,
): Promise<Forecast> {
  const unlimited = passSpecOf(declared, environment, mode, signal)
  const { actionsMax } = wishes
  const spec = { ...unlimited, rules: { ...unlimited.rules, actionsMax } }
  const participants = participantsOf(declared.group)
  const before = await spec.baseline.memories()
  const proposal = await propose(spec, signal)
  const { guarded, left, observed } = proposal
  const more = await foreseen(spec, proposal, signal)
  const leavers = await leaversOf(spec, proposal)
  const named = naming(participants, left, (id) => before.get(id)?.place)
  const type = wishes.names ? spec.rules.type : undefined
  const lines = await breathing(linesOf(guarded.plan.steps, more, type))
  const removed = leavers.map(({ role, place }) => ({ id: role.id, place }))
  const forgets = left.filter((id) => !removed.some((each) => each.id === id))
  const refusals = guarded.refusals.map((each) => ({ ...each, replica: named(each.replica) }))
  const leaving = await leaversIn(declared, removed, environment, signal)
  const turns = participants.members.flatMap(({ role: { id, writes } }): SummaryTurn[] => {
    const was = before.get(id)?.seenAs
    if (was === undefined || was.writes === writes) return []
    return [{ replica: named(id), before: directionOf(was.writes), now: directionOf(writes) }]
  })
  return {
    group: declared.id,
    problems: [...observed.observations].flatMap(([id, seen]) =>
      seen.state === 'unknown' ? [{ replica: named(id), ...reasoned(seen.error) }] : [],
    ),
    ...(refusals.length === 0 ? {} : { guard: { hash: hashOf(guarded.refusals), refusals } }),
    replicas: participants.roles.map(({ id }) => ({
      replica: named(id),
      ...(lines.get(id) ?? { create: [], update: [], delete: [], keep: [] }),
    })),
    joins: participants.roles.flatMap(({ id }) => (before.has(id) ? [] : [named(id)])),
    ...(forgets.length === 0 ? {} : { forgets: forgets.map(named) }),
    ...(leaving.length === 0 ? {} : { leaving }),
    ...(turns.length === 0 ? {} : { turns }),
  }
}

// The names of replicas. If two folders of one mailbox take or took part, each name has its folder.
function naming(
  participants: Participants,
  left: readonly ReplicaId[],
  placeOf: (id: ReplicaId) => Place | undefined,
): (id: ReplicaId) => string {
  const short = (id: ReplicaId) => nameOf(participants, id, placeOf(id))
  const names = [...participants.roles.map(({ id }) => id), ...left].map(short)
  const declared = new Map(participants.all.map(({ role, place }) => [role.id, place]))
  return (id) => {
    const [name, place] = [short(id), declared.get(id) ?? placeOf(id)]
    const isShared = names.filter((each) => each === name).length > 1
    return isShared && place?.kind === 'mailbox' ? `${name}:${place.folder}` : name
  }
}

function directionOf(writes: boolean): Direction {
  return writes ? 'TwoWay' : 'OneWay'
}

function reasoned({ code, message }: SyncError): NonNullable<Forecast['error']> {
  return { reason: reasonOf(code), message }
}

async function leaversIn(
  declared: Declared,
  left: readonly Left[],
  environment: Environment,
  signal: AbortSignal,
): Promise<readonly Leaver[]> {
  const baseline = environment.baseline(declared.id)
  const participants = participantsOf(declared.group)
  const removes = async (leaver: Left): Promise<Partial<Leaver>> => {
    try {
      const [replica] = environment.former(declared, [leaver], signal)
      if (replica === undefined) return {}
      return { removes: await dismissible(declared.id, replica, baseline, signal) }
    } catch (error) {
      if (error instanceof SyncError) return { waits: reasonOf(error.code) }
      throw error
    }
  }
  return Promise.all(
    left.map(async (leaver) => {
      const { id, place } = leaver
      const copies = (await baseline.known(id).all()).size
      return { replica: nameOf(participants, id, place), copies, ...(await removes(leaver)) }
    }),
  )
}

type Lines = Omit<ForecastReplica, 'replica'>

// The lines of each replica that has some. `more`: further content that is kept, right before an action. `type`: the
// lines have the names of the items.
function* linesOf(
  steps: readonly Step[],
  more: readonly Kept[],
  type: ItemType | undefined,
): Work<ReadonlyMap<ReplicaId, Lines>> {
  const all = new Map<ReplicaId, Lines>()
  const at = (id: ReplicaId): Lines => {
    const lines = all.get(id) ?? { create: [], update: [], delete: [], keep: [] }
    all.set(id, lines)
    return lines
  }
  const nameOfItem = (item: Item | undefined) =>
    type === undefined || item === undefined ? {} : { name: type.title(item) }
  for (const { link, agreed, actions, keeps } of steps) {
    yield 0.1 * (1 + actions.length)
    const item = agreed ?? link.agreed
    const created = Object.keys(agreed ?? {}).sort()
    for (const action of actions) {
      const fields =
        action.kind === 'update' ? touched(action.patch) : action.kind === 'create' ? created : []
      at(action.replica)[action.kind].push({ link: link.id, fields, ...nameOfItem(item) })
    }
    for (const { replica, fields, reason, item: kept } of keeps)
      at(replica).keep.push({ link: link.id, fields, reason, ...nameOfItem(item ?? kept) })
  }
  for (const { replica, link, item, fields, reason } of more)
    at(replica).keep.push({ link, fields, reason, ...nameOfItem(item) })
  return all
}
