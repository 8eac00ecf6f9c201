// `exsync plan`: shows what a pass would do now. Names links and fields, never content.

import { reasonOf } from '../api/conditions.ts'
import { hindranceOf } from '../api/references.ts'
import { nameOf, participantsOf } from '../api/topology.ts'
import { hashOf, meanwhileText, type Refusal } from '../core/guard.ts'
import { isHub, type ReplicaId } from '../core/id.ts'
import { touched } from '../core/item.ts'
import type { Step } from '../core/step.ts'
import { SyncError, syncErrorOf } from '../core/sync-error.ts'
import { leaversOf } from '../sync/departed.ts'
import type { Environment, Mode } from '../sync/environment.ts'
import { foreseen } from '../sync/foreseen.ts'
import type { Declared, Kept, Left } from '../sync/ports.ts'
import { propose } from '../sync/propose.ts'
import { passSpecOf } from '../sync/reconcile.ts'
import { dismissible } from '../sync/removal.ts'
import { claimsOf } from '../sync/schedule.ts'
import { jsonText, type Say } from './output.ts'

type Line = Readonly<{ link: string; fields: readonly string[]; reason?: string }>

/** The effects on one replica. */
type Replica = Readonly<{
  replica: string
  create: Line[]
  update: Line[]
  delete: Line[]
  keep: Line[]
}>

/**
 * A folder that no longer takes part: the number of its copies, and of those to be removed, each kept in the bin first.
 * `waits`: why the folder cannot be read, or must not be.
 */
type Leaver = Readonly<{ replica: string; copies: number; removes?: number; waits?: string }>

type Refused = Omit<Refusal, 'replica'> & Readonly<{ replica: string }>

/** The effects in one group. */
type Group = Readonly<{
  group: string
  suspended?: true
  deleted?: true
  error?: Readonly<{ reason: string; message: string }>
  problems: readonly Readonly<{ replica: string; reason: string; message: string }>[]
  guard?: Readonly<{ hash: string; refusals: readonly Refused[] }>
  replicas: readonly Replica[]
  /** The folders whose copies would be removed (deletionPolicy: RemoveCopies). */
  leaving?: readonly Leaver[]
}>

const linesMax = 20

/** Plans every group, prints, and answers the exit code: 0 nothing to do, 2 changes, 1 error. */
export async function plan(
  environment: Environment,
  output: 'table' | 'json',
  out: Say,
  signal: AbortSignal,
): Promise<number> {
  const groups: Group[] = []
  const all = await environment.declarations.groups()
  const claims = claimsOf(all)
  for (const declared of all) {
    groups.push(await planned(declared, claims.get(declared.id), environment, signal))
  }
  if (output === 'json') await out(jsonText({ groups }), 'lines')
  else for (const group of groups) table(group, out)
  if (groups.length === 0 || groups.some(({ error }) => error !== undefined)) return 1
  const changes = ({ guard, replicas, leaving = [] }: Group) =>
    guard !== undefined || leaving.length > 0 || replicas.some((each) => count(each) > 0)
  return groups.some(changes) ? 2 : 0
}

