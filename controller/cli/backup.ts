// `exsync backup` and `exsync restore-state`: copies the state into a file, and puts such a file in its place. Both say in
// advance what an old state means.
import { invalidArguments } from '../core/sync-error.ts'
import { type Backup, backUp, type Facts } from '../store/backup.ts'
import type { Key } from '../store/proof.ts'
import { foreseen, type Replacement, replaceState } from '../store/replace.ts'
import type { Out } from './output.ts'
import { iso } from './table.ts'

/** The inputs of a command on a whole state: its directory, its key, and the arguments. */
export type Given = Readonly<{
  directory: string
  key: Key | undefined
  rest: readonly string[]
}>

/** Makes a backup; answers the exit code. Throws a terminal SyncError if that fails, and then leaves no file. */
export async function backup({ directory, key, rest }: Given, out: Out): Promise<number> {
  const file = fileIn('backup', rest)
  const made: Backup = backUp(directory, file, key)
  await out(`${file} is a backup of the state: ${sizeText(made.bytes)}, ${heldText(made)}`)
  if (made.sealed) {
    const whose = key === undefined ? 'the key file' : key.file
    await out(`it is encrypted: keep ${whose} as well, but in another place`)
  } else
    await out(
      'it is not encrypted: every reader of the file can read the contacts, so protect it like them',
    )
  await out('it does not contain the declarations and the status files')
  return 0
}

/**
 * Replaces the state by a backup, or only shows the effects; answers the exit code. Throws a terminal SyncError if it must
 * not be done. `nowMs`: ms since 1970.
 */
export async function restoreState(
  { directory, key, rest, dryRun }: Given & Readonly<{ dryRun: boolean }>,
  nowMs: number,
  out: Out,
): Promise<number> {
  const file = fileIn('restore-state', rest)
  const done = dryRun ? foreseen(directory, file, key) : replaceState(directory, file, key, nowMs)
  await out(
    dryRun
      ? `${file} can replace the state in ${directory}; nothing was changed (--dry-run)`
      : `${file} is the state in ${directory} from now on`,
  )
  for (const line of meaningOf(done, directory, key)) await out(line)
  return 0
}

function meaningOf(
  { old, present, keptSince, erasedSince, wishes, aside }: Replacement,
  directory: string,
  key: Key | undefined,
): readonly string[] {
  const since = old.lastMs === undefined ? 'it was made' : iso(old.lastMs)
  const lines = [
    `it holds ${heldText(old)}; it does not contain anything that happened since ${since}`,
    'the next pass of each group lists every folder completely: it takes contacts as they are now, doubles nothing, and where two folders differ spec.conflicts decides (the loser is in the bin)',
  ]
  if (wishes > 0)
    lines.push(
      `${many(wishes, 'entry', 'entries')} of its bin were waiting to be restored, and may have been restored since: request them again with exsync bin restore`,
    )
  if (aside === undefined) lines.push(`there was no state in ${directory} before`)
  else {
    const kept =
      present === undefined
        ? 'it cannot be read and is kept as it is'
        : `only it contains newer bin content (${many(keptSince, 'entry', 'entries')})`
    lines.push(`the former state is ${aside}: ${kept}`)
  }
  if (erasedSince > 0)
    lines.push(
      `since then exsync forget erased data that is back now: repeat it (${erasedSince} times)`,
    )
  if (old.sealed)
    lines.push(`it is encrypted: give --key-file ${key?.file ?? 'FILE'} to every command`)
  else if (present?.sealed)
    lines.push(
      'it is not encrypted, but the former state was: the first run with a key encrypts it',
    )
  if (aside !== undefined && present !== undefined)
    lines.push(`to undo it: exsync restore-state ${aside} --state ${directory}`)
  return lines
}

function fileIn(command: string, rest: readonly string[]): string {
  const [file] = rest
  if (file !== undefined && file !== '' && rest.length === 1) return file
  throw invalidArguments(`exsync ${command} takes one file: see exsync ${command} --help`)
}

function heldText({ groups, bin, lastMs }: Facts): string {
  const last = lastMs === undefined ? 'no change recorded' : `last change recorded ${iso(lastMs)}`
  const held = [many(groups, 'group', 'groups'), many(bin, 'entry', 'entries')]
  return `${held.join(', ')} in the bin, ${last}`
}

function many(count: number, one: string, more: string): string {
  return `${count} ${count === 1 ? one : more}`
}

function sizeText(bytes: number): string {
  const [kibi, mebi] = [bytes / 2 ** 10, bytes / 2 ** 20]
  return mebi >= 1 ? `${mebi.toFixed(1)} MiB` : `${kibi.toFixed(0)} KiB`
}
