// Decides if entries of two folders without a link are the same person, or the same place (a firm, a branch, a
// department, a reception). A wrong match mixes the numbers of two people; a missed match only shows a duplicate. So a
// common key alone is not enough: any contradiction prevents the match.
//
//   entry      has                              keys
//   person     a given name or a surname        each e-mail address; name and company
//   place      only a company, or a name of     each e-mail address; name, company and each number;
//              the place (Reception)            name and company if the name is not the company
//   unnamed    only addresses and numbers       each e-mail address
import { dateField, textField } from '../fields.ts'
import type { Item, Value } from '../item.ts'

/** The keys of an entry: two entries with a common key may be one. Compared as exact texts. */
export function naturalKeys(item: Item): readonly string[] {
  const keys = emailAddresses(item).map((address) => `email ${address}`)
  const [name, company] = [nameOf(item), low(item, 'CompanyName')]
  if (name === '') return keys
  if (isPerson(item) || name !== company) keys.push(`name ${name}\n${company}`)
  if (isPerson(item)) return keys
  return [...keys, ...numbers(item).map((number) => `place ${name}\n${company}\n${number}`)]
}

/** Do these two, which share a key, contradict each other? */
export function contradicts(one: Item, other: Item): boolean {
  if (['Generation', 'GovernmentIdNumber'].some((field) => differ(low, one, other, field)))
    return true
  if (differ(dayOf, one, other, 'Birthday') || otherMiddleName(one, other)) return true
  const [name, otherName] = [nameOf(one), nameOf(other)]
  if (name === '' || otherName === '') return disjoint(numbers(one), numbers(other))
  // Some programs write a person's name into the display name only.
  return [one, other].some(isPerson) ? otherPerson(one, other) : otherPlace(one, other)
}

function otherPerson(one: Item, other: Item): boolean {
  const others = disjoint(numbers(one), numbers(other))
  const sameName = nameOf(one) === nameOf(other)
  if (overlap(emailAddresses(one), emailAddresses(other))) {
    // A family or an office may share an address: match the same name, or a shorter form of it without another number.
    return !sameName && (!relatedNames(one, other) || others)
  }
  if (disjoint(emailAddresses(one), emailAddresses(other))) return true
  if (low(one, 'CompanyName') === '')
    return others || (elsewhere(one, other) && !reached(one, other))
  return others && (differ(low, one, other, 'Department') || elsewhere(one, other))
}

// Branches and departments share a name, an address or a switchboard: any other difference separates them.
function otherPlace(one: Item, other: Item): boolean {
  return (
    differ(low, one, other, 'CompanyName') ||
    low(one, 'Department') !== low(other, 'Department') ||
    differ(low, one, other, 'OfficeLocation') ||
    nameOf(one) !== nameOf(other) ||
    elsewhere(one, other) ||
    disjoint(numbers(one), numbers(other)) ||
    disjoint(emailAddresses(one), emailAddresses(other))
  )
}

// The e-mail addresses, in lower case.
function emailAddresses(item: Item): readonly string[] {
  return Object.keys(item)
    .filter((field) => field.startsWith('Email:'))
    .map((field) => (item[field] as Readonly<Record<string, string>>).address)
    .map((address) => plain(address).toLowerCase())
    .filter(Boolean)
}

// Telephone numbers without prefixes. A firm's main number does not identify a person; a short extension identifies
// only a place.
function numbers(item: Item): readonly string[] {
  const person = isPerson(item)
  const fields = Object.keys(item).filter(
    (field) => field.startsWith('Phone:') && !(person && field === 'Phone:CompanyMainPhone'),
  )
  return fields
    .map((field) => plain(item[field]).replace(/[^0-9]/g, ''))
    .filter((number) => number.length > (person ? 4 : 0))
    .map((number) => number.slice(-9))
}

function isPerson(item: Item): boolean {
  return ['GivenName', 'Surname'].some((field) => low(item, field) !== '')
}

// The name of a person or a place. Servers use the address as the name of an unnamed entry; that is not a name.
function nameOf(item: Item): string {
  const full = [low(item, 'GivenName'), low(item, 'Surname')].filter(Boolean).join(' ')
  const addresses = emailAddresses(item)
  const called = [
    full,
    ...['DisplayName', 'FileAs', 'CompanyName'].map((field) => low(item, field)),
  ]
  return called.find((each) => each !== '' && !addresses.includes(each)) ?? ''
}

// The same name, or a shorter form of it: `Żak` and `Ewa Żak`, never `Jan Żak` and `Ewa Żak`.
function relatedNames(one: Item, other: Item): boolean {
  const parts = ['GivenName', 'Surname']
  const common = parts.some(
    (field) => low(one, field) !== '' && low(one, field) === low(other, field),
  )
  return common && !parts.some((field) => differ(low, one, other, field))
}

// `Adam` and `A.` are one, `Adam` and `Piotr` are not.
function otherMiddleName(one: Item, other: Item): boolean {
  const [mine, others] = [one, other].map((item) => low(item, 'MiddleName').replaceAll('.', ''))
  if (!mine || !others) return false
  return !mine.startsWith(others) && !others.startsWith(mine)
}

// Two towns in one kind of address. Two streets separate two places, but not two entries of a person, who may have
// moved.
function elsewhere(one: Item, other: Item): boolean {
  const parts = isPerson(one) || isPerson(other) ? ['City'] : ['City', 'Street']
  return ['Business', 'Home', 'Other'].some((place) => {
    const part = (item: Item, name: string) =>
      plain((item[`Address:${place}`] as Record<string, string> | undefined)?.[name])
    return parts.some((name) => differ((item) => part(item, name).toLowerCase(), one, other, name))
  })
}

// Do they share a number or an address?
function reached(one: Item, other: Item): boolean {
  return (
    overlap(numbers(one), numbers(other)) || overlap(emailAddresses(one), emailAddresses(other))
  )
}

function low(item: Item, field: string): string {
  return plain(item[field]).toLowerCase()
}

/** The number of characters that are compared: more than any name, number or address has. */
const longest = 1024

function plain(value: Value | undefined): string {
  return textField.canonical(typeof value === 'string' ? value.slice(0, longest) : value)
}

function dayOf(item: Item, field: string): string {
  return dateField.canonical(item[field])
}

// Are both values present and different?
function differ(
  say: (item: Item, field: string) => string,
  one: Item,
  other: Item,
  field: string,
): boolean {
  const [mine, others] = [say(one, field), say(other, field)]
  return mine !== '' && others !== '' && mine !== others
}

function overlap(some: readonly string[], others: readonly string[]): boolean {
  return some.some((each) => others.includes(each))
}

// Do both have entries, but none in common?
function disjoint(some: readonly string[], others: readonly string[]): boolean {
  return some.length > 0 && others.length > 0 && !overlap(some, others)
}
