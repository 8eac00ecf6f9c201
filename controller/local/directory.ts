// Reads a directory of YAML files, and reports when it may have changed.
//
// Flow: an event of the file system, or a slow poll, starts a look. A look compares the identity of each file's
// content: path, inode, mode, size and times.
// Guarantees: a change that lasts longer than a poll is reported at least once, however the editor writes (rename,
// truncate and write, the swap of `..data` in a Kubernetes volume).
// Caveats: a file that is written during a look is reported again when it is complete. Network file systems send no
// events, so that only the poll finds changes there.

import { type Dirent, type FSWatcher, watch } from 'node:fs'
import { lstat, readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SyncError } from '../core/sync-error.ts'
import type { Source } from '../validation/documents.ts'
import { isGone, readFileText } from '../validation/read-file.ts'

/** The most that a directory may hold. More is surely a mistake, and is reported as not read. */
const LIMITS = { files: 10_000, directories: 1_000, mib: 32 }
const DEPTH_MAX = 16

const DEBOUNCE_MS = 50
const POLL_MS = 2_000

type Found = Readonly<{ path: string; identity: string }>
type Listing = Readonly<{
  files: readonly Found[]
  directories: readonly string[]
  /** Entries named like a YAML file that are a dangling link or a directory. */
  hollow: readonly string[]
  /** Paths that were not read, with the reason. */
  unread: readonly Readonly<{ path: string; why: string }>[]
}>

/**
 * The YAML files (`*.yaml`, `*.yml`) of a directory and its subdirectories, sorted by path; names start with `dir`.
 * Symbolic links are followed; hidden entries, and files that vanish meanwhile, are left out. A dangling link, and a
 * directory, with such a name count as empty files. An unreadable file, and everything above the limits, is a source
 * with the reason.
 * @throws Error if the directory itself cannot be read
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
      const why = `is not read, like all files after it: together they have more than ${limits.mib} MiB; remove some`
      return [...sources, { name: path, text: '', unread: why }]
    }
    sources.push({ name: path, ...read })
  }
  return sources
}

/** The sources of a directory. Rejects with a terminal SyncError DirectoryUnreadable. */
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

type Delays = Readonly<{ debounceMs?: number; pollMs?: number }>

/**
 * Calls `onChange` after the YAML files of a directory changed, until the signal aborts. The directory may be missing,
 * and may come and go. Never throws because of the directory.
 * @returns when the watch has begun: later changes are reported
 */
export async function watchDirectory(
  dir: string,
  onChange: () => void,
  signal: AbortSignal,
  { debounceMs = DEBOUNCE_MS, pollMs = POLL_MS }: Delays = {},
): Promise<void> {
  const looks = new Looks(dir, onChange, signal, { debounceMs, pollMs })
  signal.addEventListener('abort', () => looks.end())
  if (!signal.aborted) await looks.look()
}

/** The looks at one directory, one after the other. */
class Looks {
  readonly #dir: string
  readonly #onChange: () => void
  readonly #signal: AbortSignal
  readonly #delays: Required<Delays>
  readonly #watchers = new Map<string, FSWatcher>()
  /** The directories below, and the identity, at the last look. */
  #known: readonly string[] = []
  #seen: string | undefined
  #timer: NodeJS.Timeout | undefined
  #looking = false
  /** Something happened since the last look began. */
  #stirred = false
  /** The next look does not wait for the poll. */
  #soon = false
  /** The number of looks in a row that followed an event and found no change. */
  #vain = 0

  constructor(dir: string, onChange: () => void, signal: AbortSignal, delays: Required<Delays>) {
    this.#dir = dir
    this.#onChange = onChange
    this.#signal = signal
    this.#delays = delays
  }

  async look(): Promise<void> {
    this.#looking = true
    const asked = this.#stirred
    this.#stirred = false
    this.#soon = false
    // Watch first, so that a change during the look causes an event.
    this.#follow()
    const listing = await listingOf(this.#dir).catch(() => NOTHING)
    if (this.#signal.aborted) return
    this.#known = listing.directories
    // A newly watched directory may have changed since it was listed.
    const added = this.#follow()
    this.#looking = false
    const now = identityOf(listing)
    const before = this.#seen
    this.#seen = now
    this.#vain = before === now && (asked || added > 0) ? this.#vain + 1 : 0
    this.#soon = added > 0 || this.#stirred
    this.#lookIn(this.#soon ? this.#soonMs() : this.#delays.pollMs)
    if (before !== undefined && before !== now) this.#onChange()
  }

  end(): void {
    clearTimeout(this.#timer)
    follow(this.#watchers, [], this.#onEvent)
  }

  #follow(): number {
    return follow(this.#watchers, [this.#dir, ...this.#known], this.#onEvent)
  }

  readonly #onEvent = () => {
    this.#stirred = true
    // A later event does not postpone the look, or constant events would postpone it for ever.
    if (this.#looking || this.#soon) return
    this.#soon = true
    this.#lookIn(this.#soonMs())
  }

  #lookIn(delayMs: number): void {
    clearTimeout(this.#timer)
    if (!this.#signal.aborted) this.#timer = setTimeout(() => void this.look(), delayMs)
  }

  // Back off: another file in the directory may be written all the time, or each new watcher may break at once.
  #soonMs(): number {
    const { debounceMs, pollMs } = this.#delays
    return Math.min(pollMs, debounceMs * 2 ** Math.min(this.#vain, 20))
  }
}

const NOTHING: Listing = { files: [], directories: [], hollow: [], unread: [] }

/** Watches exactly these directories, as far as they exist; returns the number of new ones. */
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
        // The path may lead to another directory now: the next look watches it again.
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
      // The directory does not exist, or the system has no more watches: the poll finds changes.
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

/** The YAML files below a directory, and the directories themselves. Throws if the top cannot be read. */
async function listingOf(top: string, limits = LIMITS): Promise<Listing> {
  const files: Found[] = []
  const directories: string[] = []
  const hollow: string[] = []
  const unread: { path: string; why: string }[] = []
  let full = false
  const visit = async (dir: string, outer: readonly string[]): Promise<void> => {
    const real = await realpath(dir)
    if (outer.includes(real) || outer.length > DEPTH_MAX) return // A link to a directory above.
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

/** The kind of an entry: a file to read, a directory to list, or an empty entry with the name of a file. */
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
    // The entry vanished, or is a dangling link.
    const there = await lstat(path).catch(() => undefined)
    return { empty: called && there !== undefined }
  }
  // Reading the file reports why it cannot be read.
  if (!('ino' in stats)) return stats
  if (stats.isDirectory()) return { directory: true, empty: called }
  if (!called) return {}
  const identity = [stats.ino, stats.mode, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ')
  return { found: { path, identity } }
}

function fullText(path: string, { files, directories }: typeof LIMITS): string {
  const most = `${files} YAML files, or ${directories} directories`
  return `holds more than ${most}: everything from ${path} on is not read; remove some`
}

function unlistedText(error: unknown): string {
  const { code = 'unknown error' } = (error ?? {}) as { code?: string }
  return `cannot be listed (${code}); check its permissions`
}
