// What holds of everything that the chart renders, whatever its values are.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { flagsOf } from './flags.ts'
import { release } from './helm.ts'
import { faultsOf } from './metrics.ts'
import { notRestricted } from './pod.ts'
import { type Manifest, type Rendering, renderings } from './renderings.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const crdFolder = join(root, 'crds')
const clusterWide = ['ClusterRole', 'ClusterRoleBinding', 'CustomResourceDefinition']

const all: Rendering[] = []
beforeAll(async () => {
  for await (const each of renderings()) all.push(each)
})

/** Runs a check on every rendering; answers what it finds wrong, with the rendering's name. */
function wrongIn(check: (rendering: Rendering) => readonly string[]): readonly string[] {
  return all.flatMap((each) => check(each).map((what) => `${each.name}: ${what}`))
}

const of = ({ manifests }: Rendering, kind: string) =>
  manifests.filter((each) => each.kind === kind)
const one = (rendering: Rendering, kind: string) => of(rendering, kind)[0] as Manifest
const deployment = (rendering: Rendering) => one(rendering, 'Deployment')
const podOf = (rendering: Rendering) => deployment(rendering).spec.template.spec
const container = (rendering: Rendering) => podOf(rendering).containers[0]
const flags = (rendering: Rendering) => flagsOf(container(rendering).args)
const watched = ({ values }: Rendering) => (values.watchNamespaces ?? []) as readonly string[]
const trust = ({ values }: Rendering) =>
  (values.controller ?? {}) as Readonly<Record<string, string | boolean | undefined>>
const nameOf = ({ kind, metadata }: Manifest) => `${kind} ${metadata.namespace}/${metadata.name}`
/** The entries of the one that the other has not. */
const lacking = (wanted: object, there: object = {}) =>
  Object.entries(wanted)
    .filter(([key, value]) => (there as Record<string, unknown>)[key] !== value)
    .map(([key]) => key)

test('there is much to look at', () => {
  expect(all.length).toBeGreaterThan(60)
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
})

test('a command in the pod has the flags of the controller', () => {
  const wrong = wrongIn((rendering) => {
    const { args, env } = container(rendering)
    const text = env.find(({ name }: { name: string }) => name === 'EXSYNC_FLAGS')?.value
    return text === JSON.stringify(args.slice(1)) ? [] : [text]
  })
  expect(wrong).toEqual([])
})

describe('objects', () => {
  test('are named once, within what names may be, and in a namespace unless they are cluster-wide', () => {
    const wrong = wrongIn(({ manifests }) => {
      const names = manifests.map(nameOf)
      return [
        ...names.filter((name, i) => names.indexOf(name) !== i),
        ...manifests
          .filter(({ kind, metadata: { name, namespace } }) => {
            const [most, form] = clusterWide.includes(kind)
              ? [253, /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/]
              : [63, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/]
            const placed = namespace !== undefined
            return placed === clusterWide.includes(kind) || name.length > most || !form.test(name)
          })
          .map(nameOf),
      ]
    })
    expect(wrong).toEqual([])
  })

  test('have the standard labels, and no value too long', () => {
    const standard = ['name', 'instance', 'version', 'component', 'part-of', 'managed-by']
    const wrong = wrongIn(({ manifests, name }) =>
      manifests
        .filter((each) => !(name.startsWith('everything') && each.kind === 'ConfigMap'))
        .filter(({ metadata: { labels = {} } }) => {
          const keys = [...standard.map((key) => `app.kubernetes.io/${key}`), 'helm.sh/chart']
          return (
            keys.some((key) => !labels[key]) ||
            Object.values(labels).some((value) => !/^[\w.-]{1,63}$/.test(value))
          )
        })
        .map(nameOf),
    )
    expect(wrong).toEqual([])
  })
})

describe('selectors', () => {
  test('find the pod', () => {
    const wrong = wrongIn((rendering) => {
      const { labels } = deployment(rendering).spec.template.metadata
      const selectors = [
        ['Deployment', deployment(rendering).spec.selector.matchLabels],
        ...of(rendering, 'Service').map(({ spec }) => ['Service', spec.selector]),
        ...of(rendering, 'PodDisruptionBudget').map(({ spec }) => [
          'PodDisruptionBudget',
          spec.selector.matchLabels,
        ]),
        ...of(rendering, 'NetworkPolicy').map(({ spec }) => [
          'NetworkPolicy',
          spec.podSelector.matchLabels,
        ]),
        ...(podOf(rendering).topologySpreadConstraints ?? []).map((each: Manifest) => [
          'spread',
          each.labelSelector.matchLabels,
        ]),
      ] as (readonly [string, object])[]
      return selectors
        .filter(
          ([, selector]) =>
            Object.keys(selector).length < 2 || lacking(selector, labels).length > 0,
        )
        .map(([kind]) => kind)
    })
    expect(wrong).toEqual([])
  })

  test('do not change with labels, as a Deployment’s cannot', () => {
    const selectors = all.map((each) => deployment(each).spec.selector.matchLabels)
    expect(new Set(selectors.flatMap((each) => Object.keys(each)))).toEqual(
      new Set(['app.kubernetes.io/name', 'app.kubernetes.io/instance']),
    )
  })

  test('of a monitor find the Service and its port, in its namespace', () => {
    const wrong = wrongIn((rendering) =>
      of(rendering, 'ServiceMonitor').flatMap(({ spec }) => {
        const { metadata, spec: service } = one(rendering, 'Service')
        const [endpoint] = spec.endpoints
        return [
          ...lacking(spec.selector.matchLabels, metadata.labels),
          ...(spec.namespaceSelector.matchNames[0] === metadata.namespace ? [] : ['namespace']),
          ...(service.ports[0].name === endpoint.port ? [] : ['port']),
          ...(endpoint.honorLabels === true ? [] : ['honorLabels']),
        ]
      }),
    )
    expect(wrong).toEqual([])
  })
})

