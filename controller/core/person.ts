// Whom an item is about, for a request to erase somebody: found by a part of a name, an address or a number, however
// it is spelt. It only nominates: a person looks at what was found before anything is erased.
import { canonical, type Item, type Value } from './item.ts'

/** The shortest text that is looked for: what is shorter is in nearly everybody. */
export const soughtMin = 3

const nameFields = [
  ...['DisplayName', 'FileAs', 'Subject', 'GivenName', 'MiddleName', 'Surname', 'Nickname'],
  ...['YomiFirstName', 'YomiLastName', 'CompanyName'],
] as const
const addressed = /^(Email|Im):/

/** The text as it is compared; undefined when it is too short to look for. */
export function soughtIn(text: string): string | undefined {
  const sought = low(text)
  return [...sought].length < soughtMin ? undefined : sought
}

/** Has one of the item's names, addresses or numbers this text in it? It is what `soughtIn` made of it. */
export function isAbout(item: Item, sought: string): boolean {
  const [given, surname] = [low(item.GivenName), low(item.Surname)]
  const names = [
    ...nameFields.map((field) => low(item[field])),
    ...[`${given} ${surname}`, `${surname} ${given}`, `${surname}, ${given}`],
  ]
  if (names.some((name) => name.includes(sought))) return true
  const digits = /^[\d\s()./+-]+$/.test(sought) ? digitsOf(sought) : ''
  return Object.entries(item).some(([field, value]) => {
    if (addressed.test(field)) return textsOf(value).some((text) => low(text).includes(sought))
    if (!field.startsWith('Phone:')) return false
    const number = low(value)
    return (
      number.includes(sought) || (digits.length >= soughtMin && digitsOf(number).includes(digits))
    )
  })
}

/** What the item is called, for people; empty when it has neither a name nor an address. */
export function calledIn(item: Item): string {
  const full = [item.GivenName, item.Surname].map((part) => canonical('text', part))
  const addresses = Object.entries(item)
    .filter(([field]) => addressed.test(field))
    .flatMap(([, value]) => textsOf(value))
  const called = [
    canonical('text', item.DisplayName),
    full.filter(Boolean).join(' '),
    canonical('text', item.FileAs),
    canonical('text', item.CompanyName),
    ...addresses,
  ]
  return called.find(Boolean) ?? ''
}

function textsOf(value: Value): readonly string[] {
  return typeof value === 'string' ? [value] : Object.values(value)
}

function low(value: Value | undefined): string {
  return canonical('text', value).toLowerCase().replace(/\s+/g, ' ')
}

// A number is written with 00 or + before the country, or without both.
function digitsOf(number: string): string {
  return number.replace(/\D/g, '').replace(/^00/, '')
}
