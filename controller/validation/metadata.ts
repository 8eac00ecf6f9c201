// `metadata` as an API server takes it: what people write, and what `kubectl get -o yaml` adds.

import type { Fault, Path } from './problem.ts'
import type { Schema } from './schema.ts'

type Bounded = Schema & Readonly<{ minLength?: number; maxLength?: number }>
type Fields = Readonly<Record<string, unknown>>

/** The most letters that the name of a resource, or a group's, may have. */
export const NAME_MAX = 253

const KEY_NAME_MAX = 63
const ANNOTATIONS_BYTES_MAX = 262_144

/** A text; `rest` is what else its schema says. */
export const text = (rest: Bounded = {}): Bounded => ({ type: 'string', ...rest })

/** A mapping from any keys. */
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

/** The schema of `metadata`, of every kind. */
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

/** What a server has against the `metadata` of a value beyond its schema: names that are keys. */
export function metadataFaults(value: unknown): readonly Fault[] {
  const { labels, annotations, finalizers } = fieldsOf(fieldsOf(value).metadata)
  const names = Array.isArray(finalizers) ? finalizers : []
  return [
    ...Object.keys(fieldsOf(labels)).flatMap((key) => keyFaults(['labels', key], key, 'key')),
    // A server compares annotations' keys in lower case.
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

/** The fields of a mapping; none of anything else. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : {}
}
