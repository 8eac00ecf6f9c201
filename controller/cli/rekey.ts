// `exsync rekey`: another key for the state, its first one, or none any more. What it says is for people; every line is
// true when it is printed, so whoever finds a console after a power cut knows where it stands.
import { invalidArguments } from '../core/sync-error.ts'
import type { Key } from '../store/proof.ts'
import { rekeyState } from '../store/state.ts'
import type { Out } from './output.ts'

/** What changes: the keys, and the state's directory. */
export type Rekeying = Readonly<{
  directory: string
  key: Key | undefined
  newKey: Key | undefined
  plain: boolean
}>

/** Changes the key; answers the exit code. Throws a terminal SyncError when it is not to be done, or not so. */
export async function rekey(
  { directory, key, newKey, plain }: Rekeying,
  out: Out,
): Promise<number> {
  if (plain === (newKey !== undefined))
    throw invalidArguments('exsync rekey takes either --new-key-file FILE or --plain')
  if (plain && key === undefined)
    throw invalidArguments('exsync rekey --plain takes the key of the state: --key-file FILE')
  if (key && newKey && Buffer.compare(key.bytes, newKey.bytes) === 0)
    throw invalidArguments(
      `${key.file} and ${newKey.file} hold the same key: make a new one, exsync rekey --help`,
    )
  const verb = plain ? 'decrypted' : 'encrypted with the new key'
  let tenths = -1
  let odd = 0
  const told = (done: number, total: number, unopened: number) => {
    odd = unopened
    const now = total === 0 ? 10 : Math.floor((10 * done) / total)
    if (now === tenths) return
    tenths = now
    void out(`${done} of ${total} rows are ${verb}`)
  }
  const changed = rekeyState(directory, key, newKey, told)
  if (odd > 0)
    await out(
      `${odd} values do not open, since something changed or moved them in the file: they are left as they are (exsync bin list says Damaged, a group StateUnreadable); a backup may have them`,
    )
  const already = changed ? '' : 'already, and nothing was changed'
  if (newKey === undefined) {
    await out(
      `the state is not encrypted ${already || 'any more'}: every command goes without --key-file and EXSYNC_KEY_FILE, and a run that is given a key encrypts it again`,
    )
    return 0
  }
  await out(
    `the state is encrypted with ${newKey.file}${already && ` ${already}`}: give --key-file ${newKey.file} to every command`,
  )
  if (changed && key !== undefined)
    await out(
      `keep ${key.file} as long as there are backups of the state from before; nothing else needs it`,
    )
  return 0
}
