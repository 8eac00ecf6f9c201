// Generates the parts of the Helm chart that repeat other files:
//
//   crds/*.yaml ──────────────► templates/crds/*.yaml   behind crds.enabled, kept by crds.keep
//   values.yaml ──────────────► values.schema.json      types from the defaults, texts from the comments
//               └─────────────► README.md               the table between the two markers
//
// `npm run generate` writes them, by generate.ts.

import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isMap, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml'

/** A generated file: its absolute path, and the text that it must have. */
export type Output = Readonly<{ path: string; text: string }>

/** One value of values.yaml. */
export type Value = Readonly<{
  /** Like metrics.service.port. */
  path: string
  /** The comment above the value, without the lines for the schema. */
  description: string
  default: unknown
  /** Do the values below have their own descriptions? */
  section: boolean
}>

type Schema = Record<string, unknown>

const CHART = join(dirname(import.meta.dirname), 'charts/exchange-sync-controller')
const START = '<!-- values: made by npm run generate -->'
const END = '<!-- /values -->'

/** Parts of the schema that several values share. */
const DEFS = {
  duration: {
    description: 'A duration as Go writes it, like 1h30m.',
    type: 'string',
    pattern: '^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$',
  },
  open: { description: 'As the Kubernetes API has it.', type: 'object' },
}

/** The values that Helm adds for a chart that another chart depends on. */
const FROM_PARENT = {
  global: { description: 'Values that charts share; not used here.', type: 'object' },
  enabled: {
    description: 'For the condition of a chart that depends on this one; not used here.',
    type: 'boolean',
  },
}

/** The generated files of the chart with the text that they must have; `crds` by file name. */
export async function chartOutputs(
  crds: Readonly<Record<string, string>>,
): Promise<readonly Output[]> {
  const { values, schema } = readValues(await readFile(join(CHART, 'values.yaml'), 'utf8'))
  const readme = await readFile(join(CHART, 'README.md'), 'utf8')
  return [
    ...Object.entries(crds).map(([name, text]) => ({
      path: join(CHART, 'templates/crds', name),
      text: templateOf(text),
    })),
    { path: join(CHART, 'values.schema.json'), text: `${JSON.stringify(schema, null, 2)}\n` },
    { path: join(CHART, 'README.md'), text: readmeOf(readme, values) },
  ]
}

/** The CRD as a template. `{{` in the CRD is escaped, because it is text. */
function templateOf(crd: string): string {
  const text = crd.replaceAll('{{', '{{ "{{" }}')
  const metadata = `
metadata:
  annotations:
    {{- if .Values.crds.keep }}
    helm.sh/resource-policy: keep
    {{- end }}
  labels:
    {{- include "exsync.labels" . | nindent 4 }}
`
  const start = text.indexOf('\nmetadata:\n')
  if (start < 0) throw new Error('a CRD has no metadata')
  const named = text.slice(0, start) + metadata + text.slice(start + '\nmetadata:\n'.length)
  return `{{- if .Values.crds.enabled }}\n${named.trimEnd()}\n{{- end }}\n`
}

/** Reads values.yaml: all values in order, and their schema. Throws if a value has no description. */
export function readValues(text: string): Readonly<{ values: readonly Value[]; schema: Schema }> {
  const document = parseDocument(text)
  if (!isMap(document.contents)) throw new Error('values.yaml is no map')
  // A first comment that a blank line follows describes the file.
  const values: Value[] = []
  const root = sectionOf(document.contents as YAMLMap, '', values)
  const properties = { ...(root.properties as Schema), ...FROM_PARENT }
  return {
    values,
    schema: {
      $schema: 'http://json-schema.org/draft-07/schema#',
      title: 'Values of exchange-sync-controller',
      ...root,
      properties,
      $defs: DEFS,
    },
  }
}

/** The schema of a map with a description for each key; adds the values to `values`. */
function sectionOf(map: YAMLMap, prefix: string, values: Value[]): Schema {
  const properties: Record<string, Schema> = {}
  map.items.forEach((pair, index) => {
    const name = String((pair.key as { value: unknown }).value)
    const path = `${prefix}${name}`
    const { description, extra } = commentOf(pair, index === 0 ? map.commentBefore : undefined)
    if (description === '') throw new Error(`values.yaml: ${path} has no description above it`)
    const section = isMap(pair.value) && pair.value.items.length > 0 && extra === undefined
    const fallback = isMap(pair.value) || pair.value === null ? undefined : pair.value
    const value = (pair.value as { toJSON(): unknown }).toJSON()
    values.push({ path, description, default: value, section })
    properties[name] = section
      ? { description, ...sectionOf(pair.value as YAMLMap, `${path}.`, values) }
      : { description, ...typeOf(path, value, extra), ...(fallback && { default: value }) }
  })
  return { type: 'object', additionalProperties: false, properties }
}

/** The comment above a key: the description, and the merged JSON of its `@schema {…}` lines. */
function commentOf(pair: Pair, ofMap: string | null | undefined) {
  const key = pair.key
  const own = isScalar(key) ? key.commentBefore : undefined
  // A comment that a blank line follows does not belong to the key.
  const text = (own ?? ofMap ?? '').split(/\n\s*\n/).at(-1) ?? ''
  const lines = text.split('\n').map((line) => line.trim())
  const schemas = lines.filter((line) => line.startsWith('@schema '))
  return {
    description: lines
      .filter((line) => !line.startsWith('@schema '))
      .join(' ')
      .trim(),
    extra:
      schemas.length === 0
        ? undefined
        : (Object.assign({}, ...schemas.map((line) => JSON.parse(line.slice(8)))) as Schema),
  }
}

/** The type of a default value, with the additions of the comment. */
function typeOf(path: string, value: unknown, extra: Schema | undefined): Schema {
  if (extra?.$ref !== undefined || extra?.enum !== undefined || extra?.type !== undefined) {
    return extra
  }
  if (Array.isArray(value)) {
    if (extra?.items === undefined) throw new Error(`values.yaml: ${path} needs @schema for items`)
    return { type: 'array', ...extra }
  }
  if (typeof value === 'object') {
    if (extra === undefined) throw new Error(`values.yaml: ${path} needs @schema for its keys`)
    return { type: 'object', ...extra }
  }
  return { type: typeof value === 'number' ? 'integer' : typeof value, ...extra }
}

/** The README with the table of the values between its markers. */
function readmeOf(readme: string, values: readonly Value[]): string {
  const [before, rest] = readme.split(START)
  const after = rest?.split(END)[1]
  if (before === undefined || after === undefined)
    throw new Error(`README.md needs ${START} and ${END}`)
  const rows = values.map(({ path, description, default: value, section }) => {
    const shown = section ? '' : `\`${JSON.stringify(value)}\``
    return `| \`${path}\` | ${cell(description)} | ${cell(shown)} |`
  })
  const table = ['| value | what | default |', '|---|---|---|', ...rows].join('\n')
  return `${before}${START}\n\n${table}\n\n${END}${after}`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
