// Judges the answer of a server to a probe: its version, and its clock.
import { SyncError } from '../../core/sync-error.ts'
import type { Identity } from '../identity.ts'
import type { Probed } from '../probe.ts'
import type { Finding, Findings } from './finding.ts'
import type { Clocks } from './offers.ts'

/** By the first two numbers of the version, from the oldest that understands our requests. */
const products: ReadonlyMap<string, string> = new Map([
  ['15.1', 'Exchange 2016'],
  ['15.2', 'Exchange 2019 or SE'],
])

const tooOld =
  'install Exchange 2016, 2019 or Subscription Edition: older ones do not know the requests of the controller'

/** Kerberos and tokens are refused when the clocks differ by more, ms. */
const skewMaxMs = 5 * 60_000

/** Does the server know the requests of the controller? */
export function versionFinding(
  findings: Findings,
  answer: Probed | SyncError | undefined,
): Finding {
  if (answer instanceof SyncError)
    return answer.code === 'ErrorInvalidServerVersion'
      ? findings.missing('version', answer.message, tooOld)
      : findings.unknown('version', `the server answered ${answer.code} instead`)
  if (answer?.version === undefined)
    return findings.unknown('version', 'the server reports no version')
  const { version } = answer
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const product = products.get(`${major}.${minor}`)
  if (product !== undefined) return findings.ok('version', `${version} (${product})`)
  if (major > 15 || (major === 15 && minor > 2))
    return findings.ok('version', `${version}, which is newer than this program knows`)
  return findings.missing('version', `${version} is older than Exchange 2016`, tooOld)
}

/** Do the clocks agree? */
export function clockFinding(
  findings: Findings,
  type: Identity['type'],
  clocks: Clocks | undefined,
): Finding {
  if (clocks === undefined) return findings.unknown('clock', 'the server reports no date')
  const differMs = clocks.ownMs - clocks.serverMs
  const seconds = Math.round(Math.abs(differMs) / 1000)
  const detail = `the server’s clock differs from ours by ${seconds} s`
  if (Math.abs(differMs) <= skewMaxMs) return findings.ok('clock', detail)
  if (type === 'Basic' || type === 'NTLM')
    return findings.ok('clock', `${detail}, which only Kerberos and OAuth would refuse`)
  return findings.missing(
    'clock',
    `${detail}: ${type} allows 5 minutes`,
    'set the clock of this machine by NTP, and that of the server: w32tm /resync',
  )
}
