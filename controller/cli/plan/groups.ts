// The SyncGroups in files that `exsync plan` sends to a controller.
import type { SyncGroup } from '../../api/resources.generated.ts'
import { namespaceOf } from '../../api/topology.ts'
import type { PlanRequest } from '../../config/request.ts'
import { SyncError } from '../../core/sync-error.ts'
import { problemText } from '../../validation/problem.ts'
import { readResources } from '../../validation/resources.ts'
import { sourceOf } from '../environment.ts'

/**
 * The SyncGroups of the files; those that name no namespace are in `namespace`. Faults of other resources are for `exsync
 * validate`. `note` gets each fault, and what is not planned. Rejects with a terminal SyncError without a valid group.
 */
export async function groupsIn(
  { files, namespace: only }: PlanRequest,
  namespace: string,
  note: (message: string) => void,
): Promise<readonly SyncGroup[]> {
  const sources = await Promise.all(files.map(sourceOf))
  const { documents, problems } = readResources(sources, { externalSecrets: true, namespace })
  const broken = documents.filter(
    ({ ref, resource }) => ref.kind === 'SyncGroup' && resource === undefined,
  )
  const nameless = problems.filter(({ ref }) => ref === undefined)
  const faulty = [...nameless, ...broken.flatMap((document) => document.problems)]
  for (const problem of faulty) note(problemText(problem))
  if (faulty.length > 0)
    throw refused('InvalidSpec', 'the files are not valid: see above, and exsync validate')
  const servers = documents.filter(({ ref }) => ref.kind === 'ExchangeServer')
  for (const { ref } of servers)
    note(`ExchangeServer ${ref.namespace}/${ref.name} is not planned: the cluster's own is used`)
  const groups = documents.flatMap(({ resource }) =>
    resource?.kind === 'SyncGroup' ? [resource] : [],
  )
  const other = groups.find((group) => only !== undefined && namespaceOf(group) !== only)
  if (other !== undefined) {
    const name = `${namespaceOf(other)}/${other.metadata.name}`
    throw refused('InvalidArguments', `-n ${only} is not the namespace of ${name}: leave out -n`)
  }
  if (groups.length === 0)
    throw refused('InvalidArguments', 'there is no SyncGroup in the files: name others with -f')
  return groups
}

/** An error of the request, or of the API server about it, that repeating does not mend. */
export function refused(code: string, message: string): SyncError {
  return new SyncError('terminal', code, message)
}
