// File modes: only the owner may read a state and its key. Volumes are often created readable for all, so the controller
// tightens what it can and warns about the rest. It refuses only a key that every user may read.
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  type Stats,
  statSync,
} from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { SyncError } from '../core/sync-error.ts'
import { keyOf } from './encryption.ts'
import type { Key } from './proof.ts'

const [othersBits, accessBits, ownersFile] = [0o007, 0o777, 0o600]

/**
 * Creates a directory that only its owner may enter, and those above it that are missing. Throws the error of the system.
 * Node's own `recursive` never ends where the system denies an entry of an existing directory, as /proc does.
 */
export function makeDirectory(directory: string): void {
  const path = resolve(directory)
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return
  if (dirname(path) !== path) makeDirectory(dirname(path))
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Another process made it meanwhile.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error
  }
}

/** Creates an empty file that only its owner may read. An existing file is not opened: it may be locked. */
export function ownFile(file: string): void {
  if (!existsSync(file)) closeSync(openSync(file, 'a', ownersFile))
}

/**
 * Removes the rights of others from a state: its files are readable for their owner only, its directories not for others.
 * Answers a warning for each file or directory that others could read, and for each that could not be changed.
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

// A directory that cannot be read cannot be tightened; the code that needs it reports the error.
function filesIn(directory: string, name: RegExp): readonly string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isFile() && name.test(entry.name))
      .map((entry) => join(directory, entry.name))
  } catch {
    return []
  }
}

// The group keeps its rights: on a volume it is the pod's own group (fsGroup).
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
  // Kubernetes gives the files of a volume to the pod's group at every start; that is no warning.
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
    return [`${what}: changed to ${octal(to)}`]
  } catch {
    return [`${what}, and this could not be changed: run chmod ${octal(to)} ${path}`]
  }
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}

/** Reads a key from its file. Rejects with a terminal SyncError: KeyInvalid, KeyExposed. */
export async function keyFrom(file: string, flag: string): Promise<Key> {
  const { text, mode } = await readKey(file, flag)
  // A pipe has no mode that says who may read it. A link has the mode of its target, as in a mounted Secret.
  if (mode !== undefined && (mode & othersBits) !== 0) {
    throw new SyncError(
      'terminal',
      'KeyExposed',
      `every user of this machine has access to the key file ${file} (mode ${octal(mode & accessBits)}): run chmod 600 ${file} (in a Secret volume: defaultMode: 0440). If others may have read it, change the key: exsync rekey --help`,
    )
  }
  return { bytes: keyOf(text, file), file }
}

/** Longer than every form of a key, bytes. Reading stops here: the file may be endless. */
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
