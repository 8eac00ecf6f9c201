// A create that was sent and whose copy was not seen again: the reply was lost, or the server acknowledged a copy
// that is not there. Only a copy that is seen in its folder with our stamp counts. An attempt is written down
// before the request is sent, so that it survives the process; until the copy is seen
// - the create is not taken for done, and is made again after the next look, with half the batch, then less often;
// - the link's deletion does not end before the folder was looked at whole: a copy that turns up later belongs to it.

import { doubted, shownOf } from './deviation.ts'
import type { ItemId, LinkId, ReplicaId, Version } from './id.ts'
import type { ItemType } from './item.ts'
import type { Copy, Found, Link } from './model.ts'

/** One create whose outcome is unknown. Times in ms since 1970. */
export type Attempt = Readonly<{
  link: LinkId
  replica: ReplicaId
  /** The link's revision that was sent. */
  revision: number
  /** How many items the request carried. */
  batch: number
  /** How often it was tried by itself, or acknowledged, without a copy to be seen. */
  tries: number
  sentMs: number
  /** What the server acknowledged, as it named it. */
  items: readonly Readonly<{ id: ItemId; version: Version }>[]
  /** What the last try ended with; undefined while a request is under way. */
  code: string | undefined
  /** A copy has been seen since; an earlier request may still turn up a second one. */
  seen: boolean
}>

/** The attempts of one link, by replica. */
export type Attempts = ReadonlyMap<ReplicaId, Attempt>

/** How many tries without a result make an attempt a problem that is named. */
export const triesMax = 3

/** How long a second copy of an acknowledged create may still turn up, ms. */
const lateMs = 60 * 60_000

/** So long a server may go on with a request whose deadline is over, ms (exchange-protocol §4.1: one minute). */
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
 * since each may leave a copy that is not seen. A link with newer content waits for nothing.
 */
export function waits(attempt: Attempt | undefined, revision: number, nowMs: number): boolean {
  if (attempt === undefined || attempt.revision !== revision) return false
  if (attempt.code === 'RequestTimeout' && nowMs < attempt.sentMs + serverMs) return true
  if (attempt.tries < triesMax) return false
  const waitMs = Math.min(waitMaxMs, 60_000 * 2 ** Math.min(attempt.tries - triesMax, 20))
  return nowMs < attempt.sentMs + waitMs
}

/** How many items a request may carry that sends this one again: half of what failed, down to one. */
export function batchFor(attempt: Attempt | undefined, most: number): number {
  return attempt?.code === undefined ? most : Math.max(1, Math.ceil(attempt.batch / 2))
}

/** Is nothing to be expected of it any more? */
export function isOver({ seen, sentMs }: Attempt, nowMs: number): boolean {
  return seen && nowMs > sentMs + lateMs
}

/** The attempt once its copy has been seen: undefined, unless an earlier try may have left another copy. */
export function afterSeen(attempt: Attempt): Attempt | undefined {
  return attempt.items.length > 0 ? { ...attempt, seen: true } : undefined
}

/** What is written on an item within this time is the server's own doing, or part of making it, ms. */
const makingMs = 2000

/** From this length on a server cuts a text, rather than a user. */
const cutLength = 200

/**
 * The copy that an attempt made, once it is found by its stamp: its content was what was sent, at the link's revision
 * then. What it shows otherwise is the server's doing where it was not changed since it was made (the version that was
 * acknowledged tells, else the time), and where a long text is cut; else its user's. Undefined where that cannot be told.
 * By the time alone it is doubtful: a program may have edited the copy at once, so the content is kept before it is
 * overwritten.
 */
export function madeCopyOf(
  type: ItemType,
  link: Link,
  { revision, seen, items }: Attempt,
  { id, version, item, createdMs, modifiedMs }: Found,
): Copy | undefined {
  const base = revision === link.revision ? link.agreed : link.bases.get(revision)
  if (seen || base === undefined || createdMs === undefined || modifiedMs === undefined)
    return undefined
  const all = shownOf(type, item, base)
  const answer = items.find((each) => each.id === id)
  const untouched =
    answer === undefined ? modifiedMs - createdMs < makingMs : answer.version === version
  const isCut = (field: string) => {
    const [text, sent] = [item, base].map((each) => type.field(field).canonical(each[field]))
    return text !== undefined && text.length >= cutLength && sent?.startsWith(text) === true
  }
  const known = Object.entries(all).filter(([field]) => untouched || isCut(field))
  const shown = Object.fromEntries(known)
  // An id and a version that no server has: it is written down, and read again, as what is found.
  const unread = { id: '' as ItemId, version: '' as Version }
  return {
    ...unread,
    revision,
    shown: answer === undefined ? doubted(shown) : shown,
    codec: type.codec,
  }
}
