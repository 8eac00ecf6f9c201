// The namespaces that a field of an ExchangeServer selects: by name, or by a label selector as in Kubernetes. A schema
// cannot express "a word or a mapping", so the form is checked here.

/** The labels of a namespace. */
export type Labels = Readonly<Record<string, string>>

/** The selected namespaces. */
export type Namespaces =
  | Readonly<{ kind: 'Same' | 'All' }>
  | Readonly<{ kind: 'names'; names: readonly string[] }>
  | Readonly<{ kind: 'selector'; demands: readonly Demand[] }>
  | Readonly<{ kind: 'invalid'; why: string }>

/** One requirement of a selector. */
export type Demand = Readonly<{
  key: string
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  values: readonly string[]
}>

const listMax = 256
const textMax = 317
const form =
  'must be Same, All, {names: [a, b]} or {selector: {matchLabels: {key: value}, matchExpressions: [{key, operator, values}]}}'

/** Parses a value of the field. */
export function namespacesIn(value: unknown): Namespaces {
  if (value === undefined || value === 'Same') return { kind: 'Same' }
  if (value === 'All') return { kind: 'All' }
  const fields = only(value, ['names', 'selector'])
  if (fields === undefined || Object.keys(fields).length !== 1) return invalid(form)
  if ('names' in fields) {
    const { names } = fields
    return isTexts(names) ? { kind: 'names', names } : invalid('names must be a list of namespaces')
  }
  return selectorIn(fields.selector)
}

/** Do the labels meet all requirements? As in Kubernetes, a missing label fulfils NotIn. */
export function selects(demands: readonly Demand[], labels: Labels): boolean {
  return demands.every(({ key, operator, values }) => {
    const label = Object.hasOwn(labels, key) ? labels[key] : undefined
    if (operator === 'Exists') return label !== undefined
    if (operator === 'DoesNotExist') return label === undefined
    return (label !== undefined && values.includes(label)) === (operator === 'In')
  })
}

function selectorIn(value: unknown): Namespaces {
  const fields = only(value, ['matchLabels', 'matchExpressions'])
  if (fields === undefined) return invalid(form)
  const { matchLabels = {}, matchExpressions = [] } = fields
  const labels = isMapping(matchLabels) ? Object.entries(matchLabels) : undefined
  const listed = Array.isArray(matchExpressions) && matchExpressions.length <= listMax
  if (labels === undefined || labels.length > listMax || !listed) return invalid(form)
  if (labels.some(([, text]) => !isText(text, true)))
    return invalid('the values of matchLabels must be texts: quote numbers, true and false')
  const equal = labels.map(([key, text]) => ({ key, operator: 'In', values: [text] }))
  const demands = [...equal, ...matchExpressions].map(demandIn)
  // An empty selector would match every namespace; that must be written as All.
  if (demands.length === 0) return invalid('the selector is empty: write All for all namespaces')
  const sound = demands.filter((demand) => demand !== undefined)
  if (sound.length === demands.length) return { kind: 'selector', demands: sound }
  return invalid(
    'matchExpressions take a key, the operator In or NotIn with values, or Exists or DoesNotExist without',
  )
}

function demandIn(value: unknown): Demand | undefined {
  const fields = only(value, ['key', 'operator', 'values'])
  if (fields === undefined) return undefined
  const { key, operator, values = [] } = fields
  if (!isText(key) || !isTexts(values, true)) return undefined
  const many = operator === 'In' || operator === 'NotIn'
  const none = operator === 'Exists' || operator === 'DoesNotExist'
  if (!(many && values.length > 0) && !(none && values.length === 0)) return undefined
  return { key, operator, values }
}

function invalid(why: string): Namespaces {
  return { kind: 'invalid', why }
}

function only(value: unknown, keys: readonly string[]): Record<string, unknown> | undefined {
  if (!isMapping(value)) return undefined
  return Object.keys(value).every((key) => keys.includes(key)) ? value : undefined
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown, empty = false): value is string {
  return typeof value === 'string' && value.length <= textMax && (empty || value !== '')
}

function isTexts(value: unknown, empty = false): value is readonly string[] {
  return Array.isArray(value) && value.length <= listMax && value.every((one) => isText(one, empty))
}
