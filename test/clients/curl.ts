// curl as a client: the tests write the XML, curl signs in and sends it.
import { escaped } from '../../controller/ews/xml.ts'
import {
  all,
  bodyOf,
  createItem,
  deleteItem,
  distinguished,
  envelope,
  field,
  findItem,
  first,
  folderId,
  getItem,
  itemId,
  refs,
  slot,
  syncItems,
  texts,
  updateItem,
} from '../exchange/support.ts'
import type { Element } from '../exchange/xml/reader.ts'
import { ended } from '../support/program.ts'
import type { Card, Client, Place } from './client.ts'

/** A client that sends through curl with these flags, such as `--ntlm`. */
export function curlClient(url: string, flags: readonly string[]): Client {
  const ask = asking(url, flags)
  const folders = new Map<Place, string>()
  const states = new Map<Place, { state: string; known: Set<string> }>()
  const folder = async (place: Place): Promise<string> => {
    const known = folders.get(place)
    if (known !== undefined) return known
    const found = place === 'mailbox' ? distinguished('contacts') : await publicFolder(ask)
    folders.set(place, found)
    return found
  }
  const read = async (id: string): Promise<Card | undefined> => {
    const answer = await ask(getItem([itemId({ id })], 'AllProperties'), ['ErrorItemNotFound'])
    const [contact] = all(answer, 'Contact')
    return contact && cardOf(contact)
  }
  const every = async (ids: Iterable<string>) => {
    const cards = await Promise.all([...ids].map(read))
    return cards.filter((card) => card !== undefined)
  }
  return {
    create: async (place, card) => {
      const answer = await ask(createItem([contactXml(card)], await folder(place)))
      return refs(answer)[0]?.id ?? ''
    },
    read: (_, id) => read(id),
    change: async (_, id, card) => {
      const [ref] = refs(await ask(getItem([itemId({ id })], 'IdOnly')))
      await ask(updateItem(itemId(ref ?? { id }), updates(card)))
    },
    delete: async (_, id) => {
      await ask(deleteItem([itemId({ id })], 'HardDelete'))
    },
    list: async (place) =>
      every(refs(await ask(findItem(await folder(place)))).map(({ id }) => id)),
    sync: async (place) => {
      const { state, known } = states.get(place) ?? { state: '', known: new Set<string>() }
      const answer = await ask(syncItems(await folder(place), state))
      for (const change of first(answer, 'Changes').children) {
        const [{ id } = { id: '' }] = refs(change)
        if (change.name === 'Delete') known.delete(id)
        else known.add(id)
      }
      states.set(place, { state: first(answer, 'SyncState').text, known })
      return every(known)
    },
    close: async () => {},
  }
}

type Ask = (request: string, expected?: readonly string[]) => Promise<Element>

/** What is answered to a request; throws when it is not as expected, with the error that the server names. */
function asking(url: string, flags: readonly string[]): Ask {
  const always = ['--silent', '--show-error', '--fail', '--max-time', '30', '--data-binary', '@-']
  const type = ['--header', 'Content-Type: text/xml; charset=utf-8']
  return async (request, expected = []) => {
    const args = [...always, ...type, ...flags, url]
    const { code, stdout, stderr } = await ended('curl', args, process.env, envelope(request))
    if (code !== 0) throw new Error(`curl ended with ${code}: ${stderr.trim()}`)
    const answer = bodyOf(stdout)
    const wrong = texts(answer, 'ResponseCode').filter((each) => each !== 'NoError')
    const unexpected = wrong.filter((each) => !expected.includes(each))
    if (unexpected.length > 0) throw new Error(unexpected.join())
    return answer
  }
}

async function publicFolder(ask: Ask): Promise<string> {
  let at = distinguished('publicfoldersroot')
  for (const name of ['Company', 'Contacts']) {
    const answer = await ask(
      `<m:FindFolder Traversal="Shallow"><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape><m:ParentFolderIds>${at}</m:ParentFolderIds></m:FindFolder>`,
    )
    const folders = first(answer, 'Folders').children
    const found = folders.find((each) => first(each, 'DisplayName').text === name)
    at = folderId((found && first(found, 'FolderId').attributes.Id) ?? '')
  }
  return at
}

type Part = Readonly<{ path: string; xml: (value: string) => string }>

// In the order of the schema.
const PARTS: Readonly<Record<keyof Card, Part>> = {
  Body: { path: field('item:Body'), xml: (text) => `<t:Body BodyType="Text">${text}</t:Body>` },
  GivenName: plain('GivenName'),
  CompanyName: plain('CompanyName'),
  EmailAddress1: entry('EmailAddresses', 'EmailAddress', 'EmailAddress1'),
  Street: address('Street'),
  City: address('City'),
  BusinessPhone: entry('PhoneNumbers', 'PhoneNumber', 'BusinessPhone'),
  MobilePhone: entry('PhoneNumbers', 'PhoneNumber', 'MobilePhone'),
  JobTitle: plain('JobTitle'),
  Surname: plain('Surname'),
}

function plain(name: string): Part {
  return { path: field(`contacts:${name}`), xml: (text) => `<t:${name}>${text}</t:${name}>` }
}

function entry(list: string, uri: string, key: string): Part {
  return {
    path: slot(`contacts:${uri}`, key),
    xml: (text) => `<t:${list}><t:Entry Key="${key}">${text}</t:Entry></t:${list}>`,
  }
}

function address(part: string): Part {
  const inner = (text: string) => `<t:Entry Key="Home"><t:${part}>${text}</t:${part}></t:Entry>`
  return {
    path: slot(`contacts:PhysicalAddress:${part}`, 'Home'),
    xml: (text) => `<t:PhysicalAddresses>${inner(text)}</t:PhysicalAddresses>`,
  }
}

function contactXml(card: Card): string {
  const parts = Object.entries(PARTS) as [keyof Card, Part][]
  const given = parts.map(([name, { xml }]) => (card[name] ? xml(escaped(card[name])) : ''))
  // Two entries of one list, or two parts of one address, are one element.
  return given
    .join('')
    .replaceAll(/<\/t:(PhoneNumbers|PhysicalAddresses)><t:\1>/g, '')
    .replaceAll('</t:Entry><t:Entry Key="Home">', '')
}

function updates(card: Card): string {
  const parts = Object.entries(PARTS) as [keyof Card, Part][]
  return parts
    .map(([name, { path, xml }]) =>
      card[name]
        ? `<t:SetItemField>${path}<t:Contact>${xml(escaped(card[name]))}</t:Contact></t:SetItemField>`
        : `<t:DeleteItemField>${path}</t:DeleteItemField>`,
    )
    .join('')
}

function cardOf(contact: Element): Card {
  const text = (name: string) => all(contact, name)[0]?.text
  const keyed = (key: string) =>
    all(contact, 'Entry').find(({ attributes }) => attributes.Key === key)
  const home = keyed('Home')
  const found: Record<keyof Card, string | undefined> = {
    GivenName: text('GivenName'),
    Surname: text('Surname'),
    CompanyName: text('CompanyName'),
    JobTitle: text('JobTitle'),
    EmailAddress1: keyed('EmailAddress1')?.text,
    MobilePhone: keyed('MobilePhone')?.text,
    BusinessPhone: keyed('BusinessPhone')?.text,
    Street: home && all(home, 'Street')[0]?.text,
    City: home && all(home, 'City')[0]?.text,
    Body: text('Body'),
  }
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value))
}
