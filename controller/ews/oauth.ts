// Access tokens of a token endpoint, such as AD FS (OAuth 2.0 client credentials, RFC 6749 §4.4). One token serves all
// requests; it is asked for again before it expires, and once after a server refuses it.
import { SyncError } from '../core/sync-error.ts'
import { networkError } from './http-errors.ts'
import type { TokenClient } from './identity.ts'
import type { Incoming, Network } from './network.ts'
import { Attempts } from './semaphore.ts'

/** The largest accepted answer of a token endpoint, bytes. */
const answerMax = 65_536
/** A token is renewed this long before it expires, but never in the first half of its life; ms. */
const earlyMs = 300_000
/** The life of a token whose endpoint states none, and the longest that is believed; seconds. */
const lifeUsual = 300
const lifeMax = 86_400

/** The least time between two tries to renew a token that is still valid; ms. */
const againMs = 30_000

type Token = Readonly<{ text: string; renewAtMs: number; endMs: number }>

/** The token of one client, asked for when it is needed. */
export class Tokens {
  readonly #client: TokenClient
  readonly #network: Network
  readonly #now: () => number
  readonly #attempts = new Attempts<string>()
  #token: Token | undefined

  constructor(client: TokenClient, network: Network, now: () => number) {
    this.#client = client
    this.#network = network
    this.#now = now
  }

  /** A token that is valid now. Rejects with a SyncError if the endpoint refuses, fails, or answers something else. */
  current(signal: AbortSignal): Promise<string> {
    return this.#attempts.run(async (failed) => {
      const token = this.#token
      if (token !== undefined && this.#now() < token.renewAtMs) return token.text
      try {
        this.#token = await this.#asked(signal)
        return this.#token.text
      } catch (error) {
        signal.throwIfAborted()
        const passes = error instanceof SyncError && error.kind === 'transient'
        if (token !== undefined && passes && this.#now() < token.endMs) {
          this.#token = { ...token, renewAtMs: this.#now() + againMs }
          return token.text
        }
        failed(() => {
          throw error
        })
        throw error
      }
    }, signal)
  }

  /** A server refused this token: the next one is another. */
  drop(text: string): void {
    if (this.#token?.text === text) this.#token = undefined
  }

  async #asked(signal: AbortSignal): Promise<Token> {
    const { tokenURL, clientID, clientSecret, scope } = this.#client
    const startMs = this.#now()
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientID,
      client_secret: clientSecret,
      scope,
    })
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    }
    const outgoing = { url: tokenURL, headers, body: form.toString(), signal }
    try {
      const response = await this.#network.send(outgoing)
      return tokenOf(response.status, await answerOf(response), startMs)
    } catch (error) {
      signal.throwIfAborted()
      throw networkError(error, tokenURL, 'tokenURL')
    }
  }
}

type Answer = Readonly<Record<string, unknown>>

// The answer, or an empty one if it is no JSON object, or too large.
async function answerOf(response: Incoming): Promise<Answer> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body) {
    length += chunk.length
    if (length > answerMax) return {}
    chunks.push(chunk)
  }
  try {
    const answer: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    return typeof answer === 'object' && answer !== null ? (answer as Answer) : {}
  } catch {
    return {}
  }
}

function tokenOf(status: number, answer: Answer, startMs: number): Token {
  if (status === 400 || status === 401) throw refused(answer.error)
  const { access_token: text, token_type: type, expires_in: life } = answer
  const isToken = typeof text === 'string' && /^[\x21-\x7e]{1,16384}$/.test(text)
  if (status !== 200 || !isToken || !/^bearer$/i.test(String(type))) throw unavailable(status)
  const stated = Number(life ?? lifeUsual)
  const lifeMs = 1_000 * Math.min(Math.max(Number.isNaN(stated) ? lifeUsual : stated, 0), lifeMax)
  const endMs = startMs + lifeMs
  return { text, endMs, renewAtMs: endMs - Math.min(earlyMs, lifeMs / 2) }
}

// RFC 6749 §5.2. The description in such an answer may hold names, so it is left out.
const errors: Readonly<Record<string, string>> = {
  invalid_client: 'correct clientID and clientSecret in the Secret of spec.auth.secretRef',
  invalid_grant: 'allow the grant client_credentials for this client',
  unauthorized_client: 'allow the grant client_credentials for this client',
  invalid_scope: 'correct scope in the Secret of spec.auth.secretRef',
  invalid_resource: 'correct scope in the Secret of spec.auth.secretRef',
  invalid_request: 'check tokenURL and scope in the Secret of spec.auth.secretRef',
  unsupported_grant_type: 'allow the grant client_credentials at the token endpoint',
}

function refused(code: unknown): SyncError {
  const known = typeof code === 'string' && Object.hasOwn(errors, code) ? code : 'no known error'
  const remedy =
    errors[known] ??
    'check tokenURL, clientID, clientSecret and scope in the Secret of spec.auth.secretRef'
  const message = `the token endpoint refused the client (${known}): ${remedy}`
  return new SyncError('terminal', 'AuthenticationFailed', message)
}

function unavailable(status: number): SyncError {
  const message = `the token endpoint gave no token (HTTP ${status}): check tokenURL in the Secret of spec.auth.secretRef, and the endpoint; the controller tries again`
  return new SyncError('transient', 'TokenUnavailable', message)
}
