// The border of the embedded Exchange: one HTTP request in, one response out, without a socket. It has people
// signed in, finds out what they want and on whose behalf, lets faults happen, and hands the rest to the
// operations.

import { OPERATIONS } from '../operations/operations.ts'
import { type Call, type Injection, status } from '../protocol/batch.ts'
import { type Details, EwsError, SoapFault } from '../protocol/errors.ts'
import type { Behaviour, Session } from '../protocol/session.ts'
import { answer, demandValid, type Envelope, envelopeOf, faultXml } from '../protocol/soap.ts'
import type { Authentication, SignedIn } from '../sign-in/authentication.ts'
import { TOKEN_PATH } from '../sign-in/issuer.ts'
import { primaryOf } from '../store/build.ts'
import type { State, User } from '../store/item.ts'
import type { Element } from '../xml/reader.ts'
import { ConnectionLost, type Fault, type FaultInjector, type Incoming } from './fault.ts'

/** A request. Names of headers are in lower case. */
export type HttpRequest = Readonly<{
  method: string
  path: string
  headers: Readonly<Record<string, string>>
  body: string | Uint8Array
  /** The connection that it comes by: the same object for all of its requests. Default: one of its own. */
  connection?: object
}>

/** A response. When it is `truncated`, the body is all that comes before the connection is lost. */
export type HttpResponse = Readonly<{
  status: number
  /** A list of values makes a line of each. */
  headers: Readonly<Record<string, string | string[]>>
  body: string
  truncated?: true
  /** It carries no Date header. */
  undated?: true
}>

/** A request or a response as it passed the border, for whoever validates them. */
export type Message = Readonly<{
  direction: 'request' | 'response'
  operation: string
  body: string
  /** The user agent that has asked. */
  agent?: string | undefined
  /** The code that a fault has put into the response; no schema need know it. */
  injected?: string | undefined
}>

/** What the border needs. */
export type BorderOptions = Readonly<{
  state: State
  authentication: Authentication
  behaviour: Behaviour
  counts: Map<string, number>
  fault: () => FaultInjector | undefined
  inspect: ((message: Message) => void) | undefined
}>

const XML = { 'content-type': 'text/xml; charset=utf-8' }
const HTML = { 'content-type': 'text/html; charset=utf-8' }
const PATH = '/ews/exchange.asmx'
/** What a request for a token is called, among the operations. */
const TOKEN = 'OAuthToken'

/** Handles one request. Throws `ConnectionLost` when a fault says so. */
export async function handle(options: BorderOptions, request: HttpRequest): Promise<HttpResponse> {
  const path = request.path.replace(/\?.*$/, '').toLowerCase()
  if (path === TOKEN_PATH) return issued(options, request)
  if (path !== PATH) return page(404, 'There is nothing at this address.')
  // Before anything of the request is looked at, as in IIS.
  const signedIn = options.authentication.signIn(request)
  // Without Kerberos nothing waits here, so that simulations run as they did.
  const { user, challenges } = signedIn instanceof Promise ? await signedIn : signedIn
  if (request.method !== 'POST') {
    return user ? page(405, 'Send a POST request.', { allow: 'POST' }) : unknown(challenges)
  }
  const text = decoded(request.body)
  if (user && text === undefined) {
    return faulted(new SoapFault('ErrorInvalidRequest', 'It is not UTF-8.'))
  }
  const body = text ?? ''
  const envelope = attempt(() => envelopeOf(body))
  const fault = await options.fault()?.(incoming(request.headers, body, user, envelope))
  if (fault?.kind === 'drop' && fault.when === 'before') throw new ConnectionLost()
  if (fault?.kind === 'http') return httpFault(fault)
  if (fault?.kind === 'signOut') return unknown(options.authentication.signOut(request))
  if (!user) return unknown(challenges)
  const operation = envelope instanceof SoapFault ? '' : envelope.operation
  counted(options, operation)
  options.inspect?.({ direction: 'request', operation, body, agent: request.headers['user-agent'] })
  const response = answered(options, { user, envelope, body, headers: request.headers, fault })
  const injected = fault?.kind === 'code' || fault?.kind === 'soap' ? fault.code : undefined
  options.inspect?.({ direction: 'response', operation, body: response.body, injected })
  if (challenges.length === 0) return spoilt(response, fault)
  const headers = { ...response.headers, 'www-authenticate': challenges }
  return spoilt({ ...response, headers }, fault)
}

