// Builds the trees of answers from a stream with saxes, within the limits of intake.ts. Namespace prefixes are dropped:
// Exchange, its proxies and other servers choose their own. Text is kept as it came, white space included. Elements that
// are not read (`isRead`) are dropped as they arrive. Any error inside a tag means damage, and the whole answer is
// discarded; exception: a reference that XML forbids.
import { SaxesParser } from 'saxes'
import { SyncError } from '../core/sync-error.ts'
import { breathe } from '../sync/breathe.ts'
import {
  type AnswerLimits,
  attributesMax,
  depthMax,
  elementsMax,
  Intake,
  largeFrom,
  messagesMax,
  nodesMax,
  tooLarge,
} from './intake.ts'
import { isRead } from './shape.ts'
import { type Node, referred } from './xml.ts'

/** How to read an answer. Each finished response message is passed to `each` and removed from the tree. */
export type Way = Readonly<{
  each?: ((message: Node) => void) | undefined
  limits?: AnswerLimits
  /** Waits for room for a large answer; resolves with the function that releases it. */
  room?: () => Promise<() => void>
}>

/** The size of one read, and the most that is read after a document before the connection is given up; bytes. */
const pieceBytes = 64 * 1024

/**
 * Parses a document from its bytes, wherever the chunks are cut. Rejects with a transient SyncError: NotXml if it is
 * something else (a proxy's HTML page), TruncatedAnswer if it ends early or is damaged, AnswerTooLarge. Control characters
 * occur in real mailboxes: in text they are accepted, inside a tag they are damage. Anything after the root element (a
 * proxy may append a page) is not read.
 */
export async function parsed(
  bytes: AsyncIterable<Uint8Array>,
  { each, limits = new Intake().limits, room }: Way = {},
): Promise<Node> {
  const reader = new TreeReader(each, limits)
  let [total, after] = [0, 0]
  let leave: (() => void) | undefined
  try {
    for await (const chunk of bytes) {
      for (let from = 0; from < chunk.length; from += pieceBytes) {
        if (from > 0) await breathe()
        const piece = chunk.subarray(from, from + pieceBytes)
        total += piece.length
        if (total > limits.bytes) throw reader.tooLarge(`more than ${limits.bytes} bytes`)
        if (reader.isOver) after += piece.length
        else reader.read(piece)
        if (reader.isLarge) leave ??= await room?.()
      }
      if (after > pieceBytes) break
    }
    return reader.end()
  } finally {
    leave?.()
  }
}

