// How the Exchange servers are, as far as passes and looks tell: a circuit breaker for each. While a server refuses or
// does not answer, one pass or look at a time tries it, later each time, and all its groups wait. So five hundred
// groups with one wrong password are one attempt, not five hundred, and lock no account.
//
//   unknown ──(an answer)──► well ──(refuses, or does not answer)──► resting ──(the back-off is over)──► ill
//                             ▲                                          ▲                              │ one tries
//                             └──────────── a pass succeeds ─────────────┴───────── it fails ───────────┘
import { lockoutMs } from '../api/duration.ts'
import type { Access } from '../api/references.ts'
import { digestOf } from '../core/id.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Clock } from './ports.ts'
import { type BackOff, backOffMs } from './queue.ts'

/** What names a server together with how it is reached: another password begins anew. */
export type ServerKey = string

/** How a server is. `resting`: it is left alone for a while. `ill`: it is to be tried, by one at a time. */
export type Standing = 'unknown' | 'well' | 'resting' | 'ill'

/**
 * What does not wait for the end of a back-off. `pause`: a user asked for a pass or changed the declaration. `refusal`:
 * a user forces it, so that also what was refused is tried (`api/annotations.ts`).
 */
export type Asked = 'pause' | 'refusal' | undefined

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
  'ServerSilent',
  'TlsFailed',
  'TlsNotTrusted',
  'ServerTooSlow',
])

/** Is the error the server's matter, and not one mailbox's or item's? */
export function isServers(error: SyncError): boolean {
  return !error.local && codes.has(error.code)
}

// A password is a matter of the account, which others may lock by asking.
const refusals: ReadonlySet<string> = new Set([
  'AuthenticationFailed',
  'ErrorPasswordChangeRequired',
  'ErrorPasswordExpired',
])

type Ill = { error: SyncError; failures: number; untilMs: number; trying: boolean }

/** The back-off of all servers. */
export class Servers {
  readonly #clock: Clock
  readonly #backOff: BackOff
  readonly #ill = new Map<ServerKey, Ill>()
  readonly #well = new Set<ServerKey>()
  /** Told when a server falls ill, and when it is well again. */
  readonly #turned: (key: ServerKey) => void
  readonly #met = new Set<ServerKey>()
  /** How each server was reached last, by its name. */
  readonly #latest = new Map<string, ServerKey>()
  readonly #waiting = new Set<() => void>()
  readonly #watching = new Set<() => void>()

  constructor(clock: Clock, backOff: BackOff, turned: (key: ServerKey) => void = () => {}) {
    this.#clock = clock
    this.#backOff = backOff
    this.#turned = turned
  }

