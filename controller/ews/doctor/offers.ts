// Asks a server for the ways of signing in that it offers: one request without credentials.
import { envelopeXml } from '../envelope.ts'
import { networkError, statusError, timedOut } from '../http-errors.ts'
import { type Incoming, pooledNetwork } from '../network.ts'
import { offerFault, offersIn } from '../offers.ts'
import { question } from '../sign-in.ts'
import { userAgent } from '../transport.ts'
import { type Bench, within } from './bench.ts'
import type { Finding } from './finding.ts'

/** The server's clock at an answer, and ours; ms since 1970. */
export type Clocks = Readonly<{ serverMs: number; ownMs: number }>

/** The finding, and the clocks if the server reports a date. */
export type Offers = Readonly<{ finding: Finding; clocks: Clocks | undefined }>

/** The offered ways of signing in, against `spec.auth.type`. */
export async function offersOf(bench: Bench): Promise<Offers> {
  const { endpoint, clock, findings, signal } = bench
  const { url, ca } = endpoint
  const network = pooledNetwork({ ca, concurrency: 1 })
  const headers = { 'content-type': 'text/xml; charset=utf-8', 'user-agent': userAgent }
  const body = envelopeXml(question, undefined)
  try {
    const answer = await within(bench, endpoint.requestTimeoutMs, timedOut, async (either) => {
      const response = await network.send({ url, headers, body, signal: either })
      await response.discard()
      return response
    })
    const serverMs = Date.parse(String(answer.headers.date ?? ''))
    const clocks = Number.isNaN(serverMs) ? undefined : { serverMs, ownMs: clock.now() }
    return { finding: findingOf(bench, answer), clocks }
  } catch (error) {
    const finding = findings.failed('offers', networkError(error, url), signal)
    return { finding, clocks: undefined }
  } finally {
    await network.close()
  }
}

function findingOf({ endpoint, clock, findings, signal }: Bench, answer: Incoming): Finding {
  const { type } = endpoint.identity
  const { status, headers } = answer
  // EWS itself asks for a sign-in. The sign-in shows whether these answers come from EWS at all.
  if (status === 200 || status === 403 || status === 500)
    return findings.unknown('offers', `the server answers HTTP ${status} without a sign-in`)
  if (status !== 401)
    return findings.failed('offers', statusError(answer, clock.now(), endpoint.identity), signal)
  const offers = offersIn(headers)
  if (offers.length === 0)
    return findings.unknown('offers', 'the server asks for a sign-in, and names no way')
  const lacking = offerFault(type, offers)
  if (lacking !== undefined) return findings.missing('offers', lacking.fault, lacking.remedy)
  return findings.ok('offers', `the server offers ${offers.join(', ')}; spec.auth.type is ${type}`)
}
