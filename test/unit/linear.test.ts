// Whatever text comes from outside, what is done with it costs no more than its length: four times the text takes about
// four times the steps, whatever it is made of. Steps are counted (test/support/steps.ts), not timed.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { durationMs } from '../../controller/api/duration.ts'
import { canonicalPath, namesIn, pathOf } from '../../controller/api/path.ts'
import { strayIn } from '../../controller/api/stray.ts'
import { cut } from '../../controller/core/cut.ts'
import {
  bodyField,
  dateField,
  emailField,
  partsField,
  setField,
  textField,
} from '../../controller/core/fields.ts'
import { composed, type Item, same } from '../../controller/core/item.ts'
import { contact } from '../../controller/core/items/contact.ts'
import { contradicts, naturalKeys } from '../../controller/core/items/contact-identity.ts'
import { stampOf } from '../../controller/core/stamp.ts'
import { sameName } from '../../controller/ews/folders.ts'
import { escaped, withoutForbidden } from '../../controller/ews/xml.ts'
import { literalsIn } from '../support/literals.ts'
import { attacks, counted, Stepper } from '../support/steps.ts'

const controller = new URL('../../controller/', import.meta.url)
/** Four times the text may take so many times the steps: four, and what begins and ends it. */
const most = 5

/** Hostile texts: what is repeated, and what may come before and after it. */
const pumps: readonly string[] = [
  ...['<', '<!--', '-->', '<!-- -->', '<!', '</', '<div>', '</div>', '<div><p>', '<a/>', '<a b="'],
  ...['<head', '</head', '<head>', '<br', '<br\n', '</p ', '<html><body>', '<!doctype ', '<meta '],
  ...[
    '&',
    '&#',
    '&#x',
    '&#1',
    '&amp',
    '&amp;',
    '&#x1F;',
    '&#xD83C;',
    '&a',
    ';',
    ']]>',
    ']]',
    '<![CDATA[',
  ],
  ...[' ', ' \t', '\n', '\r', '\r\n', '\r\r\n', ' \n', '\u00a0', '\u00a0 ', '\u2028', 'a ', ' a\n'],
  ...[
    '\u0301',
    '\u0315\u0300',
    'e\u0301',
    '\u0323\u0307',
    'o\u0308\u0323',
    '\u05b0\u0591',
    '\u{1d165}',
  ],
  ...['\u0000', '\ud83c', '\udfbb', '\ud83c\udfbb', '\ufffe', '\ufeff', '\u200b'],
  ...[
    '"',
    "'",
    '"\'',
    '\\',
    '\\/',
    '/',
    '|',
    '1|',
    ':',
    '.',
    '-',
    '@',
    'A',
    'aA',
    '0',
    'T1',
    'T',
    '1h',
    '1.1',
  ],
]

const shapes = (length: number): ReadonlyMap<string, string> => {
  const of = (pump: string) => pump.repeat(Math.ceil(length / pump.length))
  const all = pumps.flatMap((pump): [string, string][] => [
    [pump, of(pump)],
    [`${pump}, then a letter`, `${of(pump)}x`],
    [`a tag, then ${pump}`, `<p>a${of(pump)}x`],
    [`${pump}, then <`, `${of(pump)}<`],
  ])
  const half = Math.ceil(length / 2)
  return new Map([
    ...all,
    ['marks of two classes', `a${'\u0315'.repeat(half)}${'\u0300'.repeat(half)}`],
    ['blanks, then marks', `${' '.repeat(half)}${'\u0315\u0323'.repeat(half / 2)}`],
    ['deep', `${'<div>'.repeat(length / 10)}x${'</div>'.repeat(length / 10)}`],
    ['comments that hold comments', '<!--'.repeat(length / 8) + '-->'.repeat(length / 8)],
    ['heads without an end', `${'<head>'.repeat(length / 12)}${'</head'.repeat(length / 12)}`],
  ])
}

const [few, many] = [shapes(160), shapes(640)]

const item = (text: string): Item => ({
  GivenName: text,
  CompanyName: text,
  DisplayName: text,
  Birthday: text,
  Body: { type: 'HTML', text },
  Categories: [text, `${text}x`],
  'Phone:MobilePhone': text,
  'Email:EmailAddress1': { address: text, name: text, routingType: text },
  'Address:Home': { Street: text, City: text },
})