describe('the pod', () => {
  test('meets the standard restricted', () => {
    expect(wrongIn((rendering) => notRestricted(podOf(rendering)))).toEqual([])
  })

  test('is one, and never two', () => {
    const wrong = wrongIn((rendering) => {
      const { replicas, strategy } = deployment(rendering).spec
      return replicas <= 1 && strategy.type === 'Recreate' ? [] : [`${replicas} ${strategy.type}`]
    })
    expect(wrong).toEqual([])
  })

  test('mounts what there is, and may write to the state and /tmp only', () => {
    const wrong = wrongIn((rendering) => {
      const volumes = podOf(rendering).volumes.map((each: Manifest) => each.name)
      const mounts: readonly Record<string, string | boolean>[] = container(rendering).volumeMounts
      const written = mounts.filter((each) => !each.readOnly).map((each) => each.mountPath)
      return [
        ...mounts.filter((each) => !volumes.includes(each.name)).map((each) => `${each.name}`),
        ...(`${written.sort()}` === '/tmp,/var/lib/exsync' ? [] : [`writes ${written}`]),
      ]
    })
    expect(wrong).toEqual([])
  })

  test('gets flags that the program knows, and ports that its probes and Service name', () => {
    const wrong = wrongIn((rendering) => {
      const given = flags(rendering)
      const { ports, ...rest } = container(rendering)
      const port = (name: string) =>
        ports.find((each: Manifest) => each.name === name)?.containerPort
      const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const
      const facts = [
        given['metrics-bind-address'] === `:${port('metrics')}`,
        given['health-probe-bind-address'] === `:${port('health')}`,
        probes.every((probe) => rest[probe].httpGet.port === 'health'),
        rest.readinessProbe.httpGet.path === '/readyz',
        rest.livenessProbe.httpGet.path === '/healthz',
        of(rendering, 'Service').every(({ spec }) => spec.ports[0].targetPort === 'metrics'),
        `${given['watch-namespace'] ?? []}` === `${watched(rendering)}`,
        given.state === '/var/lib/exsync',
        `${given['allowed-server-hosts'] ?? []}` === `${trust(rendering).allowedServerHosts ?? []}`,
        (given['allow-loopback-http'] ?? false) === (trust(rendering).allowLoopbackHttp ?? false),
        (given['allow-unlabelled-credentials'] ?? false) ===
          (trust(rendering).allowUnlabelledCredentials ?? false),
      ]
      return facts.flatMap((holds, i) => (holds ? [] : [`fact ${i}`]))
    })
    expect(wrong).toEqual([])
  })

  test('has longer to end than passes have', () => {
    const wrong = wrongIn((rendering) => {
      const [, count, unit] =
        /^(\d+)([sm])$/.exec(`${flags(rendering)['graceful-shutdown-timeout']}`) ?? []
      const seconds = Number(count) * (unit === 'm' ? 60 : 1)
      return podOf(rendering).terminationGracePeriodSeconds > seconds ? [] : [`${seconds}`]
    })
    expect(wrong).toEqual([])
  })

  test.each([
    ['key-file', 'state-key'],
    ['notify-secret-file', 'notify'],
  ] as const)('reads the file of %s where it is mounted', (flag, name) => {
    const wrong = wrongIn((rendering) => {
      const file = flags(rendering)[flag]
      const named = (each: Manifest) => (each as unknown as { name: string }).name === name
      const volume = podOf(rendering).volumes.find(named)
      const mount = container(rendering).volumeMounts.find(named)
      const path = volume && `${mount.mountPath}/${volume.secret.items[0].path}`
      return file === path ? [] : [`${file} is not ${path}`]
    })
    expect(wrong).toEqual([])
    expect(all.some((rendering) => flags(rendering)[flag])).toBe(true)
  })

  test('gets the URL of a webhook by a flag or from a Secret, with a secret that signs', () => {
    const wrong = wrongIn((rendering) => {
      const { 'notify-url': url, 'notify-secret-file': file } = flags(rendering)
      const fromSecret = container(rendering).env.some(
        ({ name }: { name: string }) => name === 'EXSYNC_NOTIFY_URL',
      )
      const given = [url !== undefined, fromSecret].filter(Boolean).length
      return given === (file === undefined ? 0 : 1) ? [] : [`${given} URLs, ${file}`]
    })
    expect(wrong).toEqual([])
    expect(all.some((rendering) => flags(rendering)['notify-url'])).toBe(true)
  })
})

