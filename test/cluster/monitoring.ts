// The two kinds of the Prometheus operator that the chart can make: custom resource definitions of our own making, with
// its names, and of its schemas (monitoring.coreos.com/v1, as of operator 0.82) the fields that the chart can fill,
// word by word in types, patterns, enumerations and required fields. All other fields are left out, so that a
// server refuses a field that is misspelt. Nothing acts on these resources here.

const text = { type: 'string' }
const texts = { type: 'object', additionalProperties: text }
const duration = {
  type: 'string',
  pattern:
    '^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$',
}

type Fields = Readonly<Record<string, object>>

/** A mapping that has these fields and no others. */
const mapping = (properties: Fields, ...required: readonly string[]) => ({
  type: 'object',
  properties,
  ...(required.length > 0 && { required }),
})
const listOf = (items: object) => ({ type: 'array', items })

const actions = [
  ...['replace', 'keep', 'drop', 'hashmod', 'labelmap', 'labeldrop', 'labelkeep', 'lowercase'],
  ...['uppercase', 'keepequal', 'dropequal', 'Replace', 'Keep', 'Drop', 'HashMod', 'LabelMap'],
  ...['LabelDrop', 'LabelKeep', 'Lowercase', 'Uppercase', 'KeepEqual', 'DropEqual'],
]
const relabeling = mapping({
  action: { type: 'string', enum: actions },
  modulus: { type: 'integer', format: 'int64' },
  regex: text,
  replacement: text,
  separator: text,
  sourceLabels: listOf({ type: 'string', pattern: '^[a-zA-Z_][a-zA-Z0-9_]*$' }),
  targetLabel: text,
})

const endpoint = mapping({
  port: text,
  path: text,
  interval: duration,
  scrapeTimeout: duration,
  honorLabels: { type: 'boolean' },
  relabelings: listOf(relabeling),
  metricRelabelings: listOf(relabeling),
})
const namespaceSelector = mapping({ any: { type: 'boolean' }, matchNames: listOf(text) })
const selector = mapping({ matchLabels: texts })
const monitor = { endpoints: listOf(endpoint), namespaceSelector, selector }
const serviceMonitor = mapping(monitor, 'endpoints', 'selector')

const ruleFields = {
  alert: text,
  annotations: texts,
  expr: { anyOf: [{ type: 'integer' }, text], 'x-kubernetes-int-or-string': true },
  for: duration,
  keep_firing_for: { ...duration, minLength: 1 },
  labels: texts,
  record: text,
}
const rules = listOf(mapping(ruleFields, 'expr'))
const groupFields = { name: { type: 'string', minLength: 1 }, interval: duration, rules }
const groups = {
  ...listOf(mapping(groupFields, 'name')),
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['name'],
}
const prometheusRule = mapping({ groups })

/** Definitions of ServiceMonitor and PrometheusRule. */
export const monitoring: readonly object[] = [
  definitionOf('ServiceMonitor', 'servicemonitors', serviceMonitor),
  definitionOf('PrometheusRule', 'prometheusrules', prometheusRule),
]

function definitionOf(kind: string, plural: string, spec: object): object {
  const group = 'monitoring.coreos.com'
  const schema = { openAPIV3Schema: mapping({ spec }, 'spec') }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  }
}
