// The kinds of items that histories are lived with: contacts, and labels, a kind with two fields that no Exchange knows. The
// laws hold for both, so what decides and carries out knows nothing of items but what their type says.
import { setField, textField } from '../../controller/core/fields.ts'
import { type Item, type ItemType, legal, type Value } from '../../controller/core/item.ts'
import { contact } from '../../controller/core/items/contact.ts'

/** A kind, and what the users of a history make of its items. Everything a user writes is a token, like `<12>`. */
export type Lived = Readonly<{
  type: ItemType
  /** Fields that users edit. */
  fields: readonly string[]
  /** Whom the item is about: what all its copies have in common, whatever is edited. */
  nameOf(item: Item): string
  /** Is an item of that name written so, as `canonicalItem` does? */
  isOf(text: string, name: string): boolean
  /** A new item; `token` is what its first field holds, undefined where none is written yet. */
  entered(name: string, token: Value | undefined): Item
  /** A field's value once a user has written the token. */
  written(item: Item, field: string, token: string): Value
  /** The item once a user has taken away what tokens the field holds. */
  cleared(item: Item, field: string): Item
  /** The item with a user's mark that it is private, or without it; absent where a kind knows no such mark. */
  marked?: (item: Item, mark: boolean) => Item
  /** What an unruly server makes of what it is given. */
  rewritten(item: Item): Item
}>

/** The item without the field. */
function without(item: Item, field: string): Item {
  const { [field]: _, ...rest } = item
  return rest
}

/** Contacts; a first and a last name, and a company, say who each is. */
export const contacts: Lived = {
  type: contact,
  fields: ['JobTitle', 'Phone:MobilePhone', 'Department', 'Body'],
  nameOf: ({ GivenName: name }) => String(name),
  isOf: (text, name) => text.includes(`"${name}"`),
  entered: (name, token) => ({
    GivenName: name,
    Surname: 'Żak',
    CompanyName: 'Acme & Sons',
    ...(token === undefined ? {} : { JobTitle: token }),
  }),
  written: (_, field, token) => (field === 'Body' ? { type: 'Text', text: token } : token),
  cleared: without,
  marked: (item, mark) =>
    mark ? { ...item, Sensitivity: 'Private' } : without(item, 'Sensitivity'),
  rewritten(item) {
    const body = item.Body as Readonly<Record<string, string>> | undefined
    const text = `<html><body>${legal(body?.text ?? '')}<b>.</b></body></html>`
    return {
      ...item,
      ...(body === undefined ? {} : { Body: { type: 'HTML', text } }),
      FileAs: `${String(item.Surname)}, ${String(item.GivenName)}`,
    }
  },
}

const nameIn = ({ title }: Item) => textField.canonical(title).split(' ')[0] ?? ''

const label: ItemType = {
  name: 'Labels',
  home: 'Notes',
  codec: 1,
  newSince: () => new Set(),
  field: (name) => (name === 'tags' ? setField : textField),
  sources: [],
  derived: () => false,
  derive: () => undefined,
  kept: () => undefined,
  naturalKeys: (item) => [nameIn(item)],
  contradicts: () => false,
  private: () => false,
  title: nameIn,
  searchTexts: (item) => ({ names: [nameIn(item)], addresses: [], numbers: [] }),
}

/** Labels: a title, whose first word is the name, and tags. */
export const labels: Lived = {
  type: label,
  fields: ['title', 'tags'],
  nameOf: nameIn,
  isOf: (text, name) => text.includes(`"${name}"`) || text.includes(`"${name} `),
  entered: (name, token) => ({ title: token ?? name }),
  written: (item, field, token) => (field === 'tags' ? [token] : `${nameIn(item)} ${token}`),
  cleared: (item, field) =>
    field === 'tags' ? without(item, field) : { ...item, title: nameIn(item) },
  rewritten: ({ title, ...rest }) => ({ ...rest, title: `${String(title)}.` }),
}