class TreeReader {
  readonly #parser = forgivingParser()
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })
  readonly #each: Way['each']
  readonly #limits: AnswerLimits
  readonly #open: Node[] = []
  #root: Node | undefined
  #ended = false
  #broken: string | undefined
  #inTag = false
  /** The number of open elements within a dropped one, itself included. */
  #dropped = 0
  #attributes = 0
  #kept = 0
  #nodes = 0
  #begun = 0
  #messages = 0

  constructor(each: Way['each'], limits: AnswerLimits) {
    this.#each = each
    this.#limits = limits
    this.#parser.on('opentagstart', () => {
      this.#inTag = true
      this.#attributes = 0
    })
    this.#parser.on('attribute', () => {
      this.#attributes += 1
      if (this.#attributes > attributesMax) throw this.tooLarge('attributes')
    })
    this.#parser.on('opentag', ({ name, attributes }) => {
      this.#inTag = false
      if (!this.isOver) this.#begin(local(name), attributes as Record<string, string>)
    })
    this.#parser.on('closetag', () => {
      if (!this.isOver) this.#close()
    })
    const text = (characters: string) => {
      const node = this.#dropped > 0 ? undefined : this.#open.at(-1)
      if (node === undefined) return
      node.text += characters
      this.#keep(characters.length)
    }
    this.#parser.on('text', text)
    this.#parser.on('cdata', text)
    this.#parser.on('error', ({ message }) => {
      // Some servers write text before the root element; that is no damage.
      const isOdd = message.endsWith('disallowed character.') || message.endsWith(textOutsideRoot)
      if (!this.#ended && (this.#inTag || !isOdd)) this.#broken ??= message
    })
  }

  /** Is the document finished or damaged, so that the rest need not be read? */
  get isOver(): boolean {
    return this.#ended || this.#broken !== undefined
  }

  /** Is the answer large by now? */
  get isLarge(): boolean {
    return this.#kept + this.#pending > largeFrom || this.#nodes > nodesMax / 10
  }

  /** The error for an answer above a limit; for a web page, the error that it is no answer. */
  tooLarge(what: string): SyncError {
    return this.#root === undefined || this.#root.name === 'Envelope' ? tooLarge(what) : notXml
  }

  read(bytes: Uint8Array): void {
    let text: string
    try {
      text = this.#decoder.decode(bytes, { stream: true })
    } catch {
      // Invalid UTF-8 would become replacement characters and travel as an edit (XML 1.0 §4.3.3: a fatal error).
      this.#write(new TextDecoder('utf-8').decode(bytes).split('\ufffd', 1)[0] ?? '')
      if (!this.#ended) this.#broken ??= 'it is not UTF-8'
      return
    }
    this.#write(text)
  }

  end(): Node {
    const root = this.#root
    if (root === undefined || (this.#broken !== undefined && root.name !== 'Envelope')) {
      throw notXml
    }
    if (!this.#ended || this.#broken !== undefined) {
      throw new SyncError(
        'transient',
        'TruncatedAnswer',
        'the server’s answer broke off or is damaged; the controller asks again',
      )
    }
    return root
  }

  #write(text: string): void {
    if (text !== '') this.#parser.write(text)
    if (this.#kept + this.#pending > this.#limits.kept) throw this.tooLarge('text')
  }

  // The parser's buffer of an unfinished text, comment or value.
  get #pending(): number {
    const { text, name } = this.#parser as unknown as Readonly<{ text: string; name: string }>
    return text.length + name.length
  }

  #keep(characters: number): void {
    this.#kept += characters
    if (this.#kept > this.#limits.kept) throw this.tooLarge('text')
  }

  #begin(name: string, attributes: Record<string, string>): void {
    this.#begun += 1
    if (this.#begun > elementsMax) throw this.tooLarge('elements')
    const [parent, above] = [this.#open.at(-1), this.#open.at(-2)]
    if (this.#dropped > 0 || (parent !== undefined && !isRead(name, parent, above))) {
      this.#dropped += 1
    } else {
      const node: Node = { name, attributes, children: [], text: '' }
      if (parent === undefined) this.#root ??= node
      else parent.children.push(node)
      // Elements of a web page need not be closed and would look deeply nested.
      if (parent === undefined && name.toLowerCase() === 'html') this.#broken ??= 'a web page'
      this.#open.push(node)
      this.#nodes += 1
      if (this.#nodes > nodesMax) throw this.tooLarge('elements')
      for (const key in attributes) this.#keep(key.length + (attributes[key]?.length ?? 0))
    }
    if (this.#open.length + this.#dropped > depthMax) throw this.tooLarge('its depth')
  }

  #close(): void {
    if (this.#dropped > 0) {
      this.#dropped -= 1
      return
    }
    const [node, parent] = [this.#open.pop(), this.#open.at(-1)]
    this.#ended = parent === undefined
    if (this.#each === undefined || node === undefined || parent?.name !== 'ResponseMessages')
      return
    parent.children.pop()
    this.#nodes = this.#open.length
    this.#messages += 1
    if (this.#messages > messagesMax) throw this.tooLarge('messages')
    // Nothing after the damage is used.
    if (this.#broken === undefined) this.#each(node)
  }
}

const notXml = new SyncError(
  'transient',
  'NotXml',
  'the server answered with something that is not XML',
)

const textOutsideRoot = 'text data outside of root node.'

// saxes leaves a reference that XML forbids as its letters, where it looks like ordinary text. This parser inserts the
// character itself.
function forgivingParser(): SaxesParser {
  const parser = new SaxesParser()
  const inner = parser as unknown as {
    parseEntity?: (entity: string) => string
    makeError?: (message: string) => unknown
    text?: string
  }
  const { parseEntity: known, makeError } = inner
  if (known === undefined || makeError === undefined || inner.text !== '')
    throw new Error('this version of saxes is not supported')
  // A text may have a million forbidden characters: creating a stack trace for each is too slow.
  inner.makeError = (message) => ({ message })
  inner.parseEntity = (entity) => referred(entity) ?? known.call(parser, entity)
  return parser
}

function local(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}
