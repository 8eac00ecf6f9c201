// The status of a group as a file: the part of the resource that a server would own. It is a report, never a
// memory, and never seen half.
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import type { GroupId } from '../core/id.ts'
import type { SyncGroupStatus } from '../core/resources.generated.ts'
import { SyncError } from '../core/sync-error.ts'

/** What a status file holds. */
export type Stored = Readonly<{
  metadata?: {
    generation?: number
    creationTimestamp?: string
    annotations?: Record<string, string>
  }
  status?: SyncGroupStatus
}>

/** Writes it. Throws a transient SyncError StatusUnwritable. */
export async function writeStatus(
  directory: string,
  id: GroupId,
  document: unknown,
): Promise<void> {
  const file = fileOf(directory, id)
  try {
    await mkdir(directory, { recursive: true })
    await writeFile(`${file}.new`, stringify(document))
    await rename(`${file}.new`, file)
  } catch (error) {
    throw unwritable(file, error)
  }
}

/** Takes it away. Throws a transient SyncError StatusUnwritable. */
export async function removeStatus(directory: string, id: GroupId): Promise<void> {
  const file = fileOf(directory, id)
  try {
    await rm(file, { force: true })
  } catch (error) {
    throw unwritable(file, error)
  }
}

/** What was written last; nothing when there is none, or one that somebody spoilt. */
export async function storedStatus(directory: string, id: GroupId): Promise<Stored> {
  try {
    return (parse(await readFile(fileOf(directory, id), 'utf8')) as Stored | null) ?? {}
  } catch {
    return {}
  }
}

function fileOf(directory: string, id: GroupId): string {
  return join(directory, `${id.replace('/', '.')}.yaml`)
}

function unwritable(file: string, cause: unknown): SyncError {
  const remedy = 'make room on its disk, or make its directory writable'
  return new SyncError('transient', 'StatusUnwritable', `cannot write ${file}: ${remedy}`, {
    cause,
  })
}
