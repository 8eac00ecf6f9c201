// What foreign text may show on a terminal, in a log and in a status.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { printable } from '../../controller/core/printable.ts'

test.each([
  ['what people write stays', 'Zoë 🙂 Ωμέγα 株式会社 שלום a\\b', 'Zoë 🙂 Ωμέγα 株式会社 שלום a\\b'],
  ['control sequences', 'a\u001b[2J\u009b1m\u0007\u007f', 'a\\u001b[2J\\u009b1m\\u0007\\u007f'],
  ['lines', 'a\r\nb\tc\u0085d\u2028e\u2029', 'a\\r\\nb\\tc\\u0085d\\u2028e\\u2029'],
  ['overrides', '\u202egnp.exe\u202c', '\\u202egnp.exe\\u202c'],
  ['isolates', '\u2066a\u2069', '\\u2066a\\u2069'],
  ['marks', 'a\u200eb\u200fc\u061c', 'a\\u200eb\\u200fc\\u061c'],
  ['halves of pairs', 'a\ud83d \ude42b', 'a\\ud83d \\ude42b'],
])('%s', (_what, text, shown) => {
  expect(printable(text)).toBe(shown)
})

test('nothing unsafe is left, and what is printable stays as it is', () => {
  const text = fc.string({ unit: 'binary' })
  fc.assert(
    fc.property(text, (each) => {
      const shown = printable(each)
      expect(shown).not.toMatch(/\p{Cc}|\p{Cs}|\p{Bidi_Control}|[\u2028\u2029]/u)
      expect(printable(shown)).toBe(shown)
    }),
  )
})

test('a line of JSON is the same value afterwards', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const line = JSON.stringify(value)
      expect(JSON.parse(printable(line))).toEqual(JSON.parse(line))
    }),
  )
  const line = JSON.stringify({ '\u202e': '\u0085\u001b\ud800' })
  expect(JSON.parse(printable(line))).toEqual(JSON.parse(line))
})
