// What the chart renders to, for every switch alone and every two together, and for the files of ci/.
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import { ciFiles, template } from './helm.ts'
import { type Factor, pairRows, singleRows } from './pairs.ts'

/** A Kubernetes object as it is rendered. */
export type Manifest = Readonly<{
  apiVersion: string
  kind: string
  metadata: Readonly<{
    name: string
    namespace?: string
    labels?: Readonly<Record<string, string>>
    annotations?: Readonly<Record<string, string>>
  }>
  // What is in it depends on the kind; a test that looks at it says what it expects.
  [field: string]: ReturnType<typeof JSON.parse>
}>

/** One set of values, and what came of it. */
export type Rendering = Readonly<{
  name: string
  values: Values
  manifests: readonly Manifest[]
}>

/** Values for the chart. */
export type Values = Readonly<Record<string, unknown>>

const on = { enabled: true }
const off = { enabled: false }
const spread = { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' }

/** The switches. The first setting of each is the chart's default. */
export const factors: readonly Factor<Values>[] = [
  factor('scope', {}, { watchNamespaces: ['sales'] }, { watchNamespaces: ['sales', 'logistics'] }),
  factor('rbac', {}, { rbac: { create: false } }),
  factor('secrets', {}, { rbac: { secretNames: ['exchange-credentials', 'corp-ca'] } }),
  factor('aggregate', {}, { rbac: { aggregateClusterRoles: false } }),
  factor('crds', {}, { crds: { keep: false } }, { crds: off }),
  factor('lease', {}, { leaderElection: { resourceName: 'leader' } }, { leaderElection: off }),
  factor(
    'volume',
    {},
    { state: { persistence: off } },
    { state: { persistence: { existingClaim: 'there-already' } } },
    { state: { persistence: { storageClassName: 'fast', accessModes: ['ReadWriteOncePod'] } } },
    { state: { persistence: { storageClassName: '-', annotations: { 'helm.sh/x': 'y' } } } },
  ),
  factor('key', {}, { state: { keySecret: { name: 'state-key', key: 'k.bin' } } }),
  factor(
    'notify',
    {},
    { notify: { url: 'https://hooks.corp.example/a?b=c', secretRef: { name: 'notify' } } },
    { notify: { secretRef: { name: 'notify', urlKey: 'url' } } },
  ),
  factor('account', {}, { serviceAccount: { name: 'own' } }, { serviceAccount: { create: false } }),
  factor(
    'budget',
    {},
    { podDisruptionBudget: on },
    { podDisruptionBudget: { enabled: true, minAvailable: 1 } },
    { podDisruptionBudget: { enabled: true, maxUnavailable: '50%' } },
  ),
  factor(
    'metrics',
    {},
    { metrics: { service: off } },
    { metrics: { serviceMonitor: on } },
    { metrics: { service: { port: 80 }, serviceMonitor: { enabled: true, namespace: 'watch' } } },
  ),
  factor(
    'rules',
    {},
    { metrics: { prometheusRule: on } },
    { metrics: { prometheusRule: { enabled: true, selector: 'job="exsync"' } } },
  ),
  factor('dashboard', {}, { metrics: { dashboard: on } }),
  factor(
    'network',
    {},
    { networkPolicy: on },
    { networkPolicy: { enabled: true, metricsFrom: [{ podSelector: {} }] } },
    { networkPolicy: closed() },
  ),
  factor(
    'names',
    {},
    { nameOverride: 'contacts' },
    { fullnameOverride: 'a-name-that-is-much-longer-than-what-a-label-or-a-pod-may-have' },
    { namespaceOverride: 'elsewhere' },
  ),
  factor('labels', {}, { commonLabels: { team: 'messaging', 'app.kubernetes.io/name': 'other' } }),
  factor('pod', {}, { podLabels: { 'app.kubernetes.io/instance': 'x', a: 'b' } }),
  factor('rest', {}, { replicaCount: 0 }),
  factor('refs', {}, { controller: { allowCrossNamespaceRefs: true, logLevel: 'trace' } }),
  factor(
    'most',
    {},
    { controller: { maxContactSize: '64Mi', maxMembers: 10, maxPassTimeout: '2h' } },
  ),
  factor(
    'trust',
    {},
    { controller: { allowedServerHosts: ['mail.corp.example', '*.corp.example', '[::1]'] } },
    { controller: { allowLoopbackHttp: true, allowUnlabelledCredentials: true } },
  ),
  factor('ports', {}, { ports: { metrics: 9090, health: 9091 } }),
  factor('image', {}, { image: { registry: 'images.example/', tag: 'x' } }, { image: digest() }),
  factor('spread', {}, { topologySpreadConstraints: [spread] }),
]

/** Renders everything, one after the other, two at a time; throws what Helm says where it refuses. */
export async function* renderings(): AsyncIterable<Rendering> {
  const files = ciFiles.map((file) => ({
    name: basename(file),
    values: parse(readFileSync(file, 'utf8')) as Values,
  }))
  const rows = [factors.map(() => 0), ...singleRows(factors), ...pairRows(factors)]
  const combined = rows.map((row) => {
    const chosen = factors.map(({ settings }, i) => settings[row[i] ?? 0] ?? {})
    const name = factors.flatMap((each, i) => (row[i] ? [`${each.name}${row[i]}`] : [])).join(' ')
    return { name: name || 'defaults', values: chosen.reduce<Values>(merged, {}) }
  })
  // Some pairs are what single switches are.
  const all = [...new Map([...files, ...combined].map((each) => [each.name, each])).values()]
  let ahead = all.slice(0, 2).map(rendering)
  for (let next = 2; ahead.length > 0; next++) {
    const [first, ...later] = ahead
    if (first) yield await first
    const another = all[next]
    ahead = another ? [...later, rendering(another)] : later
  }
}

/** The objects in what Helm prints. */
export function manifestsIn(text: string): readonly Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((each) => each !== null)
}

async function rendering({ name, values }: { name: string; values: Values }): Promise<Rendering> {
  const { code, stdout, stderr } = await template(values)
  if (code !== 0) throw new Error(`${name}: ${stderr}`)
  return { name, values, manifests: manifestsIn(stdout) }
}

function factor(name: string, ...settings: readonly Values[]): Factor<Values> {
  return { name, settings }
}

/** Every peer is named. */
function closed() {
  const dns = { podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }
  const system = {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
  }
  return {
    enabled: true,
    dns: { to: [{ ...system, ...dns }] },
    apiServer: { to: [{ ipBlock: { cidr: '192.0.2.1/32' } }], ports: [6443] },
    exchange: {
      to: [{ ipBlock: { cidr: '198.51.100.0/24', except: ['198.51.100.128/25'] } }],
      ports: [443, 8443],
    },
  }
}

function digest() {
  return { digest: `sha256:${'0'.repeat(64)}` }
}

function merged(one: Values, other: Values): Values {
  const isMap = (value: unknown): value is Values =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
  const entries = Object.entries(other).map(([key, value]) => {
    const there = one[key]
    return [key, isMap(there) && isMap(value) ? merged(there, value) : value] as const
  })
  return { ...one, ...Object.fromEntries(entries) }
}
