// Restrictions of FindItem and FindFolder, compiled into a question about one thing at a time.
import type { Value } from '../store/values.ts'
import type { Element } from '../xml/reader.ts'
import { EwsError } from './errors.ts'
import { fieldAt } from './fields.ts'
import { isPath, type PropertyPath, pathOf } from './paths.ts'

/** Reads a property of the thing in question. */
export type Getter<T> = (thing: T, path: PropertyPath) => Value | undefined

type Test<T> = (thing: T) => boolean

const COMPARISONS: Readonly<Record<string, (order: number) => boolean>> = {
  IsEqualTo: (order) => order === 0,
  IsNotEqualTo: (order) => order !== 0,
  IsGreaterThan: (order) => order > 0,
  IsGreaterThanOrEqualTo: (order) => order >= 0,
  IsLessThan: (order) => order < 0,
  IsLessThanOrEqualTo: (order) => order <= 0,
}

/** The question that an `m:Restriction` asks. */
export function testOf<T>(restriction: Element, get: Getter<T>): Test<T> {
  const [expression] = restriction.children
  if (!expression) throw new EwsError('ErrorInvalidRestriction')
  return compiled(expression, get)
}

function compiled<T>(element: Element, get: Getter<T>): Test<T> {
  const { name, children } = element
  if (name === 'And' || name === 'Or') {
    const tests = children.map((child) => compiled(child, get))
    return name === 'And'
      ? (thing) => tests.every((test) => test(thing))
      : (thing) => tests.some((test) => test(thing))
  }
  const [first, second] = children
  if (!first) throw new EwsError('ErrorInvalidRestriction')
  if (name === 'Not') {
    const test = compiled(first, get)
    return (thing) => !test(thing)
  }
  const path = searchable(first)
  if (name === 'Exists') return (thing) => get(thing, path) !== undefined
  if (!second) throw new EwsError('ErrorInvalidRestriction')
  if (name === 'Contains') return contains(element, path, second.attributes.Value ?? '', get)
  if (name === 'Excludes') {
    const mask = Number(second.attributes.Value)
    return (thing) => (Number(get(thing, path) ?? 0) & mask) === 0
  }
  return comparison(name, path, second, get)
}

function comparison<T>(
  name: string,
  path: PropertyPath,
  operand: Element,
  get: Getter<T>,
): Test<T> {
  const holds = COMPARISONS[name]
  const [other] = operand.children
  if (!holds || !other) throw new EwsError('ErrorUnsupportedQueryFilter')
  const constant = other.attributes.Value ?? ''
  const otherPath = isPath(other) ? searchable(other) : undefined
  return (thing) => {
    const left = get(thing, path)
    const right = otherPath ? get(thing, otherPath) : constant
    if (left === undefined || right === undefined) return name === 'IsNotEqualTo'
    const lefts = typeof left === 'string' ? [left] : left
    const value = typeof right === 'string' ? right : (right[0] ?? '')
    return lefts.some((one) => holds(compare(one, value)))
  }
}

/** How texts of EWS compare: times and numbers as such, everything else without regard to case. */
export function compare(left: string, right: string): number {
  if (left === right) return 0
  const times = [left, right].map((one) =>
    /^\d{4}-\d\d-\d\dT/.test(one) ? Date.parse(one) : Number.NaN,
  )
  const numbers = [left, right].map((one) =>
    /^-?\d+(?:\.\d+)?$/.test(one) ? Number(one) : Number.NaN,
  )
  for (const [a = Number.NaN, b = Number.NaN] of [times, numbers]) {
    if (!Number.isNaN(a) && !Number.isNaN(b)) return a - b
  }
  const [a, b] = [left.toLowerCase(), right.toLowerCase()]
  return a === b ? 0 : a < b ? -1 : 1
}

function contains<T>(
  element: Element,
  path: PropertyPath,
  wanted: string,
  get: Getter<T>,
): Test<T> {
  const mode = element.attributes.ContainmentMode ?? 'FullString'
  const comparing = element.attributes.ContainmentComparison ?? 'Exact'
  const fold = (text: string) => {
    const bare = /NonSpac/.test(comparing) ? text.normalize('NFD').replace(/\p{M}/gu, '') : text
    return /Case|Loose/.test(comparing) ? bare.toLowerCase() : bare
  }
  const needle = fold(wanted)
  const found = (text: string) => {
    switch (mode) {
      case 'FullString':
        return text === needle
      case 'Prefixed':
        return text.startsWith(needle)
      case 'PrefixOnWords':
        return text.split(/\s+/).some((word) => word.startsWith(needle))
      default:
        return text.includes(needle)
    }
  }
  return (thing) => {
    const value = get(thing, path)
    if (value === undefined) return false
    return (typeof value === 'string' ? [value] : value).some((one) => found(fold(one)))
  }
}

/** A path that may be searched and sorted by: not the dictionaries as a whole. */
export function searchable(element: Element): PropertyPath {
  const path = pathOf(element)
  const kind = path.kind === 'field' ? fieldAt('Contact', path.uri)?.kind : undefined
  if (kind && /^(?:emails|phones|ims|addresses|flag)$/.test(kind)) {
    throw new EwsError('ErrorUnsupportedPathForQuery')
  }
  return path
}
