// Servers whose listings never end, repeat themselves, name millions, or go in circles.
import type { ExchangeOptions } from '../../exchange/exchange.ts'
import type { Incoming } from '../../exchange/http/fault.ts'
import { type Case, mark } from '../case.ts'
import { answer, envelope, headOf, opening, pour, wire } from '../wire.ts'
import { company, companyOf, people } from '../world.ts'

/** A company whose answers to one operation are rewritten. */
const lying =
  (
    name: string,
    operation: string,
    as: (body: string, request: Incoming) => string,
    options: ExchangeOptions = {},
  ) =>
  () =>
    company(companyOf(name, people(12)), {
      ...options,
      fault: (request) =>
        request.operation === operation
          ? { kind: 'rewrite', as: (body) => as(body, request) }
          : undefined,
    })

let next = 0
const freshId = () => {
  next += 1
  return `AAMk${String(next).padStart(140, '0')}=`
}

const items = (count: number) =>
  Array.from(
    { length: count },
    () => `<t:Contact><t:ItemId Id="${freshId()}" ChangeKey="EQ=="/></t:Contact>`,
  ).join('')

const found = (content: string, total: number, last: boolean) =>
  envelope(
    '<m:FindItemResponse><m:ResponseMessages><m:FindItemResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>' +
      `<m:RootFolder TotalItemsInView="${total}" IncludesLastItemInRange="${last}"><t:Items>${content}</t:Items></m:RootFolder>` +
      '</m:FindItemResponseMessage></m:ResponseMessages></m:FindItemResponse>',
  )

const synced = (content: string, cursor: string, last: boolean) =>
  envelope(
    '<m:SyncFolderItemsResponse><m:ResponseMessages><m:SyncFolderItemsResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>' +
      `<m:SyncState>${cursor}</m:SyncState><m:IncludesLastItemInRange>${last}</m:IncludesLastItemInRange><m:Changes>${content}</m:Changes>` +
      '</m:SyncFolderItemsResponseMessage></m:ResponseMessages></m:SyncFolderItemsResponse>',
  )

const page = items(1000)
const changes = (count: number) =>
  items(count)
    .replaceAll('<t:Contact>', '<t:Create><t:Contact>')
    .replaceAll('</t:Contact>', '</t:Contact></t:Create>')
const changed = changes(512)
const twin = `<t:Contact><t:ItemId Id="${freshId()}" ChangeKey="EQ=="/></t:Contact>`.repeat(1000)
const brief = { timeout: '20s' }

/** A listing of a million ids, made while it is sent. */
function* million(): Generator<string> {
  yield `${opening}<m:FindItemResponse><m:ResponseMessages><m:FindItemResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:RootFolder TotalItemsInView="1000000" IncludesLastItemInRange="true"><t:Items>`
  for (let n = 0; n < 1000; n += 1) yield items(1000)
  yield '</t:Items></m:RootFolder></m:FindItemResponseMessage></m:ResponseMessages></m:FindItemResponse></s:Body></s:Envelope>'
}

/** Answers one operation by itself, and has a company answer the others. */
const million1 = async () => {
  const host = await company(companyOf('million-ids', people(12)), {})
  const front = await wire((socket, { operation, head, body }) => {
    if (operation === 'FindItem') {
      socket.write(headOf('200 OK', undefined))
      pour(socket, million(), { chunked: true })
      return
    }
    const authorization = /^authorization: (.*)$/im.exec(head)?.[1] ?? ''
    fetch(host.url, {
      method: 'POST',
      body,
      headers: { authorization, 'content-type': 'text/xml' },
    })
      .then(async (got) => answer(socket, await got.text(), `${got.status} OK`))
      .catch(() => socket.destroy())
  })
  return {
    ...front,
    close: async () => {
      await front.close()
      await host.close()
    },
  }
}

const said =
  /^(Succeeded|ListingIncomplete|IncompleteAnswer|AnswerTooLarge|ListingTooLarge|ListingEndless|TooManyItems|UnreadableAnswer|MembersNotReady|Progressing|HubNotFound|PassTimeout|Timeout|WrongFolderClass|RequestTimeout|TooSlow)$/

export const listings: readonly Case[] = [
  {
    name: 'endless-pages',
    open: lying('endless-pages', 'FindItem', () => found(page, 2_000_000, false)),
    reasons: said,
    group: brief,
    hits: 4,
  },
  {
    name: 'duplicate-ids',
    open: lying('duplicate-ids', 'FindItem', () => found(twin, 1000, true)),
    reasons: said,
    hits: 4,
  },
  {
    name: 'same-changes',
    open: lying('same-changes', 'SyncFolderItems', () => synced(changed, 'SAME', false)),
    reasons: said,
    group: brief,
    hits: 6,
  },
  { name: 'million-ids', open: million1, reasons: said, hits: 3 },
  {
    name: 'folder-in-itself',
    open: lying('folder-in-itself', 'GetFolder', (body) => {
      const id = /<t:FolderId Id="([^"]+)"/.exec(body)?.[1] ?? ''
      return body.replace(/<t:ParentFolderId Id="[^"]+"/, `<t:ParentFolderId Id="${id}"`)
    }),
    reasons: said,
    hits: 4,
  },
  {
    name: 'folders-in-circles',
    open: lying('folders-in-circles', 'FindFolder', (body, { body: asked }) => {
      const id = /<t:FolderId Id="([^"]+)"/.exec(asked)?.[1]
      return id === undefined
        ? body
        : body.replace(/<t:FolderId Id="[^"]+"/, `<t:FolderId Id="${id}"`)
    }),
    reasons: said,
    hits: 3,
  },
  {
    name: 'endless-folders',
    open: lying('endless-folders', 'FindFolder', (body) => {
      const one = /<t:(?:Contacts)?Folder>[\s\S]*?<\/t:(?:Contacts)?Folder>/.exec(body)?.[0] ?? ''
      const many = one.replace(/<t:DisplayName>[^<]*/, `<t:DisplayName>\u202e${mark}`).repeat(1000)
      return body
        .replace(/IncludesLastItemInRange="[^"]*"/, 'IncludesLastItemInRange="false"')
        .replace(/(<t:Folders>)[\s\S]*(<\/t:Folders>)/, `$1${many}$2`)
    }),
    reasons:
      /^(HubNotFound|UnreadableAnswer|AnswerTooLarge|ListingTooLarge|ListingEndless|TooManyFolders)$/,
    hits: 1,
  },
]

/** What fills the memory where nothing bounds it. */
export const endless: readonly Case[] = [
  {
    name: 'endless-fresh-pages',
    open: lying('endless-fresh-pages', 'FindItem', (_, { body }) => {
      // Pages overlap by one, as ours are asked for.
      const offset = Number(/Offset="(\d+)"/.exec(body)?.[1] ?? 0)
      const ids = Array.from(
        { length: 1000 },
        (_, n) =>
          `<t:Contact><t:ItemId Id="AAMk${String(offset + n).padStart(140, '0')}=" ChangeKey="EQ=="/></t:Contact>`,
      )
      return found(ids.join(''), 2_000_000_000, false)
    }),
    reasons: said,
    group: brief,
    hits: 4,
  },
  {
    name: 'endless-changes',
    open: lying('endless-changes', 'SyncFolderItems', () =>
      synced(changes(512), `S${freshId()}`, false),
    ),
    reasons: said,
    group: brief,
    hits: 6,
  },
]
