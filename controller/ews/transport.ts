// The one way to the server for both planes: a deadline per request, authentication, routing headers, bounded
// concurrency, and errors that say what to do next.
import { SyncError } from '../core/sync-error.ts'
import type { Clock, Pace } from '../sync/ports.ts'
import { type Authorization, authorizationOf } from './authorization.ts'
import { deadlineAfter } from './deadline.ts'
import { answerOf, answerTo, envelopeXml, messagesOf } from './envelope.ts'
import { networkError, statusError, timedOut } from './http-errors.ts'
import { addressIn, type Identity } from './identity.ts'
import { InUse } from './in-use.ts'
import { Intake } from './intake.ts'
import { type Incoming, type Network, pooledNetwork } from './network.ts'
import type { Batch, Operation } from './operations.ts'
import { Pause } from './pause.ts'
import { KeyedSemaphore } from './semaphore.ts'
import { isRefusal, question, refusedWrite, SignIn } from './sign-in.ts'
import { type Reading, soapIn } from './soap.ts'
import type { Node, Xml } from './xml.ts'

/** The address and the account of a server. Durations in ms. */
export type Endpoint = Readonly<{
  url: string
  identity: Identity
  /** Certificate authorities to trust instead of Node's own, PEM. */
  ca: string | undefined
  concurrency: number
  concurrencyPerMailbox: number
  requestTimeoutMs: number
}>

/** The destination of a request, and the identity it acts as. */
export type Route = Readonly<{
  /** The mailbox that the request impersonates. */
  actAs?: string | undefined
  /** X-AnchorMailbox: the server that holds this mailbox answers. */
  anchor?: string | undefined
  /** X-PublicFolderMailbox: the mailbox with the public folder's content. */
  contentMailbox?: string | undefined
  /** The mailbox, or all public folders: requests of the same name share a limit. */
  limit: string
  /** The pass that the request belongs to. */
  pace?: Pace | undefined
}>

/**
 * An answer: the envelope, and the server's clock at this answer (ms since 1970, whole seconds; undefined if it is not
 * reported).
 */
export type Answer = Readonly<{ envelope: Node; serverDateMs: number | undefined }>

/** A result with the server's clock, as in `Answer`. */
export type Dated<Result> = Readonly<{ result: Result; serverDateMs: number | undefined }>

type Request = Readonly<{
  operation: string
  xml: Xml
  route: Route
  signal: AbortSignal
  reading: Reading
}>

/** The outcome of a request, for metrics; never contains an address. */
export type Trace = (operation: string, result: string, durationMs: number) => void

/** The documented user agent, which administrators can allow by EwsApplicationAccessPolicy. */
export const userAgent = 'exchange-sync-controller/0.1'

const reads = new Set([
  'GetFolder',
  'FindFolder',
  'FindItem',
  'GetItem',
  'SyncFolderItems',
  'ResolveNames',
  'ConvertId',
])

/** A connection to one server as one account. */
export class Transport {
  readonly #endpoint: Endpoint
  readonly #clock: Clock
  readonly #trace: Trace
  readonly #network: Network
  readonly #authorization: Authorization
  readonly #signIn: SignIn
  /** The limits for answers. */
  readonly intake: Intake
  readonly #requests: KeyedSemaphore
  readonly #pause: Pause
  readonly #use = new InUse(() => this.close())

  constructor(
    endpoint: Endpoint,
    clock: Clock,
    trace: Trace = () => {},
    network: Network = pooledNetwork(endpoint),
    signIn: SignIn = new SignIn(clock),
    itemBytes?: number,
  ) {
    this.#endpoint = endpoint
    this.#clock = clock
    this.#trace = trace
    this.#network = network
    this.#authorization = authorizationOf(endpoint, network, () => clock.now())
    this.#signIn = signIn
    this.intake = new Intake(itemBytes)
    this.#requests = new KeyedSemaphore(endpoint.concurrency, endpoint.concurrencyPerMailbox)
    this.#pause = new Pause(clock)
  }

  /** Retires the connection: running requests finish, no new one starts, then it closes. */
  retire(): void {
    this.#use.retire()
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    this.#authorization.close()
    await this.#network.close()
  }

  /** Calls the data plane. Rejects with a SyncError, or with the signal's reason. */
  async call<Request, Result>(
    operation: Operation<Request, Result>,
    request: Request,
    route: Route,
    signal: AbortSignal,
  ): Promise<Result> {
    return (await this.callDated(operation, request, route, signal)).result
  }

  /** Calls the data plane as `call` does; also answers the server's date of this very answer. */
  async callDated<Request, Result>(
    operation: Operation<Request, Result>,
    request: Request,
    route: Route,
    signal: AbortSignal,
  ): Promise<Dated<Result>> {
    const xml = envelopeXml(operation.request(request), route.actAs)
    const { envelope, serverDateMs } = await this.exchange(operation.name, xml, route, signal)
    return { result: operation.result(answerTo(operation.name, envelope), request), serverDateMs }
  }

  /** Calls the data plane about many items; answers in order, as many as the server sent. Rejects as `call` does. */
  async callEach<Request, One>(
    batch: Batch<Request, One>,
    request: Request,
    route: Route,
    signal: AbortSignal,
  ): Promise<readonly One[]> {
    const xml = envelopeXml(batch.request(request), route.actAs)
    let answers: One[] = []
    const begin = () => {
      answers = []
      return (message: Node) => void answers.push(batch.each(message))
    }
    const { envelope } = await this.exchange(batch.name, xml, route, signal, { begin })
    answerTo(batch.name, envelope)
    return answers
  }

