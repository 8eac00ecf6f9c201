// Histories that once failed under a mutator, as they were shrunk, each with what was wrong. They are lived again
// before any new one. What is printed of a failure can be pasted here as it is.
import type { Hit } from './border.ts'
import type { Round, Tale } from './history.ts'
import type { Act } from './model.ts'
import type { Draft } from './plan.ts'

const office = (members: Draft['members'], more: Partial<Draft> = {}): Draft => ({
  hub: 1,
  members,
  apart: 0,
  conflicts: 'HubWins',
  concurrency: 1,
  ...more,
})
const two = office([{ direction: 'TwoWay' }, { direction: 'TwoWay' }])
const does = (what: Act['what'], who: number, which: number, field: number): Act => ({
  what,
  who,
  which,
  field,
})
const hits = (mutator: string, after: number, times: number, seed: number): Hit => ({
  mutator,
  after,
  times,
  seed,
})
const round = (acts: readonly Act[], some: readonly Hit[], more: Partial<Round> = {}): Round => ({
  acts,
  hits: some,
  audit: false,
  restart: false,
  waitMs: 60_000,
  ...more,
})

/** What was wrong, and the history that showed it. */
export const seeds: readonly (readonly [string, Tale])[] = [
  [
    'a delete that was told, of an item that was there, was carried out everywhere',
    {
      office: two,
      settled: true,
      rounds: [
        round([], [hits('deleteTold', 0, 30, 1)]),
        round([does('edit', 0, 0, 3)], [], { audit: true, restart: true }),
      ],
    },
  ],
  [
    'what was told as deleted and then as created counted as gone',
    {
      office: two,
      settled: true,
      rounds: [round([does('edit', 0, 0, 0)], [hits('goneAndBack', 0, 1, 1)])],
    },
  ],
  [
    'a copy that was acknowledged and not made was missed, and its original deleted',
    { office: two, settled: false, rounds: [round([], [hits('notMade', 0, 1, 1)])] },
  ],
  [
    'a listing that declares no last page was asked for thousands of times',
    { office: two, settled: true, rounds: [round([], [hits('neverEnding', 0, 1, 1)])] },
  ],
  [
    'a NUL in an id was dropped, and the rest of it believed',
    { office: two, settled: false, rounds: [round([], [hits('nulInTag', 2, 2, 222309)])] },
  ],
  [
    'a character reference that XML forbids became text in every copy',
    {
      office: two,
      settled: true,
      rounds: [round([does('edit', 0, 0, 0)], [hits('controlInText', 0, 1, 1)])],
    },
  ],
  [
    'a byte that is no UTF-8 became a sign in every copy',
    {
      office: office([{ direction: 'TwoWay' }, { direction: 'TwoWay' }], { hub: 2 }),
      settled: false,
      rounds: [round([], [hits('notUtf8', 0, 2, 1)])],
    },
  ],
  [
    'items were taken for each other where answers bore each other’s ids',
    { office: two, settled: true, rounds: [round([], [hits('swappedIds', 2, 2, 1)])] },
  ],
  [
    'a delete that was acknowledged and not done brought the contact back',
    {
      office: two,
      settled: true,
      rounds: [round([does('remove', 0, 0, 0)], [hits('notDeleted', 0, 1, 1)])],
    },
  ],
  [
    'an earlier answer to a write was taken for the new one',
    {
      office: two,
      settled: true,
      rounds: [round([does('put', 0, 0, 0)], [hits('olderWrite', 0, 1, 1)])],
    },
  ],
  [
    'two writes whose answers were swapped were taken for each other',
    {
      office: office([{ direction: 'TwoWay' }, { direction: 'TwoWay' }, { direction: 'TwoWay' }], {
        apart: 2,
      }),
      settled: true,
      rounds: [
        round([does('put', 1, 0, 0)], [hits('swappedWrites', 0, 1, 1)]),
        round(
          [
            does('edit', 3, 4, 3),
            does('edit', 0, 2, 0),
            does('remove', 4, 0, 1),
            does('edit', 3, 5, 3),
          ],
          [hits('swappedWrites', 3, 30, 266398)],
          { audit: true },
        ),
      ],
    },
  ],
  [
    'a copy that could not be read back was made again',
    {
      office: two,
      settled: false,
      rounds: [
        round([], [hits('poison', 1, 1, 1)]),
        round(
          [does('edit', 0, 4, 0)],
          [
            hits('poison', 9, 2, 504746),
            hits('poison', 1, 1, 721329),
            hits('poison', 6, 2, 361768),
          ],
          { waitMs: 1020000 },
        ),
        round([], [hits('poison', 15, 30, 120321)], { restart: true, waitMs: 1020000 }),
      ],
    },
  ],
  [
    'one wrong commit time made a folder look restored, and an edit in it old',
    {
      office: two,
      settled: true,
      rounds: [round([does('edit', 0, 0, 0)], [hits('otherCommitTime', 0, 1, 1)])],
    },
  ],
  [
    'listed items that could not be read were made again',
    {
      office: office([{ direction: 'TwoWay' }, { direction: 'TwoWay' }], { hub: 4 }),
      settled: false,
      rounds: [round([], [hits('swappedAnswers', 0, 30, 1)])],
    },
  ],
  [
    'what the first listing of the hub lacked was made again from a member’s',
    {
      office: office(
        [
          { direction: 'TwoWay', has: [{ sort: 'equal', which: 1 }] },
          { direction: 'TwoWay' },
          { direction: 'TwoWay' },
        ],
        { hub: 3 },
      ),
      settled: false,
      rounds: [
        round([], [hits('unlistedUncounted', 0, 30, 11)], { audit: true }),
        round([], [hits('unlistedUncounted', 1, 1, 392254)], { waitMs: 1020000 }),
      ],
    },
  ],
  [
    'a folder that was found only when it was to be made was written to unseen',
    {
      office: office([
        { direction: 'TwoWay', has: [{ sort: 'equal', which: 0 }] },
        { direction: 'TwoWay' },
        { direction: 'TwoWay' },
      ]),
      settled: false,
      rounds: [
        round([], [hits('otherFolder', 1, 30, 809494)], { audit: true, restart: true }),
        round(
          [
            does('put', 0, 6, 3),
            does('drift', 2, 0, 3),
            does('edit', 3, 5, 1),
            does('drift', 0, 4, 1),
            does('remove', 2, 1, 1),
          ],
          [
            hits('otherFolder', 1, 1, 672355),
            hits('otherFolder', 3, 2, 84538),
            hits('otherFolder', 3, 1, 879374),
          ],
          { audit: true },
        ),
      ],
    },
  ],
  [
    'one answer that an item is corrupt, at the first look, had its equal made beside it',
    {
      office: office([
        { direction: 'TwoWay', has: [{ sort: 'equal', which: 0 }] },
        { direction: 'TwoWay' },
      ]),
      settled: false,
      rounds: [round([], [hits('poison', 0, 1, 6)])],
    },
  ],
  [
    'a copy was made beside what a receive-only member had, as the hub’s listing lacked its equal at first',
    {
      office: office(
        [{ direction: 'OneWay', has: [{ sort: 'equal', which: 1 }] }, { direction: 'TwoWay' }],
        { hub: 2 },
      ),
      settled: false,
      rounds: [round([], [hits('unlistedUncounted', 0, 1, 1)])],
    },
  ],
  [
    'a copy was made beside what a receive-only member had, as the hub’s could not be read at first',
    {
      office: office([
        { direction: 'OneWay', has: [{ sort: 'equal', which: 0 }] },
        { direction: 'TwoWay' },
      ]),
      settled: false,
      rounds: [round([], [hits('poison', 0, 1, 1)])],
    },
  ],
  [
    'what was given up before another folder was seen at all was made again from there',
    {
      office: office([
        { direction: 'TwoWay', has: [{ sort: 'equal', which: 0 }] },
        { direction: 'TwoWay' },
      ]),
      settled: false,
      rounds: [round([], [hits('notUtf8', 0, 6, 1)], { away: 0, minutes: 3 })],
    },
  ],
  [
    'what was given up was made again from what could not be read itself at first',
    {
      office: office([
        { direction: 'TwoWay', has: [{ sort: 'equal', which: 0 }] },
        { direction: 'OneWay' },
      ]),
      settled: false,
      rounds: [
        round([], [hits('notUtf8', 0, 30, 1)], { away: 0, minutes: 3, waitMs: 1020000 }),
        round(
          [does('remove', 0, 6, 2), does('put', 3, 0, 1), does('edit', 3, 6, 2)],
          [
            hits('notUtf8', 0, 1, 741228),
            hits('notUtf8', 3, 1, 164103),
            hits('notUtf8', 3, 2, 14785),
          ],
          { away: 3, restart: true },
        ),
      ],
    },
  ],
  [
    'an edit right after a create whose reply was lost stayed in one folder',
    {
      office: two,
      settled: true,
      rounds: [
        round([does('put', 0, 0, 0)], [hits('lostWriteReply', 0, 1, 1)]),
        round([does('edit', 1, 1, 3)], []),
      ],
    },
  ],
  [
    'an edit right after a create that was acknowledged under another id stayed in one folder',
    {
      office: two,
      settled: true,
      rounds: [
        round([does('put', 2, 0, 0)], [hits('createdUnderOtherId', 0, 1, 1)]),
        round([does('edit', 0, 1, 0)], []),
      ],
    },
  ],
]
