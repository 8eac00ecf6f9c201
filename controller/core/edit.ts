// How the planner reads a cell that was seen anew: what its user changed against what the copy held, and
// whether that travels.

import { withoutDrift } from './deviation.ts'
import { type Item, type ItemType, same } from './item.ts'
import { changed, changesOf, type Edit } from './merge.ts'
import {
  baseOf,
  type Copy,
  type Found,
  isAuthoritative,
  isOfOlderCodec,
  type Link,
  type Role,
} from './model.ts'

/** One replica's edit of a row's link, as the planner reads it. */
export type Reading = Edit &
  Readonly<{
    role: Role
    found: Found
    copy: Copy | undefined
    travels: boolean
    /** It shows what a backup held. */
    old: boolean
    /** It shows what a backup held: it is brought up to date, and what it shows is kept. */
    aged: boolean
    /** Fields that its user filled in before they were synchronised, and that do not travel. */
    renewed: readonly string[]
    /** The hub has it again after its deletion was agreed: that is an edit, whatever it shows. */
    revives: boolean
  }>

/** What was seen anew of one copy. */
export type Seen = Readonly<{ copy?: Copy | undefined; found: Found; rewound?: boolean }>

/** Reads a cell of the link: see the file's head. */
export function readingOf(
  type: ItemType,
  link: Link,
  role: Role,
  { copy, found, rewound = false }: Seen,
): Reading {
  const revives = role.hub && link.agreed === undefined && !link.copies.has(role.id)
  const newcomer = copy === undefined || copy.revision === 0
  const stands = isAuthoritative(role) && link.revision > 0
  const base = stands ? (link.agreed ?? {}) : newcomer ? {} : (baseOf(link, copy) ?? {})
  const isPrivate = !role.hub && role.private === 'Skip' && type.private(found.item)
  const aged = rewound && role.receives && !(role.writes && isPrivate)
  // Drift that is ignored, and edits of what is marked private, count as soon as neither holds any more.
  const held = isPrivate && (copy?.withheld === true || !type.private(base))
  const ignoring = role.writes ? held : role.drift === 'Ignore'
  const shown = ignoring ? (copy?.shown ?? {}) : withoutDrift(copy?.shown ?? {})
  const all =
    copy === undefined && !stands
      ? newcomerChanges(type, link, found)
      : changesOf(type, found, base, shown)
  // What its owner marked private stays in the mailbox, whoever wrote the rest of it, and whoever else
  // marks it. It is the owner's mark unless the copy had it already, or is just as we wrote it.
  const edits = stands || revives ? all : withoutAgreed(type, link, copy, all)
  const travels =
    role.writes &&
    !aged &&
    !(isPrivate && (copy?.withheld || (!type.private(base) && edits.size > 0)))
  const changes = isOfOlderCodec(type, copy)
    ? sinceUpgrade(type, copy, found, edits, travels)
    : edits
  const added = isOfOlderCodec(type, copy) && !travels ? type.newSince(copy.codec ?? 0) : none
  return {
    role,
    found,
    copy,
    replica: role.id,
    hub: role.hub,
    base: newcomer && !stands ? knownOf(type, link, found) : base,
    changes,
    renewed: [...added].filter((field) => found.item[field] !== undefined),
    view:
      newcomer && !stands ? found.item : changed(base, isOfOlderCodec(type, copy) ? changes : all),
    modifiedMs: found.modifiedMs ?? 0,
    old: rewound,
    aged,
    revives,
    travels,
  }
}

const none: ReadonlySet<string> = new Set()

// A copy that was read last under an older codec. At an unchanged version nothing was edited, whatever a canonical
// form makes of it now. Fields that are new merge as at first sync: what is there is brought along, what is not there
// says nothing, and where nothing travels it is left alone.
function sinceUpgrade(
  type: ItemType,
  copy: Copy,
  { version }: Found,
  edits: Edit['changes'],
  travels: boolean,
): Edit['changes'] {
  const added = type.newSince(copy.codec ?? 0)
  return new Map(
    [...edits].filter(([field, value]) =>
      added.has(field) ? travels && value !== undefined : version !== copy.version,
    ),
  )
}

// An item without a history says what it has, and nothing about what it lacks.
function newcomerChanges(type: ItemType, link: Link, found: Found) {
  if (link.revision === 0) return changesOf(type, found, {}, {}, true)
  // A copy of a deleted item that nobody knew of, and that nobody edited, goes with it.
  const last = link.agreed ?? link.bases.get(link.revision - 1) ?? {}
  return changesOf(type, found, last, {}, true)
}

// What a newcomer shows as it was agreed some time is not its user's doing.
function knownOf(type: ItemType, link: Link, { item }: Found): Item {
  if (link.revision === 0) return {}
  const agreed = [link.agreed, ...link.bases.values()]
  const known = Object.entries(item).filter(([field, value]) =>
    agreed.some((each) => each !== undefined && same(type.field(field), value, each[field])),
  )
  return Object.fromEntries(known)
}

// What was agreed after the copy was written down is our own write, whose reply was lost: no edit, and its
// time is nobody's.
function withoutAgreed(
  type: ItemType,
  link: Link,
  copy: Copy | undefined,
  changes: Edit['changes'],
): Edit['changes'] {
  if (link.revision === 0) return changes
  const since = [...link.bases].filter(([revision]) => revision > (copy?.revision ?? 0))
  const ours = [link.agreed, ...since.map(([, item]) => item)]
  return new Map(
    [...changes].filter(([field, value]) =>
      ours.every((item) => item === undefined || !same(type.field(field), value, item[field])),
    ),
  )
}
