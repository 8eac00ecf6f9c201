// The part of a connection below HTTP, step by step: the name, then TLS. Nothing is sent beyond the TLS handshake, so a
// certificate that is not trusted can be looked at without a risk.
import { X509Certificate } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'

/** Facts about a TLS connection. */
export type TlsFacts = Readonly<{
  /** Such as TLSv1.3. */
  protocol: string
  /** Node's code of the reason why the certificate is not trusted for this host; undefined: it is trusted. */
  untrusted: string | undefined
  /** The names that the certificate is for, as it lists them. */
  names: string
  /** The end of its validity, ms since 1970. */
  validToMs: number
  /** Its SHA-1 fingerprint in hexadecimal, as Exchange names it. */
  thumbprint: string
}>

/** The host of a URL, as it is connected to: without the brackets of an IPv6 address. */
export function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '')
}

/** Does the URL name an address instead of a host? */
export function isAddress(host: string): boolean {
  return isIP(host) !== 0
}

/** The addresses of a host, by the resolver of the system. Rejects with Node's error. */
export async function addressesOf(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address)
}

/** Connects by TLS and ends the connection. `ca`: PEM; undefined: Node's own. Rejects with Node's error. */
export function tlsFacts(
  url: string,
  ca: string | undefined,
  signal: AbortSignal,
): Promise<TlsFacts> {
  const host = hostOf(url)
  const port = Number(new URL(url).port || '443')
  const { promise, resolve, reject } = Promise.withResolvers<TlsFacts>()
  const socket = connect({
    host,
    port,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
    ...(isAddress(host) ? {} : { servername: host }),
    ...(ca === undefined ? {} : { ca }),
  })
  const end = () => socket.destroy(new Error('ended'))
  signal.addEventListener('abort', end, { once: true })
  socket.once('error', (error) => reject(signal.aborted ? signal.reason : error))
  socket.once('secureConnect', () => {
    const facts = factsOf(socket)
    if (facts === undefined) reject(new Error('no certificate'))
    else resolve(facts)
  })
  return promise.finally(() => {
    signal.removeEventListener('abort', end)
    socket.destroy()
  })
}

function factsOf(socket: TLSSocket): TlsFacts | undefined {
  const { raw } = socket.getPeerCertificate()
  if (raw === undefined) return undefined
  const { subjectAltName = '', validTo, fingerprint } = new X509Certificate(raw)
  return {
    protocol: socket.getProtocol() ?? 'TLS',
    // Node declares an Error, and sets its code.
    untrusted: socket.authorized ? undefined : String(socket.authorizationError),
    names: subjectAltName,
    validToMs: Date.parse(validTo),
    thumbprint: fingerprint.replaceAll(':', ''),
  }
}
