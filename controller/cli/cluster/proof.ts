// Proves that a pod is a controller's. The labels of the chart prove nothing: a tenant can put them on a pod of its own. Objects
// without a namespace do, because a tenant can make none: a ClusterRoleBinding of the chart with the service account of the pod,
// and the CRD of SyncGroup, on which Helm notes the namespace of its release.
import type { V1ClusterRoleBinding, V1Pod } from '@kubernetes/client-node'
import { syncErrorOf } from '../../core/sync-error.ts'
import type { KubeObject } from '../../kube/runtime/resource.ts'
import type { Connection } from './connection.ts'

/** A pod, as the API server sends it. */
export type Pod = V1Pod & KubeObject

/** The labels of the chart's own objects. */
export const labelSelector =
  'app.kubernetes.io/part-of=exchange-sync-controller,app.kubernetes.io/component=controller'

const bindings = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  clusterWide: true,
} as const
const definition =
  '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/syncgroups.exchangesync.dev'

/** Those of the pods that are a controller's for certain. An object that the person may not read proves nothing. Rejects with a SyncError. */
export async function provenAmong(
  connection: Connection,
  pods: readonly Pod[],
): Promise<readonly Pod[]> {
  if (pods.length === 0) return []
  const [accounts, namespace] = await Promise.all([
    boundAccounts(connection).catch(orNone),
    releaseNamespace(connection).catch(orNone),
  ])
  return pods.filter(({ metadata, spec }) => {
    const account = `${metadata.namespace}/${spec?.serviceAccountName ?? 'default'}`
    return accounts?.has(account) || (namespace ?? '') === metadata.namespace
  })
}

// namespace/name of the service accounts that have the ClusterRole of a release.
async function boundAccounts(connection: Connection): Promise<ReadonlySet<string>> {
  const found = await connection.list<KubeObject & V1ClusterRoleBinding>(bindings, undefined, {
    labelSelector,
  })
  const subjects = found.flatMap((binding) => binding.subjects ?? [])
  const accounts = subjects.filter(({ kind }) => kind === 'ServiceAccount')
  return new Set(accounts.map(({ namespace, name }) => `${namespace}/${name}`))
}

async function releaseNamespace(connection: Connection): Promise<string | undefined> {
  const found = (await connection.raw(definition)) as Partial<KubeObject>
  return found.metadata?.annotations?.['meta.helm.sh/release-namespace']
}

function orNone(error: unknown): undefined {
  if (!['ApiForbidden', 'ApiNotFound'].includes(syncErrorOf(error).code)) throw error
}
