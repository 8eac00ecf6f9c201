// Generates the files that repeat the CRDs: the TypeScript types of the resources, the JSON schema for editors
// (editor-schema.ts), and the templates and tables of the chart (chart.ts).
//
//   crds/*syncgroups.yaml ──► crds/*syncplans.yaml   the spec of the proposed group (compose.ts)
//   crds/*.yaml ──► controller/api/resources.generated.ts
//               ├─► docs/schema/exchangesync.dev.json
//               └─► charts/exchange-sync-controller/templates/crds/*.yaml
//   controller/api/reasons.ts ──► the table in docs/conditions.md
//
// `npm run generate` writes them. `node crds/generate.ts --check` only names the stale ones, and exits with 1.

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { compile } from 'json-schema-to-typescript'
import { parse } from 'yaml'
import { remedies, waits } from '../controller/api/reasons.ts'
import { chartOutputs, type Output } from './chart.ts'
import { composed } from './compose.ts'
import { editorSchema } from './editor-schema.ts'

type Schema = {
  type?: string
  description?: string
  properties?: Record<string, Schema>
  items?: Schema
  required?: string[]
  enum?: string[]
  default?: unknown
  'x-kubernetes-preserve-unknown-fields'?: boolean
}

type Crd = {
  spec: {
    group: string
    names: { kind: string }
    versions: { name: string; schema: { openAPIV3Schema: Schema } }[]
  }
}

const ROOT = dirname(import.meta.dirname)
const GROUPS = 'exchangesync.dev_syncgroups.yaml'
const PLANS = 'exchangesync.dev_syncplans.yaml'
const TYPES = join(ROOT, 'controller/api/resources.generated.ts')
const CONDITIONS = join(ROOT, 'docs/conditions.md')

const HEADER = `\
// The resources as the API server and the local directory hand them out: defaults are there.
// Generated from crds/ by \`npm run generate\`; do not edit. Times are RFC 3339 strings (also in
// conditions, where V1Condition says Date: the client leaves custom resources as the server sent
// them).

import type { V1ObjectMeta } from '@kubernetes/client-node'
`

const COLUMNS = 100
const STYLE = { semi: false, singleQuote: true, printWidth: COLUMNS, trailingComma: 'all' } as const

/** All generated files with the text that they must have. Reads the disk; writes nothing. */
export async function outputs(): Promise<readonly Output[]> {
  const names = (await readdir(import.meta.dirname)).filter((name) => name.endsWith('.yaml')).sort()
  const stored = await Promise.all(
    names.map((name) => readFile(join(import.meta.dirname, name), 'utf8')),
  )
  const group = stored[names.indexOf(GROUPS)] ?? ''
  const texts = stored.map((text, i) => (names[i] === PLANS ? composed(text, group) : text))
  const chart = await chartOutputs(
    Object.fromEntries(names.map((name, i) => [name, texts[i] ?? ''])),
  )
  const crds = texts.map((text) => parse(text) as Crd)
  const types = await Promise.all(crds.map((crd) => typesOf(crd, crds)))
  const plans = { path: join(import.meta.dirname, PLANS), text: texts[names.indexOf(PLANS)] ?? '' }
  const reasons = { path: CONDITIONS, text: conditionsOf(await readFile(CONDITIONS, 'utf8')) }
  const resources = { path: TYPES, text: [HEADER, ...types].join('\n') }
  return [plans, resources, editorSchema(crds), reasons, ...chart]
}

/** The page about conditions with the table of the reasons at its end. */
function conditionsOf(page: string): string {
  const head =
    '| reason | waits for | Stalled | what to do, or what happened |\n|---|---|---|---|\n'
  const [before, rest] = page.split(head)
  if (before === undefined || rest === undefined)
    throw new Error('docs/conditions.md has no table of reasons')
  const rows = [...waits].map(([reason, wait]) => {
    const stalled = wait === 'time' ? 'no' : 'yes'
    return `| \`${reason}\` | ${wait} | ${stalled} | ${remedies.get(reason)} |\n`
  })
  return before + head + rows.join('')
}

/** The outputs that differ from the files on the disk, by their paths relative to the repository. */
export async function stale(): Promise<readonly string[]> {
  const found = await Promise.all(
    (await outputs()).map(async ({ path, text }) => {
      const there = await readFile(path, 'utf8').catch(() => undefined)
      return there === text ? undefined : relative(ROOT, path)
    }),
  )
  return found.filter((path) => path !== undefined)
}

/**
 * TypeScript source with one interface for each object of a CRD's first version. A part that is the spec of another CRD has
 * the type of that spec.
 */
