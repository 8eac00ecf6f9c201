// Only a backup takes both back: the time of the latest commit, and how many deletes there were.
import { expect, test } from 'vitest'
import { wentBack } from '../../controller/ews/folder-state.ts'

const seen = { committedMs: 100, deletedTotal: 5 }

test.each([
  ['nothing happened', seen, false],
  ['something was committed', { committedMs: 101, deletedTotal: 5 }, false],
  ['a backup from before a delete', { committedMs: 90, deletedTotal: 4 }, true],
  ['a backup since which nothing was deleted', { committedMs: 90, deletedTotal: 5 }, true],
  [
    'the newest was deleted, on a server that tells when the newest was committed',
    { committedMs: 90, deletedTotal: 6 },
    false,
  ],
  ['a server that does not tell', undefined, false],
])('%s', (_what, now, then) => {
  expect(wentBack(now, seen)).toBe(then)
  expect(wentBack(now, undefined)).toBe(false)
})
