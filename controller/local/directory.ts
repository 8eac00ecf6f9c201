// Reads a directory of YAML files, and tells when it may have changed.
//
// *Flow*: events of the file system and a slow poll only say "look again"; looking compares what
// identifies each file's content (path, inode, size, times). *Guarantees*: a change that lasts
// longer than a poll is told once or more, whatever the editor did (rename, truncate and write, a
// Kubernetes volume's swap of `..data`). *Caveats*: a file that is written while we look is told
// once more when it is complete; network file systems send no events, there only the poll counts.

import { type Dirent, type FSWatcher, watch } from 'node:fs'
import { lstat, readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SyncError } from '../core/sync-error.ts'
import type { Source } from '../validation/documents.ts'
import { isGone, readFileText } from '../validation/read-file.ts'

/** What a directory may hold at most; more is surely not meant, and is told as not read. */
const LIMITS = { files: 10_000, directories: 1_000, mib: 32 }
const DEPTH_MAX = 16

const DEBOUNCE_MS = 50
const POLL_MS = 2_000

type Found = Readonly<{ path: string; identity: string }>
type Listing = Readonly<{
  files: readonly Found[]
  directories: readonly string[]
  /** What is called like a YAML file, and leads nowhere, or is a directory. */
  hollow: readonly string[]
  /** What was not looked at, with why. */
  unread: readonly Readonly<{ path: string; why: string }>[]
}>

/**
 * The YAML files (`*.yaml`, `*.yml`) of a directory and those below it, sorted by path; names start
 * with `dir`. Symbolic links are followed, hidden files and directories are left out. A file that
 * vanishes meanwhile is left out; a link that leads nowhere, and a directory that is called so, read as empty.
 * What cannot be read, or is more than a directory may hold, is a source that says why.
 * @throws Error when the directory itself cannot be read
 */
export async function readDirectory(
  dir: string,
  limits: typeof LIMITS = LIMITS,
): Promise<readonly Source[]> {
  const { files, hollow, unread } = await listingOf(dir, limits)
  const sources: Source[] = [
    ...unread.map(({ path, why }) => ({ name: path, text: '', unread: why })),
    ...hollow.map((name) => ({ name, text: '' })),
  ]
  let bytes = 0
  for (const { path } of files) {
    const read = await readFileText(path)
    if (read === undefined) continue
    bytes += Buffer.byteLength(read.text)
    if (bytes > limits.mib * 1024 * 1024) {
      const why = `is not read, nor is what comes after it: all files together have more than ${limits.mib} MiB; take some out`
      return [...sources, { name: path, text: '', unread: why }]
    }
    sources.push({ name: path, ...read })
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

const NOTHING: Listing = { files: [], directories: [], hollow: [], unread: [] }

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

function identityOf({ files, hollow, unread }: Listing): string {
  const others = [...hollow.map((path) => ({ path, why: '' })), ...unread]
  return [...files, ...others.map(({ path, why }) => ({ path, identity: why }))]
    .map(({ path, identity }) => `${path}\0${identity}`)
    .join('\n')
}

/**
 * The YAML files below a directory, and the directories themselves. Throws when the top cannot be
 * read.
 */
async function listingOf(top: string, limits = LIMITS): Promise<Listing> {
  const files: Found[] = []
  const directories: string[] = []
  const hollow: string[] = []
  const unread: { path: string; why: string }[] = []
  let full = false
  const visit = async (dir: string, outer: readonly string[]): Promise<void> => {
    const real = await realpath(dir)
    if (outer.includes(real) || outer.length > DEPTH_MAX) return // A link to where we are already.
    const entries = await readdir(dir, { withFileTypes: true })
    for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
      if (full) return
      const path = join(dir, entry.name)
      const { found, directory, empty } = await kindOf(entry, path)
      const more = found !== undefined || directory === true || empty === true
      const called = files.length + hollow.length
      full = more && (called >= limits.files || directories.length >= limits.directories)
      if (full) unread.push({ path: top, why: fullText(path, limits) })
      if (empty && !full) hollow.push(path)
      if (found && !full) files.push(found)
      if (!directory || full) continue
      directories.push(path)
      await visit(path, [...outer, real]).catch((error: unknown) => {
        if (!isGone(error)) unread.push({ path, why: unlistedText(error) })
      })
    }
  }
  await visit(top, [])
  return { files, directories, hollow, unread }
}

/** What an entry of a directory is for us: to be read, to be looked into, or called like a file and empty. */
type Kind = Readonly<{ found?: Found; directory?: boolean; empty?: boolean }>

async function kindOf(entry: Dirent, path: string): Promise<Kind> {
  if (entry.name.startsWith('.')) return {}
  const called = /\.ya?ml$/.test(entry.name)
  if (!called && !entry.isDirectory() && !entry.isSymbolicLink()) return {}
  const unknown = called ? { found: { path, identity: 'unknown' } } : {}
  const stats = await stat(path, { bigint: true }).catch((error) =>
    isGone(error) ? undefined : unknown,
  )
  if (stats === undefined) {
    // It vanished, or it is a link that leads nowhere.
    const there = await lstat(path).catch(() => undefined)
    return { empty: called && there !== undefined }
  }
  // Reading it says why it cannot be read.
  if (!('ino' in stats)) return stats
  if (stats.isDirectory()) return { directory: true, empty: called }
  if (!called) return {}
  const identity = [stats.ino, stats.mode, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ')
  return { found: { path, identity } }
}

function fullText(path: string, { files, directories }: typeof LIMITS): string {
  const most = `${files} YAML files, or ${directories} directories`
  return `holds more than ${most}; what comes from ${path} on is not read; take some out`
}

function unlistedText(error: unknown): string {
  const { code = 'unknown error' } = (error ?? {}) as { code?: string }
  return `cannot be listed (${code}); check its permissions`
}
