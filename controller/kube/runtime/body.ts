// The body of an answer, read within bounds: as JSON, as the text of a refusal, or line by line. Each byte is looked at
// once, however the network cuts it, and what is longer than anything an API server sends ends the reading.
import { SyncError } from '../../core/sync-error.ts'

type Body = AsyncIterable<Uint8Array>

/** The most that one answer may have: the page of a list is the largest. */
export const answerBytesMax = 32 * 1024 * 1024
/** The most that one event of a watch may have: etcd keeps no object of more than 3 MiB. */
export const lineBytesMax = 8 * 1024 * 1024
const refusalBytesMax = 64 * 1024
const newline = 10

/** A whole body as JSON, and how many bytes it has. Rejects with a transient SyncError where it is none, or too large. */
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

/** As much of a refusal's body as says what it is. */
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

/** The lines of a body, each as JSON, as they come; a last one without an end is none. Rejects as `jsonIn` does. */
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
    throw invalidAnswer('what is no JSON')
  }
}

/** The API server, or what stands before it, answered something that was not asked for. */
export function invalidAnswer(what: string): SyncError {
  const message = `the Kubernetes API server answered with ${what}; it is asked again. Check the API server, and any proxy before it`
  return new SyncError('transient', 'ApiAnswerInvalid', message)
}

function tooLarge(what: string, max: number): SyncError {
  const message = `the Kubernetes API server sent ${what} of more than ${max / 1024 / 1024} MiB; it is asked again. Check the API server, and any proxy before it`
  return new SyncError('transient', 'ApiAnswerTooLarge', message)
}
