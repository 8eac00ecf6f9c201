// Says whether a request is one that Exchange would accept: which elements, in which order, with which
// attributes and values. It knows the published schemas by tables of its own, so that the server needs no
// schema files and no schema compiler.
//
// A line of a table is a type:
//
//   FileAttachment <Attachment IsContactPhoto?:boolean Content?:base64     a sequence after its base's
//   IndexedPageView <BasePaging @Offset:int @BasePoint:IndexBasePoint      attributes, ? when optional
//   EmailAddressDictionaryEntry ~string @Key:EmailAddressKey @Name?:string text with attributes
//   SortDirection ~ Ascending Descending                                   one of these words
//   TargetFolderId (FolderId:FolderId|AddressListId:AddressListId)         one of these elements
//
// `?`, `+` and `*` after a name or a group count it; `%Path` and `%SearchExpression` stand for the elements
// that may take their place; `any` is not looked into.
import type { Element } from '../xml/reader.ts'
import { FIELD_URIS } from './field-uris.ts'
import { MESSAGES } from './messages.ts'
import { TYPES } from './types.ts'

/** Namespaces of EWS. */
export const MESSAGES_SPACE = 'http://schemas.microsoft.com/exchange/services/2006/messages'
/** Namespace of what messages are made of. */
export const TYPES_SPACE = 'http://schemas.microsoft.com/exchange/services/2006/types'

/** The first thing that is wrong with a request. */
export type Violation = Readonly<{ message: string; offset: number }>

type Particle = Readonly<{ types: ReadonlyMap<string, string>; min: number; max: number }>
type Attribute = Readonly<{ type: string; required: boolean }>
type Complex = Readonly<{
  space: string
  text: string | undefined
  attributes: ReadonlyMap<string, Attribute>
  particles: readonly Particle[]
}>
type Simple = (value: string) => boolean

const MACROS: Readonly<Record<string, string>> = {
  '%Path':
    '(FieldURI:PathToUnindexedField|IndexedFieldURI:PathToIndexedField|ExtendedFieldURI:PathToExtendedField|ExceptionFieldURI:PathToExceptionField)',
  '%SearchExpression':
    '(And:And|Or:And|Not:Not|Contains:ContainsExpression|Excludes:Excludes|Exists:Exists|IsEqualTo:IsEqualTo|IsNotEqualTo:IsEqualTo|IsGreaterThan:IsEqualTo|IsGreaterThanOrEqualTo:IsEqualTo|IsLessThan:IsEqualTo|IsLessThanOrEqualTo:IsEqualTo)',
}

const between = (min: number, max: number): Simple => {
  return (value) => /^\s*[+-]?\d+\s*$/.test(value) && Number(value) >= min && Number(value) <= max
}
const matching = (pattern: RegExp): Simple => {
  return (value) => pattern.test(value)
}

const simple = new Map<string, Simple>([
  ['string', () => true],
  ['ItemClass', () => true],
  ['DerivedItemId', () => true],
  ['NonEmptyString', (value) => value !== ''],
  ['int', between(-2147483648, 2147483647)],
  ['boolean', matching(/^\s*(?:true|false|0|1)\s*$/)],
  ['dateTime', (value) => isDateTime(value.trim())],
  ['base64', (value) => isBase64(value.replace(/\s+/g, ''))],
  ['Guid', matching(/^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/)],
  ['ExcludesAttribute', matching(/^(?:0[xX][0-9A-Fa-f]*|[0-9]*)$/)],
  ['PropertyTag', (value) => /^0[xX][0-9A-Fa-f]{1,4}$/.test(value) || between(0, 65535)(value)],
  ['MaxSyncChangesReturned', between(1, 512)],
  ['ReminderMinutesBeforeStart', between(0, 1525252321)],
  ['UnindexedFieldURI', (value) => FIELD_URIS.has(value)],
])
const complex = new Map<string, Complex>([
  ...compiled(MESSAGES, MESSAGES_SPACE),
  ...compiled(TYPES, TYPES_SPACE),
])

/** What is wrong with an element, by the type's name; undefined when nothing is. */
export function violation(element: Element, type: string): Violation | undefined {
  if (type === 'any') return undefined
  const known = complex.get(type)
  if (!known) return textViolation(element, type)
  return (
    attributeViolation(element, known) ??
    (known.text === undefined
      ? contentViolation(element, known)
      : textViolation(element, known.text))
  )
}

function textViolation(element: Element, type: string): Violation | undefined {
  const [child] = element.children
  if (child) return unexpected(element, child, undefined)
  if (simple.get(type)?.(element.text) ?? false) return undefined
  const message = `The '${element.name}' element is invalid - The value '${brief(element.text)}' is invalid according to its datatype '${type}'.`
  return { message, offset: element.offset }
}

