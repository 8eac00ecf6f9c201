// Who may read what: a state is its owner's alone, and so is its key. Volumes are often made for everybody; what can be
// tightened is, and what cannot is told. Only a key that everybody may read is refused.
import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  type Stats,
  statSync,
} from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { SyncError } from '../core/sync-error.ts'
import { keyOf } from './encryption.ts'
import type { Key } from './proof.ts'

const [othersBits, accessBits, ownersFile] = [0o007, 0o777, 0o600]

/** Makes an empty file that its owner alone may read, unless there is one: it may be locked, and is not opened then. */
export function ownFile(file: string): void {
  if (!existsSync(file)) closeSync(openSync(file, 'a', ownersFile))
}

/**
 * Takes from everybody else what they may do with a state: its files are its owner's alone, of its directories others lose
 * their part. Answers a warning for each that others could read, and for each that could not be changed.
 */
export function tightened(directory: string): readonly string[] {
  if (process.platform === 'win32') return []
  const statuses = join(directory, 'status')
  return [
    ...tightenedDirectory(directory),
    ...filesIn(directory, /^exsync\./).flatMap(tightenedFile),
    ...[statuses, join(statuses, 'exchangeservers')].flatMap((each) => [
      ...tightenedDirectory(each),
      ...filesIn(each, /\.yaml(\.new)?$/).flatMap(tightenedFile),
    ]),
  ]
}

// What cannot be looked at cannot be tightened either; who needs it says so.
function filesIn(directory: string, name: RegExp): readonly string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isFile() && name.test(entry.name))
      .map((entry) => join(directory, entry.name))
  } catch {
    return []
  }
}

// The group keeps its part: on a volume it is the pod's own (fsGroup).
function tightenedDirectory(directory: string): readonly string[] {
  const stats = statsOf(directory)
  const mode = (stats?.mode ?? 0) & 0o7777
  if (!stats?.isDirectory() || (mode & othersBits) === 0) return []
  return changed(directory, mode, mode & ~othersBits)
}

function tightenedFile(file: string): readonly string[] {
  const mode = statsOf(file)?.mode ?? ownersFile
  if ((mode & accessBits & ~ownersFile) === 0) return []
  const told = changed(file, mode & 0o7777, mode & ownersFile)
  // Kubernetes gives a volume's files to the pod's group at every start.
  return (mode & othersBits) === 0 ? [] : told
}

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}

function changed(path: string, from: number, to: number): readonly string[] {
  const what = `others had access to ${path} (mode ${octal(from)})`
  try {
    chmodSync(path, to)
    return [`${what}: it is ${octal(to)} now`]
  } catch {
    return [`${what}, and it could not be changed: chmod ${octal(to)} ${path}`]
  }
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}

/** Reads a key from its file. Rejects with a terminal SyncError: KeyInvalid, KeyExposed. */
export async function keyFrom(file: string, flag: string): Promise<Key> {
  const { text, mode } = await readKey(file, flag)
  // A pipe has no mode that says who can read it; a link counts as what it leads to, as a mounted Secret is one.
  if (mode !== undefined && (mode & othersBits) !== 0) {
    throw new SyncError(
      'terminal',
      'KeyExposed',
      `everybody on this machine has access to the key file ${file} (mode ${octal(mode & accessBits)}): chmod 600 ${file} (a volume of a Secret: defaultMode: 0440), and where others may have read it, make another key: exsync rekey --help`,
    )
  }
  return { bytes: keyOf(text, file), file }
}

/** More than any way to write a key down; what is longer is not read to its end, as it may have none. */
const keyFileMax = 1024

async function readKey(file: string, flag: string) {
  try {
    const handle = await open(file)
    try {
      const stats = await handle.stat()
      const mode = stats.isFile() && process.platform !== 'win32' ? stats.mode : undefined
      return { text: await beginningOf(handle), mode }
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw new SyncError(
      'terminal',
      'KeyInvalid',
      `cannot read the key file ${file}: check ${flag} and the file's permissions`,
      { cause: error },
    )
  }
}

async function beginningOf(file: FileHandle): Promise<Uint8Array> {
  const bytes = Buffer.alloc(keyFileMax + 1)
  let length = 0
  for (;;) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length)
    length += bytesRead
    if (bytesRead === 0 || length === bytes.length) return bytes.subarray(0, length)
  }
}
