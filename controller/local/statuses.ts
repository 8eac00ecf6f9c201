// What a server would keep of a group besides its declaration, one file each: STATE/status/<namespace>.<name>.yaml.
// The spec that was declared last stands there, too, so that a group which is not declared any more can be ended
// as it asked to be. A status is a report, never a memory: one that is lost or spoilt changes nothing else.
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import type { GroupId } from '../core/id.ts'
import type { SyncGroup, SyncGroupStatus } from '../core/resources.generated.ts'
import { SyncError } from '../core/sync-error.ts'

/** What a status file holds: the part of the resource that a server would own. */
export type Stored = Readonly<{
  metadata?: {
    name?: string
    namespace?: string
    generation?: number
    creationTimestamp?: string
    annotations?: Record<string, string>
  }
  spec?: SyncGroup['spec']
  status?: SyncGroupStatus
}>

/** The status files of a state. */
export class Statuses {
  readonly #directory: string

  constructor(stateDirectory: string) {
    this.#directory = join(stateDirectory, 'status')
  }

  /** A group's; empty when there is none yet, or one that somebody spoilt. */
  async of(id: GroupId): Promise<Stored> {
    return (await this.#read(this.#file(id))) ?? {}
  }

  /** Those of all groups that ever ran and were not released. */
  async all(): Promise<ReadonlyMap<GroupId, Stored>> {
    const found = new Map<GroupId, Stored>()
    const names = await readdir(this.#directory).catch(() => [])
    for (const name of names.filter((each) => each.endsWith('.yaml')).sort()) {
      const stored = await this.#read(join(this.#directory, name))
      const { namespace, name: group } = stored?.metadata ?? {}
      if (stored && namespace && group) found.set(`${namespace}/${group}` as GroupId, stored)
    }
    return found
  }

  /**
   * Writes it aside and renames it, so that whoever reads it never sees half a status. Throws a transient
   * SyncError StatusUnwritable.
   */
  async write(id: GroupId, document: unknown): Promise<void> {
    const file = this.#file(id)
    try {
      await mkdir(this.#directory, { recursive: true })
      await writeFile(`${file}.new`, stringify(document))
      await rename(`${file}.new`, file)
    } catch (error) {
      throw unwritable(file, error)
    }
  }

  /** Takes it away. Throws as `write` does. */
  async remove(id: GroupId): Promise<void> {
    const file = this.#file(id)
    await rm(file, { force: true }).catch((error: unknown) => {
      throw unwritable(file, error)
    })
  }

  async #read(file: string): Promise<Stored | undefined> {
    try {
      return (parse(await readFile(file, 'utf8')) as Stored | null) ?? undefined
    } catch {
      return undefined
    }
  }

  #file(id: GroupId): string {
    return join(this.#directory, `${id.replace('/', '.')}.yaml`)
  }
}

function unwritable(file: string, cause: unknown): SyncError {
  const remedy = 'make room on its disk, or make its directory writable'
  return new SyncError('transient', 'StatusUnwritable', `cannot write ${file}: ${remedy}`, {
    cause,
  })
}
