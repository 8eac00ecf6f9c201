// What a server would keep of a group besides its declaration, one file each: STATE/status/<namespace>.<name>.yaml.
// The spec that was declared last stands there, too, so that a group which is not declared any more can be ended
// as it asked to be. A status is a report, never a memory: one that is lost or spoilt changes nothing else.
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { SyncGroup, SyncGroupStatus } from '../api/resources.generated.ts'
import type { GroupId } from '../core/id.ts'
import { SyncError } from '../core/sync-error.ts'
import { documentsOf } from '../validation/documents.ts'
import { fieldsOf } from '../validation/metadata.ts'
import { readFileText } from '../validation/read-file.ts'
import { judgeOf } from '../validation/schemas.ts'

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

/** Of which spec a generation is. */
export const hashAnnotation = 'exchangesync.dev/declared'

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
    const read = await readFileText(file)
    if (read === undefined) return undefined
    const [document] = documentsOf({ name: file, ...read }).documents
    return storedOf(document?.value)
  }

  #file(id: GroupId): string {
    return join(this.#directory, `${id.replace('/', '.')}.yaml`)
  }
}

// As far as it is what was written: each part that is not is as if it were lost.
function storedOf(value: unknown): Stored | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { metadata, spec, status } = value as Record<string, unknown>
  const { name, namespace, generation, creationTimestamp, annotations } = fieldsOf(metadata)
  const declared = fieldsOf(annotations)[hashAnnotation]
  const judged = judgeOf('SyncGroup')({ spec, status })
  return {
    metadata: {
      ...(typeof name === 'string' && { name }),
      ...(typeof namespace === 'string' && { namespace }),
      ...(Number.isSafeInteger(generation) && { generation: generation as number }),
      ...(typeof creationTimestamp === 'string' && { creationTimestamp }),
      ...(typeof declared === 'string' && { annotations: { [hashAnnotation]: declared } }),
    },
    ...(judged.spec !== undefined && { spec: judged.spec as SyncGroup['spec'] }),
    ...(judged.status !== undefined && { status: judged.status as SyncGroupStatus }),
  }
}

function unwritable(file: string, cause: unknown): SyncError {
  const remedy = 'make room on its disk, or make its directory writable'
  return new SyncError('transient', 'StatusUnwritable', `cannot write ${file}: ${remedy}`, {
    cause,
  })
}
