// Hosts that are an embedded Exchange: a small company whose mailboxes hold hostile things, or before which
// something stands that changes answers.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type Exchange, type ExchangeOptions, startExchange } from '../exchange/exchange.ts'
import type { HttpRequest, HttpResponse } from '../exchange/http/border.ts'
import type { Literal } from '../exchange/store/literal.ts'
import type { FolderHandle } from '../exchange/store/store.ts'
import type { World } from '../exchange/world.ts'
import { accountOf, domainOf, type Host, memberOf, nameMark, passwordOf } from './case.ts'

/** The hub of every company. */
export const hubPath = '/Company/Contacts'
/** Where each member has the copies. */
export const memberPath = 'Contacts/Contacts'

/** A contact that is told from all others by its surname. */
export const person = (token: string): Literal => ({
  GivenName: 'Ola',
  Surname: `${nameMark}-${token}`,
  MobilePhone: '+48 600 100 200',
  EmailAddress1: `${token}@${nameMark}.example`,
})

/** So many people. */
export const people = (count: number, prefix = 'hub') =>
  Array.from({ length: count }, (_, n) => person(`${prefix}-${n}`))

/** A company whose hub holds these, and whose member has nothing yet. */
export function companyOf(name: string, hub: readonly Literal[], members = 1): World {
  const password = passwordOf(name)
  return {
    domain: domainOf(name),
    users: [
      { mailbox: accountOf(name), password, impersonates: 'all' },
      ...Array.from({ length: members }, (_, n) => ({ mailbox: memberOf(name, n + 1), password })),
    ],
    publicFolders: [
      { path: hubPath, permissions: { [accountOf(name)]: 'PublishingEditor' }, contacts: hub },
    ],
  }
}

const tokensOf = (folder: FolderHandle) =>
  folder.exists()
    ? folder.items().map(({ contact }) => String(contact.Surname).replace(`${nameMark}-`, ''))
    : []

/** Which of the tokens the folder lacks, and what it has more than once. */
export function oddIn(
  name: string,
  folder: FolderHandle,
  wanted: readonly string[],
): readonly string[] {
  const found = tokensOf(folder)
  const lacking = wanted.filter((token) => !found.includes(token))
  const doubled = found.filter((token, at) => found.indexOf(token) !== at)
  return [
    ...(lacking.length === 0 ? [] : [`${name} lacks ${lacking.length}: ${lacking.slice(0, 3)}`]),
    ...(doubled.length === 0 ? [] : [`${name} has twice: ${doubled.slice(0, 3)}`]),
  ]
}

/** What is odd in the hub and at each member, all of whom shall have all of the tokens. */
export function oddAnywhere(
  name: string,
  { store }: Exchange,
  wanted: readonly string[],
  members = 1,
): readonly string[] {
  return [
    ...oddIn('the hub', store.publicFolder(hubPath), wanted),
    ...Array.from({ length: members }, (_, n) =>
      oddIn(`member ${n + 1}`, store.mailbox(memberOf(name, n + 1)).folder(memberPath), wanted),
    ).flat(),
  ]
}

/** A host over a company's Exchange; `wrong` is asked what is odd in it. */
export async function company(
  world: World,
  options: ExchangeOptions,
  wrong: (exchange: Exchange) => readonly string[] = () => [],
): Promise<Host> {
  const exchange = await startExchange(world, options)
  return {
    url: exchange.url,
    hits: () => Object.values(exchange.counts).reduce((sum, each) => sum + each, 0),
    wrong: () => wrong(exchange),
    heal: () => exchange.inject(undefined),
    close: exchange.close,
  }
}

/** A request that came to a proxy, and how to have it answered by the server behind. */
export type Passing = Readonly<{
  n: number
  body: string
  ask: () => Promise<HttpResponse>
  /** Answers with this, of this length. */
  reply: (answer: HttpResponse, body?: Buffer) => void
  /** Writes bytes on the bare connection. */
  raw: (bytes: Buffer) => void
  drop: () => void
}>

/** A proxy in front of a company's Exchange, which does as `pass` says until it is healed. */
export async function proxied(
  world: World,
  pass: (passing: Passing) => Promise<void>,
  wrong: (exchange: Exchange) => readonly string[],
): Promise<Host & { exchange: Exchange }> {
  const exchange = await startExchange(world, { port: 'none' })
  let [hits, healed] = [0, false]
  const straight = async ({ ask, reply }: Passing) => reply(await ask())
  const server = createServer((request, response) => {
    hits += 1
    const n = hits
    received(request)
      .then((body) => passingOf(exchange, request, response, n, body))
      .then((passing) => (healed ? straight(passing) : pass(passing)))
      .catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    exchange,
    url: `http://127.0.0.1:${port}/EWS/Exchange.asmx`,
    hits: () => hits,
    heal: () => {
      healed = true
    },
    wrong: () => (healed ? wrong(exchange) : []),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await exchange.close()
    },
  }
}

async function received(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

function passingOf(
  exchange: Exchange,
  { method = '', url = '', headers }: IncomingMessage,
  response: ServerResponse,
  n: number,
  body: string,
): Passing {
  const named = Object.entries(headers).map(([name, value]) => [name, String(value)])
  const request: HttpRequest = { method, path: url, headers: Object.fromEntries(named), body }
  return {
    n,
    body,
    ask: () => exchange.handle(request),
    reply: (answer, bytes = Buffer.from(answer.body)) => {
      response.writeHead(answer.status, { ...answer.headers, 'content-length': bytes.length })
      response.end(bytes)
    },
    raw: (bytes) => void response.socket?.write(bytes),
    drop: () => response.destroy(),
  }
}
