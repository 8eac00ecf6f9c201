// What can be told of the chart without Helm: its values, its versions, and its dashboard. The rest is in test/chart.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readValues } from '../../crds/chart.ts'
import { faultsOf } from '../chart/metrics.ts'
import { type Factor, pairRows } from '../chart/pairs.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const chart = join(root, 'charts/exchange-sync-controller')
const read = (file: string) => readFileSync(join(chart, file), 'utf8')

type Schema = Readonly<{
  description?: string
  type?: string
  properties?: Readonly<Record<string, Schema>>
  additionalProperties?: unknown
}>
type Values = Readonly<Record<string, unknown>>

const schema = JSON.parse(read('values.schema.json')) as Schema
const defaults = parse(read('values.yaml')) as Values
// `$ref` beside a description is what editors read; draft 7 looks at the reference alone.
const accepts = new Ajv({ allErrors: true, strict: false }).compile(schema)

const isMap = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Every key of the values that the schema describes, with its schema. */
function* described(
  values: Values,
  { properties = {} }: Schema,
  prefix = '',
): Generator<readonly [string, Schema | undefined]> {
  for (const [key, value] of Object.entries(values)) {
    const here = properties[key]
    yield [`${prefix}${key}`, here]
    if (isMap(value) && here?.properties) yield* described(value, here, `${prefix}${key}.`)
  }
}

describe('the schema of the values', () => {
  test('has every value of values.yaml, described in sentences', () => {
    const found = [...described(defaults, schema)]
    expect(found.length).toBeGreaterThan(100)
    const silent = found.filter(([, each]) => !/^[A-Z].*\.$/s.test(each?.description ?? ''))
    expect(silent.map(([path]) => path)).toEqual([])
  })

  test('accepts the defaults, and the values of every file of ci/ and of the examples', () => {
    const environments = join(root, 'examples/environments')
    const files = [
      join(chart, 'values.yaml'),
      ...readdirSync(join(chart, 'ci')).map((name) => join(chart, 'ci', name)),
      ...readdirSync(environments).map((name) => join(environments, name, 'values.yaml')),
    ]
    expect(files.length).toBeGreaterThan(5)
    for (const file of files) {
      accepts(parse(readFileSync(file, 'utf8')))
      expect([file, accepts.errors]).toEqual([file, null])
    }
  })

  test('refuses a key that is not known, wherever it is', () => {
    const sections = [...described(defaults, schema)].filter(([, each]) => each?.properties)
    for (const [path] of [['', schema] as const, ...sections]) {
      const keys = path.split('.').filter(Boolean)
      const wrong = keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), { unknwon: 1 })
      expect([path, accepts(wrong)]).toEqual([path, false])
    }
  })

  test('refuses a value of another type, wherever it is', () => {
    for (const [path, { type } = {}] of described(defaults, schema)) {
      if (type === undefined) continue
      const other = type === 'string' || Array.isArray(type) ? [] : 'text'
      const wrong = path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), other)
      expect([path, accepts(wrong)]).toEqual([path, false])
    }
  })
})

test('a value without a description is refused by the generator, and one whose type is not to be seen', () => {
  expect(() => readValues('# Says.\na: 1\n\nb: 2\n')).toThrow('b has no description')
  expect(() => readValues('# Says.\na: []\n')).toThrow('a needs @schema for items')
  expect(() => readValues('# Says.\na: {}\n')).toThrow('a needs @schema for its keys')
  expect(readValues('# Of the file.\n\n# Says.\na: 1\n').values).toEqual([
    { path: 'a', description: 'Says.', default: 1, section: false },
  ])
})

test('one version for chart, program and image', () => {
  const { version, appVersion } = parse(read('Chart.yaml'))
  const program = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  expect([version, appVersion]).toEqual([program.version, program.version])
})

describe('the dashboard', () => {
  type Place = Readonly<{ x: number; y: number; w: number; h: number }>
  type Panel = Readonly<{
    id: number
    type: string
    title: string
    description?: string
    gridPos: Place
    targets?: readonly { expr: string }[]
  }>
  const { panels } = JSON.parse(read('files/dashboard.json')) as { panels: readonly Panel[] }

  test('asks for metrics that there are, and says what each panel shows', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const shown = panels.filter(({ type }) => type !== 'row')
    expect(shown.filter(({ description = '' }) => !/\.$/.test(description))).toEqual([])
    const faults = shown.flatMap(({ title, targets = [] }) =>
      targets.flatMap(({ expr }) => faultsOf(expr).map((fault) => `${title}: ${fault}`)),
    )
    expect(faults).toEqual([])
  })

  test('lays no panel on another', () => {
    const over = panels.flatMap((one, i) =>
      panels.slice(i + 1).filter(({ gridPos: { x, y, w, h } }) => {
        const { gridPos: own } = one
        return x < own.x + own.w && own.x < x + w && y < own.y + own.h && own.y < y + h
      }),
    )
    expect(over.map(({ title }) => title)).toEqual([])
    expect(panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([])
  })
})

//  the expression, what is wrong with it
const expressions: readonly (readonly [string, ...string[]])[] = [
  ['exsync_group_items'],
  ['max by (namespace, name) (exsync_group_items{namespace=~"a|(b"}) > 3'],
  ['sum by (le) (rate(exsync_group_pass_duration_seconds_bucket[5m]))'],
  ['exsync_group_itmes', 'exsync_group_itmes is no metric of ours'],
  ['sum(exsync_group_items', '( is not closed'],
  ['sum(exsync_group_items}', '} closes nothing'],
  ['exsync_group_items{state="x"}', 'exsync_group_items has no label state'],
  ['sum by (state) (exsync_group_items)', 'label state?'],
  ['vector(1)', 'names no metric'],
  ['exsync_group_items{name="x}', 'a quote is not closed'],
  [
    'rate(exsync_group_pass_duration_seconds[5m])',
    'exsync_group_pass_duration_seconds is a histogram: ask for its _bucket, _sum or _count',
  ],
]
test.each(expressions)('an expression is read: %s', (expression, ...faults) => {
  expect(faultsOf(expression)).toEqual(faults)
})

test('every pair of settings is in a row', () => {
  const factors: readonly Factor<number>[] = [2, 3, 2, 4].map((count, i) => ({
    name: `${i}`,
    settings: Array.from({ length: count }, (_, index) => index),
  }))
  const rows = pairRows(factors)
  expect(rows.length).toBeLessThan(20)
  for (const [i, one] of factors.entries())
    for (const [j, other] of factors.entries())
      if (i < j)
        for (const a of one.settings)
          for (const b of other.settings)
            expect(rows.some((row) => row[i] === a && row[j] === b)).toBe(true)
})
