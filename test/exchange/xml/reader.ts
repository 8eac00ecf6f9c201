// Reads one XML document into a tree of elements. Written for requests: strict about well-formedness and
// namespaces, without DTDs (so no entity can grow), and deliberately not the parser that the controller's
// own EWS client uses, so that the two check each other.

/** One element. Prefixed attributes (`xsi:type`, `s:mustUnderstand`) are checked and then left out. */
export type Element = Readonly<{
  name: string
  space: string
  attributes: Readonly<Record<string, string>>
  children: readonly Element[]
  text: string
  offset: number
}>

/** The document cannot be read; `offset` says where. */
export class XmlError extends Error {
  override readonly name = 'XmlError'
  readonly offset: number
  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

type Scope = { readonly [prefix: string]: string }
type Open = {
  readonly tag: string
  readonly name: string
  readonly space: string
  readonly scope: Scope
  readonly attributes: Record<string, string>
  readonly children: Element[]
  readonly offset: number
  text: string
}

const DEPTH_MAX = 100
const XML_SPACE = 'http://www.w3.org/XML/1998/namespace'
const NAME =
  /[A-Za-z_\u00c0-\ufffd][\w.\-\u00b7-\ufffd]*(?::[A-Za-z_\u00c0-\ufffd][\w.\-\u00b7-\ufffd]*)?/y
const ILLEGAL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/
const BLANK = /[\t\n\r ]*/y
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** The root element of a document. Throws `XmlError`. */
export function readXml(text: string): Element {
  const source = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  const illegal = ILLEGAL.exec(source)
  if (illegal) throw new XmlError('A character that XML forbids', illegal.index)
  return new Reader(source).document()
}

/** Line and column, both from 1, of an offset. */
export function position(text: string, offset: number): Readonly<{ line: number; column: number }> {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  return { line, column: offset - before.lastIndexOf('\n') }
}

class Reader {
  readonly #source: string
  readonly #stack: Open[] = []
  #at = 0
  #root: Element | undefined

  constructor(source: string) {
    this.#source = source
  }

