// Reads one file of declarations: its text within bounds, or the reason why there is none. Never waits for a writer, and
// never reads more than a file may have, so that one odd file does not block the others.
//
// Guarantees: the text is what the file contained at one moment, as far as its size and times show. A file that changes
// while it is read is read again, and then reported as unread.
// Caveats: a file system that does not answer at all (a dead NFS server) blocks the read.
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { fileBytesMax } from './bounds.ts'

/** The text of a file, or why it is unknown; `again`: a later attempt may succeed. */
export type Read = Readonly<{ text: string; unread?: string; again?: true }>

const mib = fileBytesMax / 1024 / 1024
const triesMax = 3
/** How long a named pipe may be silent, and how often it is polled; ms. */
const silentMs = 60_000
const askMs = 20

/**
 * Reads a file; undefined if it does not exist any more. `piped`: the user named it, so a pipe is read to its end.
 */
export async function readFileText(path: string, piped = false): Promise<Read | undefined> {
  for (let tries = 1; ; tries += 1) {
    const read = await attempt(path, piped).catch(refusalOf)
    if (read !== 'changed') return read
    if (tries === triesMax)
      return unread('is being written; the controller reads it when it is complete', true)
  }
}

/** The text of these bytes, if they are text and within the limit. */
export function textOf(bytes: Uint8Array): Read {
  if (bytes.length > fileBytesMax)
    return unread(`is larger than ${mib} MiB; split it into several files`)
  const encoding = encodingOf(bytes)
  try {
    return { text: new TextDecoder(encoding, { fatal: true }).decode(bytes) }
  } catch {
    const name = encoding === 'utf-8' ? 'UTF-8' : 'UTF-16'
    return unread(`is not ${name} text; save it as UTF-8, or remove it`)
  }
}

// UTF-16 is known by its byte order mark, as kubectl knows it.
function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8'
}

/** The text of a stream, within the same bounds. */
export async function readStream(stream: AsyncIterable<Uint8Array>): Promise<Read> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of stream) {
    parts.push(part)
    length += part.length
    if (length > fileBytesMax) break
  }
  return textOf(Buffer.concat(parts))
}

async function attempt(path: string, piped: boolean): Promise<Read | 'changed'> {
  // Opening a pipe without a writer would block the thread for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  try {
    const before = await file.stat({ bigint: true })
    if (piped && !before.isFile() && !before.isDirectory()) return textOf(await drained(file))
    if (!before.isFile()) return unread('is no regular file; replace it by one, or remove it')
    const text = textOf(await bytesOf(file))
    const after = await file.stat({ bigint: true })
    const same = before.size === after.size && before.mtimeNs === after.mtimeNs
    return same ? text : 'changed'
  } finally {
    await file.close()
  }
}

async function bytesOf(file: FileHandle): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for (let length = 0; length <= fileBytesMax; ) {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(64 * 1024) })
    if (bytesRead === 0) break
    length += bytesRead
    parts.push(buffer.subarray(0, bytesRead))
  }
  return Buffer.concat(parts)
}

// An empty pipe answers EAGAIN; a pipe without a writer answers its end.
async function drained(file: FileHandle): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let silence = 0
  for (let length = 0; length <= fileBytesMax; ) {
    const read = await file.read({ buffer: Buffer.alloc(64 * 1024) }).catch((error) => {
      if (codeOf(error) === 'EAGAIN' && silence * askMs < silentMs) return undefined
      throw error
    })
    if (read?.bytesRead === 0) break
    if (read === undefined) {
      silence += 1
      await wait(askMs)
      continue
    }
    silence = 0
    length += read.bytesRead
    parts.push(read.buffer.subarray(0, read.bytesRead))
  }
  return Buffer.concat(parts)
}

function refusalOf(error: unknown): Read | undefined {
  const code = codeOf(error)
  if (isGone(error)) return undefined
  if (code === 'EACCES' || code === 'EPERM') return unread('may not be read; check its permissions')
  if (code === 'ENXIO') return unread('is no regular file; replace it by one, or remove it')
  return unread(`cannot be read (${code}); check its disk`, true)
}

/** Does the error mean that the file does not exist, or no longer? */
export function isGone(error: unknown): boolean {
  return ['ENOENT', 'ELOOP', 'ENOTDIR'].includes(codeOf(error))
}

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : 'unknown error'
}

function unread(why: string, again = false): Read {
  return { text: '', unread: why, ...(again && { again }) }
}
