// What the controller may do: what it needs, for each way of installing it, and nothing else.
import { beforeAll, expect, test } from 'vitest'
import { flagsOf } from './flags.ts'
import { type Manifest, type Rendering, renderings } from './renderings.ts'

type Rule = Readonly<{
  apiGroups: readonly string[]
  resources: readonly string[]
  verbs: readonly string[]
  resourceNames?: readonly string[]
}>

const all: Rendering[] = []
beforeAll(async () => {
  for await (const each of renderings()) all.push(each)
})

const needed = [
  'coordination.k8s.io leases create',
  'coordination.k8s.io leases get update patch: the lease',
  'core secrets get list watch',
  'events.k8s.io events create patch',
  'exchangesync.dev exchangeservers get list watch',
  'exchangesync.dev exchangeservers/status patch',
  'exchangesync.dev syncgroups get list watch patch',
  'exchangesync.dev syncgroups/status patch',
  'exchangesync.dev syncplans get list watch delete',
  'exchangesync.dev syncplans/status patch',
]

const of = ({ manifests }: Rendering, ...kinds: readonly string[]) =>
  manifests.filter(({ kind }) => kinds.includes(kind))
const made = ({ values }: Rendering) => (values.rbac as { create?: boolean })?.create !== false
const watched = ({ values }: Rendering) => (values.watchNamespaces ?? []) as readonly string[]
const secretNames = ({ values }: Rendering) =>
  (values.rbac as { secretNames?: readonly string[] } | undefined)?.secretNames

/** The roles that the bindings give to the account of the pod, each with where it counts. */
function granted(rendering: Rendering) {
  const [pod] = of(rendering, 'Deployment')
  const account = pod?.spec.template.spec.serviceAccountName
  return of(rendering, 'RoleBinding', 'ClusterRoleBinding').map(
    ({ roleRef, subjects, metadata }) => {
      expect(subjects).toEqual([
        { kind: 'ServiceAccount', name: account, namespace: pod?.metadata.namespace },
      ])
      const role = of(rendering, roleRef.kind).find(
        (each) =>
          each.metadata.name === roleRef.name && each.metadata.namespace === metadata.namespace,
      )
      expect(role, `${rendering.name}: ${roleRef.kind} ${roleRef.name}`).toBeDefined()
      return { namespace: metadata.namespace, rules: (role as Manifest).rules as readonly Rule[] }
    },
  )
}

/** One line for each resource of a rule. */
function linesOf(rules: readonly Rule[], lease: string | undefined): readonly string[] {
  return rules.flatMap(({ apiGroups, resources, verbs, resourceNames }) =>
    apiGroups.flatMap((group) =>
      resources.map((resource) => {
        const names = resource === 'leases' && resourceNames ? [': the lease'] : []
        if (names.length > 0) expect(resourceNames).toEqual([lease])
        return `${group || 'core'} ${resource} ${verbs.join(' ')}${names}`
      }),
    ),
  )
}

test('each watched namespace, or the cluster, has the rules that the controller needs', () => {
  for (const rendering of all.filter(made)) {
    const [pod] = of(rendering, 'Deployment')
    const given = flagsOf(pod?.spec.template.spec.containers[0].args)
    const lease = given['leader-elect-resource-name']
    const roles = granted(rendering)
    const places = watched(rendering).length > 0 ? watched(rendering) : [undefined]
    for (const place of places) {
      const here = roles.filter(
        ({ namespace, rules }) =>
          namespace === place || rules.some(({ resources }) => resources.includes('leases')),
      )
      const lines = here.flatMap(({ rules }) => linesOf(rules, lease)).sort()
      const wide = place === undefined ? ['core namespaces get list watch'] : []
      const wanted = [...(given['leader-elect'] ? needed : needed.slice(2)), ...wide].sort()
      expect(lines, `${rendering.name} in ${place}`).toEqual(wanted)
    }
  }
})

