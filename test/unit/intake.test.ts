// How much of an answer is taken in: bytes, depth, elements, attributes, messages and text end where they are too many,
// what nobody reads is dropped as it comes, and only so many large answers are read at once.
import { describe, expect, test } from 'vitest'
import { Intake } from '../../controller/ews/intake.ts'
import { at, type Node, textAt } from '../../controller/ews/xml.ts'
import { parsed, type Way } from '../../controller/ews/xml-reader.ts'
import { counted } from '../support/steps.ts'

const signal = new AbortController().signal
const mb = 1024 * 1024
const open = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
const close = '</s:Body></s:Envelope>'
const soap = (inside: string) => `${open}${inside}${close}`

/** What was taken of a stream, until it was given up. */
type Taken = { bytes: number }

async function* chunks(pieces: Iterable<string>, taken: Taken): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    const bytes = Buffer.from(piece)
    taken.bytes += bytes.length
    yield bytes
  }
}

async function read(pieces: Iterable<string>, way?: Way, taken = { bytes: 0 }): Promise<Node> {
  return parsed(chunks(pieces, taken), way)
}

function* endless(begin: string, pump: string, end = ''): Generator<string> {
  yield begin
  const piece = pump.repeat(Math.ceil(65_536 / pump.length))
  for (let sent = 0; sent < 500 * mb; sent += piece.length) yield piece
  yield end
}

function* some(megabytes: number, begin: string, pump: string, end: string): Generator<string> {
  yield begin
  const piece = pump.repeat(Math.ceil(65_536 / pump.length))
  for (let sent = 0; sent < megabytes * mb; sent += piece.length) yield piece
  yield end
}

const answer = '<m:GetItemResponse xmlns:m="m" xmlns:t="t"><m:ResponseMessages>'
const item = `${answer}<m:GetItemResponseMessage ResponseClass="Success"><m:Items><t:Contact>`
const itemEnd =
  '</t:Contact></m:Items></m:GetItemResponseMessage></m:ResponseMessages></m:GetItemResponse>'

describe('an answer without end is given up', () => {
  test.each([
    ['text', `${open}<x>`, 'a', 20],
    ['text of an item', open + item.concat('<t:Body>'), 'a', 20],
    ['text between tags', open, ' \n', 40],
    ['a comment', `${open}<!--`, 'a', 20],
    ['a CDATA section', `${open}<x><![CDATA[`, 'a<b', 20],
    ['an attribute', `${open}<x a="`, 'a', 20],
    ['the name of an element', `${open}<x`, 'a', 20],
    ['a document type', '<!DOCTYPE ', 'a', 20],
    ['elements', `${open}<x>`, '<a/>', 2],
    ['elements that nobody reads', open + item, '<a/>', 3],
    ['elements in a header', open.replace('Body', 'Header'), '<a>b</a>', 5],
    ['nested elements', open, '<a>', 1],
    ['nested elements that nobody reads', open + item, '<a>', 1],
    ['attributes', `${open}<x`, ' a="b"', 1],
    ['messages', open + answer, '<m:GetItemResponseMessage/>', 1],
    ['a document after the document', soap('<x/>'), '<a>', 1],
    ['a page that is none', '<!doctype html><html><body><p>', '<br> &nbsp; ', 1],
  ])('%s', async (_what, begin, pump, megabytes) => {
    const taken: Taken = { bytes: 0 }
    const each = () => {}
    await read(endless(begin, pump), { each }, taken).then(
      (root) => expect(root.name).toBe('Envelope'),
      (error: unknown) => {
        expect(['AnswerTooLarge', 'NotXml']).toContain((error as { code: string }).code)
        expect(error).toMatchObject({ kind: 'transient' })
      },
    )
    expect(taken.bytes).toBeLessThan(megabytes * mb)
  })

  test('a page that is no answer is none, however deep or long it is', async () => {
    for (const pump of ['<p>', '<p>word ', '<br/>'])
      await expect(read(endless('<html><body>', pump))).rejects.toMatchObject({ code: 'NotXml' })
  })

  test('a contact may be as large as the flag says, however its text is escaped', async () => {
    const pieces = [
      ...some(0.9, `${open}${item}<t:Body>`, '&lt;&#xD;', `</t:Body>${itemEnd}${close}`),
    ]
    const { limits } = new Intake(mb)
    const root = await read(pieces, { limits })
    const message = at(root, 'Body', 'GetItemResponse', 'ResponseMessages')?.children[0]
    expect(textAt(message, 'Items', 'Contact', 'Body')?.startsWith('<\r<\r')).toBe(true)
    await expect(read(pieces, { limits: new Intake(100).limits })).resolves.toBeDefined()
    const bounded = { bytes: 1000, kept: 100 }
    await expect(read(pieces, { limits: bounded })).rejects.toMatchObject({
      code: 'AnswerTooLarge',
    })
  })
})

