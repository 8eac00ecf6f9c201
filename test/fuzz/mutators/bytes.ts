// What happens to the bytes of an answer, so that they are no XML any more, or are the same XML in other words.
import { gzipSync } from 'node:zlib'
import { readXml } from '../../exchange/xml/reader.ts'
import type { Chance } from '../chance.ts'
import { changing, type Mutator } from '../mutator.ts'
import { named, partsOf, spliced } from '../parts.ts'

/** Is this no XML? */
export function unreadable(text: string): boolean {
  try {
    readXml(text)
    return false
  } catch {
    return true
  }
}

const junk = [
  '<',
  '</',
  '&',
  '<<',
  '&;',
  '"',
  '<!--',
  '<![CDATA[',
  ']]>',
  '<?',
  '>',
  '</s:Envelope>',
]

// Tried until nothing can read it any more: a byte more in a text is a lie, and not noise.
function noise(xml: string, chance: Chance): string | undefined {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const at = chance.below(xml.length)
    const gone = chance.below(3) === 0 ? chance.below(40) : chance.below(2)
    const text = spliced(xml, at, at + gone, chance.below(4) === 0 ? '' : (chance.of(junk) ?? ''))
    if (unreadable(text)) return text
  }
  return undefined
}

/** Elements that hold what people wrote. */
// biome-ignore format: a list
export const written = ['GivenName', 'Surname', 'CompanyName', 'JobTitle', 'Department', 'Body', 'DisplayName', 'Entry']

function texts(xml: string) {
  const parts = named(xml, ...written)
  return parts.filter(({ name, open, close }) => name.startsWith('t:') && close > open)
}

/** All of them. */
export const bytes: readonly Mutator[] = [
  { name: 'noise', kind: 'damage', apply: changing((xml, { chance }) => noise(xml, chance)) },
  {
    name: 'nulInTag',
    kind: 'damage',
    // Also in an id: what is no XML is not to be believed.
    apply: changing((xml, { chance }) => {
      const tags = [...xml.matchAll(/<\/?[\w:]+[^>]*>/g)].slice(1)
      const ids = tags.filter(([text]) => /\bId="/.test(text))
      const { 0: text, index } = chance.of(chance.below(3) > 0 && ids.length > 0 ? ids : tags) ?? {
        0: '',
        index: 0,
      }
      const at = index + 2 + chance.below(text.length - 3)
      return spliced(xml, at, at + chance.below(2), chance.of(['\0', '\x01', '\x1f']) ?? '')
    }),
  },
  {
    name: 'controlInText',
    kind: 'damage',
    // Real mailboxes hold such texts, and Exchange sends them: what XML forbids is dropped.
    of: /^GetItem$/,
    apply: changing((xml, { chance }) => {
      const part = chance.of(texts(xml))
      if (part === undefined) return undefined
      const what = chance.of(['\0', '\x0b', '&#x1F;', '&#0;', '&#11;', '&#xFFFF;', '\x1f']) ?? ''
      const at = chance.of([part.open, part.close]) ?? part.open
      return spliced(xml, at, at, what)
    }),
  },
  {
    name: 'notUtf8',
    kind: 'damage',
    apply: changing((xml, { chance }) => {
      const at = [...xml.matchAll(/[^\x00-\x7f]/g)]
      const found = chance.of(at)
      if (found === undefined) return undefined
      const [before, after] = [xml.slice(0, found.index), xml.slice(found.index + found[0].length)]
      // A letter in another encoding, or half of it.
      const wrong = Buffer.from(chance.of([[0xaf], [0xc5], [0xff, 0xfe], [0xc0, 0xaf]]) ?? [0xff])
      return Buffer.concat([Buffer.from(before), wrong, Buffer.from(after)])
    }),
  },
  {
    name: 'otherEncoding',
    kind: 'damage',
    apply: changing((xml, { chance }) => {
      const utf16 = xml.replace('utf-8', 'utf-16')
      switch (chance.below(4)) {
        case 3:
          return gzipSync(xml)
        case 0:
          return Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(utf16, 'utf16le')])
        case 1:
          return Buffer.from(utf16, 'utf16le')
        default:
          return Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(utf16, 'utf16le').swap16()])
      }
    }),
  },
  { name: 'mark', kind: 'damage', apply: changing((xml) => `\ufeff${xml}`) },
  {
    name: 'more',
    kind: 'damage',
    apply: changing((xml, { chance }) => {
      const more = [
        ' ',
        '\r\n\r\n',
        '<html><body>Scanned by the proxy<br></body></html>',
        '\0\0',
        xml,
      ]
      return xml + (chance.of(more) ?? ' ')
    }),
  },
  {
    name: 'otherForm',
    kind: 'damage',
    // The same document: comments, instructions, white space between elements, CDATA, other prefixes.
    apply: changing((xml, { chance }) => {
      switch (chance.below(4)) {
        case 0: {
          const part = chance.of(partsOf(xml).filter(({ close, to }) => close < to))
          return part && spliced(xml, part.close, part.close, '<!-- one --><?two three?>')
        }
        case 1:
          return xml.replace(/>(?=<(?!\/))/g, '>\r\n  ')
        case 2: {
          const part = chance.of(texts(xml))
          if (part === undefined || xml.slice(part.open, part.close).includes('&')) return undefined
          const text = xml.slice(part.open, part.close)
          return spliced(xml, part.open, part.close, `<![CDATA[${text}]]>`)
        }
        default:
          return xml.replace(/(<\/?)t:/g, '$1q:').replaceAll('xmlns:t=', 'xmlns:q=')
      }
    }),
  },
  {
    name: 'bomb',
    kind: 'damage',
    apply: changing((xml, { chance }) => {
      const entities = '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;">'
      const type = `<!DOCTYPE s:Envelope [${entities}]>`
      const part = chance.of(named(xml, ...written))
      const used = part === undefined ? xml : spliced(xml, part.open, part.open, '&c;')
      return used.replace('?>', `?>${type}`)
    }),
  },
]
