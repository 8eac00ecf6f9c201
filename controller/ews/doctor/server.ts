// Examines one ExchangeServer, check by check. A check whose condition failed is not made.
//
//   references ─► name ─► tls ─► offers ─┬─► sign-in ─┬─► version
//                                        └─► clock    └─► throttling
//
// Guarantees: only reading requests. A wrong password costs one attempt, with NTLM over TLS two (sign-in.ts). Each request
// ends within the server's own deadline.
import type { Access } from '../../api/references.ts'
import type { SyncError } from '../../core/sync-error.ts'
import { endpointOf } from '../endpoint.ts'
import type { Way } from '../route.ts'
import { clockFinding, versionFinding } from './answers.ts'
import type { Bench, Tools } from './bench.ts'
import { type Check, type Finding, Findings } from './finding.ts'
import { offersOf } from './offers.ts'
import { nameFinding, tlsFindings } from './reach.ts'
import { type Entered, signedIn } from './sign-in.ts'
import { throttled } from './throttling.ts'

/** An ExchangeServer to examine. */
export type Examined = Readonly<{
  /** namespace/name. */
  id: string
  access: Access
  /** The error of an invalid spec. */
  broken: SyncError | undefined
}>

/** The checks that every server has. */
const checks: readonly Check[] = [
  ...(['references', 'name', 'tls', 'offers', 'sign-in'] as const),
  ...(['version', 'clock', 'throttling'] as const),
]

/** Examines a server. Returns the way to it, which the caller closes; undefined: its folders cannot be looked at. */
export async function* serverFindings(
  examined: Examined,
  tools: Tools,
): AsyncGenerator<Finding, Way | undefined> {
  const findings = new Findings(`ExchangeServer ${examined.id}`)
  const made = new Set<Check>()
  let why: string | undefined
  const steps = examination(examined, findings, tools)
  let next = await steps.next()
  for (; !next.done; next = await steps.next()) {
    const { check, outcome } = next.value
    if (outcome === 'missing' && check !== 'certificate') why ??= `${check} is missing`
    made.add(check)
    yield next.value
  }
  for (const check of checks.filter((each) => !made.has(each)))
    yield findings.unknown(
      check,
      `not checked: ${why ?? 'spec.suspend is true, so nothing is sent'}`,
    )
  return next.value
}

async function* examination(
  { access, broken }: Examined,
  findings: Findings,
  tools: Tools,
): AsyncGenerator<Finding, Way | undefined> {
  const { signal, requestMaxMs } = tools
  if (broken !== undefined || access.state === 'blocked') {
    const error = broken ?? (access.state === 'blocked' ? access.error : undefined)
    yield findings.failed('references', error, signal)
    return undefined
  }
  const { auth, tls, suspend } = access.server.spec
  const authority = tls === undefined ? '' : `, ${tls.caSecretRef.name} the authority`
  const credentials = `the Secret ${auth.secretRef.name} has the keys for ${auth.type}`
  yield findings.ok('references', `${credentials}${authority}`)
  if (suspend) return undefined
  const bench: Bench = { ...tools, access, endpoint: endpointOf(access, requestMaxMs), findings }
  const name = await nameFinding(bench)
  yield name
  if (name.outcome === 'missing') return undefined
  for await (const finding of tlsFindings(bench)) {
    yield finding
    if (finding.check === 'tls' && finding.outcome === 'missing') return undefined
  }
  const { finding, clocks } = await offersOf(bench)
  yield finding
  const entry: Entered | undefined =
    finding.outcome === 'missing' ? undefined : await signedIn(bench)
  if (entry !== undefined) yield entry.finding
  const { way, answer } = entry ?? {}
  if (way !== undefined) yield versionFinding(findings, answer)
  yield clockFinding(findings, auth.type, clocks)
  if (way === undefined) return undefined
  const { finding: burst, pausing } = await throttled(bench, way)
  yield burst
  if (!pausing) return way
  await way.transport.close()
  return undefined
}
