// XML in and out: the reader sees what another parser sees, and no text can break what is written around it.
import { DOMParser, onErrorStopParsing } from '@xmldom/xmldom'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Element, position, readXml, XmlError } from './xml/reader.ts'
import { attribute, text } from './xml/writer.ts'

type Dom = Readonly<{
  nodeType: number
  localName: string | null
  namespaceURI: string | null
  childNodes: ArrayLike<Dom>
  nodeValue: string | null
}>

function byDom(xml: string): unknown {
  const parser = new DOMParser({ onError: onErrorStopParsing })
  return shown(parser.parseFromString(xml, 'text/xml').documentElement as unknown as Dom)
}

function shown(node: Dom): unknown {
  const nodes = Array.from(node.childNodes)
  const own = nodes.filter(({ nodeType }) => nodeType === 3 || nodeType === 4)
  return {
    name: node.localName,
    space: node.namespaceURI ?? '',
    text: own.map(({ nodeValue }) => nodeValue).join(''),
    children: nodes.filter(({ nodeType }) => nodeType === 1).map(shown),
  }
}

function byReader({ name, space, text: content, children }: Element): unknown {
  return { name, space, text: content, children: children.map(byReader) }
}

const content = fc.string({ unit: 'binary', maxLength: 20 })
const { tree } = fc.letrec<{ tree: string; children: string }>((tie) => ({
  tree: fc
    .tuple(
      fc.constantFrom('a', 'p:b', 'p:c'),
      fc.constantFrom('', ' xmlns="urn:x"', ' xmlns:p="urn:y"'),
      tie('children'),
    )
    .map(([name, more, inner]) => `<${name}${more}>${inner}</${name}>`),
  children: fc
    .array(
      fc.oneof(
        { maxDepth: 4 },
        content.map(text),
        content.map((one) => `<p:e a="${attribute(one)}"/>`),
        content.map((one) => `<!--${one.replace(/[-]|[^\x20-\x7e]/g, '')}-->`),
        tie('tree'),
      ),
      { maxLength: 4 },
    )
    .map((all) => all.join('')),
}))

test('the reader sees what another parser sees', () => {
  const law = fc.property(tree, (inner) => {
    const xml = `<?xml version="1.0"?><r xmlns:p="urn:p">${inner}</r>`
    expect(byReader(readXml(xml))).toEqual(byDom(xml))
  })
  fc.assert(law, { numRuns: 300 })
})

test('every text comes back, as far as XML can say it', () => {
  const law = fc.property(fc.string({ unit: 'binary' }), (value) => {
    const legal = value
      .toWellFormed()
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
      .replaceAll('\ufffd', '')
    const read = readXml(`<a b="${attribute(value)}">${text(value)}</a>`)
    expect(read.text.replaceAll('\ufffd', '')).toBe(legal)
    expect(read.attributes.b?.replaceAll('\ufffd', '')).toBe(legal)
  })
  fc.assert(law)
})

const broken = [
  ['nothing', ''],
  ['text alone', 'hello'],
  ['two roots', '<a/><b/>'],
  ['text after the root', '<a/>x'],
  ['an element that is not closed', '<a><b></a>'],
  ['a tag that does not end', '<a'],
  ['an attribute without quotes', '<a b=c/>'],
  ['an attribute twice', '<a b="1" b="2"/>'],
  ['attributes without space between', '<a b="1"c="2"/>'],
  ['a prefix that is not declared', '<p:a/>'],
  ['an attribute’s prefix that is not declared', '<a p:b="1"/>'],
  ['a bare ampersand', '<a>&</a>'],
  ['an unknown entity', '<a>&nbsp;</a>'],
  ['a character that XML forbids', '<a>\u0001</a>'],
  ['a reference to one', '<a>&#1;</a>'],
  ['a reference to half a character', '<a>&#xD800;</a>'],
  ['a document type', '<!DOCTYPE a><a/>'],
  ['an end of CDATA in text', '<a>]]></a>'],
  ['CDATA without end', '<a><![CDATA[x</a>'],
  ['a comment without end', '<a><!-- </a>'],
  ['a late declaration', '<a><?xml version="1.0"?></a>'],
  ['a thousand levels', '<a>'.repeat(1000) + '</a>'.repeat(1000)],
] as const

test.each(broken)('%s is refused', (_, xml) => {
  expect(() => readXml(xml)).toThrow(XmlError)
})

test('text is put together from all its pieces', () => {
  const xml = '\ufeff<a>1&lt;<!-- no -->2<![CDATA[<3>]]>\r\n&#x1F642;&#65;</a>'
  expect(readXml(xml).text).toBe('1<2<3>\n🙂A')
})

test('positions count from one', () => {
  expect(position('ab\ncd', 3)).toEqual({ line: 2, column: 1 })
  expect(position('ab\ncd', 1)).toEqual({ line: 1, column: 2 })
})
