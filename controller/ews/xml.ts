// XML at the border: escaping on the way out; on the way in, saxes builds small trees from a stream.
// Prefixes are dropped: Exchange, its proxies and other servers choose their own. Text is kept as it
// came, white space included. Exchange writes characters that XML forbids as references (`&#x1F;`): a node
// holds the character itself, in text and in attributes, so that a reader of text drops it (`legal`) and a
// reader of ids refuses it. Every other fault inside a tag is damage, and the whole answer is broken.
import { SaxesParser } from 'saxes'
import { legal } from '../core/item.ts'
import { SyncError } from '../core/sync-error.ts'

/** XML text that is already escaped. */
export type Xml = string

/**
 * One element, prefix dropped; `text` is all the character data directly below it. Text and attributes may hold
 * characters that XML forbids: `legal` drops them.
 */
export type Node = {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: Node[]
  text: string
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#xD;',
}

/** The text for use between tags or in a quoted attribute; what XML cannot carry is dropped. */
export function escaped(text: string): Xml {
  return legal(text).replace(/[&<>"\r]/g, (character) => escapes[character] ?? character)
}

/** An element with text. */
export function element(name: string, text: string): Xml {
  return `<${name}>${escaped(text)}</${name}>`
}

/** The children of that name. */
export function all(node: Node | undefined, name: string): readonly Node[] {
  return node?.children.filter((child) => child.name === name) ?? []
}

/** The first element on the path below the node. */
export function at(node: Node | undefined, ...path: readonly string[]): Node | undefined {
  let here = node
  for (const name of path) here = here?.children.find((child) => child.name === name)
  return here
}

/** The text of the first element on the path, as it came; undefined when there is none. */
export function textAt(node: Node | undefined, ...path: readonly string[]): string | undefined {
  return at(node, ...path)?.text
}

/**
 * Parses a document from its bytes, whatever the borders of the chunks. Rejects with a transient
 * SyncError: NotXml when it is something else (an HTML page of a proxy), TruncatedAnswer when it ends
 * early or is damaged. Control characters in text, which real mailboxes hold, are no damage; inside a tag they
 * are. What follows the root element (a page that a proxy appends) is not read. Response messages are handed
 * to `each` one by one as they end, and leave the tree: of a large answer, only one is held at a time.
 */
export async function parsed(
  bytes: AsyncIterable<Uint8Array>,
  each?: (message: Node) => void,
): Promise<Node> {
  const reader = new TreeReader(each)
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const read = (chunk: Uint8Array, stream: boolean) => {
    let text: string
    try {
      text = decoder.decode(chunk, { stream })
    } catch {
      // What is no UTF-8 would become other characters, and travel as an edit (XML 1.0 §4.3.3: a fatal error).
      reader.write(new TextDecoder('utf-8').decode(chunk).split('\ufffd')[0] ?? '')
      reader.damaged('it is not UTF-8')
      return
    }
    reader.write(text)
  }
  for await (const chunk of bytes) read(chunk, true)
  read(new Uint8Array(), false)
  return reader.end()
}

/**
 * The document without the characters that XML forbids, for a parser that does not know them (the library of
 * the control plane): dropped from text, and U+FFFD inside a tag, so that no id becomes another one. A CDATA
 * section has no references: `&#x1F;` stays there as it is.
 */
export function withoutForbidden(document: string): string {
  const parts: string[] = []
  for (let from = 0; from < document.length; ) {
    const [to, part] = pieceAt(document, from)
    parts.push(part)
    from = to
  }
  return parts.join('')
}

// The piece of the document that starts there (text, CDATA section or tag): where it ends, and what it becomes.
function pieceAt(document: string, from: number): readonly [number, string] {
  const end = (mark: string) => {
    const at = document.indexOf(mark, from)
    return at < 0 ? document.length : at
  }
  if (document[from] !== '<') {
    const to = end('<')
    return [to, legal(document.slice(from, to).replace(references, allowed('')))]
  }
  const isCdata = document.startsWith('<![CDATA[', from)
  const to = Math.min(document.length, isCdata ? end(']]>') + 3 : end('>') + 1)
  const piece = document.slice(from, to)
  return [to, isCdata ? legal(piece) : piece.replace(references, allowed('\ufffd'))]
}

const references = /&#(?:x[0-9a-fA-F]{1,16}|[0-9]{1,16});/g

const allowed = (instead: string) => (reference: string) =>
  legal(referred(reference.slice(1, -1)) ?? '') === '' ? instead : reference

// The character of a reference (`#x1F`, `#31`), also one that XML forbids; undefined for what is no reference.
// Half of a surrogate pair is half a character: some servers write an emoji as two references.
function referred(entity: string): string | undefined {
  const isHex = entity[1] === 'x'
  if (!(isHex ? /^#x[0-9a-fA-F]+$/ : /^#[0-9]+$/).test(entity)) return undefined
  const code = isHex ? Number.parseInt(entity.slice(2), 16) : Number(entity.slice(1))
  return code > 0x10ffff ? '\uffff' : String.fromCodePoint(code)
}

class TreeReader {
  readonly #parser = forgivingParser()
  readonly #open: Node[] = []
  #root: Node | undefined
  #ended = false
  #broken: string | undefined

  constructor(each: ((message: Node) => void) | undefined) {
    const open = this.#open
    let inTag = false
    this.#parser.on('opentagstart', () => {
      inTag = true
    })
    this.#parser.on('opentag', ({ name, attributes }) => {
      inTag = false
      if (this.#ended) return
      const node: Node = {
        name: local(name),
        attributes: attributes as Record<string, string>,
        children: [],
        text: '',
      }
      const parent = open.at(-1)
      if (parent === undefined) this.#root ??= node
      else parent.children.push(node)
      open.push(node)
    })
    this.#parser.on('closetag', () => {
      if (this.#ended) return
      const [node, parent] = [open.pop(), open.at(-1)]
      this.#ended = parent === undefined
      if (each === undefined || node === undefined || parent?.name !== 'ResponseMessages') return
      parent.children.pop()
      // What comes after damage is not to be trusted.
      if (this.#broken === undefined) each(node)
    })
    const text = (characters: string) => {
      const node = open.at(-1)
      if (node !== undefined) node.text += characters
    }
    this.#parser.on('text', text)
    this.#parser.on('cdata', text)
    this.#parser.on('error', ({ message }) => {
      // Some servers write something before the root element; it is no damage.
      const isOdd = message.endsWith('disallowed character.') || message.endsWith(outside)
      if (!this.#ended && (inTag || !isOdd)) this.#broken ??= message
    })
  }

  write(text: string): void {
    if (text !== '' && this.#broken === undefined && !this.#ended) this.#parser.write(text)
  }

  /** What was written since is not to be trusted, unless the document had ended before. */
  damaged(how: string): void {
    if (!this.#ended) this.#broken ??= how
  }

  end(): Node {
    const root = this.#root
    if (root === undefined || (this.#broken !== undefined && root.name !== 'Envelope')) {
      throw new SyncError(
        'transient',
        'NotXml',
        'the server answered with something that is not XML',
      )
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
}

const outside = 'text data outside of root node.'

// saxes leaves a reference that XML forbids in the text as it is written, where it cannot be told from a text
// of the same letters. This parser puts the character there.
function forgivingParser(): SaxesParser {
  const parser = new SaxesParser()
  const inner = parser as unknown as { parseEntity?: (entity: string) => string }
  const known = inner.parseEntity
  if (known === undefined) throw new Error('saxes is not the version it was')
  inner.parseEntity = (entity) => referred(entity) ?? known.call(parser, entity)
  return parser
}

function local(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}
