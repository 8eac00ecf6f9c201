// Tokens of Kerberos (RFC 4120, 4559) for one identity: one per request, because a server takes each only once. A helper
// process (helper.ts) makes them, with the tickets that it gets by the keytab and renews before they expire.
//
//   keytab ──► KDC: ticket-granting ticket ──► KDC: ticket for HTTP/<host of spec.url> ──► a token per request
import { type ChildProcess, fork } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { codeIn } from '../../core/sync-error.ts'
import type { Identity } from '../identity.ts'
import { Attempts } from '../semaphore.ts'
import { kerberosError, notInstalled, unavailable } from './failures.ts'
import type { Grant, Wish } from './helper.ts'

/** The time limit for one token; ms. The library asks each KDC for some seconds. */
const limitMs = 20_000
/** The tokens that are remembered as the present helper's. */
const rememberedMax = 100

/** The program of the helper, as source or as JavaScript like this file. */
const helperFile = join(import.meta.dirname, `helper${extname(import.meta.filename)}`)

/** A helper process, and the tokens that it made. */
type Helper = Readonly<{ child: ChildProcess; made: string[] }>

/** The tokens of one identity for the server at a URL. */
export class Tickets {
  readonly #identity: Extract<Identity, { type: 'Kerberos' }>
  readonly #wish: Wish
  readonly #attempts = new Attempts<string>()
  #helper: Helper | undefined
  /** The helper whose tickets a server refused. */
  #stale: Helper | undefined
  #closed = false

  constructor(identity: Extract<Identity, { type: 'Kerberos' }>, url: string) {
    this.#identity = identity
    this.#wish = { service: `HTTP@${new URL(url).hostname}`, principal: identity.username }
  }

  /** Another token (base64). Rejects with a SyncError if there is none, or with the signal's reason. */
  token(signal: AbortSignal): Promise<string> {
    return this.#attempts.run(async (failed) => {
      if (this.#closed) throw unavailable('the connection is closed')
      try {
        return await this.#made(signal)
      } catch (error) {
        signal.throwIfAborted()
        failed(() => {
          throw error
        })
        throw error
      }
    }, signal)
  }

  async #made(signal: AbortSignal): Promise<string> {
    if (this.#helper && (this.#helper === this.#stale || !this.#helper.child.connected)) this.#end()
    this.#helper ??= started(this.#identity)
    const { child, made } = this.#helper
    const late = AbortSignal.timeout(limitMs)
    const grant = await granted(child, this.#wish, AbortSignal.any([signal, late])).catch(() => {
      this.#end()
      signal.throwIfAborted()
      if (late.aborted) throw unavailable(`the KDC did not answer within ${limitMs / 1_000} s`)
      throw unavailable('the process that asks for it ended')
    })
    if ('token' in grant && grant.token !== '') {
      made.push(grant.token)
      if (made.length > rememberedMax) made.shift()
      return grant.token
    }
    this.#end()
    throw 'missing' in grant ? notInstalled() : kerberosError('error' in grant ? grant.error : '')
  }

  /**
   * A server refused this token. The next one is made with other tickets: Exchange may have another key since. False if
   * it is the first of those that are remembered: then the tickets were new already.
   */
  renew(token: string): boolean {
    const place = this.#helper?.made.indexOf(token) ?? -1
    if (place >= 0) this.#stale = this.#helper
    return place !== 0
  }

  /** Closes for good. */
  close(): void {
    this.#closed = true
    this.#end()
  }

  // The tickets and the keytab are gone with the helper.
  #end(): void {
    this.#helper?.child.kill('SIGKILL')
    this.#helper = undefined
  }
}

function started({ username, keytab }: Extract<Identity, { type: 'Kerberos' }>): Helper {
  const files: number[] = []
  try {
    files.push(nameless(Buffer.from(keytab, 'base64')))
    files.push(nameless(Buffer.from(configOf(username))))
    const child = fork(helperFile, [], {
      execArgv: ['--disable-warning=ExperimentalWarning', '--max-old-space-size=32'],
      serialization: 'json',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc', ...files],
    })
    child.on('error', () => {})
    return { child, made: [] }
  } catch (error) {
    throw unavailable(`its helper process cannot be started (${codeIn(error)})`)
  } finally {
    for (const file of files) closeSync(file)
  }
}

// Resolves with the answer. Rejects if the signal aborts or the process ends.
function granted(child: ChildProcess, wish: Wish, signal: AbortSignal): Promise<Grant> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void) => {
      child.off('message', answer).off('exit', end).off('error', end)
      signal.removeEventListener('abort', end)
      outcome()
    }
    const answer = (grant: unknown) => settle(() => resolve(grant as Grant))
    const end = () => settle(reject)
    child.on('message', answer).on('exit', end).on('error', end)
    signal.addEventListener('abort', end, { once: true })
    child.send(wish, (error) => error && end())
    if (signal.aborted) end()
  })
}

/** A file that is open for reading and has no name any more: no other process finds it, and it is gone when it is closed. */
function nameless(content: Buffer): number {
  const directory = mkdtempSync(join(tmpdir(), 'exsync-kerberos-'))
  try {
    const path = join(directory, 'file')
    writeFileSync(path, content, { mode: 0o600, flag: 'wx' })
    return openSync(path, 'r')
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

// Read before the machine's own krb5.conf: the service is the host of spec.url, not a name that DNS gives for it.
function configOf(principal: string): string {
  const realm = /@([A-Za-z0-9.-]+)$/.exec(principal)?.[1]
  const lines = ['[libdefaults]', 'dns_canonicalize_hostname = false', 'rdns = false']
  if (realm !== undefined) lines.push(`default_realm = ${realm}`)
  return `${lines.join('\n')}\n`
}
