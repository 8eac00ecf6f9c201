// Hides details about an unreachable server from a reader who may enter any host: otherwise spec.url would reveal which
// hosts and ports exist inside the network. Unknown, silent, refusing and untrusted servers get one reason, one message
// and one kind; the controller's log tells them apart. An HTTP answer is reported in full: it came over TLS from a server
// that proved to be the host of spec.url. So is what a pass reports of the hub's server, because a
// pass rejects unless it read the hub. The report about another server, on which a member is, is hidden like an error.
import { SyncError } from '../core/sync-error.ts'
import type { Problem, Report } from './report.ts'
import { isElsewhere } from './topology.ts'

/** All error codes from before an HTTP answer (ews/http-errors.ts, ews/kerberos/failures.ts, ews/rate.ts, sync/shares.ts). */
const connecting: ReadonlySet<string> = new Set([
  'ConnectionLost',
  'ConnectionRefused',
  'HostNotFound',
  'KerberosUnavailable',
  'RequestTimeout',
  'ServerSilent',
  'ServerTooSlow',
  'TlsFailed',
  'TlsNotTrusted',
])

const reason = 'Unreachable'
const message =
  'the server cannot be reached, or its certificate is not trusted: check spec.url and spec.tls of the ExchangeServer; the controller’s log has the cause (this status, too, if the controller runs with --allowed-server-hosts)'

/** Did the request fail before an HTTP answer? */
export function isConnecting({ code }: Pick<SyncError, 'code'>): boolean {
  return connecting.has(code)
}

/** A result with the errors that the reader may see. `discreet`: the reader may enter any host. */
export function shownResult<
  Result extends Readonly<{ kind: string; error?: SyncError; report?: Report }>,
>(discreet: boolean | undefined, result: Result): Result {
  if (!discreet) return result
  const { error, report } = result
  if (error !== undefined) return { ...result, error: discreetError(error) }
  if (report === undefined) return result
  return { ...result, report: { ...report, problems: report.problems.map(discreetProblem) } }
}

function discreetProblem(problem: Problem): Problem {
  if (!isElsewhere(problem.replica) || !connecting.has(problem.reason)) return problem
  return { ...problem, kind: 'transient', reason, message }
}

/** The error for the status of a reader who may enter any host. */
export function discreetError(error: SyncError): SyncError {
  // A local error comes from a server that answered about another folder.
  if (!isConnecting(error) || error.local) return error
  return new SyncError('transient', reason, message)
}
