// Checks the way to a server below HTTP: its name, and its TLS.
import { cut } from '../../core/cut.ts'
import { SyncError } from '../../core/sync-error.ts'
import { networkError, timedOut } from '../http-errors.ts'
import { type Bench, within } from './bench.ts'
import type { Finding } from './finding.ts'
import { addressesOf, hostOf, isAddress, type TlsFacts, tlsFacts } from './network.ts'
import { certificateLine } from './shell.ts'

/** The longest that resolving a name, or connecting, may take, ms. */
const connectMs = 15_000
/** A certificate is to be renewed so many days before its end. */
const renewDays = 30
const dayMs = 86_400_000
const namesMax = 300

/** Is the host of the URL known? */
export async function nameFinding(bench: Bench): Promise<Finding> {
  const { endpoint, findings, signal } = bench
  const host = hostOf(endpoint.url)
  if (isAddress(host)) return findings.ok('name', `${host} is an address`)
  const message = `the name ${host} was not resolved in time: check the DNS server`
  const late = new SyncError('transient', 'HostNotFound', message)
  try {
    const addresses = await within(bench, limitMs(bench), late, () => addressesOf(host))
    return findings.ok('name', `${host} is ${addresses.join(', ')}`)
  } catch (error) {
    return findings.failed('name', networkError(error, endpoint.url), signal)
  }
}

/** Can TLS be used, is the certificate trusted, and is it valid for a while? */
export async function* tlsFindings(bench: Bench): AsyncGenerator<Finding> {
  const { endpoint, findings, signal, clock } = bench
  const { url, ca } = endpoint
  if (new URL(url).protocol === 'http:') {
    yield findings.ok('tls', 'http to this machine needs none')
    return
  }
  try {
    const facts = await within(bench, limitMs(bench), timedOut, (either) =>
      tlsFacts(url, ca, either),
    )
    yield trustFinding(bench, facts)
    yield validityFinding(bench, facts, clock.now())
  } catch (error) {
    yield findings.failed('tls', networkError(error, url), signal)
  }
}

function trustFinding({ endpoint, findings }: Bench, facts: TlsFacts): Finding {
  const { protocol, untrusted, names, validToMs } = facts
  const host = hostOf(endpoint.url)
  if (untrusted === undefined)
    return findings.ok('tls', `${protocol}, the certificate is trusted and valid for ${host}`)
  if (untrusted === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return findings.missing(
      'tls',
      `the certificate is not for ${host}, but for ${cut(names, namesMax) || 'no name'}`,
      'use one of these names in spec.url, or a certificate for the name of spec.url',
    )
  if (untrusted === 'CERT_HAS_EXPIRED')
    return findings.missing('tls', `a certificate has expired: ${ends(validToMs)}`, renew(facts))
  const { message } = networkError({ code: untrusted }, endpoint.url)
  return findings.missing('tls', message)
}

function validityFinding({ findings }: Bench, facts: TlsFacts, nowMs: number): Finding {
  const days = Math.floor((facts.validToMs - nowMs) / dayMs)
  const detail = ends(facts.validToMs)
  if (days >= renewDays) return findings.ok('certificate', detail)
  const left = days < 0 ? 'it has expired' : `${days} days are left`
  return findings.missing('certificate', `${detail}: ${left}`, renew(facts))
}

function renew({ thumbprint }: TlsFacts): string {
  return `renew it where TLS ends; at the server: ${certificateLine(thumbprint)}`
}

function ends(ms: number): string {
  const time = new Date(ms)
  return `the server’s ends ${Number.isNaN(time.getTime()) ? 'at an unreadable time' : time.toISOString()}`
}

function limitMs({ endpoint }: Bench): number {
  return Math.min(connectMs, endpoint.requestTimeoutMs)
}
