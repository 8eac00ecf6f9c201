// The schema of `metadata` as an API server accepts it: fields that people write, and those that `kubectl get -o yaml` adds.

import type { Fault, Path } from './problem.ts'
import type { Schema } from './schema.ts'

type Bounded = Schema & Readonly<{ minLength?: number; maxLength?: number }>
type Fields = Readonly<Record<string, unknown>>

/** The most characters in the name of a resource, or of an API group. */
export const NAME_MAX = 253

const KEY_NAME_MAX = 63
const ANNOTATIONS_BYTES_MAX = 262_144

/** The schema of a text; `rest`: further keywords. */
export const text = (rest: Bounded = {}): Bounded => ({ type: 'string', ...rest })

/** The schema of a mapping with any keys. */
export const mapOf = (additionalProperties: Schema): Schema => ({
  type: 'object',
  additionalProperties,
})

const OWNER: Schema = {
  type: 'object',
  required: ['apiVersion', 'kind', 'name', 'uid'],
  properties: {
    ...Object.fromEntries(
      ['apiVersion', 'kind', 'name', 'uid'].map((name) => [name, text({ minLength: 1 })]),
    ),
    controller: { type: 'boolean' },
    blockOwnerDeletion: { type: 'boolean' },
  },
}

/** The schema of `metadata`, for every kind. */
export const METADATA: Schema = {
  type: 'object',
  required: ['name'],
  properties: {
    name: text({
      format: 'resource name',
      maxLength: NAME_MAX,
      description: 'The name of the resource.',
    }),
    namespace: text({ format: 'namespace', maxLength: 63 }),
    generateName: text({ maxLength: NAME_MAX }),
    labels: mapOf(text({ format: 'label value', maxLength: 63 })),
    annotations: mapOf(text()),
    uid: text(),
    resourceVersion: text(),
    selfLink: text(),
    generation: { type: 'integer', format: 'int64' },
    creationTimestamp: text({ format: 'date-time', nullable: true }),
    deletionTimestamp: text({ format: 'date-time' }),
    deletionGracePeriodSeconds: { type: 'integer', format: 'int64' },
    finalizers: { type: 'array', items: text() },
    ownerReferences: { type: 'array', items: OWNER },
    managedFields: { type: 'array', items: { type: 'object' } },
  },
}

/** The faults that an API server finds in `metadata` beyond the schema: invalid keys and names. */
export function metadataFaults(value: unknown): readonly Fault[] {
  const { labels, annotations, finalizers } = fieldsOf(fieldsOf(value).metadata)
  const names = Array.isArray(finalizers) ? finalizers : []
  return [
    ...Object.keys(fieldsOf(labels)).flatMap((key) => keyFaults(['labels', key], key, 'key')),
    // An API server compares the keys of annotations in lower case.
    ...Object.keys(fieldsOf(annotations)).flatMap((key) =>
      keyFaults(['annotations', key], key.toLowerCase(), 'key'),
    ),
    ...names.flatMap((name, i) =>
      typeof name === 'string' ? keyFaults(['finalizers', i], name, 'value') : [],
    ),
    ...sizeFaults(fieldsOf(annotations)),
  ]
}

function keyFaults(path: Path, key: string, at: Fault['at']): readonly Fault[] {
  const parts = key.split('/')
  const name = parts.pop() ?? ''
  const [prefix] = parts
  const named = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/.test(name)
  const domain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
  const prefixed =
    prefix === undefined || (prefix.length <= NAME_MAX && domain.test(prefix) && parts.length === 1)
  if (named && prefixed && name.length <= KEY_NAME_MAX) return []
  const message =
    `must be a name of at most ${KEY_NAME_MAX} letters, digits, '-', '_' and '.', ` +
    "perhaps after a domain and '/', like example.com/team"
  return [{ path: ['metadata', ...path], at, message }]
}

function sizeFaults(annotations: Fields): readonly Fault[] {
  const bytes = Object.entries(annotations)
    .flat()
    .reduce<number>((sum, each) => sum + Buffer.byteLength(String(each)), 0)
  if (bytes <= ANNOTATIONS_BYTES_MAX) return []
  const message = `must have at most ${ANNOTATIONS_BYTES_MAX} bytes in all, not ${bytes}`
  return [{ path: ['metadata', 'annotations'], at: 'key', message }]
}

/** The fields of a mapping; none for any other value. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : {}
}
