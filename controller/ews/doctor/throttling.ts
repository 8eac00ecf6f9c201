// Sends a handful of the smallest requests at the same time: does the server's throttling policy bear the concurrency
// that the controller would use?
import { type SyncError, syncErrorOf } from '../../core/sync-error.ts'
import { addressIn } from '../identity.ts'
import { probed } from '../probe.ts'
import type { Way } from '../route.ts'
import type { Bench } from './bench.ts'
import type { Finding } from './finding.ts'
import { accountIn, throttlingLine } from './shell.ts'

/** The most requests at the same time. */
const burstMax = 10

const busy = ['ErrorServerBusy', 'ErrorExceededConnectionCount', 'ServerBusy']

/** The finding; `pausing`: the server asked for a pause, so nothing more is to be asked. */
export type Throttled = Readonly<{ finding: Finding; pausing: boolean }>

/** Sends the requests, as many as `spec.limits.concurrency` allows. */
export async function throttled({ findings, signal }: Bench, way: Way): Promise<Throttled> {
  const { endpoint, transport } = way
  const { concurrency, identity } = endpoint
  const count = Math.min(concurrency, burstMax)
  const anchor = addressIn(identity)
  const burst = () =>
    Promise.all(
      Array.from({ length: count }, async (_, n): Promise<SyncError | undefined> => {
        try {
          const { fault } = await probed(transport, { anchor, limit: `probe ${n}` }, signal)
          return fault
        } catch (error) {
          signal.throwIfAborted()
          return syncErrorOf(error)
        }
      }),
    )
  // Connections sign in one after the other, so only those that are signed in already can be asked at the same time.
  const signedIn = identity.type === 'Basic' || identity.type === 'OAuth' ? [] : await burst()
  const failed = signedIn.some((error) => error !== undefined)
  const errors = failed ? signedIn : await burst()
  const refused = errors.filter((error) => error !== undefined && busy.includes(error.code))
  const lost = errors.find((error) => error !== undefined && !/^Error[A-Z]/.test(error.code))
  const pausing = refused.some((error) => error?.backOffMs !== undefined)
  const many = `${count} requests at the same time`
  if (refused.length > 0) {
    const detail = `of ${many} ${refused.length} were refused (${refused[0]?.code}): the throttling policy of the account allows fewer`
    const remedy = throttlingLine(accountIn(identity), concurrency)
    return { finding: findings.missing('throttling', detail, remedy), pausing }
  }
  if (lost !== undefined) return { finding: findings.failed('throttling', lost, signal), pausing }
  return { finding: findings.ok('throttling', `${many} were answered`), pausing }
}
