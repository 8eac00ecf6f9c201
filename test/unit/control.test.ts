// Whatever a server answers when folders are looked for or made, it comes out by the table of all errors, with its
// code and its kind; and a damaged id is no id. The real library, transport and HTTP, before the embedded Exchange.
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { SyncError } from '../../controller/core/sync-error.ts'
import { Control } from '../../controller/ews/folders.ts'
import { contactCodec } from '../../controller/ews/items/contact.ts'
import { library } from '../../controller/ews/library.ts'
import { Transport } from '../../controller/ews/transport.ts'
import { startExchange } from '../exchange/exchange.ts'
import type { HttpResponse } from '../exchange/http/border.ts'
import { listen } from '../exchange/http/server.ts'
import { realClock } from '../support/clock.ts'
import { endpointAt } from '../support/endpoint.ts'

type Alter = (response: HttpResponse) => HttpResponse

const { signal } = new AbortController()
beforeAll(() => void library())

async function controlOver(alter: Alter, operation = 'FindFolder') {
  const exchange = await startExchange({
    domain: 'corp.example',
    users: [{ mailbox: 'sync@corp.example', password: 's' }],
    publicFolders: [{ path: '/Company/Kontakte', permissions: { 'sync@corp.example': 'Owner' } }],
  })
  const handle: typeof exchange.handle = async (request) => {
    const response = await exchange.handle(request)
    return String(request.body).includes(`<m:${operation}`) ? alter(response) : response
  }
  const { port, close } = await listen({ port: 0, tls: undefined, gzip: false, handle })
  const endpoint = endpointAt(`http://127.0.0.1:${port}/EWS/Exchange.asmx`)
  const transport = new Transport(endpoint, realClock)
  onTestFinished(async () => {
    await transport.close()
    await close()
    await exchange.close()
  })
  const start = { publicFolders: true } as const
  return new Control(contactCodec, transport, endpoint.url, { limit: 'hub' }, start, () => signal)
}

const body =
  (text: string, status = 200): Alter =>
  (response) => ({ ...response, status, body: text })
const changed =
  (find: RegExp, replacement: string): Alter =>
  (response) => {
    const next = response.body.replace(find, replacement)
    if (next === response.body) throw new Error(`there is no ${find} in ${response.body}`)
    return { ...response, body: next }
  }
const secret = 'Ewa Żak ewa@corp.example'
const soap = (inside: string, prefix = 's') =>
  `<?xml version="1.0"?><${prefix}:Envelope xmlns:${prefix}="http://schemas.xmlsoap.org/soap/envelope/"><${prefix}:Body>${inside}</${prefix}:Body></${prefix}:Envelope>`
const fault = (code: string, prefix = 's', more = '') =>
  soap(
    `<${prefix}:Fault><faultcode xmlns:a="x">a:${code}</faultcode><faultstring>${secret}</faultstring><detail><e:ResponseCode xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">${code}</e:ResponseCode>${more}</detail></${prefix}:Fault>`,
    prefix,
  )
const waiting =
  '<t:MessageXml xmlns:t="t"><t:Value Name="BackOffMilliseconds">4321</t:Value></t:MessageXml>'
const message = (code: string, responseClass = 'Error', more = '') =>
  changed(
    /<(\w+):(\w+)ResponseMessage [^>]*>[\s\S]*<\/\1:\2ResponseMessage>/,
    `<$1:$2ResponseMessage ResponseClass="${responseClass}"><$1:MessageText>${secret}</$1:MessageText><$1:ResponseCode>${code}</$1:ResponseCode>${more}</$1:$2ResponseMessage>`,
  )

type Case = readonly [what: string, alter: Alter, code: string, kind: string]