describe('what nobody reads', () => {
  const count = ({ children }: Node): number =>
    children.reduce((sum, child) => sum + count(child), 1)

  test.each([
    ['in an item', open + item.concat('<t:GivenName>Ewa</t:GivenName>'), itemEnd + close],
    ['in the body, after the answer', soap('<x/>').replace(close, ''), close],
    [
      'in the header',
      `${open.replace('<s:Body>', '')}<s:Header>`,
      `</s:Header><s:Body><x/>${close}`,
    ],
    ['in the envelope', `${open.replace('<s:Body>', '')}<s:Body><x/></s:Body>`, '</s:Envelope>'],
  ])('a megabyte of it is dropped: %s', async (_where, begin, end) => {
    const root = await read(some(1, begin, '<a b="c"><d>e</d></a>', end))
    expect(count(root)).toBeLessThan(12)
  })

  test('a field of an item is read, whatever stands around it', async () => {
    const inside =
      '<t:Odd><t:GivenName>no</t:GivenName></t:Odd><t:GivenName>Ewa</t:GivenName><t:Odd/>'
    const root = await read([soap(item + inside + itemEnd)])
    const message = at(root, 'Body', 'GetItemResponse', 'ResponseMessages')?.children[0]
    expect(textAt(message, 'Items', 'Contact', 'GivenName')).toBe('Ewa')
  })
})

describe('work', () => {
  const shapes = [
    '<a/>',
    '<a b="c">',
    '</a>',
    '<a></a>',
    '<!-- -->',
    '<![CDATA[a]]>',
    ']]>',
    '&amp;',
    '&',
  ]
  const texts = [
    '&#x1F;',
    '&a',
    '<?a b?>',
    'a',
    ' ',
    '\r\n',
    '\u0000',
    '"',
    "'",
    '<a b="&lt;"/>',
    '</x>',
  ]

  test.each([...shapes, ...texts])('reading %j again and again costs its length', async (pump) => {
    const steps = async (length: number) => {
      const pieces = [soap(`<x>${pump.repeat(length / pump.length)}</x>`)]
      return (await counted(() => read(pieces).catch(() => undefined))).steps
    }
    expect(await steps(80_000)).toBeLessThan(5 * (await steps(20_000)) + 2000)
  })

  test('of what comes at once no more than 64 KiB is read between two breaths', async () => {
    let [turns, isOver] = [0, false]
    const turn = () => {
      turns += 1
      if (!isOver) setImmediate(turn)
    }
    setImmediate(turn)
    await read([soap(`${item}${'<a/>'.repeat(mb / 4)}${itemEnd}`)])
    isOver = true
    expect(turns).toBeGreaterThanOrEqual(15)
  })

  test('two answers are large at once, and the third waits for one of them', async () => {
    const intake = new Intake()
    const [first, second] = await Promise.all([intake.room(signal), intake.room(signal)])
    const large = some(2, `${open}<x>`, 'a', `</x>${close}`)
    let isRead = false
    const third = read(large, { room: () => intake.room(signal) }).then(() => {
      isRead = true
    })
    await read(['<small/>'], { room: () => intake.room(signal) })
    for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    expect(isRead).toBe(false)
    first()
    await third
    second()
    const gaveUp = AbortSignal.abort(new Error('over'))
    await expect(intake.room(gaveUp)).rejects.toThrow('over')
  })
})