async function planned(
  declared: Declared,
  claimed: Mode['claimed'],
  environment: Environment,
  signal: AbortSignal,
): Promise<Group> {
  const participants = participantsOf(declared.group)
  const mode: Mode = { sliceMs: undefined, audit: false, stopping: () => false, claimed }
  const { suspend, deletionPolicy } = declared.group.spec
  if (declared.deleted) {
    const hindrance = hindranceOf(declared)
    if (hindrance !== undefined && deletionPolicy === 'RemoveCopies' && !suspend) {
      const error = { reason: reasonOf(hindrance.code), message: hindrance.message }
      return { group: declared.id, deleted: true, error, problems: [], replicas: [] }
    }
    const memories =
      deletionPolicy === 'Orphan' || suspend
        ? []
        : [...(await environment.baseline(declared.id).memories())]
    const left = memories.flatMap(([id, { place }]) => (isHub(id) ? [] : [{ id, place }]))
    const leaving = await leaversIn(declared, left, environment, signal)
    return { group: declared.id, deleted: true, problems: [], replicas: [], leaving }
  }
  if (suspend) return { group: declared.id, suspended: true, problems: [], replicas: [] }
  try {
    const spec = passSpecOf(declared, environment, mode, signal)
    const proposal = await propose(spec, signal)
    const { guarded, observed } = proposal
    const more = await foreseen(spec, proposal, signal)
    const left = (await leaversOf(spec, proposal)).map(({ role, place }) => ({
      id: role.id,
      place,
    }))
    const leaving = await leaversIn(declared, left, environment, signal)
    const problems = [...observed.observations].flatMap(([id, seen]) =>
      seen.state === 'unknown'
        ? [
            {
              replica: nameOf(participants, id),
              reason: reasonOf(seen.error.code),
              message: seen.error.message,
            },
          ]
        : [],
    )
    const refusals = guarded.refusals.map((each) => ({
      ...each,
      replica: nameOf(participants, each.replica),
    }))
    return {
      group: declared.id,
      problems,
      ...(refusals.length === 0 ? {} : { guard: { hash: hashOf(guarded.refusals), refusals } }),
      replicas: participants.roles.map(({ id }) =>
        replicaOf(nameOf(participants, id), id, guarded.plan.steps, more),
      ),
      ...(leaving.length === 0 ? {} : { leaving }),
    }
  } catch (error) {
    const { code, message } = syncErrorOf(error)
    return {
      group: declared.id,
      error: { reason: reasonOf(code), message },
      problems: [],
      replicas: [],
    }
  }
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

// `more`: further content that is kept, right before an action.
function replicaOf(
  replica: string,
  id: ReplicaId,
  steps: readonly Step[],
  more: readonly Kept[],
): Replica {
  const lines: Replica = { replica, create: [], update: [], delete: [], keep: [] }
  for (const { link, agreed, actions, keeps } of steps) {
    for (const action of actions.filter((each) => each.replica === id)) {
      const fields =
        action.kind === 'update'
          ? touched(action.patch)
          : action.kind === 'create'
            ? Object.keys(agreed ?? {}).sort()
            : []
      lines[action.kind].push({ link: link.id, fields })
    }
    for (const keep of keeps.filter((each) => each.replica === id)) {
      lines.keep.push({ link: link.id, fields: keep.fields, reason: keep.reason })
    }
  }
  for (const { link, fields, reason } of more.filter((each) => each.replica === id)) {
    lines.keep.push({ link, fields, reason })
  }
  return lines
}

function count(each: Replica): number {
  return each.create.length + each.update.length + each.delete.length + each.keep.length
}

function table(
  { group, suspended, deleted, error, problems, guard, replicas, leaving = [] }: Group,
  out: Say,
): void {
  out(group)
  if (suspended) out('  suspended: spec.suspend is true')
  if (deleted) out('  deleted: it is no longer declared')
  for (const { replica, copies, removes, waits } of leaving) {
    const what =
      waits === undefined
        ? `${removes ?? 'those'} that the controller made are removed`
        : `none is removed for now (${waits})`
    out(`  ${replica}  leaves: of ${copies} copies ${what}`)
  }
  if (error !== undefined) out(`  error  ${error.reason}: ${error.message}`)
  for (const { replica, reason, message } of problems) out(`  ${replica}  ${reason}: ${message}`)
  if (guard !== undefined) {
    const meanwhile = meanwhileText(guard.refusals.map(({ replica }) => replica))
    const where = guard.refusals.some(({ above }) => above) ? ' on the ExchangeServer' : ''
    out(
      `  blocked by the guard: undo it in Exchange, or approve it with the annotation exchangesync.dev/approve: ${guard.hash}${where}; ${meanwhile}`,
    )
    for (const { replica, reason, count, limit, hash } of guard.refusals) {
      out(`    ${replica}  ${count} ${reason.toLowerCase()} (limit ${limit}) (alone: ${hash})`)
    }
  }
  for (const each of replicas) {
    out(
      `  ${each.replica}  create ${each.create.length}, update ${each.update.length}, delete ${each.delete.length}, keep ${each.keep.length}`,
    )
    for (const kind of ['create', 'update', 'delete', 'keep'] as const) {
      for (const { link, fields, reason } of each[kind].slice(0, linesMax)) {
        out(
          ['   ', kind.padEnd(6), link, ...(reason ? [reason] : []), fields.join(' ')]
            .join(' ')
            .trimEnd(),
        )
      }
      const more = each[kind].length - linesMax
      if (more > 0) out(`    ${kind.padEnd(6)} … and ${more} more (all with -o json)`)
    }
  }
}
