// What the suites of the state write: the one place that knows how a change, a memory and an agreement are written down.
import type { Attempt } from '../../controller/core/attempt.ts'
import type { Agreement } from '../../controller/core/fold.ts'
import type { GroupId, ItemId, LinkId, ReplicaId, Version } from '../../controller/core/id.ts'
import type { Item } from '../../controller/core/item.ts'
import type { Copy, Link } from '../../controller/core/model.ts'
import type { Baseline, Kept, Memory, Write } from '../../controller/sync/ports.ts'

/** The writes of one transaction, by their tag; those without a payload are `true`. */
export type Writes = {
  readonly [W in Write as W['write']]?: W['write'] extends keyof W ? W[W['write']] : true
}

/** The order in which a pass writes. */
const order: readonly Write['write'][] = [
  ...(['reset', 'identity', 'renames', 'left', 'forgotten', 'unsettle', 'kept'] as const),
  ...(['conflicts', 'agreements', 'restored', 'copies', 'caused', 'approvals'] as const),
  ...(['memories', 'attempts', 'entries', 'settled', 'ended'] as const),
]

/** Commits all of it in one transaction. */
export function commit(
  baseline: Baseline,
  given: Writes,
  timeMs = 1,
  pass = 'pass-1',
): Promise<void> {
  const writes = order.flatMap((write) =>
    given[write] === undefined ? [] : [{ write, [write]: given[write] } as unknown as Write],
  )
  return baseline.commit({ at: { timeMs, pass }, writes })
}

export const group = 'ns/group' as GroupId
export const [ann, bob, hub] = ['ann', 'bob', 'hub:/company'] as ReplicaId[] as [
  ReplicaId,
  ReplicaId,
  ReplicaId,
]
export const idOf = (id: string): ItemId => id as ItemId
export const linkOf = (id: string): LinkId => id as LinkId

/** What a replica remembers when it has nothing to remember. */
export const memory = (more: Partial<Memory> = {}): Memory => ({
  checkpoint: {},
  seenAs: { writes: true, receives: true, drift: 'Revert', private: 'Skip' },
  recheck: [],
  relist: false,
  rewound: false,
  unread: [],
  codec: undefined,
  ...more,
})

/** A copy of that id, as it was read under codec 1. */
export const copy = (id: string, more: Partial<Copy> = {}): Copy => ({
  id: idOf(id),
  version: `v-${id}` as Version,
  revision: 1,
  shown: {},
  codec: 1,
  ...more,
})

/** What is agreed of a link for the first time, with a copy of ann's that is called like the link. */
export const agreement = (id: string, more: Partial<Agreement> = {}): Agreement => ({
  link: linkOf(id),
  revision: 1,
  agreed: { GivenName: id },
  editedMs: undefined,
  aliases: [],
  base: undefined,
  copies: new Map([[ann, copy(id)]]),
  dropped: [],
  declined: [],
  ...more,
})

/** Something that was deleted. */
export const deleted = (item: Item, more: Partial<Kept> = {}): Kept => ({
  link: linkOf('link'),
  replica: ann,
  loss: 'loss-1',
  reason: 'Deleted',
  fields: [],
  item,
  ...more,
})

/** What was agreed before an edit. */
export const edited = (n: number, bytes = 100): Kept =>
  deleted(sized(bytes), { link: linkOf(`link-${n}`), reason: 'Edited', fields: ['Body'] })

/** An item of so many bytes, as its JSON is counted. */
export const sized = (bytes: number): Item => ({
  Body: 'x'.repeat(bytes - Buffer.byteLength(JSON.stringify({ Body: '' }))),
})

/** A create whose outcome is unknown. */
export const attempt = (id: string, more: Partial<Attempt> = {}): Attempt => ({
  link: linkOf(id),
  replica: bob,
  revision: 1,
  batch: 1,
  tries: 1,
  sentMs: 5,
  items: [],
  code: undefined,
  seen: false,
  ...more,
})

/** A write that no state takes: a copy of a link that does not exist. */
export const impossible: Writes = {
  copies: [{ link: linkOf('nobody'), replica: ann, copy: copy('X') }],
}

/** The link with what the test did not say. */
export const linkAs = (id: string, more: Partial<Link> = {}): Link => ({
  id: linkOf(id),
  revision: 1,
  agreed: { GivenName: id },
  editedMs: undefined,
  bases: new Map(),
  copies: new Map([[ann, copy(id)]]),
  aliases: [],
  source: undefined,
  declined: new Set(),
  ...more,
})

/** Everything that a baseline answers, to be compared before and after. */
export async function everythingOf(baseline: Baseline): Promise<unknown> {
  const links = await baseline.everything()
  const memories = await baseline.memories()
  const replicas = [...memories.keys()]
  const each = async <Answer>(of: (replica: ReplicaId) => Promise<Answer>) =>
    Promise.all(replicas.map(of))
  return {
    links: await baseline.links([...links].sort()),
    unsettled: [...(await baseline.unsettled())].sort(),
    memories: [...memories],
    known: await each((replica) => baseline.known(replica).all()),
    deviating: await each((replica) => baseline.deviating(replica)),
    outdated: await each((replica) => baseline.outdated(replica, 9, 9)),
    identity: await baseline.identity(),
    count: await baseline.count(),
    caused: [...(await baseline.causedSince(0))],
    approvals: await baseline.approvals(),
    conflicts: await baseline.conflicts(),
    attempts: await baseline.attempts(),
    claims: [...(await baseline.claims())],
    restorations: await baseline.restorations(),
    historySince: await baseline.historySince(),
  }
}