test('the lease is in the namespace where the role for it is', () => {
  for (const rendering of all.filter(made)) {
    const [pod] = of(rendering, 'Deployment')
    const given = flagsOf(pod?.spec.template.spec.containers[0].args)
    const role = granted(rendering).find(({ rules }) =>
      rules.some(({ resources }) => resources.includes('leases')),
    )
    expect(role?.namespace).toBe(given['leader-elect-resource-namespace'])
  }
})

test('with names of Secrets no other Secret may be read', () => {
  for (const rendering of all.filter(made)) {
    const rules = granted(rendering).flatMap((each) => each.rules)
    const secrets = rules.filter(({ resources }) => resources.includes('secrets'))
    expect(secrets.length).toBeGreaterThan(0)
    for (const rule of secrets) expect(rule.resourceNames).toEqual(secretNames(rendering))
  }
})

test('nothing is allowed by an asterisk, and nobody gets more rights than the chart gives', () => {
  const roles = all.flatMap((rendering) => of(rendering, 'Role', 'ClusterRole'))
  const rules = roles.flatMap((role) => role.rules as readonly Rule[])
  const words = rules.flatMap(({ apiGroups, resources, verbs }) => [
    ...apiGroups,
    ...resources,
    ...verbs,
  ])
  const dangerous = ['escalate', 'bind', 'impersonate', 'pods/exec', 'serviceaccounts/token']
  expect(words.filter((word) => word.includes('*') || dangerous.includes(word))).toEqual([])
})

test('scoped, nothing is cluster-wide but the resource definitions', () => {
  const scoped = all.filter((rendering) => watched(rendering).length > 0)
  expect(scoped.length).toBeGreaterThan(10)
  for (const rendering of scoped) {
    const wide = rendering.manifests.filter(({ metadata }) => metadata.namespace === undefined)
    expect(wide.filter(({ kind }) => kind !== 'CustomResourceDefinition')).toEqual([])
  }
})

test('without rbac.create there is no role', () => {
  const kinds = ['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'] as const
  for (const rendering of all.filter((each) => !made(each)))
    expect(of(rendering, ...kinds)).toEqual([])
})

test('who may edit a namespace may edit SyncGroups and create SyncPlans, its admin ExchangeServers too, and nobody writes a status', () => {
  const kinds = ['exchangeservers', 'syncgroups', 'syncplans']
  const read = kinds
    .map((name) => `get ${name}/status`)
    .concat(['get', 'list', 'watch'].flatMap((verb) => kinds.map((name) => `${verb} ${name}`)))
  const write = (resource: string) =>
    ['create', 'delete', 'deletecollection', 'patch', 'update'].map((verb) => `${verb} ${resource}`)
  const plans = ['create', 'delete', 'deletecollection'].map((verb) => `${verb} syncplans`)
  const edit = [...read, ...write('syncgroups'), ...plans]
  const wanted = { view: read, edit, admin: [...edit, ...write('exchangeservers')] }
  const aggregating = all.filter((each) => of(each, 'ClusterRole').length > 1)
  expect(aggregating.length).toBeGreaterThan(10)
  for (const rendering of aggregating)
    for (const [name, rights] of Object.entries(wanted)) {
      // As the API server's own controller puts them together.
      const label = `rbac.authorization.k8s.io/aggregate-to-${name}`
      const roles = of(rendering, 'ClusterRole').filter(
        ({ metadata }) => metadata.labels?.[label] === 'true',
      )
      const rules = roles.flatMap((role) => role.rules as readonly Rule[])
      expect(new Set(rules.flatMap(({ apiGroups }) => apiGroups))).toEqual(
        new Set(['exchangesync.dev']),
      )
      const granted = rules.flatMap(({ verbs, resources }) =>
        verbs.flatMap((verb) => resources.map((resource) => `${verb} ${resource}`)),
      )
      expect([name, granted.sort()]).toEqual([name, [...rights].sort()])
    }
})
