// How items are looked for, for a list or for a request to erase a person: by a part of a name, an address or a number,
// however it is spelt. It only nominates: a person looks at what was found before anything is erased.
import { textField } from './fields.ts'
import type { Item, ItemType } from './item.ts'

/** The shortest text that is looked for: what is shorter is in nearly everybody. */
export const soughtMin = 3

/** The text as it is compared; undefined when it is too short to look for. */
export function soughtIn(text: string): string | undefined {
  const sought = low(text)
  return [...sought].length < soughtMin ? undefined : sought
}

/** Has one of the item's names, addresses or numbers this text in it? `sought` is what `soughtIn` made of it. */
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

/** Has one of the item's names or addresses this text in it, however short it is? */
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
