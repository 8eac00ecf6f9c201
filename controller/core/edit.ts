// Reads a new or changed item for the planner: the changes of its user against the content that the copy had, and
// whether these changes travel.

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
  type Shown,
} from './model.ts'

/** One replica's edit of a row's link, as the planner reads it. */
export type Reading = Edit &
  Readonly<{
    role: Role
    found: Found
    copy: Copy | undefined
    travels: boolean
    /** It shows the content of a backup. */
    old: boolean
    /** It shows the content of a backup: it is updated, and the old content is kept. */
    aged: boolean
    /** Fields that a newer codec reads first: the user filled them in before, and they do not travel. */
    renewed: readonly string[]
    /** The hub has the item again after its deletion was agreed: that is an edit, even without a change. */
    revives: boolean
  }>

/** A new or changed item, and the copy in the baseline if there is one. */
export type Seen = Readonly<{ copy?: Copy | undefined; found: Found; rewound?: boolean }>

/** Reads one cell of the link as an edit. */
export function readingOf(
  type: ItemType,
  link: Link,
  role: Role,
  { copy, found, rewound = false }: Seen,
): Reading {
  const past = pastOf(link, role, copy)
  const revives = role.hub && link.agreed === undefined && !link.copies.has(role.id)
  const isPrivate = !role.hub && role.private === 'Skip' && type.private(found.item)
  const aged = rewound && role.receives && !(role.writes && isPrivate)
  const all =
    copy === undefined && !past.stands
      ? newcomerChanges(type, link, found)
      : changesOf(type, found, past.base, deviations(type, role, copy, past, isPrivate))
  // Edits of an item that its owner marked private stay in the mailbox, even if others wrote or marked it, too. The
  // mark is not the owner's if the copy had it before, or shows exactly the content that we wrote.
  const edits = past.stands || revives ? all : withoutAgreed(type, link, copy, all)
  const travels =
    role.writes &&
    !aged &&
    !(isPrivate && (copy?.withheld || (!type.private(past.base) && edits.size > 0)))
  const changes = isOfOlderCodec(type, copy)
    ? sinceUpgrade(type, copy, found, edits, travels)
    : edits
  return {
    role,
    found,
    copy,
    replica: role.id,
    hub: role.hub,
    base: past.isNew ? knownOf(type, link, found) : past.base,
    changes,
    renewed: travels ? [] : renewedIn(type, copy, found),
    view: past.isNew ? found.item : changed(past.base, isOfOlderCodec(type, copy) ? changes : all),
    modifiedMs: found.modifiedMs ?? 0,
    old: rewound,
    aged,
    revives,
    travels,
  }
}

// The content that an item is compared with. `stands`: its replica's content counts as it is. `isNew`: the item has no
// history that counts.
type Past = Readonly<{ base: Item; stands: boolean; isNew: boolean }>

function pastOf(link: Link, role: Role, copy: Copy | undefined): Past {
  const stands = isAuthoritative(role) && link.revision > 0
  if (stands) return { base: link.agreed ?? {}, stands, isNew: false }
  if (copy === undefined || copy.revision === 0) return { base: {}, stands, isNew: true }
  return { base: baseOf(link, copy) ?? {}, stands, isNew: false }
}

// The noted deviations that are not edits. Ignored drift and edits of a private item count as edits as soon as the drift
// setting or the mark is gone.
function deviations(
  type: ItemType,
  role: Role,
  copy: Copy | undefined,
  { base }: Past,
  isPrivate: boolean,
): Shown {
  const shown = copy?.shown ?? {}
  const held = isPrivate && (copy?.withheld === true || !type.private(base))
  const ignoring = role.writes ? held : role.drift === 'Ignore'
  return ignoring ? shown : withoutDrift(shown)
}

// The fields of the item that a newer codec reads first.
function renewedIn(type: ItemType, copy: Copy | undefined, { item }: Found): readonly string[] {
  if (!isOfOlderCodec(type, copy)) return []
  return [...type.newSince(copy.codec ?? 0)].filter((field) => item[field] !== undefined)
}

// The edits of a copy that an older codec read last. An item with an unchanged version has no edit, even if its
// canonical form changed. New fields merge as at first sync: a value travels, and a missing value is no edit. If the
// edits of the replica do not travel, new fields stay as they are.
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

// The changes of an item without a history: its values are edits, its missing fields are not.
function newcomerChanges(type: ItemType, link: Link, found: Found) {
  if (link.revision === 0) return changesOf(type, found, {}, {}, true)
  // An unknown, unedited copy of a deleted item is deleted with it.
  const last = link.agreed ?? link.bases.get(link.revision - 1) ?? {}
  return changesOf(type, found, last, {}, true)
}

// The values of a new item that were agreed at some time: they are not edits of its user.
function knownOf(type: ItemType, link: Link, { item }: Found): Item {
  if (link.revision === 0) return {}
  const agreed = [link.agreed, ...link.bases.values()]
  const known = Object.entries(item).filter(([field, value]) =>
    agreed.some((each) => each !== undefined && same(type.field(field), value, each[field])),
  )
  return Object.fromEntries(known)
}

// Removes values that were agreed after the copy was noted: these are our own writes with a lost reply, not edits, and
// their times do not count.
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
