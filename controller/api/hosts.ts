// Which hosts servers may be on. It is decided by the host that a URL leads to, as the connection would parse it, before
// any name is looked up: what is written as a number, in capitals or with a dot at the end is the host that it means.
import { SyncError } from '../core/sync-error.ts'

/** What makes a URL of what the schema lets pass, and a parser does not. */
export const urlRemedy = 'the port must be at most 65535, and each number of an address at most 255'

/** Where servers may be. */
export type HostRules = Readonly<{
  /** Like `mail.corp.example`, or `*.corp.example` for every host below; none: any host. */
  hosts: readonly string[]
  /** Servers may be on a loopback host, by http. */
  loopbackHttp: boolean
}>

/** A directory's rules without flags: its owner may reach every host. */
export const anyHost: HostRules = { hosts: [], loopbackHttp: true }

/** Why no connection is made to a URL, which `what` names; undefined: it may be made. */
export function hostRefusal(
  text: string,
  { hosts, loopbackHttp }: HostRules,
  what: string,
): SyncError | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' && !(loopbackHttp && isLoopback(url.hostname)))
    return refusal(
      `${what} is not encrypted: use https, or run the controller with --allow-loopback-http where it is a loopback host`,
    )
  if (hosts.length === 0) return undefined
  const host = url?.protocol === 'http:' || url?.protocol === 'https:' ? url.hostname : ''
  if (hosts.some((pattern) => matches(host, pattern))) return undefined
  return refusal(
    `${what} is on a host that servers may not be on here: correct it, or have whoever runs the controller add the host to --allowed-server-hosts`,
  )
}

function matches(host: string, pattern: string): boolean {
  const plain = host.replace(/\.$/, '')
  if (!pattern.startsWith('*.')) return plain === canonical(pattern)
  // An address has no hosts below it.
  if (/^[\d.]+$/.test(plain)) return false
  const end = pattern.slice(1)
  const above = plain.endsWith(end) ? plain.slice(0, -end.length) : ''
  return above !== '' && above.split('.').every((label) => label !== '')
}

// A pattern means what a URL with it would lead to.
function canonical(pattern: string): string {
  const url = `https://${pattern}`
  return URL.canParse(url) ? new URL(url).hostname : pattern
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}

function refusal(message: string): SyncError {
  return new SyncError('terminal', 'HostNotAllowed', message)
}
