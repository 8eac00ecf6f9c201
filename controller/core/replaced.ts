// Which edit replaced which fields of the agreed content: the input of the history and of the guard.

import type { Reading } from './edit.ts'
import { difference, type Item, type ItemType, same, touched } from './item.ts'
import { into } from './many.ts'
import type { Edit } from './merge.ts'
import { isOfOlderCodec, type Link } from './model.ts'
import { restorer } from './restore.ts'
import type { Keep, Replaced } from './step.ts'

/**
 * Every agreed field whose value differs in `agreed`, grouped by the edit that it comes from. A derived field that only
 * follows others belongs to the first edit that replaced anything. Empty if nothing was agreed before, or if the item is
 * deleted. Fields that a restore overwrites are left out: `keeps` holds them already.
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
  // A restore keeps the whole item already: derived fields that only follow it are no edit.
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

// A set belongs to every edit that changed it; any other field to the first edit with the agreed value.
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

// Not counted: content that existed before the link, restored content, and fields that a newer codec reads first.
function isCounted(type: ItemType, edit: Edit, fields: readonly string[]): boolean {
  if (edit.replica === restorer) return false
  const { copy, old } = edit as Reading
  if (copy === undefined || copy.revision === 0 || old) return false
  if (!isOfOlderCodec(type, copy)) return true
  const added = type.newSince(copy.codec ?? 0)
  return fields.some((field) => !added.has(field))
}