/** An answer of the issuer of tokens; faults of the kinds `http` and `drop` happen to it as well. */
async function issued(options: BorderOptions, request: HttpRequest): Promise<HttpResponse> {
  const { issuer } = options.authentication
  if (!issuer) return page(404, 'There is nothing at this address.')
  const { headers } = request
  const body = decoded(request.body) ?? ''
  const asked = { operation: TOKEN, user: undefined, mailbox: undefined, headers, body }
  const fault = await options.fault()?.(asked)
  if (fault?.kind === 'drop') throw new ConnectionLost()
  if (fault?.kind === 'http') return httpFault(fault)
  counted(options, TOKEN)
  return issuer.answer(request)
}

function counted({ counts }: BorderOptions, operation: string): void {
  counts.set(operation, (counts.get(operation) ?? 0) + 1)
}

function unknown(challenges: SignedIn['challenges']): HttpResponse {
  return page(401, 'Sign in with a user name and a password.', { 'www-authenticate': challenges })
}

type Received = Readonly<{
  user: User
  envelope: Envelope | SoapFault
  body: string
  headers: Readonly<Record<string, string>>
  fault: Fault | undefined
}>

function answered(options: BorderOptions, received: Received): HttpResponse {
  const { envelope, fault } = received
  const xml = attempt(() => {
    if (fault?.kind === 'soap') {
      throw new SoapFault(fault.code, fault.message, detailsOf(fault.backOffMs))
    }
    if (envelope instanceof SoapFault) throw envelope
    return performed(options, received, envelope)
  })
  return typeof xml === 'string' ? { status: 200, headers: XML, body: xml } : faulted(xml)
}

function performed(options: BorderOptions, received: Received, envelope: Envelope): string {
  const { state, behaviour } = options
  const { operation, request, version } = envelope
  const user = effectiveUser(state, received.user, envelope)
  const perform = OPERATIONS.get(operation)
  if (!perform) {
    const message = `The operation ${request.name} is not supported.`
    throw new SoapFault('ErrorInvalidOperation', message)
  }
  demandValid(request, operation, received.body)
  const session: Session = { state, user, version, headers: received.headers, behaviour }
  const { fault } = received
  if (fault?.kind === 'code' && fault.at === 'whole') return wholeError(operation, errorOf(fault))
  const injection = fault?.kind === 'code' ? injectionOf(fault) : undefined
  const call: Call = { session, injection }
  return perform(call, request)
}

/** Whom a request acts as: who has signed in, or whom that one may impersonate. */
function effectiveUser(state: State, caller: User, envelope: Envelope): User {
  const { impersonated, primaryOnly } = envelope
  if (impersonated === undefined) return caller
  const address = primaryOf(state, impersonated)
  const { impersonates } = caller
  const user = state.users.get(address)
  if (impersonates !== 'all' && !impersonates.has(address)) {
    throw new SoapFault('ErrorImpersonateUserDenied')
  }
  if (!user) throw new SoapFault('ErrorNonExistentMailbox')
  if (primaryOnly && address !== impersonated.toLowerCase()) {
    throw new SoapFault('ErrorNonPrimarySmtpAddress', undefined, { Primary: address })
  }
  return user
}

