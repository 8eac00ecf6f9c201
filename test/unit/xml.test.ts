// XML at the border: escaping out, streaming in, whatever the borders of chunks and the habits of servers.
import { describe, expect, test } from 'vitest'
import { at, element, escaped, type Node, parsed, textAt } from '../../controller/ews/xml.ts'

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
    const text = soap(`<x>${escaped(value)}</x><y><![CDATA[${value}]]></y>`)
    for (let size = 1; size < 40; size += 1) {
      const root = await read(text, size)
      expect([textAt(root, 'Body', 'x'), textAt(root, 'Body', 'y')]).toEqual([value, value])
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

  test('control characters in real data are passed over', async () => {
    expect(textAt(await read(soap('<x>a&#x1;b\u0002c</x>')), 'Body', 'x')).toContain('c')
  })

  test('a page that a proxy appended does not spoil a whole answer', async () => {
    const root = await read(`${soap('<x>1</x>')}<html><body>error</body></html>`)
    expect(textAt(root, 'Body', 'x')).toBe('1')
  })

  test.each([
    ['an answer that breaks off', soap('<x>1</x>').slice(0, -12), 'TruncatedAnswer'],
    ['an answer that breaks off within a tag', soap('<x>1</x>').slice(0, -3), 'TruncatedAnswer'],
    ['nothing', '', 'NotXml'],
    ['plain text', 'Service unavailable', 'NotXml'],
    [
      'a web page',
      '<!DOCTYPE html><html><head><meta charset=utf-8><body>Sign in<br></body>',
      'NotXml',
    ],
  ])('%s says so', async (_what, text, code) => {
    await expect(read(text)).rejects.toMatchObject({ code, kind: 'transient' })
  })
})
