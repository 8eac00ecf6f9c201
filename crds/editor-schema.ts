// Generates the JSON schema for editors from the CRDs: one file for documents of all our kinds, so that a file may hold
// several; documents of other kinds are accepted. Rules in CEL are not in it: `exsync validate` checks them.

import { dirname, join } from 'node:path'
import type { Output } from './chart.ts'

type Schema = Readonly<Record<string, unknown>> & {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly additionalProperties?: Schema | boolean
}

type Crd = Readonly<{
  spec: Readonly<{
    group: string
    names: Readonly<{ kind: string }>
    versions: readonly Readonly<{ name: string; schema: Readonly<{ openAPIV3Schema: object }> }>[]
  }>
}>

const PATH = join(dirname(import.meta.dirname), 'docs/schema/exchangesync.dev.json')

/** The schema file with the text that it must have. */
export function editorSchema(crds: readonly Crd[]): Output {
  const kinds = crds.flatMap(({ spec }) => {
    const version = spec.versions[0]
    if (version === undefined) return []
    const { kind } = spec.names
    const { openAPIV3Schema } = version.schema
    return [
      {
        kind,
        schema: documentOf(openAPIV3Schema as Schema, `${spec.group}/${version.name}`, kind),
      },
    ]
  })
  const definitions: Readonly<Record<string, object>> = Object.fromEntries(
    kinds.map(({ kind, schema }) => [kind, schema]),
  )
  shareSpecs(definitions)
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Resources of exchangesync.dev',
    $comment: 'Generated from crds/ by npm run generate; do not edit.',
    type: 'object',
    allOf: kinds.map(({ kind }) => ({
      if: { required: ['kind'], properties: { kind: { const: kind } } },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { $ref: `#/definitions/${kind}` },
    })),
    definitions,
  }
  return { path: PATH, text: `${JSON.stringify(schema, null, 2)}\n` }
}

// A proposed group has the spec of a SyncGroup: it refers to that instead of repeating it.
function shareSpecs({ SyncGroup, SyncPlan }: Readonly<Record<string, object>>): void {
  const own = (SyncGroup as Document | undefined)?.properties?.spec
  const group = (SyncPlan as Document | undefined)?.properties?.spec?.properties?.syncGroup
  if (own === undefined || group?.properties === undefined) return
  if (JSON.stringify(own) !== JSON.stringify(group.properties.spec))
    throw new Error('the spec in a SyncPlan is not that of a SyncGroup')
  group.properties.spec = { $ref: '#/definitions/SyncGroup/properties/spec' }
}

type Document = { $ref?: string; properties?: Record<string, Document> }

function documentOf(schema: Schema, apiVersion: string, kind: string): object {
  const { properties = {}, description } = schema
  return {
    description,
    type: 'object',
    required: ['apiVersion', 'kind', 'metadata', 'spec'],
    additionalProperties: false,
    properties: {
      apiVersion: { ...plain(properties.apiVersion ?? {}), const: apiVersion },
      kind: { ...plain(properties.kind ?? {}), const: kind },
      metadata: { type: 'object', required: ['name'], properties: metadataOf(properties.metadata) },
      spec: plain(properties.spec ?? {}),
      status: { type: 'object' },
    },
  }
}

function metadataOf(metadata: Schema = {}): object {
  const { name, ...others } = metadata.properties ?? {}
  const rest = Object.entries(others).map(([key, field]) => [key, plain(field)])
  return { name: { type: 'string', ...plain(name ?? {}) }, ...Object.fromEntries(rest) }
}

// Unknown fields are errors, as with kubectl. The formats and extensions of Kubernetes mean nothing to an editor.
function plain(schema: Schema): object {
  const { properties, items, additionalProperties, format, nullable, type, ...rest } = schema
  const kept = Object.entries(rest).filter(([key]) => !key.startsWith('x-kubernetes-'))
  return {
    ...(type !== undefined && { type: nullable === true ? [type, 'null'] : type }),
    ...Object.fromEntries(kept),
    ...(format === 'date-time' && { format }),
    ...(items && { items: plain(items) }),
    ...(typeof additionalProperties === 'object' && {
      additionalProperties: plain(additionalProperties),
    }),
    ...(properties && {
      additionalProperties: false,
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, field]) => [key, plain(field)]),
      ),
    }),
  }
}
