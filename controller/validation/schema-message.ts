// Turns a schema error into a message that says what to write instead.

import type { ErrorObject } from 'ajv'
import { nearest } from '../core/nearest.ts'
import { oddity, oddityOf } from './misleading.ts'

const SHOWN_MAX = 40

const FORMATS: Readonly<Record<string, string>> = {
  'resource name': "lower case letters, digits, '-' and '.', with a letter or digit at both ends",
  namespace: "lower case letters, digits and '-', with a letter or digit at both ends",
  'label value': "letters, digits, '-', '_' and '.', with a letter or digit at both ends",
  base64: 'base64 (printf %s VALUE | base64); plain text belongs in stringData',
  'date-time': 'a time like 2026-01-31T08:00:00Z',
}

/** The message for an error of ajv (with `verbose`). `quiet` leaves values out. */
export function messageOf(error: ErrorObject, quiet: boolean): string {
  const { keyword, params, data, parentSchema } = error
  const odd = quiet ? '' : oddityOf(data)
  switch (keyword) {
    case 'required': {
      const field = parentSchema?.properties?.[params.missingProperty]
      return `is required, but missing${explained(field?.description)}`
    }
    case 'additionalProperties': {
      const known = Object.keys(parentSchema?.properties ?? {})
      return unknownText(String(params.additionalProperty), known)
    }
    case 'type': {
      const about = String(parentSchema?.description ?? '')
      if (params.type === 'string' && typeof data === 'number' && /\bduration\b/.test(about))
        return `must be a duration with a unit, like ${data}s, not the number ${data}${explained(about)}`
      const found = `must be ${typeText(params.type)}, not ${foundText(params.type, data)}`
      return quotable(params.type, data)
        ? `${found}; put it in quotes${explained(parentSchema?.description)}`
        : found
    }
    case 'enum':
      return [
        `must be one of ${params.allowedValues.join(', ')}`,
        ...(quiet ? [] : [`not ${shown(data)}${odd}`]),
      ].join(', ')
    case 'format':
      return `must be ${FORMATS[params.format] ?? params.format}${odd}`
    case 'pattern':
      return `must match ${params.pattern}${explained(parentSchema?.description)}${odd}`
    case 'minimum':
    case 'maximum':
      return `must be ${rangeText(parentSchema)}, not ${shown(data)}`
    case 'minLength':
      return data === '' ? 'must not be empty' : `must have at least ${params.limit} characters`
    case 'maxLength':
      return `must have at most ${params.limit} characters, not ${String(data).length}`
    case 'maxItems':
      return `must have at most ${params.limit} entries, not ${(data as unknown[]).length}`
    default:
      return error.message ?? `breaks ${keyword}`
  }
}

/** The message for an unknown field. */
export function unknownText(name: string, known: readonly string[]): string {
  const odd = oddity(name)
  if (odd !== undefined) return `is an unknown field: its name ${odd}`
  const near = nearest(name, known)
  const hint = near === undefined ? '' : `did you mean ${near}? `
  return `is an unknown field; ${hint}known are ${known.toSorted().join(', ')}`
}

function explained(description: unknown): string {
  const sentence = String(description ?? '').match(/^.*?\.(?= |$)/)?.[0]
  return sentence === undefined ? '' : `: ${sentence.slice(0, -1)}`
}

function typeText(type: unknown): string {
  const names: Record<string, string> = {
    object: 'a mapping',
    array: 'a list',
    integer: 'a whole number',
  }
  return names[String(type)] ?? `a ${type}`
}

function foundText(type: unknown, value: unknown): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (type === 'integer' && typeof value === 'number') return String(value)
  return typeof value === 'object' ? 'a mapping' : `a ${typeof value}`
}

/** YAML reads `yes`, `on` and `0123` as other types than strings. */
function quotable(type: unknown, value: unknown): boolean {
  return type === 'string' && (typeof value === 'number' || typeof value === 'boolean')
}

function rangeText(schema: ErrorObject['parentSchema']): string {
  const { minimum, maximum } = schema ?? {}
  if (maximum === undefined) return `at least ${minimum}`
  return minimum === undefined ? `at most ${maximum}` : `from ${minimum} to ${maximum}`
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text
}
