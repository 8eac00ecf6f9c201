// For the tests of the embedded Exchange: worlds, people who speak raw SOAP, and short ways to look into
// what they are answered.
import { afterAll, expect } from 'vitest'
import { type Exchange, type ExchangeOptions, startExchange } from './exchange.ts'
import { schemaValidator } from './schema.ts'
import type { World } from './world.ts'
import { type Element, readXml } from './xml/reader.ts'

/** Somebody who can sign in. */
export type Person = Readonly<{
  /** Sends a request and returns the answer's body element. */
  ask: (request: string, headers?: string) => Promise<Element>
  /** Sends a whole envelope. */
  post: (body: string, headers?: Record<string, string>) => Promise<Response>
}>

/** The world that most tests play in. */
export const WORLD: World = {
  domain: 'corp.example',
  users: [
    { mailbox: 'anna@corp.example', password: 'anna-secret', folders: { Contacts: 0 } },
    { mailbox: 'jan@corp.example', password: 'jan-secret' },
    { mailbox: 'sync@corp.example', password: 'sync-secret', impersonates: 'all' },
  ],
  publicFolders: [
    {
      path: '/Company/Contacts',
      permissions: { 'sync@corp.example': 'PublishingEditor', 'anna@corp.example': 'Reviewer' },
      contacts: [{ GivenName: 'Ewa', Surname: 'Żak' }],
    },
  ],
}

/** Where tests with a virtual clock begin. */
export const START_MS = Date.UTC(2026, 0, 1)

/** An Exchange without a socket, whose every message must be valid; it ends with the test file. */
export async function exchangeFor(
  world: World = WORLD,
  options: ExchangeOptions = {},
): Promise<Exchange> {
  const validator = schemaValidator()
  const inspect = validator ? { inspect: validator.inspect } : {}
  const exchange = await startExchange(world, { port: 'none', ...inspect, ...options })
  afterAll(async () => {
    await exchange.close()
    expect(validator?.errors ?? []).toEqual([])
  })
  return exchange
}

/** A person of the world, by the name before the @. */
export function person(exchange: Exchange, name: string): Person {
  const authorization = `Basic ${btoa(`${name}@corp.example:${name}-secret`)}`
  const post = (body: string, headers: Record<string, string> = {}) => {
    const all = { authorization, 'content-type': 'text/xml; charset=utf-8', ...headers }
    return exchange.fetch(exchange.url, { method: 'POST', headers: all, body })
  }
  const ask = async (request: string, headers = '') => {
    const response = await post(envelope(request, headers))
    return bodyOf(await response.text())
  }
  return { ask, post }
}

/** A request in its envelope. */
export function envelope(request: string, headers = '', version = 'Exchange2013_SP1'): string {
  return `<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><soap:Header><t:RequestServerVersion Version="${version}"/>${headers}</soap:Header><soap:Body>${request}</soap:Body></soap:Envelope>`
}

/** The header for acting as somebody else. */
export function impersonating(address: string): string {
  return `<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>${address}</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>`
}

/** The one element in the SOAP body of an answer. */
export function bodyOf(xml: string): Element {
  const [body] = all(readXml(xml), 'Body')
  const [content] = body?.children ?? []
  if (!content) throw new Error(`There is no content in ${xml}`)
  return content
}

/** Every element below one, with a name. */
export function all(element: Element, name: string): Element[] {
  const deeper = element.children.flatMap((child) => all(child, name))
  return element.name === name ? [element, ...deeper] : deeper
}

/** The first such element, which must be there. */
export function first(element: Element, name: string): Element {
  const [found] = all(element, name)
  if (!found) throw new Error(`There is no ${name} in ${JSON.stringify(element)}`)
  return found
}

/** The texts of all such elements. */
export function texts(element: Element, name: string): string[] {
  return all(element, name).map(({ text }) => text)
}

/** The response codes of an answer, in order; of a fault, its one. */
export function codes(element: Element): string[] {
  return texts(element, 'ResponseCode')
}

/** The ids and change keys of the items in an answer. */
export function refs(element: Element): { id: string; key: string }[] {
  return all(element, 'ItemId').map(({ attributes }) => ({
    id: attributes.Id ?? '',
    key: attributes.ChangeKey ?? '',
  }))
}

/** `t:ItemId` of a ref. */
export function itemId({ id, key }: { id: string; key?: string }): string {
  return `<t:ItemId Id="${id}"${key === undefined ? '' : ` ChangeKey="${key}"`}/>`
}

/** CreateItem with one contact per argument, in a folder or in the default one. */
export function createItem(contacts: string[], folder?: string): string {
  const target = folder ? `<m:SavedItemFolderId>${folder}</m:SavedItemFolderId>` : ''
  const items = contacts.map((one) => `<t:Contact>${one}</t:Contact>`).join('')
  return `<m:CreateItem>${target}<m:Items>${items}</m:Items></m:CreateItem>`
}

