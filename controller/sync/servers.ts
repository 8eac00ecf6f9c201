// How the Exchange servers are, as far as passes and looks tell. A server is the unit of back-off: while it
// refuses or does not answer, one pass or look at a time tries it, later each time, and all its groups wait.
// So five hundred groups with one wrong password are one attempt, not five hundred, and lock no account.
import { lockoutMs } from '../core/duration.ts'
import { digestOf } from '../core/id.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Clock, Declared } from './ports.ts'
import { type BackOff, backOffMs } from './queue.ts'

/** What names a server together with how it is reached: another password begins anew. */
export type ServerKey = string

/** What is the server's matter, and not one mailbox's. */
const codes: ReadonlySet<string> = new Set([
  'AuthenticationFailed',
  'ConnectionLost',
  'ConnectionRefused',
  'ErrorPasswordChangeRequired',
  'ErrorPasswordExpired',
  'ErrorServerBusy',
  'Forbidden',
  'HostNotFound',
  'HttpError',
  'NotEws',
  'ProxyAuthenticationRequired',
  'Redirected',
  'RequestTimeout',
  'ServerBusy',
  'TlsFailed',
  'TlsNotTrusted',
])

type Ill = { error: SyncError; failures: number; untilMs: number; trying: boolean }

/** The back-off of all servers. */
export class Servers {
  readonly #clock: Clock
  readonly #backOff: BackOff
  readonly #ill = new Map<ServerKey, Ill>()
  /** Told when a server falls ill, and when it is well again. */
  readonly #turned: (key: ServerKey) => void
  readonly #met = new Set<ServerKey>()
  /** How each server was reached last, by its name. */
  readonly #latest = new Map<string, ServerKey>()
  readonly #waiting = new Set<() => void>()

  constructor(clock: Clock, backOff: BackOff, turned: (key: ServerKey) => void = () => {}) {
    this.#clock = clock
    this.#backOff = backOff
    this.#turned = turned
  }

  /**
   * Resolves when somebody has tried the server, or after a while: where one looks at it by itself, the many
   * who have a pass to make let that one find out whether a new password is right.
   */
  async met(key: ServerKey, signal: AbortSignal): Promise<void> {
    this.#begin(key)
    const enough = new AbortController()
    const either = AbortSignal.any([signal, enough.signal])
    const late = this.#clock.sleep(metMs, either).then(
      () => this.#met.add(key),
      () => {},
    )
    while (!this.#met.has(key) && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting.add(resolve)
      await Promise.race([promise, late])
      this.#waiting.delete(resolve)
    }
    enough.abort()
  }

  /**
   * May it be tried now? Undefined: yes, and `leave` must be told how it went. Otherwise why not, with
   * how long to wait. `forced`: somebody asked for it, so a back-off does not count.
   */
  enter(key: ServerKey, forced = false): SyncError | undefined {
    this.#begin(key)
    const ill = this.#ill.get(key)
    if (ill === undefined) return undefined
    const waitMs = ill.untilMs - this.#clock.now()
    if (!forced && (waitMs > 0 || ill.trying)) {
      const { kind, code, message } = ill.error
      return new SyncError(kind, code, message, { backOffMs: Math.max(waitMs, tryMs) })
    }
    ill.trying = true
    return undefined
  }

  /** How the try went: with the error that it ended with, which may be no matter of the server's. */
  leave(key: ServerKey, error: SyncError | undefined): void {
    this.#met.add(key)
    for (const wake of this.#waiting) wake()
    const ill = this.#ill.get(key)
    if (error === undefined || error.local || !codes.has(error.code)) {
      // What ended otherwise was answered by the server.
      if (ill === undefined) return
      this.#ill.delete(key)
      this.#turned(key)
      return
    }
    const failures = (ill?.failures ?? 0) + 1
    const leastMs = error.code === 'AuthenticationFailed' ? lockoutMs : (error.backOffMs ?? 0)
    const waitMs = Math.max(leastMs, backOffMs(this.#backOff, failures))
    const untilMs = this.#clock.now() + waitMs
    this.#ill.set(key, { error, failures, untilMs, trying: false })
    if (ill === undefined) this.#turned(key)
  }

  /** A try that was given up says nothing. */
  abandon(key: ServerKey): void {
    const ill = this.#ill.get(key)
    if (ill !== undefined) ill.trying = false
  }

  // What was found out with the former password is forgotten: it may be the right one by the time it comes back.
  #begin(key: ServerKey): void {
    const [name = ''] = key.split('#')
    const before = this.#latest.get(name)
    this.#latest.set(name, key)
    if (before === undefined || before === key) return
    this.#ill.delete(before)
    this.#met.delete(before)
  }

  /** How long the server is left alone from now on, in ms. */
  backOffMs(key: ServerKey): number {
    return Math.max(0, (this.#ill.get(key)?.untilMs ?? 0) - this.#clock.now())
  }
}

/** How long a first try is waited for, ms. */
const metMs = 5_000

/** While another one tries, ms. */
const tryMs = 1_000

/** The server of a group; undefined when it has none. */
export function serverKeyOf({ server, credentials, ca }: Declared): ServerKey | undefined {
  if (server === undefined) return undefined
  return keyOfServer(server.metadata.namespace, server.metadata.name, [
    server.spec,
    credentials,
    ca,
  ])
}

/** The key of a server that is reached so. */
export function keyOfServer(
  namespace: string | undefined,
  name: string | undefined,
  reached: unknown,
): ServerKey {
  return `${namespace ?? 'default'}/${name ?? ''}#${digestOf(JSON.stringify(reached))}`
}
