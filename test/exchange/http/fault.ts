// What a test can let go wrong, at the border between request and response. A fault injector is asked about
// every request before it is handled; it may also just wait, or act as a user, and return nothing.

/** A request on its way in. */
export type Incoming = Readonly<{
  /** Of a request for a token, `OAuthToken`. */
  operation: string
  /** Who has signed in; undefined when nobody has, as in the middle of a handshake. */
  user: string | undefined
  /** Whose rights count, or whose folder is named; undefined when the request names nobody. */
  mailbox: string | undefined
  headers: Readonly<Record<string, string>>
  body: string
}>

/** What goes wrong. */
export type Fault =
  /** Something in front of Exchange answers: 503 with Retry-After, 401, a redirect, an HTML page. */
  | Readonly<{
      kind: 'http'
      status: number
      headers?: Readonly<Record<string, string>>
      body?: string
    }>
  /** The connection is not signed in any more: 401 with what the server offers, and nothing is done. */
  | Readonly<{ kind: 'signOut' }>
  /** The whole request is refused, with HTTP 500. */
  | Readonly<{ kind: 'soap'; code: string; message?: string; backOffMs?: number }>
  /** The connection is lost, before anything has happened or after everything has. */
  | Readonly<{ kind: 'drop'; when: 'before' | 'after' }>
  /** The answer ends in the middle, after so many bytes (default: half), and the connection with it. */
  | Readonly<{ kind: 'truncate'; bytes?: number }>
  /** A good answer without a Date header. */
  | Readonly<{ kind: 'undated' }>
  /** Something is appended to a good answer. */
  | Readonly<{ kind: 'append'; text: string }>
  /** A good answer reads otherwise: what a store holds and a test cannot put there, or damage on the way. */
  | Readonly<{ kind: 'rewrite'; as: (body: string) => string }>
  /**
   * A response code in HTTP 200: for the n-th item (from 0), for each of them, or, when `at` is `whole`, in
   * one single response message, however many items there are.
   */
  | Readonly<{
      kind: 'code'
      code: string
      at: number | 'each' | 'whole'
      message?: string
      backOffMs?: number
      /** Shown as InnerErrorResponseCode. */
      inner?: string
    }>

/** Decides about each request what goes wrong, if anything. */
export type FaultInjector = (request: Incoming) => Fault | undefined | Promise<Fault | undefined>

/** The connection was lost: there is no response. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
  readonly code = 'ECONNRESET'
  constructor() {
    super('The connection was lost')
  }
}
