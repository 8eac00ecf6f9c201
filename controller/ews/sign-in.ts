// Tracks whether a server accepts an account's user name and password. All requests of the account pass here, from every
// group, pass, look and command of this process, so that a wrong password is sent once and not once per mailbox: domains
// lock an account after 5 to 10 failed sign-ins.
//
//              the first request, alone              Exchange answers
//   unknown ─────────────────────────────► asking ────────────────────► accepted
//      ▲     the others wait for it      401 │ ▲                            │ 401
//      │                                     ▼ └────────────────────────────┘
//      └──────────── 15 min ────────────  refused       a check, alone, after a moment
//
// A 401 among successful answers need not mean a wrong password: a domain controller under load causes one, too. So the
// smallest request is sent as a check. If it succeeds, a refused read is sent a second time. A write is not: a gateway may
// show a 401 in place of Exchange's answer, so the write may have been done.
import { lockoutMs } from '../api/duration.ts'
import { isRefused } from '../core/scope.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Clock } from '../sync/ports.ts'

/** The smallest request to Exchange: GetFolder for the id of the account's own top folder. */
export const question =
  '<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>' +
  '<m:FolderIds><t:DistinguishedFolderId Id="msgfolderroot"/></m:FolderIds></m:GetFolder>'

/** Sends one request; calls `answered` when Exchange itself has answered, with success or an error. */
export type Send<Result> = (answered: () => void) => Promise<Result>

/** The wait between a 401 among successful answers and the check; ms. */
export const momentMs = 2_000

/** The least time between a refusal and a retry at a user's request; ms. Many users may ask at once. */
const askedMs = 30_000

/** Retries at users' request within the lockout time. With the first attempt, fewer than any domain's lockout threshold. */
const asksMax = 3

/** Errors that concern the account, not the request. */
const refusals: ReadonlySet<string> = new Set([
  'AuthenticationFailed',
  'ErrorPasswordChangeRequired',
  'ErrorPasswordExpired',
])

/** Does the error say that the account may not sign in at all? */
export function isRefusal(error: unknown): error is SyncError {
  return error instanceof SyncError && refusals.has(error.code)
}

type State =
  | Readonly<{ kind: 'unknown' | 'accepted' }>
  | Readonly<{ kind: 'asking'; ended: PromiseWithResolvers<SyncError | undefined> }>
  | Readonly<{ kind: 'refused'; error: SyncError; sinceMs: number }>

/** One account, with one password, at one server. */
export class SignIn {
  readonly #clock: Clock
  #state: State = { kind: 'unknown' }
  /** The times of retries at users' request, ms since 1970. */
  #asks: number[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Sends a request as soon as the account may sign in. Rejects with the error of `send`; while the account is refused,
   * rejects without sending. `check` sends the `question`. `reads`: the request changes nothing, so it may be sent twice.
   */
  async run<Result>(
    send: Send<Result>,
    check: Send<unknown>,
    reads: boolean,
    signal: AbortSignal,
  ): Promise<Result> {
    if (await this.#enter(signal)) return this.#alone(send)
    try {
      return await send(() => {})
    } catch (error) {
      if (!isRefusal(error)) throw error
    }
    // Whatever the check says, a write may have been done: no error of the check may deny that.
    await this.#confirmed(check, signal).catch((error: unknown) => {
      throw !reads && error instanceof SyncError && isRefused(error) ? refusedWrite : error
    })
    if (!reads) throw refusedWrite
    try {
      return await send(() => {})
    } catch (error) {
      throw error instanceof SyncError && error.code === 'AuthenticationFailed' ? onlyHere : error
    }
  }

  /** Did the server accept the account with its latest answer? */
  get accepted(): boolean {
    return this.#state.kind === 'accepted'
  }

  /** A user asks for a retry: a refused account is tried once more, but not often enough to lock it. */
  ask(): void {
    const state = this.#state
    const nowMs = this.#clock.now()
    if (state.kind !== 'refused' || nowMs - state.sinceMs < askedMs) return
    this.#asks = this.#asks.filter((atMs) => nowMs - atMs < lockoutMs)
    if (this.#asks.length >= asksMax) return
    this.#asks.push(nowMs)
    this.#become({ kind: 'unknown' })
  }

  // True: this request goes alone, and its outcome decides for all. Rejects while the account is refused, and with the
  // failure of the request that went alone if that failed before Exchange answered.
  async #enter(signal: AbortSignal): Promise<boolean> {
    for (;;) {
      signal.throwIfAborted()
      const state = this.#state
      if (state.kind === 'accepted') return false
      if (state.kind === 'asking') {
        const failure = await outcome(state.ended.promise, signal)
        if (failure !== undefined) throw failure
        continue
      }
      const waitMs = state.kind === 'refused' ? state.sinceMs + lockoutMs - this.#clock.now() : 0
      if (state.kind === 'refused' && waitMs > 0) throw silent(state.error, waitMs)
      this.#asking()
      return true
    }
  }

  async #alone<Result>(send: Send<Result>): Promise<Result> {
    const own = this.#state
    let failure: SyncError | undefined
    try {
      return await send(() => this.#become({ kind: 'accepted' }))
    } catch (error) {
      if (isRefusal(error)) {
        this.#become({ kind: 'refused', error, sinceMs: this.#clock.now() })
        throw silent(error, lockoutMs)
      }
      if (error instanceof SyncError) failure = error
      throw error
    } finally {
      if (own.kind === 'asking' && this.#state === own) this.#become({ kind: 'unknown' }, failure)
    }
  }

  // Resolves if the account is accepted after all.
  async #confirmed(check: Send<unknown>, signal: AbortSignal): Promise<void> {
    if (this.#state.kind === 'accepted') this.#asking()
    else if (!(await this.#enter(signal))) return
    let taken = false
    const late: Send<unknown> = async (answered) => {
      await this.#clock.sleep(momentMs, signal)
      await check(() => {
        taken = true
        answered()
      })
    }
    try {
      await this.#alone(late)
    } catch (error) {
      // An error about the account's own folder is an answer, too.
      if (!taken) throw error
    }
  }

  #asking(): void {
    this.#state = { kind: 'asking', ended: Promise.withResolvers() }
  }

  #become(state: State, failure?: SyncError): void {
    const before = this.#state
    this.#state = state
    if (before.kind === 'asking') before.ended.resolve(failure)
  }
}

const onlyHere = new SyncError(
  'transient',
  'MailboxSignInRefused',
  'the server refused the sign-in for this mailbox only: it accepts the same user name and password for others. Check the server that holds the mailbox, and its authentication settings; the controller tries again',
)

/** A write was answered with 401. Perhaps it was done. */
export const refusedWrite = new SyncError(
  'transient',
  'SignInLost',
  'the server refused the sign-in of a write: the controller looks whether the write was done, and continues',
)

function silent({ kind, code, message }: SyncError, backOffMs: number): SyncError {
  return new SyncError(kind, code, message, { backOffMs })
}

async function outcome<Value>(answer: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([answer, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
