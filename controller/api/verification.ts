// A verification reads every copy again and compares it with the agreed content, by the rules of a pass: a copy deviates if
// the next pass would change it, or would propagate its edit. Pure; sync/verify.ts reads.
//
// Not a deviation: a field that the server derives or rewrites and that still has the value that the server made of it
// (core/deviation.ts). Set apart and counted: private content, ignored drift, a declined copy, content above the size
// limit, fields newer than the codec that last read the copy, and the own items of a receive-only member.

import { lackOf } from '../core/action.ts'
import { cut, tokenMax } from '../core/cut.ts'
import { driftIn } from '../core/deviation.ts'
import { readingOf } from '../core/edit.ts'
import type { LinkId, ReplicaId } from '../core/id.ts'
import { bytesOf, type Item, type ItemType, same, touched } from '../core/item.ts'
import { type Copy, type Found, isOfOlderCodec, type Link, type Role } from '../core/model.ts'
import { itemTooLarge } from '../core/scope.ts'
import { SyncError } from '../core/sync-error.ts'
import { iso } from './conditions.ts'
import type { Problem } from './report.ts'
import type { SyncGroupStatus } from './resources.generated.ts'
import { nameOf, type Participants } from './topology.ts'

/** One copy or item that is not as agreed. Never contains content. */
export type Deviation = Readonly<{
  link: LinkId
  replica: ReplicaId
  kind: 'Differs' | 'Missing' | 'Behind' | 'Extra' | 'Unread'
  /** The fields that differ, sorted. */
  fields: readonly string[]
  /** The time of the change, ms since 1970 by the server's clock; undefined if the server does not report it. */
  sinceMs?: number | undefined
  /** The error code of an unreadable copy. */
  code?: string
}>

/** The reasons to set a copy apart: it differs from the agreed content on purpose. */
export const aparts = ['Private', 'Ignored', 'Declined', 'TooLarge', 'OlderCodec', 'Own'] as const

/** One of these reasons. */
export type Apart = (typeof aparts)[number]

/** The judgement on one copy or item: as agreed, set apart, or deviating. */
export type Verdict = 'Proved' | Apart | Omit<Deviation, 'link' | 'replica'>

/** The result of a verification. */
export type Verification = Readonly<{
  endedMs: number
  tookMs: number
  /** The number of folders that take part, and of those that were read to the end. */
  replicas: Readonly<{ total: number; read: number }>
  /** The number of copies that were read and compared. */
  copies: number
  apart: ReadonlyMap<Apart, number>
  /** Folders that could not be read, or not to the end. */
  problems: readonly Problem[]
  deviations: readonly Deviation[]
  /** Time ran out before everything was read. */
  unfinished: boolean
}>

/** Proved only if everything was read and is as agreed. */
export function resultOf({
  deviations,
  problems,
  unfinished,
}: Verification): 'Proved' | 'Deviating' | 'Unread' {
  if (deviations.some(({ kind }) => kind !== 'Unread')) return 'Deviating'
  return deviations.length + problems.length > 0 || unfinished ? 'Unread' : 'Proved'
}

/** The location of one copy: its link and its replica. */
export type Spot = Readonly<{ type: ItemType; link: Link; role: Role; itemBytes: number }>

/** Judges a replica in which the link has no copy, or in which the copy is missing. */
export function verdictOfAbsent({ link, role, itemBytes }: Spot, copy?: Copy): Verdict {
  const { agreed } = link
  if (agreed === undefined || (copy === undefined && !role.receives)) return 'Proved'
  const ignores = !role.writes && role.drift === 'Ignore'
  if (ignores && (copy !== undefined || link.declined.has(role.id))) return 'Declined'
  if (copy === undefined && bytesOf(agreed) > itemBytes) return 'TooLarge'
  return { kind: 'Missing', fields: [] }
}

/** Judges a copy by the answer of its replica: the item, undefined if it is missing, or an error. */
export function verdictOf(spot: Spot, copy: Copy, answer: Found | undefined | SyncError): Verdict {
  const { type, link, role, itemBytes } = spot
  if (answer === undefined) return verdictOfAbsent(spot, copy)
  if (answer instanceof SyncError) return unreadVerdict(answer)
  const { agreed } = link
  const behind = role.receives && copy.revision < link.revision
  // Its deletion is agreed, but not carried out yet.
  if (agreed === undefined) return { kind: 'Behind', fields: [], sinceMs: link.editedMs }
  const reading = readingOf(type, link, role, { copy, found: answer })
  const { patch, ignored } = lackOf(type, reading, agreed)
  const later = isOfOlderCodec(type, copy) ? type.newSince(copy.codec ?? 0) : none
  const fields = touched(patch)
  const differing = fields.filter((field) => !later.has(field))
  if (differing.length === 0) {
    if (fields.length > 0) return 'OlderCodec'
    const own = [...reading.changes.keys(), ...driftIn(copy.shown)]
    const left = ignored && differs(type, answer.item, agreed, own)
    if (left) return role.writes ? 'Private' : 'Ignored'
    return 'Proved'
  }
  if (!behind) return { kind: 'Differs', fields: differing, sinceMs: answer.modifiedMs }
  if (bytesOf(agreed) > itemBytes) return 'TooLarge'
  return { kind: 'Behind', fields: differing, sinceMs: link.editedMs }
}

/** Judges an item that the baseline does not know; undefined if it is gone, or no contact. */
export function verdictOfExtra(
  type: ItemType,
  role: Role,
  answer: Found | undefined | SyncError,
): Verdict | undefined {
  if (answer === undefined) return undefined
  if (answer instanceof SyncError)
    return answer.code === 'OtherKind' ? undefined : unreadVerdict(answer)
  const { item, createdMs, modifiedMs } = answer
  if (!role.hub && role.private === 'Skip' && type.private(item)) return 'Private'
  if (!role.writes) return 'Own'
  return { kind: 'Extra', fields: [], sinceMs: createdMs ?? modifiedMs }
}

const none: ReadonlySet<string> = new Set()

function unreadVerdict({ code }: SyncError): Verdict {
  return code === itemTooLarge ? 'TooLarge' : { kind: 'Unread', fields: [], code }
}

function differs(type: ItemType, one: Item, other: Item, fields: readonly string[]): boolean {
  return fields.some((field) => !same(type.field(field), one[field], other[field]))
}

/** The most deviations in a status, and the most fields of one. */
const firstMax = 20

/** The verification that was requested with this token, as a status shows it. */
export function verifiedOf(
  token: string,
  verification: Verification,
  participants: Participants,
): NonNullable<SyncGroupStatus['verified']> {
  const { endedMs, copies, deviations, problems } = verification
  const named = [
    ...problems.map(({ replica }) => ({ replica, kind: 'Unread' as const, fields: [] })),
    ...deviations,
  ]
  return {
    requestedAt: cut(token, tokenMax),
    time: iso(endedMs),
    copies,
    deviations: named.length,
    result: resultOf(verification),
    first: named.slice(0, firstMax).map((each: Partial<Deviation> & (typeof named)[number]) => ({
      ...(each.link === undefined ? {} : { link: cut(each.link, 128) }),
      replica: cut(nameOf(participants, each.replica), 254),
      kind: each.kind,
      ...(each.fields.length === 0
        ? {}
        : { fields: each.fields.slice(0, firstMax).map((field) => cut(field, 128)) }),
      ...(each.sinceMs === undefined ? {} : { since: iso(each.sinceMs) }),
    })),
  }
}