describe('the state', () => {
  test('is on the claim that is rendered, which stays, or on one that was there', () => {
    const wrong = wrongIn((rendering) => {
      const [claim] = of(rendering, 'PersistentVolumeClaim')
      const [volume] = podOf(rendering).volumes
      const used = volume.persistentVolumeClaim?.claimName
      const policy = claim?.metadata.annotations?.['helm.sh/resource-policy']
      if (claim === undefined) return used === undefined || used === 'there-already' ? [] : [used]
      return used === claim.metadata.name && policy === 'keep' ? [] : [`${used} ${policy}`]
    })
    expect(wrong).toEqual([])
  })
})

// The page that alerts link to, by the anchors of its headings.
const page = 'docs/something-went-wrong.md'
const anchors = new Set(
  [...readFileSync(join(root, page), 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  ),
)
const isRunbook = (url: string) => {
  const [, anchor = ''] = url.split(`${page}#`)
  return /^(https:\/\/[^ ]+\/)?docs\//.test(url) && anchors.has(anchor)
}

describe('rules and dashboards', () => {
  test('name metrics and labels that there are', () => {
    const wrong = wrongIn((rendering) => [
      ...of(rendering, 'PrometheusRule').flatMap(({ spec }) =>
        spec.groups.flatMap((group: Manifest) =>
          group.rules.flatMap((rule: Manifest) =>
            faultsOf(rule.expr).map((fault) => `${rule.alert}: ${fault}`),
          ),
        ),
      ),
      ...of(rendering, 'ConfigMap').flatMap(({ data }) =>
        Object.entries(data as Record<string, string>)
          .filter(([key]) => key.endsWith('.json'))
          .flatMap(([, text]) => JSON.parse(text).panels as Manifest[])
          .flatMap((panel) => (panel.targets ?? []).map((target: Manifest) => target.expr))
          .flatMap((expr: string) => faultsOf(expr).map((fault) => `${expr}: ${fault}`)),
      ),
    ])
    expect(wrong).toEqual([])
    expect(all.filter((each) => of(each, 'PrometheusRule').length > 0).length).toBeGreaterThan(5)
  })

  test('of alerts say what happened, and the next command', () => {
    const wrong = wrongIn((rendering) =>
      of(rendering, 'PrometheusRule').flatMap(({ spec }) =>
        spec.groups[0].rules
          .filter((rule: Manifest) => rule.alert)
          .filter(
            ({ annotations, labels }: Manifest) =>
              !/\.$/.test(annotations.summary) ||
              !/kubectl (get|describe|exec|patch) /.test(annotations.description) ||
              !isRunbook(annotations.runbook_url ?? '') ||
              !['critical', 'warning', 'info'].includes(labels.severity),
          )
          .map((rule: Manifest) => rule.alert),
      ),
    )
    expect(wrong).toEqual([])
  })
})

describe('resource definitions', () => {
  test('are the ones of crds/, kept unless told otherwise', () => {
    const sources = readdirSync(crdFolder)
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => parse(readFileSync(join(crdFolder, name), 'utf8')) as Manifest)
    const wrong = wrongIn((rendering) => {
      const { enabled = true, keep = true } = (rendering.values.crds ?? {}) as Record<
        string,
        boolean
      >
      const found = of(rendering, 'CustomResourceDefinition')
      const expected = enabled ? sources : []
      return [
        ...(found.length === expected.length ? [] : [`${found.length} of them`]),
        ...found
          .filter(({ spec, metadata }) => {
            const source = expected.find((each) => each.metadata.name === metadata.name)
            const policy = metadata.annotations?.['helm.sh/resource-policy']
            return (
              JSON.stringify(source?.spec) !== JSON.stringify(spec) || (policy === 'keep') !== keep
            )
          })
          .map(nameOf),
      ]
    })
    expect(wrong).toEqual([])
  })
})

test('everything is in the release’s namespace, or in one that the values name', () => {
  const wrong = wrongIn((rendering) => {
    const { values, manifests } = rendering
    const home = (values.namespaceOverride as string | undefined) ?? release.namespace
    const named = [home, ...watched(rendering), 'monitoring', 'watch']
    return manifests
      .filter(({ metadata: { namespace } }) => namespace && !named.includes(namespace))
      .map(nameOf)
  })
  expect(wrong).toEqual([])
})
