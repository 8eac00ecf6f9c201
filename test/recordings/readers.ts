// All readers of the controller before one recorded answer, each over the real transport and HTTP: what they make of it, in lines
// of text. A line that begins with `!` is a typed error; an error that is not typed is thrown.
import type { ItemId, LinkId, Version } from '../../controller/core/id.ts'
import type { Found } from '../../controller/core/model.ts'
import { SyncError } from '../../controller/core/sync-error.ts'
import { Items } from '../../controller/ews/batch.ts'
import { type FolderState, getFolder } from '../../controller/ews/folder-state.ts'
import { Control } from '../../controller/ews/folders.ts'
import { contactCodec } from '../../controller/ews/items/contact.ts'
import { MailboxFolderListing } from '../../controller/ews/mailbox-folder-listing.ts'
import { findItem, syncFolderItems } from '../../controller/ews/operations.ts'
import { getPlaces, ownerOf } from '../../controller/ews/places.ts'
import { PublicFolderListing } from '../../controller/ews/public-folder-listing.ts'
import { Transport } from '../../controller/ews/transport.ts'
import type { Written } from '../../controller/sync/ports.ts'
import { realClock } from '../support/clock.ts'
import { endpointAt } from '../support/endpoint.ts'
import { serving } from './server.ts'

/** One reader, and the element of the answer that it is for. */
export type Reader = Readonly<{
  element: string
  read: (site: Site) => Promise<readonly string[]>
}>

/** The connection that a reader uses, and the answer that waits at its other end. */
type Site = Readonly<{
  transport: Transport
  url: string
  ids: readonly ItemId[]
  /** The answers to other operations, which a reader needs on its way; by the name of the operation. */
  others: Map<string, string>
}>

const signal = new AbortController().signal
const route = { limit: 'recording' }
const folder = 'AAMkAGZv'
const version = 'CQAAABYA' as Version
const unchanged = { id: folder, tag: '1' } as FolderState

const answer = (operation: string, inside: string) =>
  '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>' +
  `<m:${operation}Response xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><m:ResponseMessages>` +
  `<m:${operation}ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>${inside}</m:${operation}ResponseMessage>` +
  `</m:ResponseMessages></m:${operation}Response></s:Body></s:Envelope>`
const noFolders = answer(
  'FindFolder',
  '<m:RootFolder TotalItemsInView="0" IncludesLastItemInRange="true"><t:Folders/></m:RootFolder>',
)
const oneFolder = answer(
  'GetFolder',
  `<m:Folders><t:ContactsFolder><t:FolderId Id="${folder}" ChangeKey="${version}"/><t:DisplayName>Old</t:DisplayName></t:ContactsFolder></m:Folders>`,
)

/** All readers of the controller. */
export const readers: readonly Reader[] = [
  {
    element: 'GetItemResponse',
    read: async (site) => (await itemsOf(site).read(site.ids, signal)).map(foundLine),
  },
  {
    element: 'CreateItemResponse',
    read: async (site) => {
      const stamp = { group: 'g', hub: 'h', source: 's', link: 'l' as LinkId }
      const items = site.ids.map(() => ({ item: { GivenName: 'Ewa' }, stamp }))
      return (await itemsOf(site).create(folder, items, signal)).map(writtenLine)
    },
  },
  {
    element: 'UpdateItemResponse',
    read: async (site) => {
      const patch = { set: { GivenName: 'Ewa' }, clear: [] }
      const updates = site.ids.map((id) => ({ id, expect: version, patch, agreed: patch.set }))
      return (await itemsOf(site).update(updates, signal)).map(writtenLine)
    },
  },
  {
    element: 'DeleteItemResponse',
    read: async (site) =>
      (await itemsOf(site).remove(site.ids, signal)).map((error) =>
        error === undefined ? 'deleted' : errorLine(error),
      ),
  },
  {
    element: 'FindItemResponse',
    read: async ({ transport }) => {
      const request = { folder, offset: 0, size: 1000 }
      const page = await transport.call(findItem(contactCodec), request, route, signal)
      return [`${page.refs.length} of ${page.ids.length} items, total ${page.total}`]
    },
  },
  {
    element: 'FindItemResponse',
    read: async ({ transport }) => {
      const listing = new PublicFolderListing(contactCodec, transport, () => route)
      const { refs, odd } = await listing.whole(unchanged, signal, async () => unchanged)
      return [...odd.map(errorLine), `listed ${refs.length}`]
    },
  },
  {
    element: 'SyncFolderItemsResponse',
    read: async ({ transport }) => {
      const request = { folder, cursor: undefined }
      const { changes, told, last } = await transport.call(
        syncFolderItems(contactCodec),
        request,
        route,
        signal,
      )
      return [`${changes.length} of ${told} changes${last ? ', the last' : ''}`]
    },
  },
  {
    element: 'SyncFolderItemsResponse',
    read: async ({ transport }) => {
      const listing = new MailboxFolderListing(contactCodec, transport, route)
      const { refs, gone, listed, odd } = await listing.told(folder, undefined, signal)
      return [...odd.map(errorLine), `listed ${refs.length} of ${listed}, gone ${gone.length}`]
    },
  },
  {
    element: 'GetFolderResponse',
    read: async ({ transport }) => {
      const state = await transport.call(getFolder(contactCodec), { folder }, route, signal)
      return [`a folder of class ${JSON.stringify(state.class)}, tag ${state.tag}`]
    },
  },
  {
    element: 'GetFolderResponse',
    read: async ({ transport }) =>
      (await transport.callEach(getPlaces, [{ folder }], route, signal)).map((spot) =>
        spot instanceof SyncError ? errorLine(spot) : `at ${spot.id} ${JSON.stringify(spot.name)}`,
      ),
  },
  {
    element: 'ConvertIdResponse',
    read: async ({ transport }) => [
      `owner ${await transport.call(ownerOf, { folder }, route, signal)}`,
    ],
  },
  {
    element: 'FindFolderResponse',
    read: async (site) => {
      const found = await controlOf(site).find('/Folder')
      return [found.found ? `found ${found.folder.id}` : `beside ${found.children.join(' ')}`]
    },
  },
  {
    // The new folder is not visible in the listing, so an answer that says it was made ends with FolderNotMade.
    element: 'CreateFolderResponse',
    read: async (site) => {
      site.others.set('FindFolder', noFolders)
      return [`made ${(await controlOf(site).make('/Folder')).id}`]
    },
  },
  {
    element: 'UpdateFolderResponse',
    read: async (site) => {
      site.others.set('GetFolder', oneFolder)
      await controlOf(site).rename(folder, 'New')
      return ['renamed']
    },
  },
]

