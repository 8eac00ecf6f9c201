// The examples of installations: their resources are valid, their values fit the chart, and what names a file or an object
// names one that there is.
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { validate } from '../../controller/cli/validate.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folders = [
  ...['environments/staging', 'environments/production', 'gitops/flux', 'gitops/argocd', 'kind'],
]
const schema = JSON.parse(
  readFileSync(join(root, 'charts/exchange-sync-controller/values.schema.json'), 'utf8'),
)
const fits = new Ajv({ allErrors: true, strict: false }).compile(schema)

type Found = ReturnType<typeof JSON.parse>

/** Every YAML file below a folder of the examples. */
function filesIn(folder: string): readonly string[] {
  return readdirSync(join(root, 'examples', folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => join(root, 'examples', folder, name))
}

/** Every object in the files, with its file. Values files have none. */
function objectsIn(folder: string): readonly Readonly<{ file: string; object: Found }>[] {
  return filesIn(folder)
    .filter((file) => basename(file) !== 'values.yaml')
    .flatMap((file) =>
      parseAllDocuments(readFileSync(file, 'utf8')).map((document) => {
        expect([file, document.errors]).toEqual([file, []])
        return { file, object: document.toJS() }
      }),
    )
}

const kindIn = (folder: string, kind: string) =>
  objectsIn(folder).filter(({ object }) => object.kind === kind)

describe.each(folders)('%s', (folder) => {
  test('is valid as a whole', async () => {
    const lines: string[] = []
    const files = filesIn(folder).filter((file) => basename(file) !== 'values.yaml')
    // A command of the README makes a Secret of examples/kind.
    const externalSecrets = folder === 'kind'
    const code = await validate(files, (line) => lines.push(line), { externalSecrets })
    expect({ code, lines }).toEqual({ code: 0, lines: [expect.stringMatching(/documents valid/)] })
  })

  test('makes the namespaces that it uses, and has nothing twice', () => {
    const objects = objectsIn(folder).map(({ object }) => object)
    const made = objects
      .filter(({ kind }) => kind === 'Namespace')
      .map((each) => each.metadata.name)
    const ours = objects.filter(({ apiVersion }) => apiVersion === 'exchangesync.dev/v1alpha1')
    expect(ours.length).toBeGreaterThan(1)
    for (const { metadata } of ours) expect(made).toContain(metadata.namespace)
    const names = objects
      .filter(({ metadata }) => metadata)
      .map(
        (each) =>
          `${each.apiVersion} ${each.kind} ${each.metadata.namespace}/${each.metadata.name}`,
      )
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
  })

  test('has no real secret, and says so first', () => {
    const secrets = kindIn(folder, 'Secret')
    expect(secrets.length).toBeGreaterThan(0)
    for (const { file, object } of secrets) {
      expect(object.stringData.password).toBe('sync-secret')
      expect(readFileSync(file, 'utf8')).toMatch(/^# NOT A SECRET: /)
    }
  })

  test('has a README whose paths exist', () => {
    const readme = readFileSync(join(root, 'examples', folder, 'README.md'), 'utf8')
    const named = [...readme.matchAll(/\b(?:examples|charts)\/[\w./-]+\w/g)].map(([path]) => path)
    const there = new Set(
      readdirSync(root, { recursive: false, encoding: 'utf8' }).filter((name) => !/^\./.test(name)),
    )
    for (const path of named) {
      expect(there).toContain(path.split('/')[0])
      expect(() => readdirSync(join(root, dirname(path)))).not.toThrow()
      expect(readdirSync(join(root, dirname(path)))).toContain(basename(path))
    }
  })
})

test('every Secret that a server signs in with says that it may', () => {
  const all = objectsIn('.').map(({ object }) => object)
  const servers = all.filter((each) => each?.kind === 'ExchangeServer')
  expect(servers.length).toBeGreaterThan(9)
  for (const { metadata, spec } of servers) {
    const named = all.filter(
      (each) =>
        each?.kind === 'Secret' &&
        each.metadata.name === spec.auth.secretRef.name &&
        each.metadata.namespace === metadata.namespace,
    )
    expect(named.length).toBeGreaterThan(0)
    for (const secret of named)
      expect(secret.metadata.labels).toEqual({ 'exchangesync.dev/credentials': 'true' })
  }
})

test.each(['staging', 'production'])(
  '%s watches the namespaces of its groups, and may read their Secrets',
  (name) => {
    const folder = `environments/${name}`
    const values = parse(readFileSync(join(root, 'examples', folder, 'values.yaml'), 'utf8'))
    const groups = kindIn(folder, 'SyncGroup').map(({ object }) => object.metadata.namespace)
    const secrets = kindIn(folder, 'Secret').map(({ object }) => object.metadata.name)
    expect(new Set(groups)).toEqual(new Set(values.watchNamespaces))
    expect(new Set(secrets)).toEqual(new Set(values.rbac.secretNames))
  },
)

describe('Flux', () => {
  const folder = 'gitops/flux'
  const top = join(root, 'examples', folder)

  test('is given values that the chart takes', () => {
    const [release] = kindIn(folder, 'HelmRelease')
    fits(release?.object.spec.values)
    expect(fits.errors).toBeNull()
  })

  test('finds every file that a kustomization names, and no file is left out', () => {
    for (const { file, object } of kindIn(folder, 'Kustomization')) {
      if (!object.apiVersion.startsWith('kustomize.config')) continue
      const there = readdirSync(dirname(file)).filter((name) => name !== 'kustomization.yaml')
      expect([...object.resources].sort()).toEqual(there.sort())
    }
  })

  test('waits for objects that the folder has, and for Kustomizations that there are', () => {
    const kustomizations = kindIn(folder, 'Kustomization')
      .map(({ object }) => object)
      .filter(({ apiVersion }) => apiVersion.startsWith('kustomize.toolkit'))
    const names = kustomizations.map(({ metadata }) => metadata.name)
    const checked = kustomizations.flatMap(({ spec }) => {
      for (const { name } of spec.dependsOn ?? []) expect(names).toContain(name)
      const inside = objectsIn(folder)
        .filter(({ file }) => relative(join(top, spec.path), dirname(file)) === '')
        .map(
          ({ object: { kind, apiVersion, metadata } }) => `${apiVersion} ${kind} ${metadata?.name}`,
        )
      expect(inside.length).toBeGreaterThan(2)
      return (spec.healthChecks ?? []).map((check: Found) => {
        expect(inside).toContain(`${check.apiVersion} ${check.kind} ${check.name}`)
        return check.kind
      })
    })
    expect(checked.sort()).toEqual(['ExchangeServer', 'SyncGroup'])
  })
})

describe('Argo CD', () => {
  const folder = 'gitops/argocd'
  const [settings] = kindIn(folder, 'ConfigMap')
  const data = settings?.object.data as Readonly<Record<string, string>>

  test('is given values that the chart takes', () => {
    const values = kindIn(folder, 'Application').flatMap(
      ({ object }) => object.spec.source.helm?.valuesObject ?? [],
    )
    expect(values).toHaveLength(1)
    fits(values[0])
    expect(fits.errors).toBeNull()
  })

  test('judges both kinds in the same way: deletion, generation, suspend, conditions', () => {
    const health = data['resource.customizations.health.exchangesync.dev_SyncGroup'] ?? ''
    expect(data['resource.customizations.health.exchangesync.dev_ExchangeServer']).toBe(health)
    const asked = [
      'deletionTimestamp',
      'observedGeneration',
      'suspend',
      'Stalled',
      'Ready',
      'False',
    ]
    const places = asked.map((word) => health.indexOf(word))
    expect(places).toEqual([...places].sort((one, other) => one - other))
    expect(places).not.toContain(-1)
  })

  test('has an action for everything that its menu shows', () => {
    const actions = parse(data['resource.customizations.actions.exchangesync.dev_SyncGroup'] ?? '')
    const shown = [...actions['discovery.lua'].matchAll(/actions\["(\w+)"\]/g)].map(
      ([, name]) => name,
    )
    const defined = actions.definitions.map((each: Found) => each.name)
    expect(shown).toEqual(defined)
    expect(shown).toEqual(['reconcile', 'suspend', 'resume'])
    expect(actions.definitions[0]['action.lua']).toContain('"exchangesync.dev/requestedAt"')
  })

  test('applies a namespace, then what a group needs, then the group', () => {
    const waveOf = ({ object }: { object: Found }) =>
      Number(object.metadata.annotations['argocd.argoproj.io/sync-wave'])
    const waves = ['Namespace', 'Secret', 'ExchangeServer', 'SyncGroup'].map((kind) =>
      kindIn(folder, kind).map(waveOf),
    )
    expect(waves).toEqual([[-3], [-2], [-1], [0]])
    const applications = kindIn(folder, 'Application').filter(({ file }) =>
      /applications/.test(file),
    )
    const order = applications.sort((one, other) => waveOf(one) - waveOf(other))
    expect(order.map(({ object }) => object.metadata.name)).toEqual(['exchange-sync', 'contacts'])
  })
})
