// The CRDs are the contract: complete, bounded, structural, and nothing that follows from them is
// stale.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { expressionOf } from '../../controller/validation/cel.ts'
import { brokenRules } from '../../controller/validation/rules.ts'
import { checkOf, defaulted, type Schema } from '../../controller/validation/schema.ts'
import { stale } from '../../crds/generate.ts'

const CRDS = join(import.meta.dirname, '../../crds')

type Bounds = Readonly<{
  maxLength?: number
  maxItems?: number
  minimum?: number
  maximum?: number
  maxProperties?: number
  anyOf?: unknown
  pattern?: string
}>
type Node = Schema & Bounds
type Column = Readonly<{ name: string; type: string; jsonPath: string; priority?: number }>

const crds = readdirSync(CRDS)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => {
    const crd = parse(readFileSync(join(CRDS, name), 'utf8'))
    const version = crd.spec.versions[0]
    const schema: Node = version.schema.openAPIV3Schema
    const columns: readonly Column[] = version.additionalPrinterColumns
    return { name, crd, version, schema, columns, kind: crd.spec.names.kind as string }
  })

/** Every schema below, with its path. */
function* nodesOf(schema: Node, path: string): Generator<{ path: string; node: Node }> {
  yield { path, node: schema }
  for (const [key, field] of Object.entries(schema.properties ?? {})) {
    yield* nodesOf(field, `${path}.${key}`)
  }
  if (schema.items) yield* nodesOf(schema.items, `${path}[]`)
}

const nodes = crds.flatMap(({ schema, kind }) => [...nodesOf(schema, kind)])
/** A CRD may restrict metadata's name, but not describe metadata. */
const own = nodes.filter(({ path }) => !path.endsWith('.metadata'))
/** A word or a mapping, which has no type; what is in the mapping the controller checks. */
const isEither = (node: Node) => node['x-kubernetes-preserve-unknown-fields'] === true
const paths = (found: readonly { path: string }[]) => found.map(({ path }) => path)

test('nothing that follows from the CRDs is stale: npm run generate', async () => {
  expect(await stale()).toEqual([])
})

describe('every field', () => {
  test('is described, in sentences', () => {
    expect(paths(own.filter(({ node }) => !/^[A-Z].*\.$/s.test(node.description ?? '')))).toEqual(
      [],
    )
  })

  test('is bounded', () => {
    const unbounded = own.filter(({ node }) => {
      if (isEither(node)) return node.maxProperties === undefined
      if (node.type === 'string') return node.enum === undefined && node.maxLength === undefined
      if (node.type === 'array') return node.maxItems === undefined
      if (node.type === 'integer') return node.minimum === undefined || node.format === undefined
      return node.type !== 'boolean' && node.properties === undefined
    })
    expect(paths(unbounded)).toEqual([])
  })

  test('of a spec has a largest value, when it is a number', () => {
    const spec = own.filter(({ path, node }) => path.includes('.spec') && node.type === 'integer')
    expect(paths(spec.filter(({ node }) => node.maximum === undefined))).toEqual([])
  })

  test('is structural: one type, and nothing that a server would not understand', () => {
    const known = new Set(
      [
        ['type', 'format', 'description', 'default', 'nullable', 'required', 'enum'],
        ['properties', 'items', 'pattern', 'minimum', 'maximum', 'minLength', 'maxLength'],
        ['maxItems', 'x-kubernetes-list-type', 'x-kubernetes-list-map-keys'],
        ['x-kubernetes-validations'],
      ].flat(),
    )
    const either = nodes.filter(({ node }) => isEither(node))
    expect(either.map(({ path, node }) => [path, node.type, node.anyOf])).toEqual([
      [
        'ExchangeServer.spec.allowed.namespaces',
        undefined,
        [{ enum: ['Same', 'All'] }, { not: { maxProperties: 0 } }],
      ],
    ])
    for (const { path, node } of nodes.filter((each) => !either.includes(each))) {
      expect([path, Object.keys(node).filter((key) => !known.has(key))]).toEqual([path, []])
      expect([path, node.type]).toEqual([
        path,
        expect.stringMatching(/^(object|array|string|integer|boolean)$/),
      ])
      const unknown = (node.required ?? []).filter((key) => !(key in (node.properties ?? {})))
      expect([path, unknown]).toEqual([path, []])
    }
  })

  test('that is a list says how it is merged, and its keys are required or have a default', () => {
    for (const { path, node } of nodes.filter(({ node }) => node.type === 'array')) {
      expect([path, node['x-kubernetes-list-type']]).toEqual([
        path,
        expect.stringMatching(/^(map|atomic)$/),
      ])
      for (const key of node['x-kubernetes-list-map-keys'] ?? []) {
        const given = node.items?.required?.includes(key)
        expect([path, key, given ?? node.items?.properties?.[key]?.default !== undefined]).toEqual([
          path,
          key,
          true,
        ])
      }
    }
  })

  test('with a default has a valid one', () => {
    for (const { path, node } of nodes.filter(({ node }) => node.default !== undefined)) {
      const value = defaulted(node, structuredClone(node.default))
      const faults = checkOf(node, { quiet: false })(value)
      expect([path, faults, brokenRules(node, value, faults)]).toEqual([path, [], []])
    }
  })
})

