// `exsync approve`: shows the plan that the guard blocked, and approves it by its hash.
//
// Guarantees: a hash is approved only while a status names exactly this hash, and only in the version of the resource in which
// the person's approval was checked. The approvals that a resource has already stay.
// Caveats: an approval of effects above an ExchangeServer's ceilings is written to each server that sets ceilings, if the person
// may write there; a server without the person's right is named, with the line for its owner.
import { approvalsIn, approveAnnotation } from '../../api/annotations.ts'
import { type Awaited, awaitedIn } from '../../api/approval.ts'
import { hasCeilings } from '../../api/guard-ceilings.ts'
import type { ExchangeServer, SyncGroup } from '../../api/resources.generated.ts'
import { fullNameOf, namesIn, participantsOf } from '../../api/topology.ts'
import { printableUpTo } from '../../core/printable.ts'
import { SyncError, syncErrorOf } from '../../core/sync-error.ts'
import { kinds } from '../../kube/kinds.ts'
import type { KubeObject } from '../../kube/runtime/resource.ts'
import type { Out } from '../output.ts'
import type { Connection, Target } from './connection.ts'
import { titleOf, typedOf } from './target.ts'

type Resource = (SyncGroup | ExchangeServer) & KubeObject

/** How often the status is read again if the resource changes meanwhile. */
const triesMax = 5
/** The approvals that a resource keeps. */
const keptMax = 8

/** Shows what waits (exit code 2; 0 if nothing does), or approves the hash (0). Rejects with a SyncError. */
export async function approve(
  connection: Connection,
  target: Target,
  hash: string | undefined,
  out: Out,
): Promise<number> {
  const waiting = await waitingFor(connection, target)
  if (hash === undefined) {
    if (waiting.length === 0) await out(`nothing of ${titleOf(target)} waits for an approval`)
    for (const each of waiting) await show(each, target, out)
    return waiting.length === 0 ? 0 : 2
  }
  const wanted = hash.trim()
  const chosen = waiting.find(({ awaited }) => hashesOf(awaited).includes(wanted))
  if (chosen === undefined) throw otherHash(target, wanted, waiting)
  const places =
    target.kind.kind === kinds.exchangeServer.kind
      ? [target]
      : chosen.awaited.onServer
        ? await bounding(connection, chosen.group, target, wanted)
        : [target]
  for (const place of places) await approveOn(connection, place, target, wanted, out)
  return 0
}

/** The hashes of a plan: of the whole, and of the replicas alone. */
function hashesOf({ hash, alone }: Awaited): readonly string[] {
  return [hash, ...alone]
}

type Waiting = Readonly<{ group: SyncGroup; awaited: Awaited }>

// The plan of the group; for a server, those of the groups on it that are above its ceilings.
async function waitingFor(connection: Connection, target: Target): Promise<readonly Waiting[]> {
  if (target.kind.kind === kinds.syncGroup.kind) {
    const group = await connection.get<SyncGroup & KubeObject>(target)
    const awaited = awaitedIn(group.status)
    return awaited === undefined ? [] : [{ group, awaited }]
  }
  const { namespace, name } = target
  const groups = await connection
    .list<SyncGroup & KubeObject>(kinds.syncGroup, undefined)
    .catch(() => connection.list<SyncGroup & KubeObject>(kinds.syncGroup, namespace))
  return groups.flatMap((group) => {
    const awaited = awaitedIn(group.status)
    const on = serversOf(group).includes(`${namespace}/${name}`)
    return on && awaited?.onServer ? [{ group, awaited }] : []
  })
}

function serversOf(group: SyncGroup): readonly string[] {
  return [...new Set(participantsOf(group).all.map(({ place }) => place.server))]
}

async function show({ group, awaited }: Waiting, target: Target, out: Out): Promise<void> {
  const { hash, message } = awaited
  await out(`${fullNameOf(group)}: ${message}`)
  // A hash may begin with a dash.
  const dashed = hash.startsWith('-') ? `-- ${hash}` : hash
  await out(`approve it: kubectl exsync approve ${typedOf(target)} ${dashed}`)
}

function otherHash(target: Target, hash: string, waiting: readonly Waiting[]): SyncError {
  const now = waiting.flatMap(({ awaited }) => hashesOf(awaited))
  const why =
    now.length === 0
      ? 'nothing of it waits for an approval now'
      : `what waits now is ${now.join(', ')}; kubectl exsync approve ${typedOf(target)} shows it`
  return new SyncError(
    'terminal',
    'NotAwaited',
    `${printableUpTo(hash, 40)} is not approved for ${titleOf(target)}: ${why}`,
  )
}

// The servers with ceilings: all of them must approve. Without one the plan is judged by other limits than those in its status.
async function bounding(
  connection: Connection,
  group: SyncGroup,
  target: Target,
  hash: string,
): Promise<readonly Target[]> {
  const bounded: Target[] = []
  for (const id of serversOf(group)) {
    const place = { kind: kinds.exchangeServer, ...namesIn(id) }
    const server = await connection.get<ExchangeServer & KubeObject>(place)
    if (hasCeilings(server)) bounded.push(place)
  }
  if (bounded.length > 0) return bounded
  throw new SyncError(
    'terminal',
    'NotAwaited',
    `${hash} is not approved for ${titleOf(target)}: it was above the ceilings of an ExchangeServer, and none sets ceilings now, so the next pass judges it again: kubectl exsync reconcile ${typedOf(target)}, then kubectl exsync approve ${typedOf(target)}`,
  )
}

async function approveOn(
  connection: Connection,
  place: Target,
  target: Target,
  hash: string,
  out: Out,
): Promise<void> {
  for (let tries = 1; tries <= triesMax; tries += 1) {
    const { metadata } = await connection.get<Resource>(place)
    const waiting = await waitingFor(connection, target)
    const waits = waiting.some(({ awaited }) => hashesOf(awaited).includes(hash))
    if (!waits) throw otherHash(target, hash, waiting)
    const others = [...approvalsIn(metadata)].filter((each) => each !== hash)
    const all = [...others, hash].slice(-keptMax).join(' ')
    const change = { metadata: { annotations: { [approveAnnotation]: all } } }
    if (await written(connection, place, change, metadata.resourceVersion ?? '', hash)) {
      await out(`${hash} is approved on ${titleOf(place)}: the next pass carries it out`)
      return
    }
  }
  throw new SyncError(
    'stale',
    'ApiConflict',
    `${titleOf(place)} changes again and again, and nothing was approved on it: run the same command again`,
  )
}

async function written(
  connection: Connection,
  place: Target,
  change: object,
  version: string,
  hash: string,
): Promise<boolean> {
  try {
    return await connection.merge(place, change, version)
  } catch (error) {
    const { kind, code, message } = syncErrorOf(error)
    if (code !== 'ApiForbidden' || place.kind.kind !== kinds.exchangeServer.kind) throw error
    throw new SyncError(
      kind,
      code,
      `${message}; the plan is above the ceilings of ${titleOf(place)}, so its owner decides: kubectl exsync approve ${typedOf(place)} ${hash}`,
    )
  }
}
