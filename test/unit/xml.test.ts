// XML at the border: escaping out, streaming in, whatever the borders of chunks and the habits of servers.
import { describe, expect, test } from 'vitest'
import { legal } from '../../controller/core/item.ts'
import {
  at,
  element,
  escaped,
  type Node,
  textAt,
  withoutForbidden,
} from '../../controller/ews/xml.ts'
import { parsed } from '../../controller/ews/xml-reader.ts'

const soap = (inside: string, prefix = 's:') =>
  `<?xml version="1.0" encoding="utf-8"?><${prefix}Envelope xmlns${prefix === '' ? '' : ':s'}="http://schemas.xmlsoap.org/soap/envelope/"><${prefix}Body>${inside}</${prefix}Body></${prefix}Envelope>`

async function* chunks(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size)
}

const read = (text: string, size = 1 << 20): Promise<Node> =>
  parsed(chunks(Buffer.from(text, 'utf8'), size))

describe('out', () => {
  test('what would break the document is escaped', () => {
    expect(element('t:Name', 'A & B <x> "q"\r')).toBe(
      '<t:Name>A &amp; B &lt;x&gt; &quot;q&quot;&#xD;</t:Name>',
    )
  })

  test('what XML cannot carry is dropped, an emoji is not', () => {
    expect(escaped('a\u0000b\u000bc\ud800d 🎻 \uffff')).toBe('abcd 🎻 ')
  })
})

