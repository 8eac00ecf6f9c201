// When two entries of two folders, not linked yet, are one: the same person, or the same place (a
// firm, a branch, a department, a reception). Being wrong mixes two people's numbers, being careful shows one
// of them twice: so a key only nominates, and whatever tells two apart keeps them apart.
//
//   entry      has                              keys
//   person     a given name or a surname        each e-mail address; name and company
//   place      only a company, or what it is    each e-mail address; name, company and each number;
//              called (Reception)               name and company where it is called otherwise than its company
//   unnamed    only addresses and numbers       each e-mail address
import { dateField, textField } from '../fields.ts'
import type { Item, Value } from '../item.ts'

/** Keys under which two entries may be one; they are compared as they are. */
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
  // Some programs write a person's name as what is shown, and nothing else.
  return [one, other].some(isPerson) ? otherPerson(one, other) : otherPlace(one, other)
}

function otherPerson(one: Item, other: Item): boolean {
  const others = disjoint(numbers(one), numbers(other))
  const sameName = nameOf(one) === nameOf(other)
  if (overlap(emailAddresses(one), emailAddresses(other))) {
    // An address that a family or an office shares: the same name, or one that says less and has no other number.
    return !sameName && (!relatedNames(one, other) || others)
  }
  if (disjoint(emailAddresses(one), emailAddresses(other))) return true
  if (low(one, 'CompanyName') === '')
    return others || (elsewhere(one, other) && !reached(one, other))
  return others && (differ(low, one, other, 'Department') || elsewhere(one, other))
}

// Branches and departments share a name, an address or a switchboard; whatever else differs tells them apart.
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

// The addresses for e-mail, in small letters.
function emailAddresses(item: Item): readonly string[] {
  return Object.keys(item)
    .filter((field) => field.startsWith('Email:'))
    .map((field) => (item[field] as Readonly<Record<string, string>>).address)
    .map((address) => plain(address).toLowerCase())
    .filter(Boolean)
}

// Telephone numbers without prefixes. A firm's main number is everybody's there, and an extension is a place's.
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

// A person's name, or what a place is called; a server calls what has no name by its address, which is none.
function nameOf(item: Item): string {
  const full = [low(item, 'GivenName'), low(item, 'Surname')].filter(Boolean).join(' ')
  const addresses = emailAddresses(item)
  const called = [
    full,
    ...['DisplayName', 'FileAs', 'CompanyName'].map((field) => low(item, field)),
  ]
  return called.find((each) => each !== '' && !addresses.includes(each)) ?? ''
}

// The same name, or one that says less: `Żak` and `Ewa Żak`, never `Jan Żak` and `Ewa Żak`.
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

// Two towns for one kind of address; two streets are two branches, and a move of a person.
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

/** More of a text than any name, number or address has: only the beginning of a longer text is compared. */
const longest = 1024

function plain(value: Value | undefined): string {
  return textField.canonical(typeof value === 'string' ? value.slice(0, longest) : value)
}

function dayOf(item: Item, field: string): string {
  return dateField.canonical(item[field])
}

// Both say something, and not the same.
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

// Both have some, and none in common.
function disjoint(some: readonly string[], others: readonly string[]): boolean {
  return some.length > 0 && others.length > 0 && !overlap(some, others)
}