/** GetItem with a base shape and what is asked for besides. */
export function getItem(ids: string[], shape = 'AllProperties', more = ''): string {
  const properties = more && `<t:AdditionalProperties>${more}</t:AdditionalProperties>`
  return `<m:GetItem><m:ItemShape><t:BaseShape>${shape}</t:BaseShape>${properties}</m:ItemShape><m:ItemIds>${ids.join('')}</m:ItemIds></m:GetItem>`
}

/** UpdateItem of one item. */
export function updateItem(id: string, updates: string, resolution = 'NeverOverwrite'): string {
  return `<m:UpdateItem ConflictResolution="${resolution}" MessageDisposition="SaveOnly"><m:ItemChanges><t:ItemChange>${id}<t:Updates>${updates}</t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>`
}

/** Sets one property of a contact. */
export function setField(path: string, content: string): string {
  return `<t:SetItemField>${path}<t:Contact>${content}</t:Contact></t:SetItemField>`
}

/** `t:FieldURI`. */
export function field(uri: string): string {
  return `<t:FieldURI FieldURI="${uri}"/>`
}

/** `t:IndexedFieldURI`. */
export function slot(uri: string, index: string): string {
  return `<t:IndexedFieldURI FieldURI="${uri}" FieldIndex="${index}"/>`
}

/** Our own stamp, as a path. */
export const STAMP = {
  set: 'c11ff724-aa03-4555-9952-8fa248a11c3e',
  name: 'x-sync-link',
} as const

/** The stamp's `t:ExtendedFieldURI`. */
export const STAMP_PATH = `<t:ExtendedFieldURI PropertySetId="${STAMP.set}" PropertyName="${STAMP.name}" PropertyType="String"/>`

/** A stamp with a value. */
export function stamped(value: string): string {
  return `<t:ExtendedProperty>${STAMP_PATH}<t:Value>${value}</t:Value></t:ExtendedProperty>`
}

/** DeleteItem of some items. */
export function deleteItem(ids: string[], how: string): string {
  return `<m:DeleteItem DeleteType="${how}"><m:ItemIds>${ids.join('')}</m:ItemIds></m:DeleteItem>`
}

/** A distinguished folder, of oneself or of somebody. */
export function distinguished(name: string, mailbox?: string): string {
  const owner = mailbox && `<t:Mailbox><t:EmailAddress>${mailbox}</t:EmailAddress></t:Mailbox>`
  return `<t:DistinguishedFolderId Id="${name}">${owner ?? ''}</t:DistinguishedFolderId>`
}

/** `t:FolderId`. */
export function folderId(id: string): string {
  return `<t:FolderId Id="${id}"/>`
}

/** GetFolder with a base shape and what is asked for besides. */
export function getFolder(folders: string[], shape = 'Default', more = ''): string {
  const properties = more && `<t:AdditionalProperties>${more}</t:AdditionalProperties>`
  return `<m:GetFolder><m:FolderShape><t:BaseShape>${shape}</t:BaseShape>${properties}</m:FolderShape><m:FolderIds>${folders.join('')}</m:FolderIds></m:GetFolder>`
}

/** What a FindItem may say besides its folder. */
export type Finding = Readonly<{
  shape?: string
  more?: string
  view?: string
  restriction?: string
  sort?: string
  traversal?: string
}>

/** FindItem in one folder. */
export function findItem(folder: string, finding: Finding = {}): string {
  const { shape = 'IdOnly', more, view = '', restriction, sort, traversal = 'Shallow' } = finding
  const properties = more ? `<t:AdditionalProperties>${more}</t:AdditionalProperties>` : ''
  const test = restriction ? `<m:Restriction>${restriction}</m:Restriction>` : ''
  const order = sort ? `<m:SortOrder>${sort}</m:SortOrder>` : ''
  return `<m:FindItem Traversal="${traversal}"><m:ItemShape><t:BaseShape>${shape}</t:BaseShape>${properties}</m:ItemShape>${view}${test}${order}<m:ParentFolderIds>${folder}</m:ParentFolderIds></m:FindItem>`
}

/** SyncFolderItems of a folder. */
export function syncItems(folder: string, state: string, max = 512, ignore = ''): string {
  const from = state && `<m:SyncState>${state}</m:SyncState>`
  const ignored = ignore && `<m:Ignore>${ignore}</m:Ignore>`
  return `<m:SyncFolderItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape><m:SyncFolderId>${folder}</m:SyncFolderId>${from}${ignored}<m:MaxChangesReturned>${max}</m:MaxChangesReturned></m:SyncFolderItems>`
}
