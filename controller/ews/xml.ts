// XML at the border: escaping of outgoing text, and the small trees that `xml-reader.ts` builds from answers. Exchange
// writes characters that XML forbids as references (`&#x1F;`). A node holds the character itself, in text and attributes:
// readers of text drop it (`legal`), readers of ids refuse it.
import { legal } from '../core/item.ts'

/** XML text that is already escaped. */
export type Xml = string

/**
 * One element without its prefix; `text` is the character data directly below it. Text and attributes may contain
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

/** Escapes text for use between tags or in a quoted attribute; drops characters that XML forbids. */
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

/** The text of the first element on the path, unchanged; undefined if there is none. */
export function textAt(node: Node | undefined, ...path: readonly string[]): string | undefined {
  return at(node, ...path)?.text
}

/**
 * Removes the characters that XML forbids, for a parser that does not know them (the library of the control plane): in
 * text they are dropped; inside a tag they become U+FFFD, so that no id becomes another one. A CDATA section has no
 * references: `&#x1F;` stays unchanged there.
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

// The piece of the document that starts here (text, CDATA section or tag): its end, and its clean form.
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

/**
 * The character of a reference (`#x1F`, `#31`), also one that XML forbids; undefined for anything else. One half of a
 * surrogate pair is answered as such: some servers write an emoji as two references.
 */
export function referred(entity: string): string | undefined {
  const isHex = entity[1] === 'x'
  if (!(isHex ? /^#x[0-9a-fA-F]+$/ : /^#[0-9]+$/).test(entity)) return undefined
  const code = isHex ? Number.parseInt(entity.slice(2), 16) : Number(entity.slice(1))
  return code > 0x10ffff ? '\uffff' : String.fromCodePoint(code)
}
