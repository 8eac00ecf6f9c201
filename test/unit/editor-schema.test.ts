// The JSON schema for editors accepts the examples, and marks what a person mistypes.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { group } from './validate-texts.ts'

const root = join(import.meta.dirname, '../..')
const schema = JSON.parse(readFileSync(join(root, 'docs/schema/exchangesync.dev.json'), 'utf8'))
const fits = new Ajv({ allErrors: true, strict: false, validateFormats: false }).compile(schema)
const errorsOf = (text: string) =>
  parseAllDocuments(text).flatMap((document) =>
    fits(document.toJS()) ? [] : (fits.errors ?? []).map((error) => error.message ?? ''),
  )

const examples = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.yaml'))

test.each(examples)('%s fits', (name) => {
  expect(errorsOf(readFileSync(join(root, 'examples', name), 'utf8'))).toEqual([])
})

const plan = (spec: string) =>
  `apiVersion: exchangesync.dev/v1alpha1\nkind: SyncPlan\nmetadata: { name: p }\nspec: { syncGroup: { name: g, spec: ${spec} } }\n`

test('a proposed group has the fields of a SyncGroup', () => {
  const good = '{ serverRef: { name: corp }, hub: { publicFolder: /Company } }'
  expect(errorsOf(plan(good))).toEqual([])
  expect(errorsOf(plan(good.replace('hub', 'hubs'))).join('\n')).toMatch(/additional properties/)
})

test.each([
  ['an unknown field', group('membres: []'), /must NOT have additional properties/],
  ['a word that is none of the allowed', group('direction: BothWays'), /allowed values/],
  ['a number as a duration', group('interval: 30'), /must be string/],
  ['another version', group().replace('v1alpha1', 'v1'), /must be equal to constant/],
  ['no spec', group().replace(/spec:[\s\S]*/, ''), /required property 'spec'/],
])('%s is marked', (_, text, error) => {
  expect(errorsOf(text).join('\n')).toMatch(error)
})

test('documents of other kinds are accepted', () => {
  expect(errorsOf('apiVersion: v1\nkind: Secret\nstringData: { a: b }\n')).toEqual([])
})