test('every rule can be checked offline, and says what is allowed', () => {
  for (const { node } of nodes) {
    for (const { rule, message } of node['x-kubernetes-validations'] ?? []) {
      // A rule about the former version is the API server's.
      if (!/\boldSelf\b/.test(rule))
        expect([rule, expressionOf(rule).state]).toEqual([rule, 'ready'])
      expect(message).toMatch(/must|no meaning/)
    }
  }
})

test('a pattern in a rule means the same to RE2 and to JavaScript', () => {
  const rules = nodes.flatMap(({ node }) => node['x-kubernetes-validations'] ?? [])
  const patterns = rules.flatMap(({ rule }) => [...rule.matchAll(/matches\("([^"]*)"\)/g)])
  expect(patterns.length).toBeGreaterThan(8)
  for (const [, pattern = ''] of patterns) {
    expect(() => new RegExp(pattern.replaceAll('\\\\', '\\'))).not.toThrow()
    // A bracket in a class, \s, \d, \w, look-around and back references differ.
    expect(pattern.replace(/\\\\[[\]]/g, '')).not.toMatch(/\[\[|\[\]|\\[sdwbSDWB1-9]|\(\?/)
    expect(pattern).toMatch(/^\^.*[$)]$/)
  }
})

describe.each(crds)('$kind', ({ name, crd, version, schema, columns, kind }) => {
  test('is a namespaced resource of our group, with a status of its own', () => {
    const { plural, shortNames, categories } = crd.spec.names
    expect(crd.metadata.name).toBe(`${plural}.exchangesync.dev`)
    expect(name).toBe(`exchangesync.dev_${plural}.yaml`)
    expect(crd.spec).toMatchObject({ group: 'exchangesync.dev', scope: 'Namespaced' })
    const short = { SyncGroup: 'sg', ExchangeServer: 'exs', SyncPlan: 'sp' }[kind]
    expect([shortNames, categories]).toEqual([[short], ['exchangesync']])
    expect(version).toMatchObject({
      name: 'v1alpha1',
      served: true,
      storage: true,
      subresources: { status: {} },
    })
    expect(crd.spec.versions).toHaveLength(1)
  })

  test('shows columns whose paths exist', () => {
    expect(columns.map((column) => column.name)).toEqual(
      expect.arrayContaining([kind === 'SyncPlan' ? 'Planned' : 'Ready', 'Message', 'Age']),
    )
    for (const { jsonPath, type, name: column } of columns) {
      const plain = jsonPath.replace(/\[\?\(@\.type=="\w+"\)\]/, '[]').slice(1)
      const [first = ''] = plain.split('.')
      if (first === 'metadata') continue
      const node = [...nodesOf(schema, '')].find(({ path }) => path === `.${plain}`)?.node
      expect([column, node?.type]).toEqual([column, type === 'date' ? 'string' : type])
    }
  })

  test('has conditions as kubectl wait expects them', () => {
    const conditions = schema.properties?.status?.properties?.conditions
    expect(conditions).toMatchObject({
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
    })
    expect(conditions?.items?.required).toEqual(
      expect.arrayContaining(['type', 'status', 'reason', 'message', 'lastTransitionTime']),
    )
  })
})

test('kubectl shows what a person asks first, and the long message last', () => {
  const columnsOf = (kind: string, wide: boolean) =>
    (crds.find((each) => each.kind === kind)?.columns ?? [])
      .filter(({ priority = 0 }) => wide || priority === 0)
      .map(({ name }) => name)
  expect(columnsOf('SyncGroup', false)).toEqual([
    ...['Ready', 'Reason', 'Items', 'Members', 'Conflicts', 'Last Pass', 'Age', 'Message'],
  ])
  expect(columnsOf('ExchangeServer', false)).toEqual([
    ...['Ready', 'Reason', 'Auth', 'Version', 'Age', 'Message'],
  ])
  for (const { kind } of crds) expect(columnsOf(kind, true).at(-1)).toBe('Message')
})

test('SyncPlan has the whole spec of a SyncGroup, and no other', () => {
  const specOf = (wanted: string) =>
    crds.find(({ kind }) => kind === wanted)?.schema.properties?.spec?.properties
  const group = crds.find(({ kind }) => kind === 'SyncGroup')?.schema.properties?.spec
  expect(specOf('SyncPlan')?.syncGroup?.properties?.spec).toEqual(group)
})

test('status has no field that could hold content of an item', () => {
  const free = own.filter(
    ({ path, node }) =>
      /\.status/.test(path) && node.type === 'string' && (node.maxLength ?? 0) > 316,
  )
  // Reasons and messages are the controller's own words.
  expect(paths(free).filter((path) => !/\.(message|reason)$/.test(path))).toEqual([])
})
