// Reads a directory of YAML files, and reports when it may have changed.
//
// Flow: an event of the file system, or a slow poll, starts a look. A look compares the listing of the directory with
// the one before.
// Guarantees: a change that lasts longer than a poll is reported at least once, however the editor writes (rename,
// truncate and write, the swap of `..data` in a Kubernetes volume).
// Caveats: a file that is written during a look is reported again when it is complete. Network file systems send no
// events, so that only the poll finds changes there.

import { type FSWatcher, watch } from 'node:fs'
import { SyncError } from '../core/sync-error.ts'
import type { Source } from '../validation/documents.ts'
import { readFileText } from '../validation/read-file.ts'
import { identityOf, LIMITS, type Limits, listingOf, NOTHING } from './listing.ts'

const DEBOUNCE_MS = 50
const POLL_MS = 2_000

/**
 * The YAML files (`*.yaml`, `*.yml`) of a directory and its subdirectories, sorted by path; names start with `dir`.
 * Symbolic links are followed; hidden entries, and files that vanish meanwhile, are left out. A dangling link, and a
 * directory, with such a name count as empty files. An unreadable file, and everything above the limits, is a source
 * with the reason.
 * @throws Error if the directory itself cannot be read
 */
export async function readDirectory(
  dir: string,
  limits: Limits = LIMITS,
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
