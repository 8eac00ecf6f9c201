// Reads a directory of YAML files, and tells when it may have changed.
//
// *Flow*: events of the file system and a slow poll only say "look again"; looking compares what
// identifies each file's content (path, inode, size, times). *Guarantees*: a change that lasts
// longer than a poll is told once or more, whatever the editor did (rename, truncate and write, a
// Kubernetes volume's swap of `..data`). *Caveats*: a file that is written while we look is told
// once more when it is complete; network file systems send no events, there only the poll counts.

import { type FSWatcher, watch } from 'node:fs'
import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SyncError } from '../core/sync-error.ts'
import type { Source } from './documents.ts'

/** What a directory may hold at most; more is surely not meant. */
const FILES_MAX = 10_000
const BYTES_MAX = 16 * 1024 * 1024
const DEPTH_MAX = 16

const DEBOUNCE_MS = 50
const POLL_MS = 2_000

type Found = Readonly<{ path: string; identity: string; bytes: number }>
type Listing = Readonly<{
  files: readonly Found[]
  directories: readonly string[]
  /** What is called like a YAML file, and leads nowhere, or is something else. */
  hollow: readonly string[]
}>

/**
 * The YAML files (`*.yaml`, `*.yml`) of a directory and those below it, sorted by path; names start
 * with `dir`. Symbolic links are followed, hidden files and directories are left out. A file that
 * vanishes meanwhile is left out; a link that leads nowhere, and whatever else is called so, reads as empty.
 * @throws Error when the directory cannot be read, or holds more than anybody would mean it to
 */
export async function readDirectory(dir: string, signal?: AbortSignal): Promise<readonly Source[]> {
  const { files, hollow } = await listingOf(dir)
  const sources: Source[] = hollow.map((name) => ({ name, text: '' }))
  for (const { path, bytes } of files) {
    signal?.throwIfAborted()
    if (bytes > BYTES_MAX) throw new Error(`${path} is larger than ${BYTES_MAX} bytes`)
    const text = await readFile(path, { encoding: 'utf8', signal }).catch(unlessGone)
    if (text !== undefined) sources.push({ name: path, text })
  }
  return sources
}

/** The sources of a directory; a terminal SyncError when it cannot be read. */
export async function sourcesIn(directory: string): Promise<readonly Source[]> {
  try {
    return await readDirectory(directory)
  } catch (error) {
    throw new SyncError(
      'terminal',
      'DirectoryUnreadable',
      `cannot read the directory ${directory}: create it, or name another one with --local`,
      { cause: error },
    )
  }
}

/**
 * Calls `onChange` after the YAML files of a directory changed, until the signal aborts. The
 * directory may be missing, and may come and go. Never throws for what happens there.
 * @returns when it is watching: what changes from then on is told
 */
export async function watchDirectory(
  dir: string,
  onChange: () => void,
  signal: AbortSignal,
  { debounceMs = DEBOUNCE_MS, pollMs = POLL_MS }: { debounceMs?: number; pollMs?: number } = {},
): Promise<void> {
  const watchers = new Map<string, FSWatcher>()
  let known: readonly string[] = []
  let seen: string | undefined
  let timer: NodeJS.Timeout | undefined
  let looking = false
  let stirred = false // Something happened since the last look began.
  let soon = false // The next look does not wait for the poll.
  let vain = 0 // Looks in a row that found nothing else, though something had happened.

  const lookIn = (delayMs: number) => {
    clearTimeout(timer)
    if (!signal.aborted) timer = setTimeout(() => void look(), delayMs)
  }
  // Another file there may be written all the time, or a watcher break as soon as it is set up.
  const soonMs = () => Math.min(pollMs, debounceMs * 2 ** Math.min(vain, 20))
  const onEvent = () => {
    stirred = true
    // What happens all the time must not put the look off for ever.
    if (looking || soon) return
    soon = true
    lookIn(soonMs())
  }
  const look = async (): Promise<void> => {
    looking = true
    const asked = stirred
    stirred = false
    soon = false
    // Watch first, so that what changes while we look makes an event.
    follow(watchers, [dir, ...known], onEvent)
    const listing = await listingOf(dir).catch(() => NOTHING)
    if (signal.aborted) return
    known = listing.directories
    // What is watched only now may have changed since it was listed.
    const added = follow(watchers, [dir, ...known], onEvent)
    looking = false
    const now = identityOf(listing)
    const before = seen
    seen = now
    vain = before === now && (asked || added > 0) ? vain + 1 : 0
    soon = added > 0 || stirred
    lookIn(soon ? soonMs() : pollMs)
    if (before !== undefined && before !== now) onChange()
  }
  signal.addEventListener('abort', () => {
    clearTimeout(timer)
    follow(watchers, [], onEvent)
  })
  if (!signal.aborted) await look()
}

const NOTHING: Listing = { files: [], directories: [], hollow: [] }

/** Watches exactly these directories, as far as they are there; says how many are new. */
function follow(
  watchers: Map<string, FSWatcher>,
  directories: readonly string[],
  onEvent: () => void,
): number {
  let added = 0
  const wanted = new Set(directories)
  for (const [path, watcher] of watchers) {
    if (wanted.has(path)) continue
    watcher.close()
    watchers.delete(path)
  }
  for (const path of wanted) {
    if (watchers.has(path)) continue
    try {
      const watcher = watch(path, { persistent: true })
      const drop = () => {
        watcher.close()
        if (watchers.get(path) === watcher) watchers.delete(path)
      }
      watcher.on('change', (type) => {
        // The watched directory may be another one now: watch anew at the next look.
        if (type === 'rename') drop()
        onEvent()
      })
      watcher.on('error', () => {
        drop()
        onEvent()
      })
      watchers.set(path, watcher)
      added++
    } catch {
      // Not there, or no more watches to be had: the poll sees it.
    }
  }
  return added
}

function identityOf({ files, hollow }: Listing): string {
  return [...files, ...hollow.map((path) => ({ path, identity: '' }))]
    .map(({ path, identity }) => `${path}\0${identity}`)
    .join('\n')
}

/**
 * The YAML files below a directory, and the directories themselves. Throws when the top cannot be
 * read.
 */
async function listingOf(top: string): Promise<Listing> {
  const files: Found[] = []
  const directories: string[] = []
  const hollow: string[] = []
  const visit = async (dir: string, outer: readonly string[]): Promise<void> => {
    const real = await realpath(dir)
    if (outer.includes(real) || outer.length > DEPTH_MAX) return // A link to where we are already.
    for (const name of (await readdir(dir)).sort()) {
      if (name.startsWith('.')) continue
      const path = join(dir, name)
      const stats = await stat(path, { bigint: true }).catch(unlessGone)
      const called = /\.ya?ml$/.test(name)
      const leads = stats !== undefined || (await lstat(path).catch(unlessGone)) === undefined
      if (called && !(leads && !stats?.isDirectory())) hollow.push(path)
      if (stats?.isDirectory()) {
        directories.push(path)
        await visit(path, [...outer, real]).catch(unlessGone)
      } else if (stats?.isFile() && called) {
        const identity = [stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ')
        files.push({ path, identity, bytes: Number(stats.size) })
        if (files.length > FILES_MAX) throw new Error(`${top} holds more than ${FILES_MAX} files`)
      }
    }
  }
  await visit(top, [])
  return { files, directories, hollow }
}

/** Files come and go while a directory is read: what is gone is left out. */
function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ELOOP' || error.code === 'ENOTDIR')
    return undefined
  throw error
}