const errors: readonly Case[] = [
  ['a fault with HTTP 200', body(fault('ErrorAccessDenied')), 'ErrorAccessDenied', 'terminal'],
  ['a fault with HTTP 500', body(fault('ErrorAccessDenied'), 500), 'ErrorAccessDenied', 'terminal'],
  [
    'an odd prefix',
    body(fault('ErrorMailboxStoreUnavailable', 'x-y.z')),
    'ErrorMailboxStoreUnavailable',
    'transient',
  ],
  [
    'an odd prefix and HTTP 500',
    body(fault('ErrorQuotaExceeded', 'Q'), 500),
    'ErrorQuotaExceeded',
    'terminal',
  ],
  ['an unknown code', body(fault('ErrorOfTomorrow')), 'ErrorOfTomorrow', 'transient'],
  ['a code that is none', body(fault(secret)), 'ErrorUnknown', 'transient'],
  [
    'a fault of SOAP 1.2',
    body(
      soap(
        '<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>a:ErrorServerBusy</s:Value></s:Subcode></s:Code></s:Fault>',
      ),
    ),
    'ErrorServerBusy',
    'transient',
  ],
  ['a fault without a code', body(soap('<s:Fault/>')), 'ErrorUnknown', 'transient'],
  ['an error in its place', message('ErrorFolderNotFound'), 'ErrorFolderNotFound', 'terminal'],
  ['one of tomorrow', message('ErrorOfTomorrow'), 'ErrorOfTomorrow', 'transient'],
  [
    'one that stops a batch',
    message('ErrorBatchProcessingStopped', 'Warning'),
    'ErrorBatchProcessingStopped',
    'transient',
  ],
  ['a web page', body(`<!doctype html><html><body>${secret}`), 'NotEws', 'transient'],
  ['no XML', body(secret), 'NotEws', 'transient'],
  ['nothing', body(''), 'NotEws', 'transient'],
  ['nothing, with HTTP 500', body('', 500), 'HttpError', 'transient'],
  [
    'half an answer',
    (response) => ({ ...response, body: response.body.slice(0, -40) }),
    'TruncatedAnswer',
    'transient',
  ],
  ['XML that is no SOAP', body('<x/>'), 'NotSoap', 'transient'],
  ['an empty body', body(soap('')), 'EmptyAnswer', 'transient'],
  [
    'no messages',
    body(soap('<m:FindFolderResponse xmlns:m="m"/>')),
    'IncompleteAnswer',
    'transient',
  ],
  [
    'another operation’s answer',
    changed(/FindFolderResponse|CreateFolderResponse/g, 'GetItemResponse'),
    'IncompleteAnswer',
    'transient',
  ],
  ['no such address', body('', 404), 'EwsNotFound', 'terminal'],
  ['a busy server', body('', 503), 'ServerBusy', 'transient'],
]

describe.each(['FindFolder', 'CreateFolder'])('%s', (operation) => {
  // biome-ignore format: a table
  const own: readonly Case[] = operation === 'FindFolder'
    ? [['no root', changed(/RootFolder/g, 'Root'), 'IncompleteAnswer', 'transient']]
    : [['no folder', changed(/<(\w+):Folders>[\s\S]*<\/\1:Folders>/, ''), 'IncompleteAnswer', 'transient']]
  const ids: readonly Case[] = [
    ['a NUL in an id', '\u0000', 'TruncatedAnswer'],
    ['a control character', '\u0001', 'TruncatedAnswer'],
    ['a reference to one', '&#x1F;'],
    ['a space', ' '],
    ['a letter that no id has', 'ż'],
    ['markup', '&lt;'],
  ].map(([what = '', odd = '', code = 'IncompleteAnswer']) => [
    `an id with ${what}`,
    changed(/FolderId Id="(.)/, `FolderId Id="$1${odd}`),
    code,
    'transient',
  ])
  const noId: Case = [
    'no id',
    changed(/FolderId Id="[^"]*"/, 'FolderId'),
    'IncompleteAnswer',
    'transient',
  ]

  test.each([...errors, ...own, ...ids, noId])('%s', async (_, alter, code, kind) => {
    const control = await controlOver(alter, operation)
    const asked =
      operation === 'FindFolder'
        ? control.find('/Company/Kontakte')
        : control.make('/Company/Kontakte/Neu')
    const error = await asked.then(
      (answer) => answer,
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(SyncError)
    expect(error).toMatchObject({ code, kind })
    expect((error as Error).message).not.toContain('Ewa')
  })
})

test('a busy server’s wait is handed on', async () => {
  const busy = 'ErrorServerBusy'
  const table = [body(fault(busy, 's', waiting)), message(busy, 'Error', waiting)]
  for (const alter of table) {
    const control = await controlOver(alter)
    await expect(control.find('/Company')).rejects.toMatchObject({ code: busy, backOffMs: 4321 })
  }
})

test.each([
  ['control characters', 'K\u0001o\u0000n'],
  ['references to them', 'K&#x1;o&#0;n'],
  ['markup', 'K&amp;&lt;o&gt;&quot;n'],
  ['nothing', ''],
])('a name may hold %s; its neighbours are found', async (_, name) => {
  const odd = `<t:Folder><t:FolderId Id="AAA="/><t:DisplayName>${name}</t:DisplayName></t:Folder>`
  const alter = changed(/<(\w+):Folders>/, `<$1:Folders>${odd}`)
  const control = await controlOver((response) =>
    response.body.includes('Kontakte') ? alter(response) : response,
  )
  expect(await control.find('/Company/Kontakte')).toMatchObject({ found: true })
})
