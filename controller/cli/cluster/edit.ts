// `exsync reconcile`, `suspend` and `resume` on a cluster: edits of a resource by a person.
import { requestAnnotation } from '../../api/annotations.ts'
import type { ExchangeServer, SyncGroup } from '../../api/resources.generated.ts'
import { SyncError } from '../../core/sync-error.ts'
import { kinds } from '../../kube/kinds.ts'
import type { KubeObject } from '../../kube/runtime/resource.ts'
import type { Out } from '../output.ts'
import type { Connection, Target } from './connection.ts'
import { titleOf, typedOf } from './target.ts'

type Resource = SyncGroup | ExchangeServer

/** Requests a pass of a group, or a probe of a server; exit code 0. Rejects with a SyncError, also if it is suspended. */
export async function reconcile(
  connection: Connection,
  target: Target,
  nowMs: number,
  out: Out,
): Promise<number> {
  const { spec } = await connection.get<Resource & KubeObject>(target)
  if (spec.suspend)
    throw new SyncError(
      'terminal',
      'Suspended',
      `${titleOf(target)} is suspended, so nothing was requested: kubectl exsync resume ${typedOf(target)}`,
    )
  const token = new Date(nowMs).toISOString()
  await connection.merge(target, { metadata: { annotations: { [requestAnnotation]: token } } })
  const what = target.kind.kind === kinds.syncGroup.kind ? 'a pass' : 'a probe'
  await out(
    `${what} of ${titleOf(target)} is requested; kubectl exsync status -n ${target.namespace} --watch shows it`,
  )
  return 0
}

/** Suspends or resumes; exit code 0. `note` gets a warning if a program that deploys the resource will undo it. */
export async function suspend(
  connection: Connection,
  target: Target,
  suspended: boolean,
  out: Out,
  note: (line: string) => void,
): Promise<number> {
  const { spec, metadata } = await connection.get<Resource & KubeObject>(target)
  const state = suspended ? 'suspended' : 'resumed'
  if ((spec.suspend ?? false) === suspended) {
    await out(`${titleOf(target)} is ${suspended ? 'suspended' : 'not suspended'} already`)
    return 0
  }
  await connection.merge(target, { spec: { suspend: suspended } })
  await out(`${titleOf(target)} is ${state}`)
  const manager = managerOf(metadata)
  if (manager !== undefined)
    note(
      `warning: ${manager} deploys it and will set spec.suspend back: set spec.suspend: ${suspended} in its source, too`,
    )
  return 0
}

/** The program that deploys a resource, by its labels and annotations; undefined if they name none. */
export function managerOf({
  labels = {},
  annotations = {},
}: Readonly<{
  labels?: Readonly<Record<string, string>>
  annotations?: Readonly<Record<string, string>>
}>): string | undefined {
  const has = (name: string) => name in labels || name in annotations
  if (has('kustomize.toolkit.fluxcd.io/name') || has('helm.toolkit.fluxcd.io/name')) return 'Flux'
  if (has('argocd.argoproj.io/instance') || has('argocd.argoproj.io/tracking-id')) return 'Argo CD'
  const helm = labels['app.kubernetes.io/managed-by'] === 'Helm'
  return helm || has('meta.helm.sh/release-name') ? 'Helm' : undefined
}