describe('in', () => {
  const value = 'Zażółć gęślą jaźń 🎻 & <b>'

  test('chunks may end anywhere, also within a character', async () => {
    const text = soap(`<z><x>${escaped(value)}</x><y><![CDATA[${value}]]></y></z>`)
    for (let size = 1; size < 40; size += 1) {
      const root = await read(text, size)
      expect(['x', 'y'].map((name) => textAt(root, 'Body', 'z', name))).toEqual([value, value])
    }
  })

  test('prefixes do not matter, white space does', async () => {
    for (const prefix of ['s:', 'soap:', '']) {
      const root = await read(
        soap('<z:x xmlns:z="u" z:A="1" B="2">  padded\n</z:x>', prefix === 'soap:' ? 's:' : prefix),
      )
      expect(at(root, 'Body', 'x')?.attributes.B).toBe('2')
      expect(textAt(root, 'Body', 'x')).toBe('  padded\n')
    }
  })

  // What XML forbids, as Exchange writes it (a reference) and as it comes raw. `text` is what a reader drops it from.
  test.each([
    ['a reference in text', '<x>Dud&#x1F;ek</x>', 'Dud\u001fek'],
    ['a decimal reference', '<x>Dud&#31;ek</x>', 'Dud\u001fek'],
    ['a reference to NUL', '<x>Dud&#0;ek</x>', 'Dud\u0000ek'],
    ['a reference to no character', '<x>Dud&#xFFFE;&#x110000;ek</x>', 'Dud\ufffe\uffffek'],
    ['half of a pair', '<x>Dud&#xD83C;ek</x>', 'Dud\ud83cek'],
    ['a raw control character', '<x>Dud\u0002ek</x>', 'Dud\u0002ek'],
    ['a raw one in CDATA', '<x><![CDATA[Dud\u0002ek]]></x>', 'Dud\u0002ek'],
  ])('%s is there as the character, to be dropped from text', async (_what, xml, text) => {
    for (const size of [1, 3, 1 << 20]) {
      const found = textAt(await read(soap(xml), size), 'Body', 'x') ?? ''
      expect(found).toBe(text)
      expect(legal(found)).toBe('Dudek')
    }
  })

  test.each([
    ['an escaped ampersand', '<x>Dud&amp;#x1F;ek</x>', 'Dud&#x1F;ek'],
    ['CDATA, which has no references', '<x><![CDATA[Dud&#x1F;ek]]></x>', 'Dud&#x1F;ek'],
    ['two references that are one emoji', '<x>&#xD83C;&#xDFBB;</x>', '🎻'],
    ['a line end', '<x>a&#xD;&#10;b</x>', 'a\r\nb'],
  ])('%s stays the text that it is', async (_what, xml, text) => {
    for (const size of [1, 1 << 20]) {
      expect(textAt(await read(soap(xml), size), 'Body', 'x')).toBe(text)
    }
  })

  test('a reference in an attribute stays, so that an id with it is refused, not changed', async () => {
    const root = await read(soap('<x Id="AB&#x0;C" Name="Dud&#x1F;ek"/>'))
    const { Id, Name } = at(root, 'Body', 'x')?.attributes ?? {}
    expect(Id).toBe('AB\u0000C')
    expect(legal(Name ?? '')).toBe('Dudek')
  })

  // `~` stands for what a wire or a broken server puts there.
  const positions = [
    ['before a tag name', '<~x Id="AB">t</x>'],
    ['in a tag name', '<x~y Id="AB">t</xy>'],
    ['after a tag name', '<x~ Id="AB">t</x>'],
    ['before an attribute name', '<x ~Id="AB">t</x>'],
    ['in an attribute name', '<x I~d="AB">t</x>'],
    ['between an attribute name and its value', '<x Id~="AB">t</x>'],
    ['before an attribute value', '<x Id=~"AB">t</x>'],
    ['in an attribute value', '<x Id="A~B">t</x>'],
    ['after an attribute value', '<x Id="AB"~>t</x>'],
    ['in the end of an empty element', '<x Id="AB"/~>'],
    ['before the name of an end tag', '<x Id="AB">t<~/x>'],
    ['in the name of an end tag', '<x Id="AB">t</x~>'],
    ['in a reference', '<x Id="AB">t&am~p;</x>'],
  ] as const
  const damages = ['\u0000', '\u0001', '\u001f', '\uffff', '<']
  test.each(positions)('damage %s breaks the answer', async (_where, xml) => {
    for (const damage of damages) {
      const bytes = soap(`<y>1</y>${xml.replace('~', damage)}<z>2</z>`)
      for (const size of [1, 1 << 20]) {
        await expect(read(bytes, size), JSON.stringify(damage)).rejects.toMatchObject({
          code: 'TruncatedAnswer',
          kind: 'transient',
        })
      }
    }
  })

  test('a control character between tags is no damage', async () => {
    const root = await read(soap('<z><x>1</x>\u0000<y>2</y></z>'))
    expect(['x', 'y'].map((name) => textAt(root, 'Body', 'z', name))).toEqual(['1', '2'])
  })

  test('what comes after damage is not handed out', async () => {
    const names: string[] = []
    const messages =
      '<m><ResponseMessages><a Id="1"/><b Id="\u0000"/><c Id="3"/></ResponseMessages></m>'
    const bytes = chunks(Buffer.from(soap(messages)), 1 << 20)
    await expect(
      parsed(bytes, { each: ({ name }) => void names.push(name) }),
    ).rejects.toMatchObject({
      code: 'TruncatedAnswer',
    })
    expect(names).toEqual(['a'])
  })

  test.each([
    '<html><body>error</body></html>',
    '<!DOCTYPE html><html><meta charset=utf-8><body>error<br>',
    '\u0000',
    'Bad gateway',
  ])('what a proxy appended does not spoil a whole answer: %j', async (page) => {
    for (const size of [1, 1 << 20]) {
      const root = await read(`${soap('<x>1</x>')}${page}`, size)
      expect(textAt(root, 'Body', 'x')).toBe('1')
    }
  })

  test.each([
    ['an answer that breaks off', soap('<x>1</x>').slice(0, -12), 'TruncatedAnswer'],
    ['an answer that breaks off within a tag', soap('<x>1</x>').slice(0, -3), 'TruncatedAnswer'],
    ['nothing', '', 'NotXml'],
    ['plain text', 'Service unavailable', 'NotXml'],
    ['a web page whose elements do not end', `<HTML><body>${'<p>a<br>'.repeat(500)}`, 'NotXml'],
    [
      'a web page',
      '<!DOCTYPE html><html><head><meta charset=utf-8><body>Sign in<br></body>',
      'NotXml',
    ],
  ])(
    '%s says so',
    async (_what, text, code) =>
      await expect(read(text)).rejects.toMatchObject({ code, kind: 'transient' }),
  )
})

test('a document for a parser that knows no forbidden characters', () => {
  const before =
    '<x Id="AB&#x0;C">Dud&#x1F;&#31;ek &amp;#x1F;<![CDATA[&#x1F;\u0002]]>&#xD;\u0001ó🎻</x>'
  const after = '<x Id="AB\ufffdC">Dudek &amp;#x1F;<![CDATA[&#x1F;]]>&#xD;ó🎻</x>'
  expect(withoutForbidden(before)).toBe(after)
  for (const cut of ['<x Id="', '<x>&#x1', '<![CDATA[a', ''])
    expect(withoutForbidden(cut)).toBe(cut)
})
