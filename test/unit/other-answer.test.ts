// A success is only that of the operation that was asked for: the answer to another one, which a proxy may mix up, says
// nothing about the items of a request.
import { describe, expect, test } from 'vitest'
import { answerOf, answerTo } from '../../controller/ews/envelope.ts'
import type { Node } from '../../controller/ews/xml.ts'

const node = (name: string, ...children: Node[]): Node => ({
  name,
  attributes: {},
  children,
  text: '',
})
const answered = (name: string) => node('Envelope', node('Body', node(name)))

describe('the answer to an operation', () => {
  test('is the element of its name', () => {
    expect(answerTo('DeleteItem', answered('DeleteItemResponse')).name).toBe('DeleteItemResponse')
  })

  test.each(['SendItemResponse', 'DeleteItem', 'DeleteItemResponseMessage', 'GetItemResponse'])(
    'is not %s',
    (name) => {
      expect(answerOf(answered(name)).name).toBe(name)
      expect(() => answerTo('DeleteItem', answered(name))).toThrow(
        expect.objectContaining({ kind: 'transient', code: 'IncompleteAnswer' }),
      )
    },
  )
})
