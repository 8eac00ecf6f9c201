// `exsync forget`: erases a person from the kept data, after showing what that is. Names are shown on a terminal only; a
// file or a log gets the number of entries, the groups and the times.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { GroupId } from '../core/id.ts'
import type { Item } from '../core/item.ts'
import { itemTypeNamed } from '../core/items.ts'
import { isAbout, soughtIn, soughtMin } from '../core/search.ts'
import { invalidArguments } from '../core/sync-error.ts'
import type { Eraser, Found, Kept } from '../store/erase.ts'
import { stateFile } from '../store/state.ts'
import { titleOf } from './history.ts'
import type { Out } from './output.ts'
import { iso } from './table.ts'

/** The person to forget, by an entry of the bin or by a text; and the confirmation. */
export type Forgetting = Readonly<{
  item: number | undefined
  match: string | undefined
  group: GroupId | undefined
  yes: boolean
  /** Is the output a terminal? Then names are shown. */
  terminal: boolean
  stateDirectory: string
  /** ms since 1970 */
  nowMs: number
}>

/**
 * Shows the data to erase, and erases it with `yes`. Answers the exit code: 2 if it only showed data. Throws a terminal
 * SyncError for arguments that match nothing, and for entries that wait to be restored.
 */
export async function forget(eraser: Eraser, asked: Forgetting, out: Out): Promise<number> {
  const found = foundBy(eraser, asked)
  const { kept, unopened, living } = found
  if (kept.length === 0) await out('nothing in the bin matches')
  else await show(found, asked, out)
  if (unopened > 0)
    await out(
      `${unopened === 1 ? '1 value does' : `${unopened} values do`} not open and could not be searched (exsync bin list says Damaged): name them with --item N`,
    )
  if (asked.yes) await erase(eraser, kept, asked, out)
  for (const [group, links] of living)
    await out(
      `${contacts(links)} still in the folders of ${group} and not erased: delete it there first, wait for a pass, then forget`,
    )
  if (kept.length === 0) return 0
  for (const line of elsewhere(asked.stateDirectory)) await out(line)
  if (asked.yes) return 0
  await out('nothing was erased: repeat the command with --yes; this cannot be undone')
  return 2
}

function foundBy(eraser: Eraser, { item, match, group }: Forgetting): Found {
  if ((item === undefined) === (match === undefined))
    throw invalidArguments('exsync forget takes either --item N or --match TEXT')
  if (match !== undefined) {
    const sought = soughtIn(match)
    if (sought === undefined)
      throw invalidArguments(
        `--match takes at least ${soughtMin} characters: a shorter text matches almost every contact`,
      )
    const type = itemTypeNamed()
    return eraser.meant((each: Item) => isAbout(type, each, sought), group)
  }
  const found = item === undefined ? undefined : eraser.ofEntry(item)
  if (found === undefined || (group !== undefined && found.kept[0]?.group !== group)) {
    const where = group === undefined ? '' : ` of ${group}`
    throw invalidArguments(`there is no ${item}${where} in the bin: see exsync bin list`)
  }
  return found
}

async function show({ kept }: Found, { terminal }: Forgetting, out: Out): Promise<void> {
  const groups = new Set(kept.map(({ group }) => group))
  const [first, last] = [
    kept.reduce((ms, { firstMs }) => Math.min(ms, firstMs), Number.POSITIVE_INFINITY),
    kept.reduce((ms, { lastMs }) => Math.max(ms, lastMs), 0),
  ]
  await out(
    `${entriesOf(kept)} of ${contacts(kept.length, false)} in ${[...groups].join(', ')}, from ${iso(first)} to ${iso(last)}`,
  )
  for (const { group, link, entries, items, pending } of kept) {
    const names = [...new Set(items.map(titleOf).filter(Boolean))].map((name) => `“${name}”`)
    const said = terminal && names.length > 0 ? `: ${names.join(', ')}` : ''
    const wanted = pending.length > 0 ? ` (${pending.join(', ')} wait to be restored)` : ''
    await out(`  ${group} ${link} ${entries}${wanted}${said}`)
  }
  if (!terminal) await out('names are shown on a terminal only')
}

async function erase(
  eraser: Eraser,
  kept: readonly Kept[],
  { nowMs }: Forgetting,
  out: Out,
): Promise<void> {
  eraser.erase(kept, nowMs)
  if (kept.length > 0)
    await out(
      `${entriesOf(kept)} erased, with their conflicts and journal lines; the journal keeps that an erasure took place`,
    )
  const left = eraser.purge()
  if (left === undefined) await out('no erased data is left in unused parts of the state file')
  else
    await out(
      `unused parts of the state file may still hold traces (${left.message}): restart exsync run to remove them`,
    )
}

// The places that this command does not reach.
function elsewhere(stateDirectory: string): readonly string[] {
  const aside = readdirSync(stateDirectory)
    .filter((name) => name.startsWith(`${stateFile}.`))
    .map((name) => join(stateDirectory, name))
  return [
    'backups of the state still contain it: delete older backups, or repeat exsync forget after restoring one',
    ...aside.map(
      (file) =>
        `${file}, kept by restore-state, may contain it, too: delete it when it is no longer needed`,
    ),
  ]
}

function entriesOf(kept: readonly Kept[]): string {
  const entries = kept.reduce((sum, each) => sum + each.entries, 0)
  return `${entries} ${entries === 1 ? 'entry' : 'entries'}`
}

function contacts(count: number, are = true): string {
  const verb = are ? (count === 1 ? ' is' : ' are') : ''
  return `${count} ${count === 1 ? 'contact' : 'contacts'}${verb}`
}
