// The trees of answers: saxes builds them from a stream, and never more of them than an answer may be (intake.ts).
// Prefixes are dropped: Exchange, its proxies and other servers choose their own. Text is kept as it came, white space
// included. What nobody reads is dropped as it comes (`isRead`). Every fault inside a tag but a reference that XML
// forbids is damage, and the whole answer is broken.
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

/** How an answer is read: response messages are handed to `each` one by one as they end, and leave the tree. */
export type Way = Readonly<{
  each?: ((message: Node) => void) | undefined
  limits?: AnswerLimits
  /** Waits for room for a large answer; what it resolves with gives the room back. */
  room?: () => Promise<() => void>
}>

/** So much is read at once, and of what follows a document, before the connection is given up. */
const pieceBytes = 64 * 1024

/**
 * Parses a document from its bytes, whatever the borders of the chunks. Rejects with a transient
 * SyncError: NotXml when it is something else (an HTML page of a proxy), TruncatedAnswer when it ends
 * early or is damaged, AnswerTooLarge. Control characters in text, which real mailboxes hold, are no damage; inside a
 * tag they are. What follows the root element (a page that a proxy appends) is not read.
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
  /** How many elements are open within one that is dropped, itself included. */
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
      if (!this.#ended) this.#begin(local(name), attributes as Record<string, string>)
    })
    this.#parser.on('closetag', () => {
      if (!this.#ended) this.#close()
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
      // Some servers write something before the root element; it is no damage.
      const isOdd = message.endsWith('disallowed character.') || message.endsWith(outside)
      if (!this.#ended && (this.#inTag || !isOdd)) this.#broken ??= message
    })
  }

  /** Has it ended, or is it damaged, so that what follows is not read? */
  get isOver(): boolean {
    return this.#ended || this.#broken !== undefined
  }

  /** Does it take much memory by now? */
  get isLarge(): boolean {
    return this.#kept + this.#pending > largeFrom || this.#nodes > nodesMax / 10
  }

  /** More than is taken in; of a page that is no answer at all, that it is none. */
  tooLarge(what: string): SyncError {
    return this.#root === undefined || this.#root.name === 'Envelope' ? tooLarge(what) : notXml
  }

  read(bytes: Uint8Array): void {
    let text: string
    try {
      text = this.#decoder.decode(bytes, { stream: true })
    } catch {
      // What is no UTF-8 would become other characters, and travel as an edit (XML 1.0 §4.3.3: a fatal error).
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
        'the server’s answer broke off or is damaged; it is asked again',
      )
    }
    return root
  }

  #write(text: string): void {
    if (text !== '') this.#parser.write(text)
    if (this.#kept + this.#pending > this.#limits.kept) throw this.tooLarge('text')
  }

  // What the parser holds of a text, a comment or a value that goes on.
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
    // What comes after damage is not to be trusted.
    if (this.#broken === undefined) this.#each(node)
  }
}

const notXml = new SyncError(
  'transient',
  'NotXml',
  'the server answered with something that is not XML',
)

const outside = 'text data outside of root node.'

// saxes leaves a reference that XML forbids in the text as it is written, where it cannot be told from a text
// of the same letters. This parser puts the character there.
function forgivingParser(): SaxesParser {
  const parser = new SaxesParser()
  const inner = parser as unknown as {
    parseEntity?: (entity: string) => string
    makeError?: (message: string) => unknown
    text?: string
  }
  const { parseEntity: known, makeError } = inner
  if (known === undefined || makeError === undefined || inner.text !== '')
    throw new Error('saxes is not the version it was')
  // A text may have a million characters that XML forbids: none of them is worth a stack trace.
  inner.makeError = (message) => ({ message })
  inner.parseEntity = (entity) => referred(entity) ?? known.call(parser, entity)
  return parser
}

function local(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}
