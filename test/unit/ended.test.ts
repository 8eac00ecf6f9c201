// When a group that ran, and is not declared any more, is ended: not in the moment between two writes of its file.
import { expect, test } from 'vitest'
import type { GroupId } from '../../controller/core/id.ts'
import { doubtsOf, Ended } from '../../controller/local/missing.ts'
import { problemText } from '../../controller/validation/problem.ts'
import { readResources } from '../../controller/validation/resources.ts'

const id = 'default/one' as GroupId
const left = new Map([[id, {}]])
const ids = (due: readonly (readonly [GroupId, unknown])[]) => due.map(([each]) => each)

test('who is missing from the beginning is ended at once, who ran here only when it stays away', () => {
  const ended = new Ended()
  ended.missing(left, 1_000)
  expect(ids(ended.due(1_000))).toEqual([id])
  ended.declared(id)
  ended.missing(new Map(), 2_000)
  ended.missing(left, 60_000)
  ended.missing(left, 64_000)
  expect(ended.nextMs(62_000)).toBe(3_000)
  expect([ids(ended.due(64_999)), ids(ended.due(65_000))]).toEqual([[], [id]])
  expect(ended.nextMs(65_000)).toBe(undefined)
  // It was there again for a moment: that counts anew.
  ended.missing(new Map(), 71_000)
  ended.missing(left, 72_000)
  expect(ids(ended.due(76_000))).toEqual([])
  ended.released(id)
  expect(ids(ended.due(99_000))).toEqual([])
})

test.each([
  ['nothing', '', 'a.yaml:1:1: declares nothing'],
  ['only white space and comments', `---\n\n# ${'# '.repeat(60)}\n---\n`, 'a.yaml:1:1: declares'],
  ['a null, and an end', '--- ~\n...\n', 'a.yaml:1:1: declares nothing'],
  ['what cannot be parsed', 'kind: [', 'a.yaml:1:8: invalid YAML'],
  ['a resource', 'kind: Secret\napiVersion: v1\nmetadata: { name: a }\n', undefined],
  ['a resource of another kind', 'kind: Pod\napiVersion: v1\nmetadata: { name: a }\n', undefined],
])('a file that holds %s says what was deleted, or why not', (_, text, doubt) => {
  const good = { name: 'b.yaml', text: 'kind: Secret\napiVersion: v1\nmetadata: { name: b }\n' }
  const doubts = doubtsOf(readResources([{ name: 'a.yaml', text }, good])).map(problemText)
  expect(doubts).toEqual(doubt === undefined ? [] : [expect.stringContaining(doubt)])
})

test('a directory that declares nothing does not say what was deleted', () => {
  expect(doubtsOf(readResources([])).map(problemText)).toEqual([
    expect.stringMatching(/^the directory declares nothing/),
  ])
})