async function typesOf(crd: Crd, all: readonly Crd[]): Promise<string> {
  const { kind } = crd.spec.names
  const version = crd.spec.versions[0]
  if (version === undefined) throw new Error(`${kind} has no version`)
  const root = structuredClone(version.schema.openAPIV3Schema)
  const { apiVersion, kind: kindField } = root.properties ?? {}
  if (apiVersion === undefined || kindField === undefined) throw new Error(`${kind} has no kind`)
  apiVersion.enum = [`${crd.spec.group}/${version.name}`]
  kindField.enum = [kind]
  const metadata = { description: 'Standard metadata.', tsType: 'V1ObjectMeta' }
  const specs = new Map(
    all
      .filter((each) => each !== crd)
      .map((each) => [JSON.stringify(specOf(each)), `${each.spec.names.kind}Spec`]),
  )
  const named = nameObjects(root, kind, specs)
  const schema = {
    ...named,
    required: ['apiVersion', 'kind', 'metadata', 'spec'],
    properties: { ...named.properties, metadata },
  }
  const text = await compile(schema as object, kind, {
    bannerComment: '',
    additionalProperties: false,
    ignoreMinAndMaxItems: true,
    style: STYLE,
  })
  return readonlyOf(text)
}

function specOf({ spec }: Crd): Schema | undefined {
  return spec.versions[0]?.schema.openAPIV3Schema.properties?.spec
}

type Named = Schema & { title?: string; tsType?: string }

/**
 * A schema for json-schema-to-typescript: each object gets a title, which becomes the name of the interface. A field
 * with a default is required, because it is always present after defaulting.
 */
function nameObjects(schema: Schema, name: string, specs: ReadonlyMap<string, string>): Named {
  const known = specs.get(JSON.stringify(schema))
  if (known !== undefined) return { description: schema.description ?? '', tsType: known }
  const { description, enum: values, default: _, ...rest } = schema
  const out: Named = { ...(description && { description }) }
  if (values !== undefined) return { ...out, enum: values }
  if (schema['x-kubernetes-preserve-unknown-fields']) return { ...out, tsType: 'unknown' }
  if (schema.items !== undefined) {
    const items = nameObjects(schema.items, name.replace(/s$/, ''), specs)
    // A list of strings needs no comment on its items.
    if (items.properties === undefined) delete items.description
    return { ...out, type: 'array', items }
  }
  if (schema.properties === undefined) return { ...out, type: rest.type ?? 'object' }
  const entries = Object.entries(schema.properties)
  const present = entries.filter(([key, field]) => field.default !== undefined && key !== 'status')
  return {
    ...out,
    type: 'object',
    title: name,
    required: [...(schema.required ?? []), ...present.map(([key]) => key)],
    properties: Object.fromEntries(
      entries.map(([key, field]) => [key, nameObjects(field, nameOf(name, key), specs)]),
    ),
  }
}

/** `SyncGroup` + `spec` is `SyncGroupSpec`; names below a spec leave out `Spec`, as in Go. */
function nameOf(parent: string, key: string): string {
  return parent.replace(/Spec$/, '') + key.charAt(0).toUpperCase() + key.slice(1)
}

/** The same interfaces with readonly properties and arrays, and wrapped comments. */
function readonlyOf(text: string): string {
  return text
    .replace(/^( +)([A-Za-z]+\??: )/gm, '$1readonly $2')
    .replace(/: ([A-Za-z]+|\([^()]+\))\[\]/g, ': readonly $1[]')
    .replace(/^( *)\/\*\*\n *\* (.*)\n *\*\//gm, (_, indent: string, line: string) =>
      comment(indent, line),
    )
    .replace(/^}\n(?=\/\*\*|export)/gm, '}\n\n')
}

/** A doc comment of one sentence or more, on one line if it fits. */
function comment(indent: string, text: string): string {
  const single = `${indent}/** ${text} */`
  if (single.length <= COLUMNS) return single
  const lines: string[] = ['']
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`
    if (indent.length + 2 + longer.length <= COLUMNS) lines[lines.length - 1] = longer
    else lines.push(` ${word}`)
  }
  return [`${indent}/**`, ...lines.map((line) => `${indent} *${line}`), `${indent} */`].join('\n')
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--check')) {
    const paths = await stale()
    for (const path of paths) console.error(`${path} is stale: run npm run generate`)
    return paths.length > 0 ? 1 : 0
  }
  for (const { path, text } of await outputs()) {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  }
  return 0
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
