// Applies the schema of a CRD as an API server does with fieldValidation=Strict: nulls and defaults
// first, then unknown fields, types and bounds, then the keys of lists. rules.ts evaluates the CEL
// rules.
//
// Only keywords that our CRDs use are supported; ajv's strict mode throws on any other one, so that
// none stays unchecked.

import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { type Fault, type Path, problemsMax, someOf } from './problem.ts'
import { messageOf, unknownText } from './schema-message.ts'

/** A structural schema of OpenAPI 3.0 with the Kubernetes extensions that we use. */
export type Schema = Readonly<{
  type?: string
  format?: string
  description?: string
  default?: unknown
  nullable?: boolean
  required?: readonly string[]
  enum?: readonly unknown[]
  properties?: Readonly<Record<string, Schema>>
  additionalProperties?: Schema | boolean
  items?: Schema
  /** Its form is checked in `schemas.ts`, because no schema can express it. */
  'x-kubernetes-preserve-unknown-fields'?: boolean
  'x-kubernetes-list-type'?: 'atomic' | 'map' | 'set'
  'x-kubernetes-list-map-keys'?: readonly string[]
  'x-kubernetes-validations'?: readonly Rule[]
}>

/** One rule of `x-kubernetes-validations`. */
export type Rule = Readonly<{ rule: string; message?: string; fieldPath?: string }>

/** Finds the faults of a value, with its defaults, by a schema. */
export type Check = (value: unknown) => readonly Fault[]

const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const BASE64 = /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const INT = { type: 'number', validate: () => true } as const // The type and the bounds are enough.

// For a fast start, ajv neither checks the schemas (a test does) nor optimises its
// code.
const ajv = new Ajv({
  allErrors: true,
  strict: true,
  verbose: true,
  validateSchema: false,
  code: { optimize: false },
})
ajv.addVocabulary(
  ['list-type', 'list-map-keys', 'validations'].map((name) => `x-kubernetes-${name}`),
)
ajv.addFormat('int32', INT)
ajv.addFormat('int64', INT)
ajv.addFormat(
  'date-time',
  (text) => /^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(text)),
)
ajv.addFormat('resource name', (text) => NAME.test(text))
// An empty namespace counts as not given.
ajv.addFormat('namespace', (text) => text === '' || (NAME.test(text) && !text.includes('.')))
ajv.addFormat('base64', (text) => BASE64.test(text.replace(/[\r\n]/g, '')))
ajv.addFormat('label value', (text) => /^(([A-Za-z0-9][-\w.]*)?[A-Za-z0-9])?$/.test(text))

/**
 * Validates values against a schema, which is compiled on first use. A fault points at the field, also
 * at a missing one: `spec.hub.publicFolder`.
 * @param quiet keeps values out of messages: for Secrets
 * @param open accepts fields that the schema does not name
 */
export function checkOf(
  schema: Schema,
  { quiet, open = false }: { quiet: boolean; open?: boolean },
): Check {
  let validate: ValidateFunction | undefined
  return (value) => {
    validate ??= ajv.compile(compiled(schema, open))
    validate(value)
    const errors = (validate.errors ?? []).slice(0, problemsMax + 1)
    return [
      ...errors.map((error) => faultOf(error, value, quiet)),
      ...someOf(duplicates(schema, value, [])),
    ]
  }
}

/**
 * A copy of the value with defaults, and without nulls that mean "not given". The value may have any
 * shape.
 */
export function defaulted(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema
    return items === undefined ? value : value.map((item) => defaulted(items, item))
  }
  if (typeof value !== 'object' || value === null) return value
  const fields = schema.properties ?? {}
  const kept = Object.entries(value).filter(
    // A null that the schema does not allow means "not given".
    ([key, inner]) => inner !== null || !Object.hasOwn(fields, key) || fields[key]?.nullable,
  )
  const given = new Set(kept.map(([key]) => key))
  const missing = Object.entries(fields)
    .filter(([key, field]) => field.default !== undefined && !given.has(key))
    .map(([key, field]) => [key, structuredClone(field.default)] as const)
  return Object.fromEntries(
    [...kept, ...missing].map(([key, inner]) => {
      const field = Object.hasOwn(fields, key) ? fields[key] : undefined
      return [key, field === undefined ? inner : defaulted(field, inner)]
    }),
  )
}