function attributeViolation(element: Element, type: Complex): Violation | undefined {
  const { offset } = element
  for (const [name, value] of Object.entries(element.attributes)) {
    const attribute = type.attributes.get(name)
    if (!attribute) return { message: `The '${name}' attribute is not declared.`, offset }
    const valid = simple.get(attribute.type)?.(value) ?? false
    if (!valid) {
      const message = `The '${name}' attribute is invalid - The value '${brief(value)}' is invalid according to its datatype '${attribute.type}'.`
      return { message, offset }
    }
  }
  for (const [name, { required }] of type.attributes) {
    if (required && element.attributes[name] === undefined) {
      return { message: `The required attribute '${name}' is missing.`, offset }
    }
  }
  return undefined
}

function contentViolation(element: Element, type: Complex): Violation | undefined {
  if (element.text !== '' && element.text.trim() !== '') {
    const message = `The element '${element.name}' cannot contain text.`
    return { message, offset: element.offset }
  }
  let at = 0
  let count = 0
  for (const child of element.children) {
    let found: string | undefined
    for (; at < type.particles.length; at += 1, count = 0) {
      const particle = type.particles[at]
      if (!particle) break
      found =
        count < particle.max && child.space === type.space
          ? particle.types.get(child.name)
          : undefined
      if (found !== undefined) break
      if (count < particle.min) return unexpected(element, child, particle)
    }
    if (found === undefined) return unexpected(element, child, undefined)
    count += 1
    const inner = violation(child, found)
    if (inner) return inner
  }
  for (; at < type.particles.length; at += 1, count = 0) {
    const particle = type.particles[at]
    if (particle && count < particle.min) {
      const message = `The element '${element.name}' in namespace '${element.space}' has incomplete content. ${expectation(particle)}`
      return { message, offset: element.offset }
    }
  }
  return undefined
}

function unexpected(parent: Element, child: Element, particle: Particle | undefined): Violation {
  const message = `The element '${parent.name}' in namespace '${parent.space}' has invalid child element '${child.name}' in namespace '${child.space}'.`
  return {
    message: particle ? `${message} ${expectation(particle)}` : message,
    offset: child.offset,
  }
}

function expectation(particle: Particle): string {
  return `List of possible elements expected: '${[...particle.types.keys()].join(', ')}'.`
}

function brief(value: string): string {
  return value.length > 60 ? `${value.slice(0, 60)}…` : value
}

function isDateTime(value: string): boolean {
  const match = /^(-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?$/.exec(value)
  return match !== null && !Number.isNaN(Date.parse(`${match[1]}Z`))
}

function isBase64(value: string): boolean {
  return value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value)
}

function compiled(table: string, space: string): [string, Complex][] {
  const lines = new Map<string, string[]>()
  for (const line of table.trim().split(/\n(?! )/)) {
    const [name = '', ...words] = line.replace(/\|\s+/g, '|').trim().split(/\s+/)
    if (words[0] === '~') {
      const values = new Set(words.slice(1))
      simple.set(name, (value) => values.has(value))
    } else {
      lines.set(name, words)
    }
  }
  const types = new Map<string, Complex>()
  const compile = (name: string): Complex => {
    const known = types.get(name)
    if (known) return known
    const words = lines.get(name) ?? []
    const type = typeOf(words, space, compile)
    types.set(name, type)
    return type
  }
  return [...lines.keys()].map((name) => [name, compile(name)])
}

function typeOf(
  words: readonly string[],
  space: string,
  compile: (name: string) => Complex,
): Complex {
  let text: string | undefined
  const attributes = new Map<string, Attribute>()
  const particles: Particle[] = []
  for (const word of words) {
    if (word.startsWith('~')) {
      text = word.slice(1)
    } else if (word.startsWith('<')) {
      const base = compile(word.slice(1))
      text = base.text
      particles.push(...base.particles)
      for (const [name, attribute] of base.attributes) attributes.set(name, attribute)
    } else if (word.startsWith('@')) {
      const [name = '', type = ''] = word.slice(1).split(':')
      attributes.set(name.replace('?', ''), { type, required: !name.endsWith('?') })
    } else {
      particles.push(particleOf(word))
    }
  }
  return { space, text, attributes, particles }
}

function particleOf(word: string): Particle {
  const macro = /^(%\w+)([?*+]?)$/.exec(word)
  const whole = macro ? `${MACROS[macro[1] ?? '']}${macro[2]}` : word
  const group = /^\((.*)\)([?*+]?)$/.exec(whole)
  const count = group ? group[2] : (/^\w+([?*+]?):/.exec(whole)?.[1] ?? '')
  const alternatives = (group?.[1] ?? whole).replace(/%\w+/g, (name) =>
    (MACROS[name] ?? '').slice(1, -1),
  )
  return {
    types: new Map(
      alternatives.split('|').map((one) => {
        const [name = '', type = ''] = one.split(':')
        return [name.replace(/[?*+]$/, ''), type]
      }),
    ),
    min: count === '?' || count === '*' ? 0 : 1,
    max: count === '+' || count === '*' ? Number.POSITIVE_INFINITY : 1,
  }
}
