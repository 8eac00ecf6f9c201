// `exsync rekey`: changes, adds or removes the key of the state. Every printed line is true at that moment, so that after a
// power cut the console shows how far it came.
import { invalidArguments } from '../core/sync-error.ts'
import type { Key } from '../store/proof.ts'
import { rekeyState } from '../store/state.ts'
import type { Out } from './output.ts'

/** The keys, and the state's directory. */
export type Rekeying = Readonly<{
  directory: string
  key: Key | undefined
  newKey: Key | undefined
  plain: boolean
}>

/** Changes the key; answers the exit code. Throws a terminal SyncError if the change is refused. */
export async function rekey(
  { directory, key, newKey, plain }: Rekeying,
  out: Out,
): Promise<number> {
  if (plain === (newKey !== undefined))
    throw invalidArguments('exsync rekey takes either --new-key-file FILE or --plain')
  if (plain && key === undefined)
    throw invalidArguments('exsync rekey --plain needs the key of the state: --key-file FILE')
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
      `${odd} values do not open, because they were changed or moved in the file: they stay as they are (exsync bin list says Damaged, a group StateUnreadable); look for them in a backup`,
    )
  const already = changed ? '' : 'already, and nothing was changed'
  if (newKey === undefined) {
    await out(
      `the state is not encrypted ${already || 'any more'}: run every command without --key-file and EXSYNC_KEY_FILE; a run with a key encrypts it again`,
    )
    return 0
  }
  await out(
    `the state is encrypted with ${newKey.file}${already && ` ${already}`}: give --key-file ${newKey.file} to every command`,
  )
  if (changed && key !== undefined)
    await out(`keep ${key.file} while you keep older backups of the state; nothing else needs it`)
  return 0
}
