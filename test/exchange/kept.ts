// A world that outlives the program: everything that the server holds, in one file. Ids, change keys, sync states,
// commit times, passwords and permissions are the same afterwards, so that a client goes on as if nothing were.
//
//   {"format":"embedded-exchange","version":1,"sha256":"…","bytes":N}\n   what follows, and how to know that it is whole
//   N bytes, as V8 writes values (node:v8): the state, with all that is shared and circular in it, and the time
//
// A file is written beside the old one and takes its place only when it is whole and on the disk. Requests that
// change something are answered after that, several by one writing where they come together: what was answered
// is kept, also when the process is killed.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { deserialize, serialize } from 'node:v8'
import { idsOf } from './store/ids.ts'
import type { Box, Normalise, State } from './store/item.ts'

const FORMAT = 'embedded-exchange'
const VERSION = 1

/** A file cannot be gone on from; the message says why, and what to do. */
export class KeptError extends Error {
  override readonly name = 'KeptError'
}

/** The content of a file: what the server held, and when. */
export type Kept = Readonly<{
  nowMs: number
  /** Was the time another one than the machine's? Then it stood still meanwhile. */
  ownTime: boolean
  /** The state, to be gone on with under a clock. */
  state: (clock: () => number, normalise: Normalise) => State
}>

type Bare = Omit<State, 'clock' | 'normalise'>
type Content = Readonly<{ nowMs: number; ownTime: boolean; state: Bare }>

/** What a file holds; undefined when there is none. Throws `KeptError`. */
export function readKept(file: string): Kept | undefined {
  const bytes = bytesOf(file)
  if (bytes === undefined) return undefined
  const end = bytes.indexOf('\n')
  const head = headerIn(bytes.subarray(0, Math.max(0, end)).toString())
  if (head?.format !== FORMAT) throw refused(file, 'it is no world that this program has kept')
  if (head.version !== VERSION) {
    const why = `it has the form ${String(head.version)}, and this program reads the form ${VERSION}`
    throw refused(file, why)
  }
  const body = bytes.subarray(end + 1)
  if (body.length !== head.bytes || digestOf(body) !== head.sha256)
    throw refused(file, 'it is damaged')
  const { nowMs, ownTime, state } = contentIn(file, body)
  return { nowMs, ownTime, state: (clock, normalise) => revived(state, clock, normalise) }
}

/** The bytes of a file for this state. */
export function bytesFor(state: State, nowMs: number, ownTime: boolean): Buffer {
  const { clock: _clock, normalise: _normalise, ...bare } = state
  const body = serialize({ nowMs, ownTime, state: bare } satisfies Content)
  const head = { format: FORMAT, version: VERSION, sha256: digestOf(body), bytes: body.length }
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body])
}

/** Writes a file again and again. */
export class Keeper {
  readonly #file: string
  readonly #bytes: () => Buffer
  #writing: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined

  /** `bytes` is asked when a writing begins. */
  constructor(file: string, bytes: () => Buffer) {
    this.#file = file
    this.#bytes = bytes
  }

  /** Resolves when everything that was so far is in the file. Rejects when that cannot be written. */
  save(): Promise<void> {
    // Who comes while a writing waits for its turn shares it.
    this.#next ??= this.#writing
      .catch(() => {})
      .then(() => {
        this.#next = undefined
        this.#writing = this.#write()
        return this.#writing
      })
    return this.#next
  }

  async #write(): Promise<void> {
    const draft = `${this.#file}.tmp`
    // Passwords are in it.
    const file = await open(draft, 'w', 0o600)
    try {
      await file.writeFile(this.#bytes())
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, this.#file)
  }
}

function bytesOf(file: string): Buffer | undefined {
  try {
    return readFileSync(file)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new KeptError(`${file}: it cannot be read (${code}); name another file with --state`)
  }
}

type Header = Readonly<Record<'format' | 'version' | 'sha256' | 'bytes', unknown>>

function headerIn(line: string): Header | undefined {
  try {
    return (JSON.parse(line) ?? undefined) as Header | undefined
  } catch {
    return undefined
  }
}

// A sum that is right and content that is not: another version of V8 has written it.
function contentIn(file: string, body: Buffer): Content {
  try {
    return deserialize(body) as Content
  } catch {
    throw refused(file, `this version of Node.js (${process.version}) cannot read it`)
  }
}

// Functions are not in a file: the clock is handed down, and ids are made of what names their box.
function revived(state: Bare, clock: () => number, normalise: Normalise): State {
  const boxes = new Set<Box>([state.public, ...state.mailboxes.values()])
  for (const { box } of state.folders.values()) boxes.add(box)
  for (const item of state.attachments.values()) boxes.add(item.folder.box)
  for (const box of boxes) box.ids = idsOf(box.ids.seed, box.scope)
  return { ...state, clock, normalise }
}

function refused(file: string, why: string): KeptError {
  const remedy = 'put back a copy of it, or move it away to start from the world again'
  return new KeptError(`${file}: ${why}; it was left as it is. To go on, ${remedy}`)
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
