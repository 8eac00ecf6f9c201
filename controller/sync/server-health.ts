// A circuit breaker for each Exchange server. While a server refuses or does not answer, its circuit is open: one pass
// or probe at a time tries it, later each time, and all its groups wait. So five hundred groups with one wrong password
// make one attempt, not five hundred, and lock no account.
//
//   unknown ──(an answer)──► closed ──(refuses, or does not answer)──► open ──(the back-off is over)──► half-open
//                              ▲                                        ▲                                  │ one tries
//                              └──────────── the try succeeds ──────────┴───────── the try fails ──────────┘

import { lockoutMs } from '../api/duration.ts'
import type { Access, Ready } from '../api/references.ts'
import { nameOfServer } from '../api/topology.ts'
import { digestOf } from '../core/id.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Clock } from './ports.ts'
import { type BackOff, backOffMs } from './queue.ts'

/** Names a server together with the way to reach it: another password is another key. */
export type ServerKey = string

/** The state of the circuit of a server. `open`: nothing is sent for a while. `half-open`: one try at a time. */
export type CircuitState = 'unknown' | 'closed' | 'open' | 'half-open'

/**
 * The tries that do not wait for the end of a back-off. `pause`: a user requested a pass or changed the declaration.
 * `refusal`: a user forces it, so that refused sign-ins are tried, too (`api/annotations.ts`).
 */
export type Asked = 'pause' | 'refusal' | undefined

/** Codes that concern the server, and not one mailbox. */
const codes: ReadonlySet<string> = new Set([
  'AuthenticationFailed',
  'ConnectionLost',
  'ConnectionRefused',
  'ErrorPasswordChangeRequired',
  'ErrorPasswordExpired',
  'ErrorServerBusy',
  'EwsNotFound',
  'Forbidden',
  'HostNotFound',
  'HttpError',
  'KerberosNotInstalled',
  'KerberosUnavailable',
  'NotEws',
  'ProxyAuthenticationRequired',
  'Redirected',
  'RequestTimeout',
  'ServerBusy',
  'ServerSilent',
  'ServerTooSlow',
  'TlsFailed',
  'TlsNotTrusted',
  'TokenUnavailable',
])

/** Does the error concern the server, and not one mailbox or item? */
export function isServers(error: SyncError): boolean {
  return !error.local && codes.has(error.code)
}

// A password concerns the account, which repeated tries may lock.
const refusals: ReadonlySet<string> = new Set([
  'AuthenticationFailed',
  'ErrorPasswordChangeRequired',
  'ErrorPasswordExpired',
])

/** Does the error say that a sign-in was refused? Repeated tries may lock the account. */
export function isRefusal({ code }: SyncError): boolean {
  return refusals.has(code)
}

type Open = { error: SyncError; failures: number; untilMs: number; trying: boolean }

/** The circuits of all servers. */
export class Servers {
  readonly #clock: Clock
  readonly #backOff: BackOff
  readonly #open = new Map<ServerKey, Open>()
  readonly #closed = new Set<ServerKey>()
  /** Called when a circuit opens, and when it closes. */
  readonly #onChange: (key: ServerKey) => void
  readonly #probed = new Set<ServerKey>()
  /** The latest key of each server, by its name. */
  readonly #latest = new Map<string, ServerKey>()
  readonly #waiting = new Set<() => void>()
  readonly #listeners = new Set<() => void>()

  constructor(clock: Clock, backOff: BackOff, onChange: (key: ServerKey) => void = () => {}) {
    this.#clock = clock
    this.#backOff = backOff
    this.#onChange = onChange
  }

  /** Calls back whenever a try has ended, until the signal aborts. */
  watch(onTried: () => void, until: AbortSignal): void {
    this.#listeners.add(onTried)
    until.addEventListener('abort', () => this.#listeners.delete(onTried), { once: true })
  }

  /**
   * Resolves when the server has been tried once, or after a while. If a controller probes servers itself, the many
   * passes wait for its probe to find out whether a new password is right.
   */
  async awaitFirstProbe(key: ServerKey, signal: AbortSignal): Promise<void> {
    this.#begin(key)
    const enough = new AbortController()
    const either = AbortSignal.any([signal, enough.signal])
    const late = this.#clock.sleep(firstProbeMs, either).then(
      () => this.#probed.add(key),
      () => {},
    )
    while (!this.#probed.has(key) && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting.add(resolve)
      await Promise.race([promise, late])
      this.#waiting.delete(resolve)
    }
    enough.abort()
  }

  /** The current state of the circuit, for a try of this kind. */
  state(key: ServerKey, asked: Asked = undefined): CircuitState {
    const open = this.#open.get(key)
    if (open === undefined) return this.#closed.has(key) ? 'closed' : 'unknown'
    return open.untilMs > this.#clock.now() && !overrides(asked, open) ? 'open' : 'half-open'
  }