const functions: Readonly<Record<string, (text: string) => unknown>> = {
  'a text': (text) => textField.canonical(text),
  'a set': (text) => setField.canonical([text, ...text.slice(0, 8)]),
  'a date': (text) => dateField.canonical(text),
  'a date and its day': (text) => dateField.canonical({ utc: text, local: text }),
  'an e-mail address': (text) => emailField.canonical({ address: text, name: text }),
  'an address': (text) => partsField.canonical({ Street: text, City: text }),
  'a body': (text) => bodyField.canonical({ type: 'HTML', text }),
  'a plain body': (text) => bodyField.canonical({ type: 'Text', text }),
  'two bodies': (text) =>
    same(bodyField, { type: 'HTML', text }, { type: 'HTML', text: `${text}y` }),
  'what names a contact': (text) => naturalKeys(item(text)),
  'two contacts': (text) => contradicts(item(text), item(`${text}y`)),
  'what is made of a name': (text) => contact.derive('FileAs', { FileAs: text }, item(text)),
  composing: composed,
  'a name of a folder': (text) => sameName(text, `${text}y`),
  'a path': (text) => [canonicalPath(text), namesIn(text), pathOf([text])],
  'a stamp': stampOf,
  'a password': (text) => strayIn('password', text),
  'a message': (text) => cut(text, 100),
  'a duration': durationMs,
  'text for XML': escaped,
  'a document for the library': withoutForbidden,
}

describe('text costs its length', () => {
  test.each(Object.entries(functions))('%s', async (_what, read) => {
    const wrong: string[] = []
    for (const [shape, text] of few) {
      const one = await counted(() => read(text))
      const four = await counted(() => read(many.get(shape) ?? ''))
      if (four.steps > most * one.steps + 400)
        wrong.push(`${JSON.stringify(shape)}: ${one.steps} → ${four.steps}`)
    }
    expect(wrong).toEqual([])
  })

  test('a row of marks is composed as far as text has them, and is compared as it is beyond', () => {
    expect(composed('e\u0301o\u0323\u0308')).toBe('\u00e9\u1ecd\u0308')
    const row = `e${'\u0301'.repeat(31)}`
    expect(composed(`e\u0301 ${row} e\u0301`)).toBe(`\u00e9 ${row} \u00e9`)
    expect(composed(`x${'e\u0301'.repeat(40)}`)).toBe(`x${'\u00e9'.repeat(40)}`)
  })
})

describe('every regular expression', () => {
  const names = readdirSync(controller, { recursive: true }).map(String)
  const files = names.filter((name) => name.endsWith('.ts')).sort()

  test.each(files)('%s', (name) => {
    const patterns = literalsIn(readFileSync(new URL(name, controller), 'utf8'))
    const wrong = patterns.flatMap((pattern) => {
      const [stepper, texts] = [new Stepper(pattern), attacks(pattern)]
      const long = texts(800)
      const slow = texts(200).filter((text, index) => {
        return stepper.all(long[index] ?? '') > most * stepper.all(text) + 400
      })
      return slow.slice(0, 1).map((text) => `${pattern}: ${JSON.stringify(text.slice(0, 40))} …`)
    })
    expect(wrong).toEqual([])
  })

  test('a quadratic one is found out', () => {
    const found = (pattern: RegExp) => {
      const [stepper, texts] = [new Stepper(pattern), attacks(pattern)]
      const long = texts(800)
      return texts(200).some(
        (text, index) => stepper.all(long[index] ?? '') > most * stepper.all(text) + 400,
      )
    }
    const quadratic = [/\s+$/, /<!--[\s\S]*?-->/g, /a*b/g, /(?:a|b)+c/g, /[^,]+;/, /x(?=.*y)/g]
    expect(quadratic.filter((pattern) => !found(pattern))).toEqual([])
    const linear = [/\s+/g, /^\s*/, /a{1,16}b/g, /<(p|div)\b/gi, /[a-z]$/]
    expect(linear.filter(found)).toEqual([])
  })
})
