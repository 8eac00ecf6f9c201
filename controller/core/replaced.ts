// Which edit replaced which fields of what was agreed: what the history tells, and what the guard counts.

import type { Reading } from './edit.ts'
import { difference, type Item, type ItemType, same, touched } from './item.ts'
import { into } from './loose.ts'
import type { Edit } from './merge.ts'
import { isOfOlderCodec, type Link } from './model.ts'
import { restorer } from './restore.ts'
import type { Keep, Replaced } from './step.ts'

/**
 * Every field of the link's agreed content that `agreed` has otherwise, by the edits that it comes from; a field that only
 * follows others, by the first edit that replaced anything. None where nothing was agreed, or where it is deleted. What
 * came back from the bin keeps what it overwrites itself (`keeps`).
 */
export function replacedIn(
  type: ItemType,
  link: Link,
  agreed: Item | undefined,
  edits: readonly Edit[],
  keeps: readonly Keep[],
): readonly Replaced[] {
  if (link.revision === 0 || link.agreed === undefined || agreed === undefined) return []
  const told = keeps.filter(({ reason }) => reason === 'Restored').flatMap(({ fields }) => fields)
  const fields = new Map<Edit, string[]>()
  const followers: string[] = []
  for (const field of touched(difference(type, link.agreed, agreed))) {
    if (told.includes(field)) continue
    const editors = editorsOf(type, field, agreed, edits)
    if (editors.length === 0) followers.push(field)
    for (const edit of editors) into(fields, edit, field)
  }
  const [leader = edits[0]] = fields.keys()
  if (leader !== undefined) for (const field of followers) into(fields, leader, field)
  // What came back keeps the whole item already: fields that only follow it are nobody's.
  const follows = (edit: Edit, its: readonly string[]) =>
    edit.replica === restorer &&
    told.length > 0 &&
    its.every((field) => type.derived(field, agreed))
  return [...fields]
    .filter(([edit, its]) => !follows(edit, its))
    .map(([edit, its]) => ({
      replica: edit.replica,
      fields: its,
      counted: isCounted(type, edit, its),
    }))
}

// A set is everybody's who changed it; of any other field, the first whose value it is.
function editorsOf(
  type: ItemType,
  field: string,
  agreed: Item,
  edits: readonly Edit[],
): readonly Edit[] {
  const editors = edits.filter(({ changes }) => changes.has(field))
  const rule = type.field(field)
  if (rule.merge !== undefined) return editors
  const won = editors.find(({ changes }) => same(rule, changes.get(field), agreed[field]))
  return won === undefined ? editors.slice(0, 1) : [won]
}

// Not counted: what a folder had before it was linked, what a backup shows, and fields that a newer codec reads first.
function isCounted(type: ItemType, edit: Edit, fields: readonly string[]): boolean {
  if (edit.replica === restorer) return false
  const { copy, old } = edit as Reading
  if (copy === undefined || copy.revision === 0 || old) return false
  if (!isOfOlderCodec(type, copy)) return true
  const added = type.newSince(copy.codec ?? 0)
  return fields.some((field) => !added.has(field))
}
