// An attempt is a create that was sent and whose copy was not seen yet: the reply was lost, or the server acknowledged
// a copy that does not exist. Only a copy that is seen in its folder with our stamp counts. An attempt is noted before
// the request is sent, so that it survives the process. Until the copy is seen:
// - the create is not done: it is sent again after the next listing, with half the batch, and later less often;
// - a deletion of the link is not complete until the whole folder was listed: a copy that appears later belongs to it.

import { doubted, shownOf } from './deviation.ts'
import type { ItemId, LinkId, ReplicaId, Version } from './id.ts'
import type { Field, ItemType, Value } from './item.ts'
import type { Copy, Found, Link } from './model.ts'

/** One create whose outcome is unknown. Times in ms since 1970. */
export type Attempt = Readonly<{
  link: LinkId
  replica: ReplicaId
  /** The link's revision that was sent. */
  revision: number
  /** How many items the request carried. */
  batch: number
  /** The number of tries as a single item, or with an acknowledgement, after which no copy was seen. */
  tries: number
  sentMs: number
  /** The copies that the server acknowledged. */
  items: readonly Readonly<{ id: ItemId; version: Version }>[]
  /** The result code of the last try; undefined while a request is under way. */
  code: string | undefined
  /** A copy was seen since; an earlier request may still make a second one. */
  seen: boolean
}>

/** The attempts of one link, by replica. */
export type Attempts = ReadonlyMap<ReplicaId, Attempt>

/** After this number of tries without a copy, the status names the problem. */
export const triesMax = 3

/** How long a second copy of an acknowledged create may still appear, ms. */
const lateMs = 60 * 60_000

/** How long a server may continue a request after its deadline, ms (exchange-protocol §4.1: one minute). */
const serverMs = 60_000

/** The longest wait between two tries, ms: an audit's interval. */
const waitMaxMs = 6 * 60 * 60_000

/** The attempts by link and replica. */
export function attemptsByLink(attempts: readonly Attempt[]): ReadonlyMap<LinkId, Attempts> {
  const byLink = new Map<LinkId, Map<ReplicaId, Attempt>>()
  for (const attempt of attempts) {
    const some = byLink.get(attempt.link) ?? new Map<ReplicaId, Attempt>()
    byLink.set(attempt.link, some.set(attempt.replica, attempt))
  }
  return byLink
}

/**
 * Must the create wait? The first tries follow each other; later ones wait a minute, two, four, up to six hours,
 * since each may leave a copy that is not seen. A link with newer content does not wait.
 */
export function waits(attempt: Attempt | undefined, revision: number, nowMs: number): boolean {
  if (attempt === undefined || attempt.revision !== revision) return false
  if (attempt.code === 'RequestTimeout' && nowMs < attempt.sentMs + serverMs) return true
  if (attempt.tries < triesMax) return false
  const waitMs = Math.min(waitMaxMs, 60_000 * 2 ** Math.min(attempt.tries - triesMax, 20))
  return nowMs < attempt.sentMs + waitMs
}

/** Must the create wait in this pass, because its copy may be a `hidden` item, or because of the time? */
export function isPutOff(
  { hidden, nowMs }: Readonly<{ hidden?: ReadonlySet<Attempt>; nowMs?: number | undefined }>,
  attempt: Attempt | undefined,
  revision: number,
): boolean {
  if (attempt === undefined) return false
  return hidden?.has(attempt) || (nowMs !== undefined && waits(attempt, revision, nowMs))
}

/** The number of items in a request that sends this one again: half of the failed batch, at least one. */
export function batchFor(attempt: Attempt | undefined, most: number): number {
  return attempt?.code === undefined ? most : Math.max(1, Math.ceil(attempt.batch / 2))
}

/** Is the attempt over: can no further copy of it appear? */
export function isOver({ seen, sentMs }: Attempt, nowMs: number): boolean {
  return seen && nowMs > sentMs + lateMs
}

/** The attempt once its copy has been seen: undefined, unless an earlier try may have left another copy. */
export function afterSeen(attempt: Attempt): Attempt | undefined {
  return attempt.items.length > 0 ? { ...attempt, seen: true } : undefined
}

/** A write within this time after the create is a part of it, or made by the server; ms. */
const makingMs = 2000

/** If a text of at least this length is cut, the server cut it, not a user. */
const cutLength = 200

/**
 * The copy that an attempt made, when it is found by its stamp. Its base is the content that was sent, at the revision
 * of that time. A deviation is made by the server if the copy was not changed since its create (by the acknowledged
 * version, else by the times), or if it is a long text that is cut; any other deviation is an edit of the user.
 * Undefined if that cannot be decided. A decision by the times is in doubt, because a program may have edited the copy
 * at once: so its content is kept before it is overwritten.
 */
export function madeCopyOf(
  type: ItemType,
  link: Link,
  attempt: Attempt,
  found: Found,
): Copy | undefined {
  const { revision } = attempt
  const base = revision === link.revision ? link.agreed : link.bases.get(revision)
  const making = attempt.seen ? undefined : makingOf(attempt, found)
  if (base === undefined || making === undefined) return undefined
  const known = Object.entries(shownOf(type, found.item, base)).filter(
    ([field]) => making.untouched || isCut(type.field(field), found.item[field], base[field]),
  )
  const shown = Object.fromEntries(known)
  // An id and a version that no server has: the copy is noted and read again under the id that was found.
  const unread = { id: '' as ItemId, version: '' as Version }
  return {
    ...unread,
    revision,
    shown: making.acknowledged ? shown : doubted(shown),
    codec: type.codec,
  }
}

// Was the copy changed since its create? Undefined without its times, even if its version was acknowledged.
function makingOf({ items }: Attempt, { id, version, createdMs, modifiedMs }: Found) {
  if (createdMs === undefined || modifiedMs === undefined) return undefined
  const answer = items.find((each) => each.id === id)
  if (answer !== undefined) return { acknowledged: true, untouched: answer.version === version }
  return { acknowledged: false, untouched: modifiedMs - createdMs < makingMs }
}

// Is the value the start of the long text that was sent?
function isCut({ canonical }: Field, value: Value | undefined, sent: Value | undefined): boolean {
  const text = canonical(value)
  return text.length >= cutLength && canonical(sent).startsWith(text)
}
