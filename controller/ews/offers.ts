// The ways of signing in that a server offers (WWW-Authenticate, RFC 9110 §11.6.1), and the error of a refusal, which says
// what to change on which side.
import { SyncError } from '../core/sync-error.ts'
import type { Identity } from './identity.ts'
import type { Incoming } from './network.ts'

/** A way of signing in, as HTTP names it. */
export type Scheme = 'Basic' | 'NTLM' | 'Negotiate' | 'Bearer' | 'Digest'

const schemes: readonly Scheme[] = ['Negotiate', 'NTLM', 'Bearer', 'Basic', 'Digest']

/** The schemes that a response offers. Anything else in the header is ignored, so nothing of it reaches a log. */
export function offersIn(headers: Incoming['headers']): readonly Scheme[] {
  const values = [headers['www-authenticate'] ?? []].flat()
  const offers = (scheme: Scheme) =>
    values.some((value) => new RegExp(`(^|,)\\s*${scheme}(\\s|,|$)`, 'i').test(value))
  return schemes.filter(offers)
}

/** The token that a response gives with a scheme, decoded; undefined without one. At most 16 KiB. */
export function tokenIn(headers: Incoming['headers'], scheme: Scheme): Buffer | undefined {
  const pattern = new RegExp(
    `(?:^|,)\\s*${scheme}\\s+([A-Za-z0-9+/]{1,16384}={0,2})\\s*(?:,|$)`,
    'i',
  )
  for (const value of [headers['www-authenticate'] ?? []].flat()) {
    const token = pattern.exec(value)?.[1]
    if (token !== undefined) return Buffer.from(token, 'base64')
  }
  return undefined
}

const virtualDirectory = 'Get-WebServicesVirtualDirectory | Set-WebServicesVirtualDirectory'

/** By type: the schemes that serve it, how to switch them on, and the remedy for a refusal although it is offered. */
const ways: Readonly<
  Record<
    Identity['type'],
    Readonly<{ schemes: readonly Scheme[]; enable: string; refused: string }>
  >
> = {
  Basic: {
    schemes: ['Basic'],
    enable: `${virtualDirectory} -BasicAuthentication $true`,
    refused: 'the user name or password: correct them in the Secret of spec.auth.secretRef',
  },
  NTLM: {
    schemes: ['NTLM', 'Negotiate'],
    enable: `${virtualDirectory} -WindowsAuthentication $true`,
    refused:
      'the user name or password: correct them in the Secret of spec.auth.secretRef. If both are right, a proxy may end TLS with another certificate than the server’s, which Extended Protection refuses in the same way: run exsync doctor',
  },
  Kerberos: {
    schemes: ['Negotiate'],
    enable: `${virtualDirectory} -WindowsAuthentication $true`,
    refused:
      'the Kerberos ticket: check that the service principal name HTTP/<host of spec.url> belongs to the server’s account (setspn -Q), and that the clocks agree',
  },
  OAuth: {
    schemes: ['Bearer'],
    enable: `${virtualDirectory} -OAuthAuthentication $true`,
    refused:
      'the token of the application: check that Exchange trusts the token endpoint (Get-AuthServer), and that the application has the rights (ApplicationImpersonation)',
  },
}

const typeOf: Readonly<Partial<Record<Scheme, Identity['type']>>> = {
  Basic: 'Basic',
  NTLM: 'NTLM',
  Negotiate: 'NTLM',
  Bearer: 'OAuth',
}

/** Why a server with these offers cannot sign an account of the type in, and the remedy; undefined if it can, or offers nothing. */
export function offerFault(
  type: Identity['type'],
  offers: readonly Scheme[],
): Readonly<{ fault: string; remedy: string }> | undefined {
  const { schemes, enable } = ways[type]
  if (offers.length === 0 || offers.some((offer) => schemes.includes(offer))) return undefined
  const other = offers.map((offer) => typeOf[offer]).find((each) => each !== undefined)
  const change = other === undefined ? '' : `set spec.auth.type to ${other}, or `
  const wanted = schemes.join(' or ')
  return {
    fault: `the server does not offer ${wanted} for spec.auth.type ${type}, only ${offers.join(', ')}`,
    remedy: `${change}enable it at the server with ${enable}`,
  }
}

/** The error of HTTP 401. Says what the server offers, and what to set. */
export function refusalOf(identity: Identity, headers: Incoming['headers']): SyncError {
  const offers = offersIn(headers)
  const lacking = offerFault(identity.type, offers)
  if (lacking !== undefined) return refusal(`${lacking.fault}: ${lacking.remedy}`)
  const list = offers.length === 0 ? 'nothing' : offers.join(', ')
  const unbound = identity.type === 'NTLM' && identity.channelBinding === 'Omit'
  const refused = unbound ? refusedUnbound : ways[identity.type].refused
  return refusal(`the server refused ${refused} (it offers: ${list})`)
}

const refusedUnbound =
  'the user name or password: correct them in the Secret of spec.auth.secretRef. If both are right, Extended Protection may be Require, which refuses spec.auth.channelBinding Omit in the same way: remove it, or run exsync doctor'

function refusal(message: string): SyncError {
  return new SyncError('terminal', 'AuthenticationFailed', message)
}
