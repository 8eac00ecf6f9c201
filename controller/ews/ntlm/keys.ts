// The keys and responses of NTLMv2 (MS-NLMP §3.3.2). Of a password, only its hash leaves this file.
import { createHmac } from 'node:crypto'
import { md4 } from './md4.ts'

/** The account of a sign-in. `domain` is empty for a user principal name. */
export type NtlmUser = Readonly<{ domain: string; name: string; password: string }>

/** The numbers of one handshake: 8 bytes each. `time` is a FILETIME: 100 ns since 1601, little-endian. */
export type Nonces = Readonly<{ server: Buffer; client: Buffer; time: Buffer }>

/** The answers of a client to a challenge, and the key of the session. */
export type Responses = Readonly<{ nt: Buffer; lm: Buffer; sessionKey: Buffer }>

/** The account in a user name: `DOMAIN\user`, a user principal name, or a plain name. */
export function ntlmUser(username: string, password: string): NtlmUser {
  const slash = username.indexOf('\\')
  if (slash < 0) return { domain: '', name: username, password }
  return { domain: username.slice(0, slash), name: username.slice(slash + 1), password }
}

/** The key of an account, 16 bytes: NTOWFv2 (MS-NLMP §3.3.2). */
export function responseKey({ domain, name, password }: NtlmUser): Buffer {
  return hmac(md4(utf16(password)), utf16(upper(name) + domain))
}

/**
 * The responses to a challenge. `targetInfo`: AV pairs, already completed by the client. Source: MS-NLMP §3.3.2,
 * ComputeResponse.
 */
export function responsesTo(user: NtlmUser, nonces: Nonces, targetInfo: Buffer): Responses {
  const key = responseKey(user)
  const { server, client, time } = nonces
  const header = Buffer.from([1, 1, 0, 0, 0, 0, 0, 0])
  const blob = Buffer.concat([header, time, client, Buffer.alloc(4), targetInfo, Buffer.alloc(4)])
  const proof = hmac(key, server, blob)
  return {
    nt: Buffer.concat([proof, blob]),
    lm: Buffer.concat([hmac(key, server, client), client]),
    sessionKey: hmac(key, proof),
  }
}

/** HMAC-MD5 over the parts: 16 bytes. */
export function hmac(key: Buffer, ...parts: readonly Buffer[]): Buffer {
  const mac = createHmac('md5', key)
  for (const part of parts) mac.update(part)
  return mac.digest()
}

/** A text as NTLM sends it: UTF-16, little-endian. */
export function utf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le')
}

// Windows maps each character to one capital; `ß` keeps its form.
function upper(text: string): string {
  return [...text]
    .map((letter) => {
      const capital = letter.toUpperCase()
      return capital.length === letter.length ? capital : letter
    })
    .join('')
}
