// The commands of a person on a cluster, against an API server on a socket: what is approved, and which pod is entered.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { approvalText } from '../../controller/api/approval.ts'
import { approve } from '../../controller/cli/cluster/approve.ts'
import { Connection } from '../../controller/cli/cluster/connection.ts'
import { controllerOf } from '../../controller/cli/cluster/pod.ts'
import { configOf } from '../../controller/config.ts'
import { syncErrorOf } from '../../controller/core/sync-error.ts'
import { kinds } from '../../controller/kube/kinds.ts'
import { realClock } from '../support/clock.ts'

const ends: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** A connection to an API server that has these bodies by their paths, and forbids every other path. */
async function connectedTo(bodies: Readonly<Record<string, object>>) {
  const changed: string[] = []
  const server = createServer(({ method, url = '' }, response) => {
    const path = url.split('?')[0] ?? ''
    if (method !== 'GET') changed.push(path)
    const found = bodies[path]
    const refused = { kind: 'Status', reason: 'Forbidden', message: `${path} is forbidden` }
    response.writeHead(found === undefined ? 403 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(found ?? refused))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const folder = mkdtempSync(join(tmpdir(), 'exsync-api-'))
  ends.push(() => rmSync(folder, { recursive: true, force: true }))
  const kubeconfig = join(folder, 'kubeconfig')
  const { port } = server.address() as AddressInfo
  writeFileSync(
    kubeconfig,
    stringify({
      clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}` } }],
      users: [{ name: 'u', user: {} }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'sales' } }],
      'current-context': 'x',
    }),
  )
  const config = configOf(['status', '--kubeconfig', kubeconfig], {})
  const stop = new AbortController().signal
  const edges = {
    clock: realClock,
    chance: () => 0.5,
    instance: 'i',
    stop,
    hard: new AbortController(),
  }
  const connection = await Connection.open(config, edges)
  ends.push(() => connection.close())
  return { connection, changed }
}

const own = '/apis/exchangesync.dev/v1alpha1/namespaces/sales'
const resource = (kind: string, name: string, rest: object) => ({
  ...{ apiVersion: 'exchangesync.dev/v1alpha1', kind },
  metadata: { namespace: 'sales', name, uid: name, resourceVersion: '1' },
  ...rest,
})
const company = { kind: kinds.syncGroup, namespace: 'sales', name: 'company' }
const hash = 'abcdefabcdef'

test('a plan above ceilings that are gone is not approved', async () => {
  const message = `blocked: ${approvalText(hash, true)}`
  const guarded = { type: 'Guarded', status: 'True', reason: 'Deletions', message }
  const spec = { serverRef: { name: 'corp' }, hub: { publicFolder: '/x' }, members: [] }
  const { connection, changed } = await connectedTo({
    [`${own}/syncgroups/company`]: resource('SyncGroup', 'company', {
      spec,
      status: { conditions: [guarded] },
    }),
    [`${own}/exchangeservers/corp`]: resource('ExchangeServer', 'corp', { spec: { allowed: {} } }),
  })
  const error = await approve(connection, company, hash, async () => true).catch(syncErrorOf)
  expect(error).toMatchObject({ code: 'NotAwaited' })
  expect(String(error)).toContain('kubectl exsync reconcile company -n sales')
  expect(changed).toEqual([])
})

const rbac = 'rbac.authorization.k8s.io/v1'
const listOf = (apiVersion: string, kind: string, items: readonly object[]) => ({
  ...{ apiVersion, kind: `${kind}List`, metadata: { resourceVersion: '1' }, items },
})
/** A running pod with the labels of the chart, which anyone can make. */
const podOf = (namespace: string, instance = 'exsync') => ({
  metadata: {
    ...{ namespace, name: `${instance}-0`, uid: namespace + instance, resourceVersion: '1' },
    labels: { 'app.kubernetes.io/instance': instance },
  },
  spec: { serviceAccountName: 'exsync', containers: [{ name: 'controller' }] },
  status: { phase: 'Running' },
})
const podsOf = (...pods: readonly object[]) => ({ '/api/v1/pods': listOf('v1', 'Pod', pods) })
/** The chart's ClusterRoleBinding of the service account exsync in these namespaces. */
const boundIn = (...namespaces: readonly string[]) => {
  const subjects = namespaces.map((namespace) => ({
    ...{ kind: 'ServiceAccount', name: 'exsync', namespace },
  }))
  const metadata = { name: 'x', uid: 'x', resourceVersion: '1' }
  return {
    [`/apis/${rbac}/clusterrolebindings`]: listOf(rbac, 'ClusterRoleBinding', [
      { metadata, subjects },
    ]),
  }
}
const releasedIn = (namespace: string) => ({
  '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/syncgroups.exchangesync.dev': {
    metadata: { annotations: { 'meta.helm.sh/release-namespace': namespace } },
  },
})
const [tenant, home, second] = [podOf('tenant'), podOf('home'), podOf('home', 'other')]

test.each([
  ['a binding proves it', podsOf(tenant, home), boundIn('home'), undefined, 'home/exsync-0'],
  ['a release proves it', podsOf(tenant, home), releasedIn('home'), undefined, 'home/exsync-0'],
  ['no right proves nothing', podsOf(home), {}, undefined, 'on home/exsync-0, and nothing'],
  ['without the real one', podsOf(tenant), boundIn('home'), undefined, '--controller NAMESPACE'],
  [
    'another account',
    podsOf(tenant),
    boundIn('tenant2'),
    undefined,
    'tenant/exsync-0, and nothing',
  ],
  ['several', podsOf(home, second), boundIn('home'), undefined, 'choose one with --controller'],
  ['a release is named', podsOf(home, second), boundIn('home'), 'home/other', 'home/other-0'],
  ['its namespace is named', podsOf(home), {}, 'home', 'home/exsync-0'],
])('which pod is a controller: %s', async (_, pods, proof, asked, answer) => {
  const all = Object.values(pods)[0] ?? {}
  const { connection } = await connectedTo({
    ...{ ...pods, '/api/v1/namespaces/home/pods': all },
    ...proof,
  })
  const found = await controllerOf(connection, asked).then(
    ({ namespace, pod }) => `${namespace}/${pod}`,
    (error) => syncErrorOf(error).message,
  )
  expect(found).toContain(answer)
})
