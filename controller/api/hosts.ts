// The hosts that servers may be on. The decision uses the host of the URL as the connection parses it, before any DNS
// lookup: a number, capitals or a trailing dot mean the host that they stand for.
import { SyncError } from '../core/sync-error.ts'

/** The remedy for a URL that the schema accepts and the URL parser rejects. */
export const urlRemedy = 'the port must be at most 65535, and each number of an address at most 255'

/** The permitted locations of servers. */
export type HostRules = Readonly<{
  /** Like `mail.corp.example`, or `*.corp.example` for every host below; empty: any host. */
  hosts: readonly string[]
  /** Servers may be on a loopback host over http. */
  loopbackHttp: boolean
}>

/** The rules of a directory without flags: its owner may reach every host. */
export const anyHost: HostRules = { hosts: [], loopbackHttp: true }

/** Why no connection to this URL is permitted; undefined: it is. `what` names the URL in the message. */
export function hostRefusal(
  text: string,
  { hosts, loopbackHttp }: HostRules,
  what: string,
): SyncError | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' && !(loopbackHttp && isLoopback(url.hostname)))
    return refusal(
      `${what} is not encrypted: use https, or run the controller with --allow-loopback-http for a loopback host`,
    )
  if (hosts.length === 0) return undefined
  const host = url?.protocol === 'http:' || url?.protocol === 'https:' ? url.hostname : ''
  if (hosts.some((pattern) => matches(host, pattern))) return undefined
  return refusal(
    `${what} is on a host that is not allowed here: correct it, or ask the administrator of the controller to add the host to --allowed-server-hosts`,
  )
}

function matches(host: string, pattern: string): boolean {
  const plain = host.replace(/\.$/, '')
  if (!pattern.startsWith('*.')) return plain === canonical(pattern)
  // An IP address has no hosts below it.
  if (/^[\d.]+$/.test(plain)) return false
  const end = pattern.slice(1)
  const above = plain.endsWith(end) ? plain.slice(0, -end.length) : ''
  return above !== '' && above.split('.').every((label) => label !== '')
}

// Normalises a pattern as the URL parser normalises a host.
function canonical(pattern: string): string {
  const url = `https://${pattern}`
  return URL.canParse(url) ? new URL(url).hostname : pattern
}

/** Is the host, as a URL parser normalises it, this machine itself? */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}

function refusal(message: string): SyncError {
  return new SyncError('terminal', 'HostNotAllowed', message)
}