  document(): Element {
    const source = this.#source
    while (this.#at < source.length) {
      const open = source.indexOf('<', this.#at)
      this.#characters(open < 0 ? source.length : open)
      if (open >= 0) this.#markup()
    }
    const unclosed = this.#stack.at(-1)
    if (unclosed) throw this.#error(`Element ${unclosed.tag} is not closed`)
    if (!this.#root) throw this.#error('There is no root element')
    return this.#root
  }

  #error(message: string, offset = this.#at): XmlError {
    return new XmlError(message, offset)
  }

  #characters(end: number): void {
    if (end === this.#at) return
    const raw = this.#source.slice(this.#at, end)
    const element = this.#stack.at(-1)
    if (!element) {
      if (raw.trim() !== '') throw this.#error('Text outside of the root element')
    } else {
      if (raw.includes(']]>')) throw this.#error(']]> in text')
      const text = this.#resolved(raw, this.#at)
      element.text = element.text === '' ? text : element.text + text
    }
    this.#at = end
  }

  #markup(): void {
    const source = this.#source
    const next = source.charCodeAt(this.#at + 1)
    if (next === 0x2f) this.#close()
    else if (next === 0x21) this.#bang()
    else if (next === 0x3f) this.#instruction()
    else this.#open()
  }

  #instruction(): void {
    const end = this.#source.indexOf('?>', this.#at)
    if (end < 0) throw this.#error('A processing instruction without end')
    const xml = /^<\?xml[\s?]/i.test(this.#source.slice(this.#at, this.#at + 6))
    if (xml && this.#at > 0) throw this.#error('An XML declaration that is not at the beginning')
    this.#at = end + 2
  }

  #bang(): void {
    const source = this.#source
    if (source.startsWith('<!--', this.#at)) {
      const end = source.indexOf('--', this.#at + 4)
      if (end < 0 || source[end + 2] !== '>') throw this.#error('A comment without proper end')
      this.#at = end + 3
    } else if (source.startsWith('<![CDATA[', this.#at)) {
      const end = source.indexOf(']]>', this.#at)
      const element = this.#stack.at(-1)
      if (end < 0 || !element) throw this.#error('A CDATA section in the wrong place')
      element.text += lines(source.slice(this.#at + 9, end))
      this.#at = end + 3
    } else {
      throw this.#error('Document type declarations are not allowed')
    }
  }

  #close(): void {
    const source = this.#source
    const end = source.indexOf('>', this.#at)
    const tag = source.slice(this.#at + 2, end < 0 ? undefined : end).trimEnd()
    const open = this.#stack.pop()
    if (end < 0 || open?.tag !== tag)
      throw this.#error(`</${tag}> closes ${open?.tag ?? 'nothing'}`)
    this.#at = end + 1
    this.#finish(open)
  }

  #finish({ name, space, attributes, children, text, offset }: Open): void {
    const element = { name, space, attributes, children, text, offset }
    const parent = this.#stack.at(-1)
    if (parent) parent.children.push(element)
    else this.#root = element
  }

  #open(): void {
    const offset = this.#at
    if (this.#root) throw this.#error('A second root element')
    if (this.#stack.length >= DEPTH_MAX) throw this.#error('Elements are nested too deeply')
    this.#at += 1
    const tag = this.#name()
    const written = this.#attributes()
    const scope = this.#scope(written)
    const colon = tag.indexOf(':')
    const prefix = colon < 0 ? '' : tag.slice(0, colon)
    const name = colon < 0 ? tag : tag.slice(colon + 1)
    const space = this.#space(scope, prefix, offset)
    const attributes: Record<string, string> = {}
    for (const [key, value] of written) {
      if (key === 'xmlns' || key.startsWith('xmlns:')) continue
      const at = key.indexOf(':')
      if (at < 0) attributes[key] = value
      else this.#space(scope, key.slice(0, at), offset)
    }
    const open: Open = { tag, name, space, scope, attributes, children: [], offset, text: '' }
    if (this.#source.startsWith('/>', this.#at)) {
      this.#at += 2
      this.#finish(open)
    } else if (this.#source[this.#at] === '>') {
      this.#at += 1
      this.#stack.push(open)
    } else {
      throw this.#error(`The tag of ${tag} does not end`)
    }
  }

  #attributes(): [string, string][] {
    const source = this.#source
    const found: [string, string][] = []
    for (;;) {
      const from = this.#at
      this.#skip(BLANK)
      const code = source.charCodeAt(this.#at)
      if (code === 0x3e || code === 0x2f || Number.isNaN(code)) return found
      if (from === this.#at) throw this.#error('White space is missing before an attribute')
      const key = this.#name()
      this.#skip(BLANK)
      if (source[this.#at] !== '=') throw this.#error(`Attribute ${key} has no value`)
      this.#at += 1
      this.#skip(BLANK)
      const quote = source[this.#at] ?? ''
      const end = quote === '"' || quote === "'" ? source.indexOf(quote, this.#at + 1) : -1
      if (end < 0) throw this.#error(`The value of attribute ${key} is not quoted`)
      const raw = source.slice(this.#at + 1, end)
      if (raw.includes('<')) throw this.#error(`< in the value of attribute ${key}`)
      if (found.some(([other]) => other === key)) throw this.#error(`Attribute ${key} occurs twice`)
      found.push([key, this.#resolved(raw.replace(/\r\n|[\t\n\r]/g, ' '), this.#at)])
      this.#at = end + 1
    }
  }

  #scope(written: readonly (readonly [string, string])[]): Scope {
    const outer = this.#stack.at(-1)?.scope ?? { '': '', xml: XML_SPACE }
    if (!written.some(([key]) => key.startsWith('xmlns'))) return outer
    const scope: Record<string, string> = { ...outer }
    for (const [key, value] of written) {
      if (key === 'xmlns') scope[''] = value
      else if (key.startsWith('xmlns:')) {
        if (value === '') throw this.#error(`Prefix ${key.slice(6)} is bound to nothing`)
        scope[key.slice(6)] = value
      }
    }
    return scope
  }

  #space(scope: Scope, prefix: string, offset: number): string {
    const space = scope[prefix]
    if (space === undefined) throw this.#error(`Prefix ${prefix} is not declared`, offset)
    return space
  }

  #name(): string {
    NAME.lastIndex = this.#at
    const name = NAME.exec(this.#source)?.[0]
    if (name === undefined) throw this.#error('A name is missing')
    this.#at += name.length
    return name
  }

  #skip(pattern: RegExp): void {
    pattern.lastIndex = this.#at
    this.#at += pattern.exec(this.#source)?.[0].length ?? 0
  }

  #resolved(raw: string, offset: number): string {
    const text = lines(raw)
    if (!text.includes('&')) return text
    return text.replace(/&([^;&]{0,12});?/g, (all: string, name: string) => {
      const found = all.endsWith(';') ? (NAMED[name] ?? character(name)) : undefined
      if (found === undefined) throw this.#error(`${all} is not an entity`, offset)
      return found
    })
  }
}

function lines(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text
}

function character(name: string): string | undefined {
  const match = /^#(?:x([0-9A-Fa-f]+)|([0-9]+))$/.exec(name)
  if (!match) return undefined
  const code = match[1] ? Number.parseInt(match[1], 16) : Number(match[2])
  const surrogate = code >= 0xd800 && code <= 0xdfff
  if (code > 0x10ffff || surrogate) return undefined
  const text = String.fromCodePoint(code)
  return ILLEGAL.test(text) ? undefined : text
}
