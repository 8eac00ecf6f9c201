// A small issuer of tokens for applications, as AD FS is one: OAuth 2.0 client credentials (RFC 6749 §4.4). A token is a
// JWT under the application's secret, so that it outlives the program and ends with the secret.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { WorldApp } from './settings.ts'

/** Where tokens are asked for. */
export const TOKEN_PATH = '/adfs/oauth2/token'

/** An answer of the issuer. */
export type IssuerAnswer = Readonly<{
  status: number
  headers: Readonly<Record<string, string>>
  body: string
}>

type Demand = Readonly<{
  method: string
  headers: Readonly<Record<string, string>>
  body: string | Uint8Array
}>
type Claims = Readonly<{ appid: string; exp: number }>

/** Issues tokens and tells whose they are. */
export class Issuer {
  readonly #apps: ReadonlyMap<string, WorldApp>
  readonly #seconds: number
  readonly #clock: () => number
  #issued = 0

  constructor(apps: readonly WorldApp[], seconds: number, clock: () => number) {
    this.#apps = new Map(apps.map((app) => [app.id, app]))
    this.#seconds = seconds
    this.#clock = clock
  }

  /** Answers a request for a token. */
  answer({ method, headers, body }: Demand): IssuerAnswer {
    if (method !== 'POST') return json(405, { error: 'invalid_request' }, { allow: 'POST' })
    const type = headers['content-type'] ?? ''
    if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
      return failure('invalid_request', 'The body is not a form.')
    }
    const form = new URLSearchParams(Buffer.from(body).toString())
    const names = [...form.keys()]
    if (new Set(names).size < names.length) {
      return failure('invalid_request', 'A parameter is there twice.')
    }
    const grant = form.get('grant_type')
    if (grant === null) return failure('invalid_request', 'grant_type is missing.')
    const [id, secret] = credentials(headers.authorization, form)
    const app = this.#apps.get(id)
    if (app === undefined || app.secret !== secret) {
      const challenge =
        headers.authorization === undefined ? {} : { 'www-authenticate': 'Basic realm="adfs"' }
      const said = { error: 'invalid_client', error_description: 'The client is not known.' }
      return json(401, said, challenge)
    }
    if (grant !== 'client_credentials') {
      return failure('unsupported_grant_type', `${grant} is not supported here.`)
    }
    const audience = form.get('resource') ?? form.get('scope')?.replace(/\/\.default$/, '')
    if (!audience) return failure('invalid_request', 'scope and resource are missing.')
    const token = this.#token(app, audience)
    return json(200, { access_token: token, token_type: 'bearer', expires_in: this.#seconds })
  }

  /** The address of the user whose rights a token gives; undefined when it is wrong or has expired. */
  userOf(token: string): string | undefined {
    const [head, payload, signature] = token.split('.')
    const claims = claimsIn(payload)
    const app = claims && this.#apps.get(claims.appid)
    if (!app || signature === undefined) return undefined
    const [given, right] = [Buffer.from(signature), Buffer.from(signed(app, `${head}.${payload}`))]
    if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined
    return claims.exp * 1000 > this.#clock() ? app.as.toLowerCase() : undefined
  }

  #token(app: WorldApp, audience: string): string {
    const now = Math.floor(this.#clock() / 1000)
    this.#issued += 1
    const claims = {
      aud: audience,
      iss: 'http://adfs.invalid/adfs/services/trust',
      iat: now,
      nbf: now,
      exp: now + this.#seconds,
      appid: app.id,
      apptype: 'Confidential',
      jti: String(this.#issued),
      ver: '1.0',
    }
    const text = `${encoded({ typ: 'JWT', alg: 'HS256' })}.${encoded(claims)}`
    return `${text}.${signed(app, text)}`
  }
}

// In the form, or by Basic authentication (RFC 6749 §2.3.1).
function credentials(authorization: string | undefined, form: URLSearchParams): [string, string] {
  const basic = /^Basic\s+(\S+)$/i.exec(authorization ?? '')?.[1]
  if (basic === undefined) return [form.get('client_id') ?? '', form.get('client_secret') ?? '']
  const [id = '', ...secret] = Buffer.from(basic, 'base64').toString().split(':')
  const plain = (text: string) => new URLSearchParams(`x=${text}`).get('x') ?? ''
  return [plain(id), plain(secret.join(':'))]
}

function signed(app: WorldApp, text: string): string {
  return createHmac('sha256', app.secret).update(text).digest('base64url')
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function claimsIn(payload = ''): Claims | undefined {
  try {
    const { appid, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims
    return typeof appid === 'string' && typeof exp === 'number' ? { appid, exp } : undefined
  } catch {
    return undefined
  }
}

function failure(error: string, description: string): IssuerAnswer {
  return json(400, { error, error_description: description })
}

function json(status: number, value: unknown, headers = {}): IssuerAnswer {
  const own = {
    'content-type': 'application/json;charset=UTF-8',
    'cache-control': 'no-store',
    pragma: 'no-cache',
  }
  return { status, headers: { ...own, ...headers }, body: JSON.stringify(value) }
}
