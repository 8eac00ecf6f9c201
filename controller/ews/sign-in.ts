// Whether a server takes an account's user name and password. All requests of the account go through here, of
// every group, pass, look and command in this process, so that a wrong password is sent once and not once per
// mailbox: domains lock an account after 5 to 10 wrong ones.
//
//              the first request, alone              Exchange answers
//   unknown ─────────────────────────────► asking ────────────────────► accepted
//      ▲     the others wait for it      401 │ ▲                            │ 401
//      │                                     ▼ └────────────────────────────┘
//      └──────────── 15 min ────────────  refused       a check, alone, after a moment
//
// A 401 among good answers need not be a wrong password: a domain controller under load gives one, too. So the
// least that can be asked is asked once more. When that is taken, the request itself is sent a second time,
// writes included: the web server refuses the sign-in before Exchange reads the request, so nothing was done.
import { lockoutMs } from '../api/duration.ts'
import { SyncError } from '../core/sync-error.ts'
import type { Clock } from '../sync/ports.ts'

/** The least that can be asked of Exchange: GetFolder, for the id of the account's own top folder. */
export const question =
  '<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>' +
  '<m:FolderIds><t:DistinguishedFolderId Id="msgfolderroot"/></m:FolderIds></m:GetFolder>'

/** Sends one request; calls `answered` when Exchange itself has answered, whatever it says. */
export type Send<Result> = (answered: () => void) => Promise<Result>

/** How long the server is left alone after a 401 among good answers, before the check; ms. */
export const momentMs = 2_000

/** How soon after a refusal a user may ask for another try; ms. Many may ask at once. */
const askedMs = 30_000

/** How many tries users may ask for while an account may be locked: with the first one fewer than any domain allows. */
const asksMax = 3

/** What is the account's matter and not the request's. */
const refusals: ReadonlySet<string> = new Set([
  'AuthenticationFailed',
  'ErrorPasswordChangeRequired',
  'ErrorPasswordExpired',
])

/** Does the error say that the account may not sign in, whatever it asks for? */
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
  /** When users asked for a try of what was refused. */
  #asks: number[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Sends a request as soon as it may be sent. Rejects with what `send` rejects with, and without sending while
   * the account is refused. `check` sends the `question`.
   */
  async run<Result>(
    send: Send<Result>,
    check: Send<unknown>,
    signal: AbortSignal,
  ): Promise<Result> {
    if (await this.#enter(signal)) return this.#alone(send)
    try {
      return await send(() => {})
    } catch (error) {
      if (!isRefusal(error)) throw error
    }
    await this.#confirmed(check, signal)
    try {
      return await send(() => {})
    } catch (error) {
      throw error instanceof SyncError && error.code === 'AuthenticationFailed' ? onlyHere : error
    }
  }

  /** A user asked for a try: what was refused is tried once more, though not so often that the account is locked. */
  ask(): void {
    const state = this.#state
    const nowMs = this.#clock.now()
    if (state.kind !== 'refused' || nowMs - state.sinceMs < askedMs) return
    this.#asks = this.#asks.filter((atMs) => nowMs - atMs < lockoutMs)
    if (this.#asks.length >= asksMax) return
    this.#asks.push(nowMs)
    this.#become({ kind: 'unknown' })
  }

  // True: this request goes alone, and its outcome is everybody's. Rejects while the account is refused, and
  // with the failure of the one that went alone, when that failed before Exchange answered.
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
      if (this.#state.kind === 'asking') this.#become({ kind: 'unknown' }, failure)
    }
  }

  // Resolves when the account is taken after all.
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
  'the server refused the sign-in for this mailbox only: it takes the same user name and password for others. Look at the server that holds the mailbox, and at its authentication settings; it is tried again',
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
