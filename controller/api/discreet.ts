// What a status tells of a server that cannot be reached, where its reader may name any host: otherwise spec.url would be
// a way to find out which hosts and ports there are inside the network. Unknown, silent, refusing and untrusted are one
// reason, one message and one kind; the controller's log tells them apart. An HTTP answer is told as it is: it came over
// TLS from a server that proved to be the one that spec.url names. So is what a pass reports of the hub's server: it rejects
// unless it read the hub. What it reports of another server, on which a member is, is as secret as an error.
import { SyncError } from '../core/sync-error.ts'
import type { Problem, Report } from './report.ts'
import { placeOfId } from './topology.ts'

/** Every code of an error before there is an HTTP answer (ews/http-errors.ts, ews/rate.ts, sync/shares.ts). */
const connecting: ReadonlySet<string> = new Set([
  'ConnectionLost',
  'ConnectionRefused',
  'HostNotFound',
  'RequestTimeout',
  'ServerSilent',
  'ServerTooSlow',
  'TlsFailed',
  'TlsNotTrusted',
])

const reason = 'Unreachable'
const message =
  'the server cannot be reached, or does not prove who it is: check spec.url and spec.tls of the ExchangeServer; the controller’s log says what failed, and so does this status where the controller runs with --allowed-server-hosts'

/** Did it fail before there was an HTTP answer? */
export function isConnecting({ code }: Pick<SyncError, 'code'>): boolean {
  return connecting.has(code)
}

/** What a status is made of: a failure with its error as the reader may know it. `discreet`: they may name any host. */
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
  const elsewhere = placeOfId(problem.replica, '').server !== ''
  if (!elsewhere || !connecting.has(problem.reason)) return problem
  return { ...problem, kind: 'transient', reason, message }
}

/** The error as a status tells it to a reader who may name any host. */
export function discreetError(error: SyncError): SyncError {
  // A local one is of a server that answered for another folder.
  if (!isConnecting(error) || error.local) return error
  return new SyncError('transient', reason, message)
}
