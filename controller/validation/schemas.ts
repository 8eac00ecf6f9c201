// The known kinds of documents: SyncGroup and ExchangeServer by their CRDs, Secret by a schema written
// here.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { namespacesFault } from '../api/allowed.ts'
import { METADATA, mapOf, metadataFaults, NAME_MAX, text } from './metadata.ts'
import { type Fault, pathText, problemsMax, someOf } from './problem.ts'
import { brokenRules } from './rules.ts'
import { checkOf, defaulted, type Schema, unknownFields } from './schema.ts'

/** One kind of resource in one version. */
export type Contract = Readonly<{
  apiVersion: string
  kind: string
  /** A copy with defaults, as an API server stores it. Accepts any value. */
  defaulted: (value: unknown) => unknown
  /** The faults of a value with defaults. */
  faults: (value: unknown) => readonly Fault[]
  /** A resource from an unchecked source; kinds with a CRD have this. */
  judged?: (resource: Stored) => Judged
}>

/** A resource as it is stored somewhere. */
export type Stored = Readonly<{ spec?: unknown; status?: unknown }>

/**
 * The spec with its defaults, or its first fault; and the status if it has the shape of a status. Unknown fields are no
 * fault: a newer CRD has more of them.
 */
export type Judged = Readonly<{ spec?: unknown; fault?: string; status?: unknown }>

type Crd = Readonly<{
  spec: Readonly<{
    group: string
    names: { kind: string }
    versions: readonly { name: string; schema: { openAPIV3Schema: Schema } }[]
  }>
}>

/** The API group of our resources. */
export const GROUP = 'exchangesync.dev'

const CRDS = join(import.meta.dirname, '../../crds')
const SECRET_VALUE_MAX = 1_400_000 // 1 MiB in base64, the limit of a whole Secret.

const SECRET: Schema = {
  type: 'object',
  required: ['metadata'],
  properties: {
    apiVersion: text(),
    kind: text(),
    metadata: METADATA,
    type: text({ maxLength: NAME_MAX }),
    immutable: { type: 'boolean' },
    data: mapOf(text({ format: 'base64', maxLength: SECRET_VALUE_MAX })),
    stringData: mapOf(text({ maxLength: SECRET_VALUE_MAX })),
  },
}

let read: readonly Contract[] | undefined

/**
 * The known kinds. Reads the CRDs beside the program once; throws if they are missing.
 */
export function contracts(): readonly Contract[] {
  read ??= [secret(), ...crds().map(contractOf)]
  return read
}

/** The contract of a CRD's first version; the CRD is plain JSON. */
export function contractOf(crd: Crd): Contract {
  const { group, names, versions } = crd.spec
  const version = versions[0]
  if (version === undefined) throw new Error(`the CRD of ${names.kind} has no version`)
  const schema = declared(version.schema.openAPIV3Schema)
  const status = version.schema.openAPIV3Schema.properties?.status ?? {}
  const check = checkOf(schema, { quiet: false })
  const own = version.schema.openAPIV3Schema.properties?.spec ?? {}
  const sound = { spec: soundnessOf(own, 'spec'), status: soundnessOf(status, 'status') }
  return {
    apiVersion: `${group}/${version.name}`,
    judged: (stored) => {
      const spec = defaulted(own, stored.spec)
      const fault = sound.spec(spec)
      return {
        ...(fault === undefined ? { spec } : { fault }),
        ...(sound.status(stored.status) === undefined && { status: stored.status }),
      }
    },
    kind: names.kind,
    defaulted: (value) => defaulted(schema, value),
    faults: (value) => {
      const faults = check(value)
      // A value with the wrong type is not examined further.
      if (faults.length > problemsMax) return faults
      const said = (value as { status?: unknown } | null)?.status
      return [
        ...faults,
        ...brokenRules(schema, value, faults),
        ...someOf(metadataFaults(value)),
        ...(names.kind === 'ExchangeServer' ? allowedFaults(value) : []),
        ...someOf(unknownFields(status, said, ['status'])),
      ]
    },
  }
}

/** The first fault of a value, which may have unknown fields, as one line. */
function soundnessOf(schema: Schema, name: string): (value: unknown) => string | undefined {
  const check = checkOf(schema, { quiet: false, open: true })
  return (value) => {
    const faults = check(value)
    const [fault] = faults.length > 0 ? faults : brokenRules(schema, value, faults)
    return fault && `${pathText([name, ...fault.path])}: ${fault.message}`
  }
}

/** The contract of a kind that has a CRD. */
export function judgeOf(
  kind: 'SyncGroup' | 'ExchangeServer' | 'SyncPlan',
): (resource: Stored) => Judged {
  const { judged } = contracts().find((contract) => contract.kind === kind) ?? {}
  if (judged === undefined) throw new Error(`there is no CRD of ${kind}`)
  return judged
}

// A word or a mapping: an API server accepts any mapping here, and the controller checks it.
function allowedFaults(value: unknown): readonly Fault[] {
  const { spec } = (value ?? {}) as { spec?: { allowed?: { namespaces?: unknown } } }
  const message = namespacesFault(spec?.allowed?.namespaces)
  if (message === undefined) return []
  return [{ path: ['spec', 'allowed', 'namespaces'], at: 'value', message }]
}

function crds(): readonly Crd[] {
  const names = readdirSync(CRDS).filter((name) => name.endsWith('.yaml'))
  return names.sort().map((name) => parse(readFileSync(join(CRDS, name), 'utf8')) as Crd)
}

/**
 * The schema of a declaration: with all of `metadata`, which a CRD may restrict but not describe, and
 * with any status. An API server checks only the field names of a status, and then drops it.
 */
function declared(schema: Schema): Schema {
  const own = schema.properties?.metadata?.properties ?? {}
  const names = Object.entries(METADATA.properties ?? {}).map(
    ([key, field]) => [key, { ...field, ...own[key] }] as const,
  )
  const metadata = { ...METADATA, properties: Object.fromEntries(names) }
  return {
    ...schema,
    required: ['metadata', ...(schema.required ?? [])],
    properties: { ...schema.properties, metadata, status: {} },
  }
}

function secret(): Contract {
  const check = checkOf(SECRET, { quiet: true })
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    defaulted: (value) => defaulted(SECRET, value),
    faults: (value) => [
      ...check(value),
      ...someOf(keyFaults(value)),
      ...someOf(metadataFaults(value)),
    ],
  }
}

/** Finds keys of a Secret that cannot be file names. */
function keyFaults(value: unknown): readonly Fault[] {
  const fields = (value ?? {}) as Readonly<Record<string, unknown>>
  return ['data', 'stringData'].flatMap((field) =>
    Object.keys(fields[field] ?? {})
      .filter((key) => !/^[-._A-Za-z0-9]{1,253}$/.test(key))
      .map((key) => ({
        path: [field, key],
        at: 'key' as const,
        message: "must be a key of letters, digits, '-', '_' and '.'",
      })),
  )
}
