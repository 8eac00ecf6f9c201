// XML at the border: escaping on the way out; on the way in, saxes builds small trees from a stream.
// Prefixes are dropped: Exchange, its proxies and other servers choose their own. Text is kept as it
// came, white space included.
import { SaxesParser } from 'saxes'
import { legal } from '../core/item.ts'
import { SyncError } from '../core/sync-error.ts'

/** XML text that is already escaped. */
export type Xml = string

/** One element, prefix dropped; `text` is all the character data directly below it. */
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

/** The text of the first element on the path, undefined when there is none. */
export function textAt(node: Node | undefined, ...path: readonly string[]): string | undefined {
  return at(node, ...path)?.text
}

/**
 * Parses a document from its bytes, whatever the borders of the chunks. Rejects with a transient
 * SyncError: NotXml when it is something else (an HTML page of a proxy), TruncatedAnswer when it ends
 * early. Control characters, which real mailboxes hold, are passed over. Response messages are handed to
 * `each` one by one as they end, and leave the tree: of a large answer, only one is held at a time.
 */
export async function parsed(
  bytes: AsyncIterable<Uint8Array>,
  each?: (message: Node) => void,
): Promise<Node> {
  const reader = new TreeReader(each)
  const decoder = new TextDecoder('utf-8')
  for await (const chunk of bytes) reader.write(decoder.decode(chunk, { stream: true }))
  reader.write(decoder.decode())
  return reader.end()
}

class TreeReader {
  readonly #parser = new SaxesParser()
  readonly #open: Node[] = []
  #root: Node | undefined
  #broken: string | undefined

  constructor(each: ((message: Node) => void) | undefined) {
    const open = this.#open
    this.#parser.on('opentag', ({ name, attributes }) => {
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
      const [node, parent] = [open.pop(), open.at(-1)]
      if (each === undefined || node === undefined || parent?.name !== 'ResponseMessages') return
      parent.children.pop()
      each(node)
    })
    const text = (characters: string) => {
      const node = open.at(-1)
      if (node !== undefined) node.text += characters
    }
    this.#parser.on('text', text)
    this.#parser.on('cdata', text)
    this.#parser.on('error', ({ message }) => {
      // Illegal characters occur in real data, and proxies append a page to a complete answer.
      if (/disallowed character\.|character entity|outside of root|only one root/.test(message))
        return
      if (this.#root === undefined || open.length > 0) this.#broken ??= message
    })
  }

  write(text: string): void {
    if (text !== '' && this.#broken === undefined) this.#parser.write(text)
  }

  end(): Node {
    const [root, complete] = [this.#root, this.#open.length === 0]
    if (root === undefined || (this.#broken !== undefined && root.name !== 'Envelope')) {
      throw new SyncError(
        'transient',
        'NotXml',
        'the server answered with something that is not XML',
      )
    }
    if (!complete || this.#broken !== undefined) {
      throw new SyncError(
        'transient',
        'TruncatedAnswer',
        'the server’s answer broke off; it is asked again',
      )
    }
    return root
  }
}

function local(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}
