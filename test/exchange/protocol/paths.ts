// The three ways in which a client names a property, turned into one thing: FieldURI, IndexedFieldURI and
// ExtendedFieldURI.
import type { Item } from '../store/item.ts'
import type { Value } from '../store/values.ts'
import type { Element } from '../xml/reader.ts'
import { EwsError } from './errors.ts'
import { DICTIONARIES } from './fields.ts'
import { type Extended, extendedOf } from './mapi.ts'
import { extendedValueOf, propertyOf } from './property.ts'

/** What a client named. */
export type PropertyPath =
  | Readonly<{ kind: 'field'; uri: string }>
  | Readonly<{ kind: 'slot'; uri: string; slot: string; key: string }>
  | Readonly<{ kind: 'extended'; extended: Extended }>

const PATHS = new Set(['FieldURI', 'IndexedFieldURI', 'ExtendedFieldURI', 'ExceptionFieldURI'])

/** Whether an element names a property. */
export function isPath(element: Element): boolean {
  return PATHS.has(element.name)
}

/** The property that an element names. */
export function pathOf(element: Element): PropertyPath {
  const uri = element.attributes.FieldURI ?? ''
  if (element.name === 'FieldURI') return { kind: 'field', uri }
  if (element.name === 'ExtendedFieldURI')
    return { kind: 'extended', extended: extendedOf(element) }
  if (element.name !== 'IndexedFieldURI') throw new EwsError('ErrorInvalidPropertyRequest')
  const slot = element.attributes.FieldIndex ?? ''
  const dictionary = DICTIONARIES.get(uri)
  if (dictionary && !dictionary.slots.includes(slot)) {
    const code =
      uri === 'contacts:EmailAddress'
        ? 'ErrorInvalidContactEmailIndex'
        : 'ErrorInvalidPropertyRequest'
    throw new EwsError(code, `${slot} is not an index of ${uri}.`)
  }
  return { kind: 'slot', uri, slot, key: `${uri}/${slot}` }
}

/** What an item has there, for comparing. */
export function valueAt(item: Item, path: PropertyPath): Value | undefined {
  switch (path.kind) {
    case 'field':
      return propertyOf(item, path.uri)
    case 'slot':
      return item.values.get(path.key)
    case 'extended':
      return extendedValueOf(item, path.extended.key, path.extended.type)
  }
}
