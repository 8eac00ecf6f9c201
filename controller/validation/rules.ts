// Evaluates the rules of a schema (`x-kubernetes-validations`) offline, as an API server does.
//
// A rule that cannot be evaluated here is a fault of its own, "not checked offline", and never
// silently valid. A rule with `oldSelf` compares two versions of a resource; here is only one, so the
// API server checks it.

import { DuplicateKey, type Expression, expressionOf, firstLine } from './cel.ts'
import { oddityOf, unitOf } from './misleading.ts'
import { type Fault, type Path, someOf } from './problem.ts'
import type { Rule, Schema } from './schema.ts'

const expressions = new Map<string, Expression>()

/**
 * The faults of a value, with its defaults, by the rules. A rule is evaluated only if the schema found
 * no fault (`faults`) in the part that the rule reads. Stops when there are more than are reported.
 */
export function brokenRules(
  schema: Schema,
  value: unknown,
  faults: readonly Fault[],
): readonly Fault[] {
  const faulty = new Set(faults.flatMap(({ path }) => outerOf(path)))
  return someOf(broken(schema, value, [], faulty))
}

function* broken(
  schema: Schema,
  value: unknown,
  path: Path,
  faulty: ReadonlySet<string>,
): Generator<Fault> {
  if (value === undefined || value === null) return
  const rules = schema['x-kubernetes-validations'] ?? []
  if (rules.length > 0 && !faulty.has(JSON.stringify(path))) {
    const self = celOf(schema, value)
    for (const rule of rules) yield* verdict(rule, self, path)
  }
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) {
      if (schema.items) yield* broken(schema.items, item, [...path, i], faulty)
    }
  } else if (typeof value === 'object') {
    for (const [key, field] of Object.entries(schema.properties ?? {})) {
      yield* broken(field, (value as Record<string, unknown>)[key], [...path, key], faulty)
    }
  }
}

function verdict({ rule, message, fieldPath }: Rule, self: unknown, path: Path): readonly Fault[] {
  if (/\boldSelf\b/.test(rule)) return []
  const at = [...path, ...(fieldPath?.match(/[^.]+/g) ?? [])]
  const text = message ?? `must fulfil ${rule}`
  const expression = expressions.get(rule) ?? expressionOf(rule)
  expressions.set(rule, expression)
  if (expression.state === 'unknown') {
    return [
      { path: at, at: 'value', message: `not checked offline: ${text} (${expression.reason})` },
    ]
  }
  try {
    if (expression.evaluate(self) === true) return []
    const value = valueAt(self, fieldPath)
    const message = `${text}${unitOf(value, text)}${oddityOf(value)}`
    return [{ path: at, at: 'value', message }]
  } catch (error) {
    if (error instanceof DuplicateKey) {
      const path = [...at, error.index]
      return [{ path, at: 'value', message: `${text}; this is entry [${error.first}] again` }]
    }
    // The API server also refuses a value for which a rule fails to evaluate.
    return [{ path: at, at: 'value', message: `${text} (${firstLine(error)})` }]
  }
}

function valueAt(self: unknown, fieldPath = ''): unknown {
  return (fieldPath.match(/[^.]+/g) ?? []).reduce<unknown>(
    (value, key) => (value as Readonly<Record<string, unknown>> | undefined)?.[key],
    self,
  )
}

/** The path itself and all its parents, as texts. */
function outerOf(path: Path): readonly string[] {
  return [...path, ''].map((_, length) => JSON.stringify(path.slice(0, length)))
}

/**
 * The value with CEL's types: an integer of the schema is an int (BigInt), a date-time a timestamp
 * (Date).
 */
function celOf(schema: Schema, value: unknown): unknown {
  if (schema.type === 'integer') return BigInt(value as number)
  if (schema.format === 'date-time') return new Date(value as string)
  const { items, properties = {} } = schema
  if (Array.isArray(value)) return items ? value.map((item) => celOf(items, item)) : value
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const field = Object.hasOwn(properties, key) ? properties[key] : undefined
      return [key, field ? celOf(field, inner) : inner]
    }),
  )
}
