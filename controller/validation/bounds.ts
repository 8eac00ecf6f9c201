// Limits for the text of a YAML file before it is parsed. Composing nodes recurses, and each alias is looked up among all
// anchors: both are bounded here, over tokens, which are read in linear time and without recursion.
//
//   text ──► lexemes ──► tokens ──► documents.ts
//            count       documents, anchors, depth
import { type CST, Lexer, type LineCounter, Parser } from 'yaml'

/** A fault, with its offset in the text. */
export type TextFault = Readonly<{ offset: number; message: string }>

/** The largest file, bytes. */
export const fileBytesMax = 1024 * 1024
const lexemesMax = 150_000
const documentsMax = 5_000
const anchorsMax = 1_000
const depthMax = 100

// The characters that kubectl's parser rejects. Exception: a byte order mark in a value is reported as a stray character.
const unprintable = /[^\t\n\r\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u

/** The tokens of the text, or the limit that it exceeds. Never throws; linear time. */
export function tokensOf(text: string, lines: LineCounter): readonly CST.Token[] | TextFault {
  const control = unprintable.exec(text)
  if (control !== null) return { offset: control.index, message: controlText(control[0]) }
  const long = lengthFault(text)
  if (long !== undefined) return long
  const tokens = [...new Parser(lines.addNewLine).parse(text)]
  const documents = tokens.filter(({ type }) => type === 'document')
  const surplus = documents[documentsMax]
  if (surplus !== undefined)
    return tooMany(surplus.offset, `${documentsMax} documents`, 'split it into several files')
  return shapeFault(documents) ?? tokens
}

function controlText(found: string): string {
  const code = (found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  return `the character U+${code} is not allowed in YAML; remove it, or save the file as UTF-8`
}

function lengthFault(text: string): TextFault | undefined {
  let [count, offset] = [0, 0]
  for (const lexeme of new Lexer().lex(text)) {
    // Lexemes that only announce the next one are not in the text.
    if ('\u0002\u0018\u001f'.includes(lexeme)) continue
    if (!' \t\r\n'.includes(lexeme.charAt(0))) count += 1
    if (count > lexemesMax)
      return tooMany(offset, `${lexemesMax} words and signs`, 'split it into several files')
    offset += lexeme.length
  }
  return undefined
}

/** Depth, anchors and aliases, without recursion. */
function shapeFault(documents: readonly CST.Token[]): TextFault | undefined {
  const open: [CST.Token, number][] = documents.toReversed().map((token) => [token, 0])
  let anchors = 0
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [token, depth] = next
    if (depth > depthMax) {
      const message = `it is nested more than ${depthMax} levels deep`
      return { offset: token.offset, message }
    }
    if (token.type === 'anchor' || token.type === 'alias') anchors += 1
    if (anchors > anchorsMax)
      return tooMany(
        token.offset,
        `${anchorsMax} anchors and aliases`,
        'write the values out instead',
      )
    for (const inner of innerOf(token)) open.push([inner, depth + 1])
  }
  return undefined
}

// The children in reverse order, because the stack takes them from its end.
function innerOf(token: CST.Token): readonly CST.Token[] {
  if (token.type === 'document') return [token.value, ...token.start.toReversed()].filter(isToken)
  if (!('items' in token)) return 'props' in token ? token.props.toReversed() : []
  const inner = token.items.flatMap((item) => [
    ...item.start,
    item.key,
    ...(item.sep ?? []),
    item.value,
  ])
  return inner.filter(isToken).reverse()
}

function isToken(token: CST.Token | null | undefined): token is CST.Token {
  return token !== null && token !== undefined
}

function tooMany(offset: number, what: string, remedy: string): TextFault {
  return { offset, message: `it contains more than ${what}; ${remedy}` }
}