/** The schema for ajv. Unless it is open, unknown fields are forbidden wherever fields are named. */
function compiled(schema: Schema, open: boolean): Schema {
  const { properties, items, additionalProperties } = schema
  if (schema['x-kubernetes-preserve-unknown-fields']) return {}
  return {
    ...schema,
    ...(items !== undefined && { items: compiled(items, open) }),
    ...(typeof additionalProperties === 'object' && {
      additionalProperties: compiled(additionalProperties, open),
    }),
    ...(properties !== undefined && {
      ...(!open && { additionalProperties: false }),
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, field]) => [key, compiled(field, open)]),
      ),
    }),
  }
}

/** Yields the unknown fields of a value and of its parts, one by one. */
export function* unknownFields(schema: Schema, value: unknown, path: Path): Generator<Fault> {
  const { properties, items } = schema
  if (Array.isArray(value)) {
    if (items === undefined) return
    for (const [i, item] of value.entries()) yield* unknownFields(items, item, [...path, i])
    return
  }
  if (typeof value !== 'object' || value === null || properties === undefined) return
  for (const [key, inner] of Object.entries(value)) {
    const field = Object.hasOwn(properties, key) ? properties[key] : undefined
    if (field !== undefined) yield* unknownFields(field, inner, [...path, key])
    else {
      const message = unknownText(key, Object.keys(properties))
      yield { path: [...path, key], at: 'key' as const, message }
    }
  }
}

function faultOf(error: ErrorObject, value: unknown, quiet: boolean): Fault {
  const path = pathOf(error.instancePath, value)
  const message = messageOf(error, quiet)
  if (error.keyword === 'required') {
    return { path: [...path, String(error.params.missingProperty)], at: 'key', message }
  }
  if (error.keyword === 'additionalProperties') {
    return { path: [...path, String(error.params.additionalProperty)], at: 'key', message }
  }
  return { path, at: 'value', message }
}

/** A JSON pointer as a path; the indices of lists become numbers. */
function pathOf(pointer: string, value: unknown): Path {
  const path: (string | number)[] = []
  let inner = value
  for (const escaped of pointer.split('/').slice(1)) {
    const key = escaped.replaceAll('~1', '/').replaceAll('~0', '~')
    path.push(Array.isArray(inner) ? Number(key) : key)
    inner = (inner as Record<string, unknown>)[key]
  }
  return path
}

/** Finds entries of a list with the same keys (list type map), or the same value (set). */
function duplicates(schema: Schema, value: unknown, path: Path): readonly Fault[] {
  if (Array.isArray(value)) {
    const { items } = schema
    const inner = items ? value.flatMap((item, i) => duplicates(items, item, [...path, i])) : []
    return [...inner, ...sameEntries(schema, value, path)]
  }
  if (typeof value !== 'object' || value === null || !schema.properties) return []
  return Object.entries(schema.properties).flatMap(([key, field]) =>
    duplicates(field, (value as Record<string, unknown>)[key], [...path, key]),
  )
}

function sameEntries(schema: Schema, list: readonly unknown[], path: Path): readonly Fault[] {
  const type = schema['x-kubernetes-list-type']
  if (type !== 'map' && type !== 'set') return []
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const seen = new Map<string, number>()
  return list.flatMap((item, i) => {
    const fields = (typeof item === 'object' && item !== null ? item : {}) as Record<
      string,
      unknown
    >
    if (type === 'map' && keys.some((key) => fields[key] === undefined)) return []
    const id = JSON.stringify(type === 'set' ? item : keys.map((key) => fields[key]))
    const first = seen.get(id)
    if (first === undefined) {
      seen.set(id, i)
      return []
    }
    const given = keys.filter((key) => fields[key] !== '')
    const what = type === 'set' ? 'value' : given.join(' and ')
    const message = `has the same ${what} as entry [${first}], which must be unique`
    return [{ path: [...path, i], at: 'value' as const, message }]
  })
}