  /**
   * Sends an envelope and answers the returned envelope, read as `reading` says. Rejects with the SyncError of a SOAP
   * fault, whatever the HTTP status. Reads are repeated once, writes never.
   */
  async exchange(
    operation: string,
    xml: Xml,
    route: Route,
    signal: AbortSignal,
    reading: Reading = {},
  ): Promise<Answer> {
    const request: Request = { operation, xml, route, signal, reading }
    const send = (answered: () => void) => this.#twice(request, answered)
    const check = (answered: () => void) => this.#once(this.#question(signal), answered)
    const signedIn = () => this.#signIn.run(send, check, reads.has(operation), signal)
    const ended = route.pace?.()
    try {
      const run = route.pace?.behind ? 'runBehind' : 'run'
      const answer = await this.#use.run(() => this.#requests[run](route.limit, signedIn, signal))
      await ended?.(undefined)
      return answer
    } catch (error) {
      await ended?.(error)
      throw error
    }
  }

  /** Ends a wait that the server asked for: a user asked for a retry, or changed the declaration. */
  resume(): void {
    this.#pause.end()
  }

  async #twice(request: Request, answered: () => void): Promise<Answer> {
    try {
      return await this.#once(request, answered)
    } catch (error) {
      if (!reads.has(request.operation) || !(error instanceof SyncError) || !again.has(error.code))
        throw error
      // Before the account is accepted, each request may be an attempt with a wrong password.
      if (!this.#signIn.accepted) throw error
      return await this.#once(request, answered)
    }
  }

  #question(signal: AbortSignal): Request {
    const route = { anchor: addressIn(this.#endpoint.identity), limit: 'check' }
    const xml = envelopeXml(question, undefined)
    return { operation: 'GetFolder', xml, route, signal, reading: {} }
  }

  async #once(request: Request, answered: () => void): Promise<Answer> {
    const { operation, signal } = request
    await this.#pause.over(signal)
    this.#use.check()
    const startMs = this.#clock.now()
    const deadline = deadlineAfter(this.#clock, this.#endpoint.requestTimeoutMs)
    try {
      const either = AbortSignal.any([signal, deadline.signal])
      const answer = await this.#post({ ...request, signal: either }, answered)
      this.#trace(operation, 'ok', this.#clock.now() - startMs)
      return answer
    } catch (error) {
      signal.throwIfAborted()
      const fault = deadline.signal.aborted ? timedOut : networkError(error, this.#endpoint.url)
      this.#pause.heed(fault)
      this.#trace(operation, fault.code, this.#clock.now() - startMs)
      throw fault
    } finally {
      deadline.end()
    }
  }

  async #post(
    { operation, xml, route, signal, reading }: Request,
    answered: () => void,
  ): Promise<Answer> {
    const response = await this.#sent({ operation, xml, route, signal })
    if (response.status !== 200 && response.status !== 500) {
      await response.discard()
      throw statusError(response, this.#clock.now(), this.#endpoint.identity)
    }
    const [nowMs, intake, pause] = [this.#clock.now(), this.intake, this.#pause]
    const envelope = await soapIn(response, reading, { intake, pause, nowMs, signal })
    try {
      for (const message of messagesOf(answerOf(envelope))) this.#pause.heedMessage(message)
    } catch (error) {
      if (envelope.name === 'Envelope' && !isRefusal(error)) answered()
      throw error
    }
    answered()
    if (response.status === 500) throw statusError(response, this.#clock.now())
    const date = Date.parse(String(response.headers.date ?? ''))
    const serverDateMs = Number.isNaN(date) ? undefined : date
    return { envelope, serverDateMs }
  }

  // A read that is refused is sent once more if there is something new to sign it in with. A write may have been done.
  async #sent({ operation, xml, route, signal }: Omit<Request, 'reading'>): Promise<Incoming> {
    const headers: Record<string, string> = {
      'content-type': 'text/xml; charset=utf-8',
      accept: 'text/xml',
      'user-agent': userAgent,
    }
    // HTTP has no other letters in a header.
    for (const [name, mailbox] of [
      ['x-anchormailbox', route.anchor],
      ['x-publicfoldermailbox', route.contentMailbox],
    ] as const)
      if (mailbox !== undefined && /^[\x21-\x7e]+$/.test(mailbox)) headers[name] = mailbox
    const send = async (authorization: string | undefined) => {
      // The server may have asked for a pause while there was a wait for the authorization.
      await this.#pause.over(signal)
      const signedIn = authorization === undefined ? headers : { ...headers, authorization }
      return this.#network.send({ url: this.#endpoint.url, headers: signedIn, body: xml, signal })
    }
    const authorization = await this.#authorization.header(signal)
    const response = await send(authorization)
    if (response.status !== 401 || authorization === undefined) return response
    if (!this.#authorization.renews(authorization)) return response
    await response.discard()
    if (!reads.has(operation)) throw refusedWrite
    return send(await this.#authorization.header(signal))
  }
}

const again = new Set([
  'SignInLost',
  'ConnectionLost',
  'EmptyAnswer',
  'TruncatedAnswer',
  'NotXml',
  'ErrorInternalServerTransientError',
])
