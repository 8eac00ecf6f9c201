// The border: signing in, envelopes, faults that a test asks for, and the same through a real socket.
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { expect, test } from 'vitest'
import { startExchange } from './exchange.ts'
import type { Fault } from './http/fault.ts'
import {
  bodyOf,
  codes,
  createItem,
  distinguished,
  envelope,
  exchangeFor,
  getFolder,
  getItem,
  impersonating,
  itemId,
  person,
  refs,
  texts,
  WORLD,
} from './support.ts'

const exchange = await exchangeFor()
const anna = person(exchange, 'anna')
const contacts = exchange.store.mailbox('anna@corp.example').folder('Contacts')
const look = getFolder([distinguished('inbox')])
const make = createItem(['<t:GivenName>A</t:GivenName>'])

async function send(path: string, headers: Record<string, string>, method = 'POST') {
  const url = new URL(path, exchange.url)
  const body = method === 'POST' ? { body: envelope(look) } : {}
  return exchange.fetch(url, { method, headers, ...body })
}

const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` })
const path = '/EWS/Exchange.asmx'

test('who has not signed in is asked to', async () => {
  for (const headers of [{}, basic('anna@corp.example:wrong'), basic('nobody:x')]) {
    const response = await send(path, headers)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toMatch(/^Basic realm=/)
  }
})

const names = ['anna@corp.example', 'ANNA@CORP.EXAMPLE', 'anna', 'CORP\\anna']
test.each(names)('%s may sign in', async (name) => {
  expect((await send(path, basic(`${name}:anna-secret`))).status).toBe(200)
})

const paths = [
  ['/ews/exchange.asmx', 'POST', 200],
  ['/EWS/Exchange.asmx?x=1', 'POST', 200],
  ['/EWS/Exchange.asmx', 'GET', 405],
  ['/ews/services.wsdl', 'GET', 404],
  ['/autodiscover/autodiscover.xml', 'POST', 404],
  ['/', 'POST', 404],
] as const

test.each(paths)('%s by %s: %i', async (where, method, status) => {
  expect((await send(where, basic('anna:anna-secret'), method)).status).toBe(status)
})

const T = 'http://schemas.microsoft.com/exchange/services/2006/types'
const M = 'http://schemas.microsoft.com/exchange/services/2006/messages'
const S = 'http://schemas.xmlsoap.org/soap/envelope/'
const inbox = `<DistinguishedFolderId Id="inbox" xmlns="${T}"/>`
const prefixes = [
  [
    'default namespaces',
    `<Envelope xmlns="${S}"><Body><GetFolder xmlns="${M}"><FolderShape><BaseShape xmlns="${T}">IdOnly</BaseShape></FolderShape><FolderIds>${inbox}</FolderIds></GetFolder></Body></Envelope>`,
  ],
  [
    'other prefixes',
    `<a:Envelope xmlns:a="${S}" xmlns:b="${M}" xmlns:c='${T}'><a:Body><b:GetFolder><b:FolderShape><c:BaseShape>IdOnly</c:BaseShape></b:FolderShape><b:FolderIds><c:DistinguishedFolderId Id="inbox" /></b:FolderIds></b:GetFolder></a:Body></a:Envelope>`,
  ],
] as const

test.each(prefixes)('%s are understood', async (_, body) => {
  expect(codes(bodyOf(await (await anna.post(body)).text()))).toEqual(['NoError'])
})

const versions =
  'Exchange2007_SP1 Exchange2010 Exchange2010_SP2 Exchange2013 Exchange2013_SP1 Exchange2016'
test.each(versions.split(' '))('version %s is accepted', async (version) => {
  const response = await anna.post(envelope(look, '', version))
  const text = await response.text()
  expect(response.status).toBe(200)
  expect(text).toContain('ServerVersionInfo')
})

const zone = `<t:TimeZoneContext><t:TimeZoneDefinition Id="UTC"/></t:TimeZoneContext>`
const refusals = [
  ['an unknown version', envelope(look, '', 'Exchange2042'), 'ErrorInvalidServerVersion'],
  ['an unknown operation', envelope('<m:MakeCoffee/>'), 'ErrorInvalidOperation'],
  ['a subscription', envelope('<m:Subscribe/>'), 'ErrorInvalidOperation'],
  ['what is not XML', 'hello', 'ErrorInvalidRequest'],
  ['what is not SOAP', '<hello/>', 'ErrorInvalidRequest'],
  [
    'an entity that grows',
    `<!DOCTYPE x [<!ENTITY a "aaa">]>${envelope(look)}`,
    'ErrorInvalidRequest',
  ],
  [
    'raw text where a name has an ampersand',
    envelope(createItem(['<t:GivenName>A & B</t:GivenName>'])),
    'ErrorInvalidRequest',
  ],
  [
    'fields in the wrong order',
    envelope(createItem(['<t:Surname>S</t:Surname><t:GivenName>A</t:GivenName>'])),
    'ErrorSchemaValidation',
  ],
  [
    'an unknown field',
    envelope(createItem(['<t:Givenname>A</t:Givenname>'])),
    'ErrorSchemaValidation',
  ],
  [
    'a phone of an unknown kind',
    envelope(createItem(['<t:PhoneNumbers><t:Entry Key="Fax">1</t:Entry></t:PhoneNumbers>'])),
    'ErrorSchemaValidation',
  ],
  [
    'what is no date',
    envelope(createItem(['<t:Birthday>yesterday</t:Birthday>'])),
    'ErrorSchemaValidation',
  ],
  [
    'an element of the wrong namespace',
    envelope(createItem(['<m:GivenName>A</m:GivenName>'])),
    'ErrorSchemaValidation',
  ],
  [
    'a missing attribute',
    envelope('<m:DeleteItem><m:ItemIds><t:ItemId Id="x"/></m:ItemIds></m:DeleteItem>'),
    'ErrorSchemaValidation',
  ],
  [
    'acting as nobody in particular',
    envelope(look, '<t:ExchangeImpersonation/>'),
    'ErrorSchemaValidation',
  ],
] as const

test.each(refusals)('%s is refused with a SOAP fault', async (_, body, code) => {
  const response = await anna.post(body)
  const text = await response.text()
  expect(response.status).toBe(500)
  expect(text).toContain(`a:${code}</faultcode>`)
  expect(codes(bodyOf(text))).toEqual([code])
})

test('a schema violation says where it is', async () => {
  const contact = '\n<t:Surname>S</t:Surname>\n<t:GivenName>A</t:GivenName>'
  const [line] = texts(await anna.ask(createItem([contact])), 'LineNumber')
  expect(line).toBe('4')
})

test('the time zone of a client is accepted', async () => {
  expect(codes(await anna.ask(look, zone))).toEqual(['NoError'])
})

test('requests are counted by operation', async () => {
  const before = exchange.counts.GetFolder ?? 0
  await anna.ask(look)
  expect(exchange.counts.GetFolder).toBe(before + 1)
})

async function withFault<T>(fault: Fault, act: () => Promise<T>): Promise<T> {
  exchange.inject(() => fault)
  try {
    return await act()
  } finally {
    exchange.inject(undefined)
  }
}

test('a busy server says for how long', async () => {
  const fault: Fault = { kind: 'soap', code: 'ErrorServerBusy', backOffMs: 12345 }
  const response = await withFault(fault, () => anna.post(envelope(look)))
  const text = await response.text()
  expect(response.status).toBe(500)
  expect(text).toContain('<t:Value Name="BackOffMilliseconds">12345</t:Value>')
})

test('something in front of the server answers instead', async () => {
  const headers = { 'retry-after': '7' }
  const fault: Fault = { kind: 'http', status: 503, headers, body: '<html>busy</html>' }
  const response = await withFault(fault, () => anna.post(envelope(make)))
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '7'])
  expect(await response.text()).toBe('<html>busy</html>')
})

const drops = [
  ['before', 0],
  ['after', 1],
] as const

test.each(drops)('a connection is lost %s the effect', async (when, created) => {
  const before = contacts.size()
  const lost = withFault({ kind: 'drop', when }, () => anna.post(envelope(make)))
  await expect(lost).rejects.toThrow('fetch failed')
  expect(contacts.size()).toBe(before + created)
})

test('an answer ends in the middle', async () => {
  const response = await withFault({ kind: 'truncate', bytes: 100 }, () =>
    anna.post(envelope(look)),
  )
  await expect(response.text()).rejects.toThrow('terminated')
})

test('something is appended to an answer', async () => {
  const fault: Fault = { kind: 'append', text: '<html/>' }
  const response = await withFault(fault, () => anna.post(envelope(look)))
  expect(await response.text()).toMatch(/<\/s:Envelope><html\/>$/)
})

const three = createItem(Array(3).fill('<t:GivenName>A</t:GivenName>'))
const batches = [
  ['ErrorItemSave', 1, ['NoError', 'ErrorItemSave', 'NoError'], 2],
  ['ErrorQuotaExceeded', 1, ['NoError', 'ErrorQuotaExceeded', 'ErrorBatchProcessingStopped'], 1],
  ['ErrorItemSave', 'each', ['ErrorItemSave', 'ErrorItemSave', 'ErrorItemSave'], 0],
  ['ErrorInternalServerError', 'whole', ['ErrorInternalServerError'], 0],
] as const

test.each(batches)('%s for %s of a batch', async (code, at, wanted, created) => {
  const before = contacts.size()
  const answer = await withFault({ kind: 'code', code, at }, () => anna.ask(three))
  expect(codes(answer)).toEqual(wanted)
  expect(contacts.size()).toBe(before + created)
})

test('a user acts between two requests', async () => {
  const [ref] = refs(await anna.ask(make))
  exchange.inject(({ operation, user, mailbox }) => {
    expect([operation, user, mailbox]).toEqual([
      'GetItem',
      'anna@corp.example',
      'anna@corp.example',
    ])
    contacts.update(ref?.id ?? '', { GivenName: 'B' })
    return undefined
  })
  const answer = await anna.ask(getItem([itemId(ref ?? { id: '' })]))
  exchange.inject(undefined)
  expect(texts(answer, 'GivenName')).toEqual(['B'])
})

test('an injector knows which mailbox a request is about', async () => {
  const seen: (string | undefined)[] = []
  exchange.inject(({ mailbox }) => {
    seen.push(mailbox)
    return undefined
  })
  await person(exchange, 'sync').ask(look, impersonating('Jan@corp.example'))
  await anna.ask(getFolder([distinguished('inbox', 'jan@corp.example')]))
  exchange.inject(undefined)
  expect(seen).toEqual(['jan@corp.example', 'jan@corp.example'])
})

test('over a socket: letters across chunks, keep-alive, and lost connections', async () => {
  const { url, close, store, inject } = await startExchange(WORLD)
  const agent = new Agent({ connections: 1, pipelining: 1 })
  const headers = { ...basic('anna:anna-secret'), 'content-type': 'text/xml' }
  const name = 'Zażółć gęślą jaźń 🙂 '.repeat(20_000)
  const body = envelope(createItem([`<t:GivenName>${name}</t:GivenName>`]))
  const made = await request(url, { dispatcher: agent, method: 'POST', headers, body })
  expect(codes(bodyOf(await made.body.text()))).toEqual(['NoError'])
  expect(store.mailbox('anna@corp.example').folder('Contacts').items()[0]?.contact.GivenName).toBe(
    name,
  )
  for (const fault of [{ kind: 'drop', when: 'before' }, { kind: 'truncate' }] as const) {
    inject(() => fault)
    const lost = request(url, { dispatcher: agent, method: 'POST', headers, body: envelope(look) })
    await expect(lost.then((answer) => answer.body.text())).rejects.toThrow()
  }
  await close()
  await agent.close()
})

test('too large a request is refused', async () => {
  const { url, close } = await startExchange(WORLD)
  const body = Buffer.alloc(64 * 1024 * 1024 + 1, 0x20)
  const response = await request(url, { method: 'POST', headers: basic('anna:anna-secret'), body })
  expect(response.statusCode).toBe(413)
  await close()
})

test('over TLS: the authority vouches for localhost and its addresses', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'exchange-'))
  const { url, ca, close } = await startExchange(WORLD, { tls: directory, gzip: true })
  expect(readFileSync(join(directory, 'ca.crt'), 'utf8')).toBe(ca)
  const agent = new Agent({ connect: { ca: ca ?? '' } })
  for (const host of ['127.0.0.1', 'localhost']) {
    const where = url.replace('127.0.0.1', host)
    const answer = await request(where, {
      dispatcher: agent,
      method: 'POST',
      headers: { ...basic('anna:anna-secret'), 'accept-encoding': 'gzip' },
      body: envelope(getFolder([distinguished('root')], 'AllProperties')),
    })
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['content-encoding']).toBe('gzip')
    await answer.body.dump()
  }
  await agent.close()
  await close()
})
