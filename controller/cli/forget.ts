// `exsync forget`: erases a person from what was kept, once it has been shown what that is. Names are shown on a terminal
// only: what goes into a file or a log says how many, of which groups, and when.
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

/** Whom to forget: a number of the bin, or a text; and whether it is meant. */
export type Forgetting = Readonly<{
  item: number | undefined
  match: string | undefined
  group: GroupId | undefined
  yes: boolean
  /** Is a person looking? Then names are shown. */
  terminal: boolean
  stateDirectory: string
  /** ms since 1970 */
  nowMs: number
}>

/**
 * Shows what would be erased, and with `yes` erases it. Answers the exit code: 2 when it only showed something. Throws a
 * terminal SyncError for arguments that mean nobody, and for what is wanted back.
 */
export async function forget(eraser: Eraser, asked: Forgetting, out: Out): Promise<number> {
  const found = foundBy(eraser, asked)
  const { kept, unopened, living } = found
  if (kept.length === 0) await out('nothing in the bin is meant')
  else await show(found, asked, out)
  if (unopened > 0)
    await out(
      `${unopened === 1 ? '1 value does' : `${unopened} values do`} not open, and could not be looked into (exsync bin list says Damaged): found by --item N only`,
    )
  if (asked.yes) await erase(eraser, kept, asked, out)
  for (const [group, links] of living)
    await out(
      `${contacts(links)} still in the folders of ${group}, and not erased: delete it there first, let a pass go by, and then forget`,
    )
  if (kept.length === 0) return 0
  for (const line of elsewhere(asked.stateDirectory)) await out(line)
  if (asked.yes) return 0
  await out('nothing was erased: the same command with --yes does it, and nothing brings it back')
  return 2
}

function foundBy(eraser: Eraser, { item, match, group }: Forgetting): Found {
  if ((item === undefined) === (match === undefined))
    throw invalidArguments('exsync forget takes either --item N or --match TEXT')
  if (match !== undefined) {
    const sought = soughtIn(match)
    if (sought === undefined)
      throw invalidArguments(`--match takes at least ${soughtMin} characters: less is in everybody`)
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
    const wanted = pending.length > 0 ? ` (${pending.join(', ')} wanted back)` : ''
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
      `${entriesOf(kept)} erased, with their conflicts and what the journal said of them; it keeps that something was erased`,
    )
  const left = eraser.purge()
  if (left === undefined)
    await out(
      'nothing that was erased, or went before, is left in unused parts of the file of the state',
    )
  else
    await out(
      `unused parts of the file may still hold traces (${left.message}): the next start of exsync run removes them`,
    )
}

// What this command does not reach.
function elsewhere(stateDirectory: string): readonly string[] {
  const aside = readdirSync(stateDirectory)
    .filter((name) => name.startsWith(`${stateFile}.`))
    .map((name) => join(stateDirectory, name))
  return [
    'backups of the state still hold it: delete those from before, or forget again after putting one back',
    ...aside.map(
      (file) => `so may ${file}, which restore-state put aside: delete it when it is not needed`,
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
