// The one way to the server: a deadline for every request, authentication, routing headers, bounded
// concurrency, and errors that say what to do next. Both planes use it.
import { SyncError } from '../core/sync-error.ts'
import type { Clock, Pace } from '../sync/ports.ts'
import { answerOf, envelopeXml, messagesOf } from './envelope.ts'
import { networkError, statusError, timedOut } from './http-errors.ts'
import { InUse } from './in-use.ts'
import { Intake } from './intake.ts'
import { type Network, pooledNetwork } from './network.ts'
import type { Batch, Operation } from './operations.ts'
import { Pause } from './pause.ts'
import { Lanes } from './semaphore.ts'
import { isRefusal, question, SignIn } from './sign-in.ts'
import { type Reading, soapIn } from './soap.ts'
import type { Node, Xml } from './xml.ts'

/** How to reach a server, and as whom. Durations in ms. */
export type Endpoint = Readonly<{
  url: string
  username: string
  password: string
  /** Certificate authorities to trust instead of Node's own, PEM. */
  ca: string | undefined
  concurrency: number
  concurrencyPerMailbox: number
  requestTimeoutMs: number
}>

/** Where a request goes, and as whom it acts. */
export type Route = Readonly<{
  /** The mailbox whose owner the request acts as. */
  actAs?: string | undefined
  /** X-AnchorMailbox: the server that holds it answers. */
  anchor?: string | undefined
  /** X-PublicFolderMailbox: where the public folder's content lies. */
  contentMailbox?: string | undefined
  /** Requests of one lane are bounded together: of a mailbox, or of all public folders. */
  lane: string
  /** The pass that the request is part of. */
  pace?: Pace | undefined
}>

/**
 * An answer: the envelope, and the server's clock when it gave this answer (ms since 1970, whole seconds; undefined
 * when it does not tell).
 */
export type Answer = Readonly<{ envelope: Node; serverDateMs: number | undefined }>

/** A result, with the server's clock when it gave it, as in `Answer`. */
export type Dated<Result> = Readonly<{ result: Result; serverDateMs: number | undefined }>

type Request = Readonly<{
  operation: string
  xml: Xml
  route: Route
  signal: AbortSignal
  reading: Reading
}>

/** What became of a request, for metrics: never an address. */
export type Trace = (operation: string, result: string, durationMs: number) => void

/** A fixed, documented name: administrators can allow it by EwsApplicationAccessPolicy. */
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
  readonly #signIn: SignIn
  /** How much of an answer is taken in. */
  readonly intake: Intake
  readonly #lanes: Lanes
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
    this.#signIn = signIn
    this.intake = new Intake(itemBytes)
    this.#lanes = new Lanes(endpoint.concurrency, endpoint.concurrencyPerMailbox)
    this.#pause = new Pause(clock)
  }

  /** Lets requests that are under way end, and closes then; no other one begins. */
  retire(): void {
    this.#use.retire()
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    await this.#network.close()
  }

  /** Makes a call of the data plane. Rejects with a SyncError, or with the signal's reason. */
  async call<Request, Result>(
    operation: Operation<Request, Result>,
    request: Request,
    route: Route,
    signal: AbortSignal,
  ): Promise<Result> {
    return (await this.callDated(operation, request, route, signal)).result
  }

  /** Makes a call of the data plane, as `call` does; the date is that of this very answer. */
  async callDated<Request, Result>(
    operation: Operation<Request, Result>,
    request: Request,
    route: Route,
    signal: AbortSignal,
  ): Promise<Dated<Result>> {
    const xml = envelopeXml(operation.request(request), route.actAs)
    const { envelope, serverDateMs } = await this.exchange(operation.name, xml, route, signal)
    return { result: operation.result(answerOf(envelope), request), serverDateMs }
  }

  /** Makes a call about many items; answers in order, as many as the server gave. Rejects as `call` does. */
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
    answerOf(envelope)
    return answers
  }

  /**
   * Sends an envelope, answers the envelope that came back, read as `reading` says. Rejects with the SyncError of
   * a SOAP fault, whatever the HTTP status. Reads are tried again once, writes never, except where the sign-in
   * was refused (sign-in.ts).
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
    const signedIn = () => this.#signIn.run(send, check, signal)
    const ended = route.pace?.()
    try {
      const answer = await this.#use.run(() => this.#lanes.run(route.lane, signedIn, signal))
      await ended?.(undefined)
      return answer
    } catch (error) {
      await ended?.(error)
      throw error
    }
  }

  /** A user asked for a try, or declared something else: a wait that the server asked for ends. */
  resume(): void {
    this.#pause.end()
  }

  async #twice(request: Request, answered: () => void): Promise<Answer> {
    try {
      return await this.#once(request, answered)
    } catch (error) {
      if (!reads.has(request.operation) || !(error instanceof SyncError) || !again.has(error.code))
        throw error
      return await this.#once(request, answered)
    }
  }

  #question(signal: AbortSignal): Request {
    const { username } = this.#endpoint
    const route = { anchor: username.includes('@') ? username : undefined, lane: 'check' }
    const xml = envelopeXml(question, undefined)
    return { operation: 'GetFolder', xml, route, signal, reading: {} }
  }

  async #once(request: Request, answered: () => void): Promise<Answer> {
    const { operation, signal } = request
    await this.#pause.over(signal)
    this.#use.check()
    const startMs = this.#clock.now()
    const [deadline, ended] = [new AbortController(), new AbortController()]
    this.#clock.sleep(this.#endpoint.requestTimeoutMs, ended.signal).then(
      () => deadline.abort(),
      () => {},
    )
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
      ended.abort()
    }
  }

  async #post({ xml, route, signal, reading }: Request, answered: () => void): Promise<Answer> {
    const { url, username, password } = this.#endpoint
    const headers: Record<string, string> = {
      'content-type': 'text/xml; charset=utf-8',
      accept: 'text/xml',
      'user-agent': userAgent,
      authorization: `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`,
    }
    if (route.anchor !== undefined) headers['x-anchormailbox'] = route.anchor
    if (route.contentMailbox !== undefined) headers['x-publicfoldermailbox'] = route.contentMailbox
    const response = await this.#network.send({ url, headers, body: xml, signal })
    if (response.status !== 200 && response.status !== 500) {
      await response.discard()
      throw statusError(response, this.#clock.now())
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
}

const again = new Set([
  'ConnectionLost',
  'EmptyAnswer',
  'TruncatedAnswer',
  'NotXml',
  'ErrorInternalServerTransientError',
])
