// A real API server takes everything that the chart renders to, for every switch alone and every two together: it is asked
// strictly, and by a dry run, so that nothing of it stays.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Manifest, renderings } from '../chart/renderings.ts'
import { all } from './at-once.ts'
import type { Json } from './control-plane.ts'
import { until } from './controller.ts'
import { Cluster } from './fixture.ts'
import { monitoring } from './monitoring.ts'

/** The namespaces that the renderings name. */
const namespaces = ['exchange-sync', 'elsewhere', 'sales', 'logistics', 'watch', 'monitoring']

let cluster: Cluster
/** The path of each kind, with `*` for its namespace, by its version and name. */
let paths: ReadonlyMap<string, string>

beforeAll(prepare)
afterAll(() => cluster?.[Symbol.asyncDispose]())

test('every manifest of every rendering is accepted', async () => {
  const different = new Map<string, Readonly<{ name: string; manifest: Manifest }>>()
  let rendered = 0
  for await (const { name, manifests } of renderings()) {
    rendered += 1
    for (const manifest of manifests) {
      const text = JSON.stringify(manifest)
      if (!different.has(text)) different.set(text, { name, manifest })
    }
  }
  const answers = await all([...different.values()], async ({ name, manifest }) => {
    const { status, body } = await asked(manifest)
    return { name, kind: manifest.kind, status, said: status === 201 ? '' : body.message }
  })
  expect(answers.filter(({ status }) => status !== 201)).toEqual([])
  expect(rendered).toBeGreaterThan(50)
  expect(answers.length).toBeGreaterThan(200)
  const kinds = new Set(answers.map(({ kind }) => kind))
  for (const kind of ['CustomResourceDefinition', 'Deployment', 'ServiceMonitor', 'PrometheusRule'])
    expect(kinds).toContain(kind)
}, 120_000)

test('a manifest that is wrong would not be', async () => {
  const found: string[] = []
  const wrong = async (manifest: Manifest, change: (copy: Json) => void) => {
    const copy = structuredClone(manifest) as Json
    change(copy)
    const { status, body } = await asked(copy)
    expect(status).toBeGreaterThanOrEqual(400)
    found.push(`${manifest.kind}: ${body.message}`)
  }
  for await (const { manifests } of renderings()) {
    const of = (kind: string) => manifests.find((each) => each.kind === kind)
    const [deployment, monitor, rules] = ['Deployment', 'ServiceMonitor', 'PrometheusRule'].map(of)
    if (!deployment || !monitor || !rules) continue
    await wrong(deployment, ({ spec }) => Object.assign(spec, { replica: 1 }))
    await wrong(deployment, ({ spec }) => Object.assign(spec.selector, { matchLabels: { x: 'y' } }))
    await wrong(monitor, ({ spec }) => Object.assign(spec.endpoints[0], { interval: '30 s' }))
    await wrong(rules, ({ spec }) => Object.assign(spec.groups[0].rules[0], { alrt: 'x' }))
    break
  }
  expect(found).toEqual([
    expect.stringContaining('unknown field "spec.replica"'),
    expect.stringContaining('`selector` does not match template `labels`'),
    expect.stringContaining('spec.endpoints[0].interval'),
    expect.stringContaining('unknown field "spec.groups[0].rules[0].alrt"'),
  ])
})

/** Starts a cluster without the chart, with the namespaces and the kinds of the Prometheus operator. */
async function prepare(): Promise<void> {
  cluster = await Cluster.start(null)
  const named = namespaces.map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name },
  }))
  await cluster.apply([...named, ...monitoring])
  await until('the kinds are served', async () => {
    paths = await served()
    return paths.has('monitoring.coreos.com/v1 PrometheusRule')
  })
}

/** The path of every kind in every version that the server serves. */
async function served(): Promise<ReadonlyMap<string, string>> {
  const { body } = await cluster.plane.raw('GET', '/apis')
  const versions: readonly string[] = body.groups.flatMap((group: Json) =>
    group.versions.map(({ groupVersion }: Json) => groupVersion),
  )
  const found = await all(['v1', ...versions], async (version) => {
    const root = version === 'v1' ? '/api/v1' : `/apis/${version}`
    const { body } = await cluster.plane.raw('GET', root)
    return ((body.resources ?? []) as Json[])
      .filter(({ name }) => !name.includes('/'))
      .map(({ kind, name, namespaced }): readonly [string, string] => [
        `${version} ${kind}`,
        `${root}/${namespaced ? 'namespaces/*/' : ''}${name}`,
      ])
  })
  return new Map(found.flat())
}

/** Asks the server whether it would make it. */
function asked({ apiVersion, kind, metadata, ...rest }: Manifest) {
  const path = paths.get(`${apiVersion} ${kind}`)
  if (path === undefined) throw new Error(`${apiVersion} ${kind} is not served`)
  const at = path.replace('*', metadata.namespace ?? 'exchange-sync')
  const body = { apiVersion, kind, metadata, ...rest }
  return cluster.plane.raw('POST', `${at}?dryRun=All&fieldValidation=Strict`, body)
}
