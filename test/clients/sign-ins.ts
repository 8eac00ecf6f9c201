// The ways in which clients sign in at the embedded Exchange, and what it must see of each.
import { connect } from 'node:tls'
import { Agent, request } from 'undici'
import type { ExchangeOptions } from '../exchange/exchange.ts'
import type { Refusal } from '../exchange/sign-in/ntlm.ts'
import type { WorldSignIn } from '../exchange/sign-in/settings.ts'

/** The person that clients sign in as. */
export const ANNA = {
  mailbox: 'anna@corp.example',
  user: 'CORP\\anna',
  password: 'anna-secret',
} as const

/** The application that gets tokens for Anna. */
export const APP = { id: 'clients', secret: 'app-secret', as: ANNA.mailbox } as const

/** A way to sign in, and the server that takes it or not. */
export type SignIn = Readonly<{
  title: string
  way: 'Basic' | 'NTLM' | 'OAuth'
  world: WorldSignIn
  tls?: true
  /** The channel binding that the client sends, as the server finds it; absent where it cannot know. */
  binding?: 'none' | 'right'
  /** The server refuses it for this. */
  refused?: Refusal
}>

const offers = ['Negotiate', 'NTLM'] as const

export const BASIC: SignIn = { title: 'Basic', way: 'Basic', world: { offers: ['Basic'] } }

export const BASIC_TLS: SignIn = { ...BASIC, title: 'Basic over TLS', tls: true }

export const NTLM: SignIn = { title: 'NTLM', way: 'NTLM', world: { offers }, binding: 'none' }

export const NTLM_BOUND: SignIn = {
  title: 'NTLM with the channel binding that is required',
  way: 'NTLM',
  world: { offers, extendedProtection: 'Require' },
  tls: true,
  binding: 'right',
}

export const NTLM_UNBOUND: SignIn = {
  title: 'NTLM without a channel binding, where it is allowed',
  way: 'NTLM',
  world: { offers, extendedProtection: 'Allow' },
  tls: true,
  binding: 'none',
}

export const NTLM_REFUSED: SignIn = {
  ...NTLM_UNBOUND,
  title: 'NTLM without the channel binding that is required',
  world: { offers, extendedProtection: 'Require' },
  refused: 'binding',
}

export const OAUTH: SignIn = {
  title: 'OAuth',
  way: 'OAuth',
  world: { offers: ['Negotiate', 'NTLM', 'Bearer'], apps: [APP] },
  tls: true,
}

/** The issuer's address at an Exchange. */
export function issuerOf(url: string): string {
  return new URL('/adfs/oauth2/token', url).href
}

/** A token for Anna, from the issuer of an Exchange whose authority has this certificate (PEM). */
export async function tokenFrom(url: string, ca: string): Promise<string> {
  const form = {
    grant_type: 'client_credentials',
    client_id: APP.id,
    client_secret: APP.secret,
    resource: new URL(url).origin,
  }
  const agent = new Agent({ connect: { ca } })
  const { statusCode, body } = await request(issuerOf(url), {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
    dispatcher: agent,
  })
  const answer = (await body.json()) as { access_token: string }
  await agent.close()
  if (statusCode !== 200) throw new Error(JSON.stringify(answer))
  return answer.access_token
}

/** The SHA-1 of a server's certificate, in hexadecimal digits with colons. */
export async function fingerprintOf(url: string): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, { rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint)
      socket.end()
    })
    socket.once('error', reject)
  })
}

/** What an Exchange is started with so that this is how it signs people in; its certificates go into a folder. */
export function optionsFor({ tls }: SignIn, folder: string): ExchangeOptions {
  return tls ? { tls: folder } : {}
}