/** All lines of the readers before an answer; `fitting`: of those for its element, the others otherwise. */
export type Lines = Readonly<{ fitting: readonly string[]; others: readonly string[] }>

/** Gives an answer to every reader. `status`: the HTTP status that it comes with. Throws what is no SyncError. */
export async function linesOf(bytes: Uint8Array, status: number): Promise<Lines> {
  const text = Buffer.from(bytes).toString('utf8')
  const element = /<(?:\w+:)?Body\b[^>]*>\s*<(?:\w+:)?(\w+)/.exec(text)?.[1]
  const site = await siteOf(text, bytes, status)
  const lines: Record<keyof Lines, string[]> = { fitting: [], others: [] }
  try {
    for (const reader of readers) {
      const into = reader.element === element ? lines.fitting : lines.others
      into.push(...(await linesIn(reader, site)))
    }
  } finally {
    await site.close()
  }
  return lines
}

async function linesIn({ read }: Reader, site: Site): Promise<readonly string[]> {
  try {
    site.others.clear()
    return await read(site)
  } catch (error) {
    if (!(error instanceof SyncError)) throw error
    return [errorLine(error)]
  }
}

async function siteOf(text: string, bytes: Uint8Array, status: number) {
  const others = new Map<string, string>()
  const server = await serving((operation) => {
    const other = others.get(operation)
    return other === undefined ? { bytes, status } : { bytes: Buffer.from(other), status: 200 }
  })
  const url = `http://127.0.0.1:${server.port}/EWS/Exchange.asmx`
  const endpoint = endpointAt(url, { requestTimeoutMs: 5000 })
  const transport = new Transport(endpoint, realClock)
  const close = async () => {
    await transport.close()
    await server.close()
  }
  return { transport, url, ids: idsIn(text), others, close }
}

// One id for each response message: that of its item, as if it had been asked for.
function idsIn(text: string): readonly ItemId[] {
  const messages = text.split(/<(?:\w+:)?\w+ResponseMessage\s/).slice(1)
  const ids = messages.map(
    (message, n) => /<(?:\w+:)?ItemId[^>]* Id="([^"]+)"/.exec(message)?.[1] ?? `AAMk${n}`,
  )
  return (ids.length === 0 ? ['AAMk0'] : ids) as ItemId[]
}

function itemsOf({ transport }: Site): Items {
  return new Items(
    contactCodec,
    transport,
    () => route,
    'SoftDelete',
    async () => false,
  )
}

function controlOf({ transport, url }: Site): Control {
  return new Control(contactCodec, transport, url, route, { publicFolders: true }, () => signal)
}

function foundLine(found: Found | undefined | SyncError): string {
  if (found === undefined) return 'not found'
  if (found instanceof SyncError) return errorLine(found)
  return `a contact: ${Object.keys(found.item).join(' ')}`
}

function writtenLine(written: Written): string {
  return written instanceof SyncError ? errorLine(written) : `written ${written.version}`
}

function errorLine({ kind, code }: SyncError): string {
  return `! ${kind} ${code}`
}