function incoming(
  headers: Received['headers'],
  body: string,
  user: User | undefined,
  envelope: Envelope | SoapFault,
): Incoming {
  const known = envelope instanceof SoapFault ? undefined : envelope
  const mailbox = known?.impersonated ?? (known && addressed(known.request)) ?? user?.address
  const operation = known?.operation ?? ''
  return { operation, user: user?.address, mailbox: mailbox?.toLowerCase(), headers, body }
}

/** The mailbox that a request names inside a DistinguishedFolderId. */
function addressed(element: Element): string | undefined {
  if (element.name === 'DistinguishedFolderId') {
    return element.children[0]?.children.find(({ name }) => name === 'EmailAddress')?.text.trim()
  }
  // Folders are named near the top; items, of which there may be many, name no mailboxes.
  if (
    !/^(?:[A-Z]\w+FolderIds?|FolderIds|[A-Z]\w+(?:Folder|Item|Items|Hierarchy))$/.test(element.name)
  ) {
    return undefined
  }
  for (const child of element.children.slice(0, 10)) {
    const found = addressed(child)
    if (found !== undefined) return found
  }
  return undefined
}

function attempt<T>(what: () => T): T | SoapFault {
  try {
    return what()
  } catch (error) {
    if (error instanceof SoapFault) return error
    if (error instanceof EwsError) return new SoapFault(error.code, error.message, error.details)
    throw error
  }
}

type CodeFault = Extract<Fault, { kind: 'code' }>

function errorOf({ code, message, backOffMs, inner }: CodeFault): EwsError {
  const more = inner === undefined ? {} : { InnerErrorResponseCode: inner }
  return new EwsError(code, message, { ...more, ...detailsOf(backOffMs) })
}

function detailsOf(backOffMs: number | undefined): Details {
  return backOffMs === undefined ? {} : { BackOffMilliseconds: String(backOffMs) }
}

function injectionOf(fault: CodeFault): Injection {
  return { error: errorOf(fault), at: typeof fault.at === 'number' ? fault.at : undefined }
}

const EMPTY: Readonly<Record<string, string>> = {
  GetItem: '<m:Items/>',
  CreateItem: '<m:Items/>',
  UpdateItem: '<m:Items/>',
  MoveItem: '<m:Items/>',
  CopyItem: '<m:Items/>',
  CreateAttachment: '<m:Attachments/>',
  GetAttachment: '<m:Attachments/>',
}

function wholeError(operation: string, error: EwsError): string {
  const name = `${operation}ResponseMessage`
  const content = status(error) + (EMPTY[operation] ?? '')
  const message = `<m:${name} ResponseClass="Error">${content}</m:${name}>`
  return answer(operation, `<m:ResponseMessages>${message}</m:ResponseMessages>`)
}

function spoilt(response: HttpResponse, fault: Fault | undefined): HttpResponse {
  if (fault?.kind === 'drop') throw new ConnectionLost()
  if (fault?.kind === 'append') return { ...response, body: response.body + fault.text }
  if (fault?.kind === 'undated') return { ...response, undated: true }
  if (fault?.kind === 'rewrite') return { ...response, body: fault.as(response.body) }
  if (fault?.kind === 'truncate') {
    const length = fault.bytes ?? Math.floor(response.body.length / 2)
    return { ...response, body: response.body.slice(0, length), truncated: true }
  }
  return response
}

function decoded(body: string | Uint8Array): string | undefined {
  if (typeof body === 'string') return body
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    return undefined
  }
}

function faulted(fault: SoapFault): HttpResponse {
  return { status: 500, headers: XML, body: faultXml(fault) }
}

function httpFault({ status: code, headers = {}, body = '' }: Extract<Fault, { kind: 'http' }>) {
  const type = body === '' ? {} : HTML
  return { status: code, headers: { ...type, ...headers }, body }
}

function page(code: number, message: string, headers = {}): HttpResponse {
  const body = `<!DOCTYPE html><html><head><title>${code}</title></head><body><p>${message}</p></body></html>`
  return { status: code, headers: { ...HTML, ...headers }, body }
}