  /** Calls back whenever a try has ended, until the signal aborts. */
  watch(tried: () => void, until: AbortSignal): void {
    this.#watching.add(tried)
    until.addEventListener('abort', () => this.#watching.delete(tried), { once: true })
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

  /** How it is now, for one who would try it so. */
  standing(key: ServerKey, asked: Asked = undefined): Standing {
    const ill = this.#ill.get(key)
    if (ill === undefined) return this.#well.has(key) ? 'well' : 'unknown'
    return ill.untilMs > this.#clock.now() && !overrides(asked, ill) ? 'resting' : 'ill'
  }

  /** Is it ill, and being tried now? */
  isTried(key: ServerKey): boolean {
    return this.#ill.get(key)?.trying === true
  }

  /**
   * May it be tried now? Undefined: yes, and `leave` must be told how it went. Otherwise why not, with
   * how long to wait. `asked`: a user asked for it, so a back-off does not count.
   */
  enter(key: ServerKey, asked: Asked = undefined): SyncError | undefined {
    this.#begin(key)
    const ill = this.#ill.get(key)
    if (ill === undefined) return undefined
    const waitMs = ill.untilMs - this.#clock.now()
    if (!overrides(asked, ill) && (waitMs > 0 || ill.trying)) {
      const { kind, code, message } = ill.error
      return new SyncError(kind, code, message, { backOffMs: Math.max(waitMs, tryMs) })
    }
    ill.trying = true
    return undefined
  }

  /** It has answered within a try that is not over: who was not known to be well is, who was ill is not yet. */
  answered(key: ServerKey): void {
    if (this.#ill.has(key) || this.#well.has(key)) return
    this.#well.add(key)
    this.#tell()
  }

  /**
   * How the try went: with the error that it ended with, which may be no matter of the server's. `look`: it was one
   * small question. One that answers those and lets passes hang stays ill until a pass has succeeded.
   */
  leave(key: ServerKey, error: SyncError | undefined, look = false): void {
    this.#met.add(key)
    for (const wake of this.#waiting) wake()
    if (error === undefined || !isServers(error)) this.#isWell(key, look)
    else this.#isIll(key, error)
    this.#tell()
  }

  /** A try that was given up says nothing. */
  abandon(key: ServerKey): void {
    const ill = this.#ill.get(key)
    if (ill !== undefined) ill.trying = false
    this.#tell()
  }

  /** How long the server is left alone from now on, in ms. */
  backOffMs(key: ServerKey): number {
    return Math.max(0, (this.#ill.get(key)?.untilMs ?? 0) - this.#clock.now())
  }

  /** It is not declared any more: `namespace/name`. */
  forget(name: string): void {
    const key = this.#latest.get(name)
    this.#latest.delete(name)
    if (key !== undefined) this.#drop(key)
  }

  // What ended otherwise than by the server's fault was answered by it.
  #isWell(key: ServerKey, look: boolean): void {
    const ill = this.#ill.get(key)
    if (ill !== undefined && look && hangs.has(ill.error.code)) {
      this.#ill.set(key, { ...ill, trying: false })
      return
    }
    this.#well.add(key)
    if (ill === undefined) return
    this.#ill.delete(key)
    this.#turned(key)
  }

  #isIll(key: ServerKey, error: SyncError): void {
    this.#well.delete(key)
    const ill = this.#ill.get(key)
    const failures = (ill?.failures ?? 0) + 1
    const leastMs = error.code === 'AuthenticationFailed' ? lockoutMs : (error.backOffMs ?? 0)
    const waitMs = Math.max(leastMs, backOffMs(this.#backOff, failures))
    const untilMs = this.#clock.now() + waitMs
    this.#ill.set(key, { error, failures, untilMs, trying: false })
    if (ill === undefined) this.#turned(key)
  }

  // What was found out with the former password is forgotten: it may be the right one by the time it comes back.
  #begin(key: ServerKey): void {
    const name = nameOf(key)
    const before = this.#latest.get(name)
    this.#latest.set(name, key)
    if (before !== undefined && before !== key) this.#drop(before)
  }

  #drop(key: ServerKey): void {
    this.#ill.delete(key)
    this.#well.delete(key)
    this.#met.delete(key)
  }

  #tell(): void {
    for (const tried of this.#watching) tried()
  }
}

// A user who asks for a pass does not mean to lock the account; one who forces it says so (ews/sign-in.ts bounds it).
function overrides(asked: Asked, { error }: Ill): boolean {
  return asked === 'refusal' || (asked === 'pause' && !refusals.has(error.code))
}

/** What a small question tells nothing of. */
const hangs: ReadonlySet<string> = new Set(['RequestTimeout', 'ServerSilent', 'ServerTooSlow'])

/** How long a first try is waited for, ms. */
const metMs = 5_000

/** While another one tries, ms. */
const tryMs = 1_000

/** The key of a server that is reached so; undefined when it is blocked. */
export function keyOfAccess(access: Access): ServerKey | undefined {
  if (access.state === 'blocked') return undefined
  const { server, credentials, ca } = access
  const { namespace, name } = server.metadata
  return keyOfServer(namespace, name, [server.spec, credentials, ca])
}

/** The key of a server that is reached so. */
export function keyOfServer(
  namespace: string | undefined,
  name: string | undefined,
  reached: unknown,
): ServerKey {
  return `${namespace ?? 'default'}/${name ?? ''}#${digestOf(JSON.stringify(reached))}`
}

/** The server's `namespace/name`. */
function nameOf(key: ServerKey): string {
  return key.split('#')[0] ?? ''
}
