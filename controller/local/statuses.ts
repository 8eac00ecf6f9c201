// The status files: the data that an API server would keep of a resource besides its declaration, one file each.
// SyncGroups are in STATE/status/<namespace>.<name>.yaml, ExchangeServers in
// STATE/status/exchangeservers/<namespace>.<name>.yaml. The file of a group also holds its last declared spec, so that
// a group that is no longer declared ends by its own deletionPolicy. Nothing else depends on a status file: it may be
// lost or damaged.
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { messageText } from '../api/conditions.ts'
import type { ExchangeServer, SyncGroup } from '../api/resources.generated.ts'
import { fullNameOf } from '../api/topology.ts'
import { digestOf } from '../core/id.ts'
import { SyncError } from '../core/sync-error.ts'
import { documentsOf } from '../validation/documents.ts'
import { fieldsOf } from '../validation/metadata.ts'
import { readFileText } from '../validation/read-file.ts'
import { judgeOf } from '../validation/schemas.ts'

type Resource = SyncGroup | ExchangeServer

/** The content of a status file: the part of the resource that an API server would own. */
export type Stored<Kept extends Resource = SyncGroup> = Readonly<{
  metadata?: {
    name?: string
    namespace?: string
    generation?: number
    creationTimestamp?: string
    annotations?: Record<string, string>
  }
  spec?: Kept['spec']
  status?: NonNullable<Kept['status']>
}>

/** The annotation with the digest of the spec that the generation belongs to. */
const hashAnnotation = 'exchangesync.dev/declared'

/** The directory of the status files of ExchangeServers in a state. */
export function serverStatusesIn(stateDirectory: string): string {
  return join(stateDirectory, 'status', 'exchangeservers')
}

/** The status files of one kind in a state; ids are namespace/name. */
export class Statuses<Kept extends Resource = SyncGroup> {
  readonly #directory: string
  readonly #kind: 'SyncGroup' | 'ExchangeServer'

  constructor(stateDirectory: string, kind: 'SyncGroup' | 'ExchangeServer') {
    this.#kind = kind
    this.#directory =
      kind === 'SyncGroup' ? join(stateDirectory, 'status') : serverStatusesIn(stateDirectory)
  }

  /** The status file of a resource; empty if it is missing or damaged. */
  async of(id: string): Promise<Stored<Kept>> {
    return (await this.#read(this.#file(id))) ?? {}
  }

  /** All status files by id: of groups that ran and were not released, or of servers that were probed. */
  async all(): Promise<ReadonlyMap<string, Stored<Kept>>> {
    const found = new Map<string, Stored<Kept>>()
    const names = await readdir(this.#directory).catch(() => [])
    for (const name of names.filter((each) => each.endsWith('.yaml')).sort()) {
      const stored = await this.#read(join(this.#directory, name))
      const { metadata = {} } = stored ?? {}
      if (stored && metadata.namespace && metadata.name) found.set(fullNameOf({ metadata }), stored)
    }
    return found
  }

  /**
   * Writes a temporary file and renames it, so that a reader never sees half a status. Throws a transient SyncError
   * StatusUnwritable.
   */
  async write(id: string, document: unknown): Promise<void> {
    const file = this.#file(id)
    try {
      await mkdir(this.#directory, { recursive: true })
      await writeFile(`${file}.new`, stringify(document))
      await rename(`${file}.new`, file)
    } catch (error) {
      throw unwritable(file, error)
    }
  }

  /** Removes the status file. Throws as `write` does. */
  async remove(id: string): Promise<void> {
    const file = this.#file(id)
    await rm(file, { force: true }).catch((error: unknown) => {
      throw unwritable(file, error)
    })
  }

  async #read(file: string): Promise<Stored<Kept> | undefined> {
    const read = await readFileText(file)
    if (read === undefined) return undefined
    const [document] = documentsOf({ name: file, ...read }).documents
    return storedOf(this.#kind, document?.value) as Stored<Kept> | undefined
  }

  #file(id: string): string {
    return join(this.#directory, `${id.replace('/', '.')}.yaml`)
  }
}

/** The annotation with the digest of a spec. */
export function hashOfSpec(spec: Resource['spec']): Readonly<Record<string, string>> {
  return { [hashAnnotation]: digestOf(JSON.stringify(spec)) }
}

/**
 * The metadata that an API server would keep: the generation, which grows with each change of the spec, and the
 * creation time. `nowMs`: ms since 1970.
 */
export function ownedOf(
  { metadata, spec }: Resource,
  { metadata: stored }: Stored<Resource>,
  nowMs: number,
): Readonly<{ generation: number; creationTimestamp: Date }> {
  const before = stored?.generation ?? 0
  const changed = stored?.annotations?.[hashAnnotation] !== hashOfSpec(spec)[hashAnnotation]
  return {
    generation: metadata.generation ?? (changed ? before + 1 : before),
    // The value is a string; the type of the client says Date.
    creationTimestamp: (metadata.creationTimestamp ??
      stored?.creationTimestamp ??
      new Date(nowMs).toISOString()) as unknown as Date,
  }
}

/** The status of a group that has no valid version and does not run. `nowMs`: ms since 1970. */
export function refusedAs(stored: Stored, message: string, nowMs: number): object {
  const lastTransitionTime = new Date(nowMs).toISOString()
  const why = { reason: 'InvalidSpec', message: messageText(message), lastTransitionTime }
  const conditions = [
    { type: 'Ready', status: 'False', ...why },
    { type: 'Stalled', status: 'True', ...why },
  ]
  const { progress: _, ...rest } = stored.status ?? {}
  return { ...stored, status: { ...rest, conditions } }
}

// Reads the parts with a valid shape; any other part counts as missing.
function storedOf(
  kind: 'SyncGroup' | 'ExchangeServer',
  value: unknown,
): Stored<Resource> | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { metadata, spec, status } = value as Record<string, unknown>
  const { name, namespace, generation, creationTimestamp, annotations } = fieldsOf(metadata)
  const declared = fieldsOf(annotations)[hashAnnotation]
  const judged = judgeOf(kind)({ spec, status })
  return {
    metadata: {
      ...(typeof name === 'string' && { name }),
      ...(typeof namespace === 'string' && { namespace }),
      ...(Number.isSafeInteger(generation) && { generation: generation as number }),
      ...(typeof creationTimestamp === 'string' && { creationTimestamp }),
      ...(typeof declared === 'string' && { annotations: { [hashAnnotation]: declared } }),
    },
    ...(judged.spec !== undefined && { spec: judged.spec as Resource['spec'] }),
    ...(judged.status !== undefined && {
      status: judged.status as NonNullable<Resource['status']>,
    }),
  }
}

function unwritable(file: string, cause: unknown): SyncError {
  const remedy = 'make room on its disk, or make its directory writable'
  return new SyncError('transient', 'StatusUnwritable', `cannot write ${file}: ${remedy}`, {
    cause,
  })
}
