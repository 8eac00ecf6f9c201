// Posts events to a webhook: signed as Standard Webhooks describes (HMAC-SHA256 of id, time and body), with a deadline, and
// without trust in the answer: no redirect is followed and no body is read.
import { createHmac } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { Agent, request } from 'undici'
import { digestOf } from '../core/id.ts'
import { retryAfterMs } from '../core/retry-after.ts'
import { codeIn, SyncError } from '../core/sync-error.ts'

/** A receiver of events. The URL may hold a token: only its host may be shown. */
export type Receiver = Readonly<{ url: string; secretFile: string; agent: string }>

/** An event as it is sent. `id`: the same in every attempt. */
export type Letter = Readonly<{ id: string; body: string }>

/** The outcome of an attempt: undefined if the receiver accepted it, or the reason, and the pause that it asks for, ms. */
export type Refusal = Readonly<{ reason: string; retryMs?: number | undefined }> | undefined

/** The longest attempt, from the name to the status of the answer, ms. */
const attemptMs = 10_000

/** Longer than every use of a file with secrets, bytes. */
const secretsMax = 4_096

/** The rights of users other than the owner and its group. */
const othersBits = 0o007

/** The fewest bytes of a secret, as Standard Webhooks demands. */
const secretMin = 24

/**
 * The secrets in the text of a file, one in a line: `whsec_` and base64, or the secret itself. The first is the present one;
 * each signs. Throws a terminal SyncError NotifySecretInvalid.
 */
export function secretsIn(text: string): readonly Buffer[] {
  const secrets = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) =>
      line.startsWith('whsec_')
        ? Buffer.from(line.slice('whsec_'.length), 'base64')
        : Buffer.from(line),
    )
  if (
    secrets.length > 0 &&
    secrets.length <= 4 &&
    secrets.every(({ length }) => length >= secretMin)
  )
    return secrets
  throw invalid(
    `the file of --notify-secret-file needs one to four lines, each a secret of at least ${secretMin} bytes: create one with printf 'whsec_%s\\n' "$(openssl rand -base64 32)"`,
  )
}

/** The signatures of an event that is sent at this time, s since 1970: `v1,` and base64 for each secret. */
export function signatureOf(
  secrets: readonly Buffer[],
  { id, body }: Letter,
  seconds: number,
): string {
  return secrets
    .map((secret) => {
      const digest = createHmac('sha256', secret).update(`${id}.${seconds}.${body}`)
      return `v1,${digest.digest('base64')}`
    })
    .join(' ')
}

/** Reads the secrets. Rejects as `secretsIn` throws. */
export async function secretsFrom(file: string): Promise<readonly Buffer[]> {
  const bytes = Buffer.alloc(secretsMax + 1)
  let [length, mode] = [0, 0]
  try {
    // A pipe without a writer must not hold an attempt up.
    const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      // A mounted Secret is a link to a file that is replaced: it is read whole, from its beginning.
      length = (await handle.read(bytes, 0, bytes.length, 0)).bytesRead
      mode = process.platform === 'win32' ? 0 : (await handle.stat()).mode
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw invalid(
      'the file of --notify-secret-file cannot be read: check its path and rights',
      error,
    )
  }
  if (length > secretsMax)
    throw invalid(`the file of --notify-secret-file is longer than ${secretsMax} bytes`)
  if ((mode & othersBits) !== 0)
    throw invalid(
      'every user of this machine has access to the file of --notify-secret-file: run chmod 600 on it (in a Secret volume: defaultMode: 0440)',
    )
  return secretsIn(bytes.toString('utf8', 0, length))
}

function invalid(message: string, cause?: unknown): SyncError {
  return new SyncError('terminal', 'NotifySecretInvalid', message, { cause })
}

/** Posts events to one receiver. */
export class Webhook {
  readonly #receiver: Receiver
  readonly #agent = new Agent({
    connect: { timeout: attemptMs },
    headersTimeout: attemptMs,
    bodyTimeout: attemptMs,
    connections: 1,
  })

  constructor(receiver: Receiver) {
    this.#receiver = receiver
  }

  /** The host of the receiver, which may be shown. */
  get host(): string {
    return new URL(this.#receiver.url).host
  }

  /** A digest of the whole URL: it tells receivers apart. */
  get digest(): string {
    return digestOf(this.#receiver.url)
  }

  /** Rejects with a terminal SyncError if the secrets cannot be used. */
  async check(): Promise<void> {
    await secretsFrom(this.#receiver.secretFile)
  }

  /** Sends an event once. `nowMs`: ms since 1970. Never rejects. */
  async post(letter: Letter, nowMs: number, signal: AbortSignal): Promise<Refusal> {
    const { url, secretFile, agent } = this.#receiver
    const late = AbortSignal.timeout(attemptMs)
    try {
      const seconds = Math.floor(nowMs / 1000)
      // A changed secret counts from the next attempt on.
      const secrets = await secretsFrom(secretFile)
      const { statusCode, headers, body } = await request(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/cloudevents+json; charset=utf-8',
          'user-agent': agent,
          'webhook-id': letter.id,
          'webhook-timestamp': String(seconds),
          'webhook-signature': signatureOf(secrets, letter, seconds),
        },
        body: letter.body,
        dispatcher: this.#agent,
        signal: AbortSignal.any([signal, late]),
      })
      // The body has no meaning, and may never end: the connection is closed with it.
      body.on('error', () => {}).destroy()
      if (statusCode >= 200 && statusCode < 300) return undefined
      const reason = statusCode < 400 ? `Redirect ${statusCode}` : `HTTP ${statusCode}`
      return { reason, retryMs: retryAfterMs(headers, nowMs) }
    } catch (error) {
      if (late.aborted) return { reason: 'Timeout' }
      return { reason: error instanceof SyncError ? error.code : codeIn(error) || 'ConnectionLost' }
    }
  }

  /** Closes the connection. */
  async close(): Promise<void> {
    await this.#agent.destroy()
  }
}
