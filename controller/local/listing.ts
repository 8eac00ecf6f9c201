// Lists the YAML files below a directory, each with the identity of its content: path, inode, mode, size and times.

import type { Dirent } from 'node:fs'
import { lstat, readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isGone } from '../validation/read-file.ts'

/** The most that a directory may hold. More is surely a mistake, and is reported as not read. */
export const LIMITS = { files: 10_000, directories: 1_000, mib: 32 }

/** The limits of one reading. */
export type Limits = Readonly<typeof LIMITS>

const DEPTH_MAX = 16

type Found = Readonly<{ path: string; identity: string }>

/** The entries of a directory and its subdirectories. */
export type Listing = Readonly<{
  files: readonly Found[]
  directories: readonly string[]
  /** Entries named like a YAML file that are a dangling link or a directory. */
  hollow: readonly string[]
  /** Paths that were not read, with the reason. */
  unread: readonly Readonly<{ path: string; why: string }>[]
}>

/** The listing of a directory that cannot be read. */
export const NOTHING: Listing = { files: [], directories: [], hollow: [], unread: [] }

/** A text that changes with the content of any file. */
export function identityOf({ files, hollow, unread }: Listing): string {
  const others = [...hollow.map((path) => ({ path, why: '' })), ...unread]
  return [...files, ...others.map(({ path, why }) => ({ path, identity: why }))]
    .map(({ path, identity }) => `${path}\0${identity}`)
    .join('\n')
}

/** The YAML files below a directory, and the directories themselves. Throws if the top cannot be read. */
export async function listingOf(top: string, limits: Limits = LIMITS): Promise<Listing> {
  const walk = new Walk(top, limits)
  await walk.into(top, [])
  return walk
}

/** The listing of a directory, as far as the walk through it has come. */
class Walk implements Listing {
  readonly files: Found[] = []
  readonly directories: string[] = []
  readonly hollow: string[] = []
  readonly unread: { path: string; why: string }[] = []
  readonly #top: string
  readonly #limits: Limits
  #full = false

  constructor(top: string, limits: Limits) {
    this.#top = top
    this.#limits = limits
  }

  async into(dir: string, outer: readonly string[]): Promise<void> {
    const real = await realpath(dir)
    if (outer.includes(real) || outer.length > DEPTH_MAX) return // A link to a directory above.
    const entries = await readdir(dir, { withFileTypes: true })
    for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
      if (this.#full) return
      const path = join(dir, entry.name)
      const kind = await kindOf(entry, path)
      this.#add(path, kind)
      if (!kind.directory || this.#full) continue
      await this.into(path, [...outer, real]).catch((error: unknown) => {
        if (!isGone(error)) this.unread.push({ path, why: unlistedText(error) })
      })
    }
  }

  #add(path: string, { found, directory, empty }: Kind): void {
    if (!found && !directory && !empty) return
    const { files, directories } = this.#limits
    const called = this.files.length + this.hollow.length
    this.#full = called >= files || this.directories.length >= directories
    if (this.#full) this.unread.push({ path: this.#top, why: fullText(path, this.#limits) })
    else {
      if (empty) this.hollow.push(path)
      if (found) this.files.push(found)
      if (directory) this.directories.push(path)
    }
  }
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

function fullText(path: string, { files, directories }: Limits): string {
  const most = `${files} YAML files, or ${directories} directories`
  return `holds more than ${most}: everything from ${path} on is not read; remove some`
}

function unlistedText(error: unknown): string {
  const { code = 'unknown error' } = (error ?? {}) as { code?: string }
  return `cannot be listed (${code}); check its permissions`
}
