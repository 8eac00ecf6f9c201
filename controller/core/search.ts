// Searches items, for a list or for a request to erase a person: by a part of a name, an address or a number, in any
// spelling. The result is a proposal: a person checks it before anything is erased.
import { textField } from './fields.ts'
import type { Item, ItemType } from './item.ts'

/** The minimum length of a search text, in characters: a shorter one occurs in almost every contact. */
export const soughtMin = 3

/** The normalised search text; undefined if it is too short. */
export function soughtIn(text: string): string | undefined {
  const sought = low(text)
  return [...sought].length < soughtMin ? undefined : sought
}

/** Does a name, address or number of the item contain this text? `sought`: the result of `soughtIn`. */
export function isAbout(type: ItemType, item: Item, sought: string): boolean {
  const digits = /^[\d\s()./+-]+$/.test(sought) ? digitsOf(sought) : ''
  const isIn = (number: string) =>
    number.includes(sought) || (digits.length >= soughtMin && digitsOf(number).includes(digits))
  const { names, addresses, numbers } = type.searchTexts(item)
  return (
    [...names, ...addresses].some((text) => low(text).includes(sought)) ||
    numbers.some((text) => isIn(low(text)))
  )
}

/** Does a name or address of the item contain this text of any length? */
export function isCalled(type: ItemType, item: Item, text: string): boolean {
  const { names, addresses } = type.searchTexts(item)
  return [...names, ...addresses].some((each) => low(each).includes(low(text)))
}

function low(text: string): string {
  return textField.canonical(text).toLowerCase().replace(/\s+/g, ' ')
}

// A number is written with 00 or + before the country, or without both.
function digitsOf(number: string): string {
  return number.replace(/\D/g, '').replace(/^00/, '')
}