  /** Is the circuit open, and the server being tried now? */
  isTried(key: ServerKey): boolean {
    return this.#open.get(key)?.trying === true
  }

  /** The error of a circuit that is not closed; undefined if it is closed, or if the server was never tried. */
  errorOf(key: ServerKey): SyncError | undefined {
    return this.#open.get(key)?.error
  }

  /**
   * May the server be tried now? Undefined: yes, and `record` or `cancel` must follow. Otherwise the reason, with the
   * time to wait. `asked`: the request of a user, which overrides a back-off.
   */
  allow(key: ServerKey, asked: Asked = undefined): SyncError | undefined {
    this.#begin(key)
    const open = this.#open.get(key)
    if (open === undefined) return undefined
    const waitMs = open.untilMs - this.#clock.now()
    if (!overrides(asked, open) && (waitMs > 0 || open.trying)) {
      const { kind, code, message } = open.error
      return new SyncError(kind, code, message, { backOffMs: Math.max(waitMs, tryMs) })
    }
    open.trying = true
    return undefined
  }

  /** The server has answered during a try that is not over: an unknown circuit closes, an open one does not yet. */
  answered(key: ServerKey): void {
    if (this.#open.has(key) || this.#closed.has(key)) return
    this.#closed.add(key)
    this.#notify()
  }

  /**
   * Records the result of a try: the error that it ended with, which may not concern the server. `probe`: the try was
   * one small request. If a server answers those and lets passes hang, its circuit stays open until a pass has
   * succeeded.
   */
  record(key: ServerKey, error: SyncError | undefined, probe = false): void {
    this.#probed.add(key)
    for (const wake of this.#waiting) wake()
    if (error === undefined || !isServers(error)) this.#close(key, probe)
    else this.#trip(key, error)
    this.#notify()
  }

  /** The try was cancelled, and has no result. */
  cancel(key: ServerKey): void {
    const open = this.#open.get(key)
    if (open !== undefined) open.trying = false
    this.#notify()
  }

  /** The remaining back-off of the server, ms. */
  backOffMs(key: ServerKey): number {
    return Math.max(0, (this.#open.get(key)?.untilMs ?? 0) - this.#clock.now())
  }

  /** The server `namespace/name` is no longer declared. */
  forget(name: string): void {
    const key = this.#latest.get(name)
    this.#latest.delete(name)
    if (key !== undefined) this.#drop(key)
  }

  // An error that does not concern the server is an answer of the server.
  #close(key: ServerKey, probe: boolean): void {
    const open = this.#open.get(key)
    if (open !== undefined && probe && hangs.has(open.error.code)) {
      this.#open.set(key, { ...open, trying: false })
      return
    }
    this.#closed.add(key)
    if (open === undefined) return
    this.#open.delete(key)
    this.#onChange(key)
  }

  #trip(key: ServerKey, error: SyncError): void {
    this.#closed.delete(key)
    const open = this.#open.get(key)
    const failures = (open?.failures ?? 0) + 1
    const leastMs = error.code === 'AuthenticationFailed' ? lockoutMs : (error.backOffMs ?? 0)
    const waitMs = Math.max(leastMs, backOffMs(this.#backOff, failures))
    const untilMs = this.#clock.now() + waitMs
    this.#open.set(key, { error, failures, untilMs, trying: false })
    if (open === undefined) this.#onChange(key)
  }

  // The results with the former password are dropped: it may be the right one when it comes back.
  #begin(key: ServerKey): void {
    const name = nameOf(key)
    const before = this.#latest.get(name)
    this.#latest.set(name, key)
    if (before !== undefined && before !== key) this.#drop(before)
  }

  #drop(key: ServerKey): void {
    this.#open.delete(key)
    this.#closed.delete(key)
    this.#probed.delete(key)
  }

  #notify(): void {
    for (const onTried of this.#listeners) onTried()
  }
}

// A user who requests a pass does not mean to lock the account; one who forces it says so (ews/sign-in.ts bounds it).
function overrides(asked: Asked, { error }: Open): boolean {
  return asked === 'refusal' || (asked === 'pause' && !refusals.has(error.code))
}

/** Codes that a small request cannot disprove. */
const hangs: ReadonlySet<string> = new Set(['RequestTimeout', 'ServerSilent', 'ServerTooSlow'])

/** The maximum wait for a first probe, ms. */
const firstProbeMs = 5_000

/** The minimum wait while another try is under way, ms. */
const tryMs = 1_000

/** The key of a server with this access; undefined if it is blocked. */
export function keyOfAccess(access: Access): ServerKey | undefined {
  return access.state === 'blocked' ? undefined : keyOfReady(access)
}

/** The key of a server that is reached so. */
export function keyOfReady({ server, credentials, ca }: Ready): ServerKey {
  return `${nameOfServer(server)}#${digestOf(JSON.stringify([server.spec, credentials, ca]))}`
}

/** The server's `namespace/name`. */
function nameOf(key: ServerKey): string {
  return key.split('#')[0] ?? ''
}
