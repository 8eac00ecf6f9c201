// Reads the body of an answer within bounds: as JSON, as the text of an error, or line by line. It scans each byte
// once, however the network splits the body, and stops at anything longer than an API server sends.
import { SyncError } from '../../core/sync-error.ts'

type Body = AsyncIterable<Uint8Array>

/** The largest answer, bytes. The largest real one is a page of a list. */
export const answerBytesMax = 32 * 1024 * 1024
/** The largest event of a watch, bytes. etcd keeps no object above 3 MiB. */
export const lineBytesMax = 8 * 1024 * 1024
const refusalBytesMax = 64 * 1024
const newline = 10

/** Reads a whole body as JSON, with its size in bytes. Rejects with a transient SyncError if it is no JSON, or too large. */
export async function jsonIn(body: Body): Promise<Readonly<{ value: unknown; bytes: number }>> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of body) {
    bytes += part.length
    if (bytes > answerBytesMax) throw tooLarge('an answer', answerBytesMax)
    parts.push(part)
  }
  return { value: parsed(Buffer.concat(parts)), bytes }
}

/** Reads the beginning of an error's body as text: enough for its Status. */
export async function refusalIn(body: Body): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of body) {
    parts.push(part)
    bytes += part.length
    if (bytes > refusalBytesMax) break
  }
  return new TextDecoder().decode(Buffer.concat(parts))
}

/** Reads a body as JSON lines, as they arrive; drops a last line without a newline. Rejects as `jsonIn` does. */
export async function* jsonLinesIn(body: Body, heard: () => void): AsyncGenerator<unknown> {
  let parts: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    heard()
    let from = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
      parts.push(chunk.subarray(from, end))
      const line = Buffer.concat(parts)
      if (line.length > lineBytesMax) throw tooLarge('an event', lineBytesMax)
      parts = []
      bytes = 0
      from = end + 1
      if (line.length > 0) yield parsed(line)
    }
    const rest = chunk.subarray(from)
    bytes += rest.length
    if (bytes > lineBytesMax) throw tooLarge('an event', lineBytesMax)
    parts.push(rest)
  }
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    throw invalidAnswer('a text that is no JSON')
  }
}

/** The error for an answer of the API server, or of a proxy before it, that does not fit the request. */
export function invalidAnswer(what: string): SyncError {
  const message = `the Kubernetes API server answered with ${what}; the controller asks again. Check the API server, and any proxy before it`
  return new SyncError('transient', 'ApiAnswerInvalid', message)
}

function tooLarge(what: string, max: number): SyncError {
  const message = `the Kubernetes API server sent ${what} of more than ${max / 1024 / 1024} MiB; the controller asks again. Check the API server, and any proxy before it`
  return new SyncError('transient', 'ApiAnswerTooLarge', message)
}
