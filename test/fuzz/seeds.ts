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
    'a copy whose read-back brought two answers was made again',
    {
      office: office(
        [
          { direction: 'TwoWay' },
          { direction: 'TwoWay', has: [{ sort: 'equal', which: 2 }] },
          { direction: 'TwoWay', has: [{ sort: 'equal', which: 2 }] },
        ],
        { hub: 2 },
      ),
      settled: true,
      page: 2,
      rounds: [
        round(
          [does('edit', 4, 3, 3), does('put', 3, 1, 0)],
          [
            hits('answerTwice', 16, 30, 316535),
            hits('answerTwice', 3, 1, 899401),
            hits('answerTwice', 0, 2, 493414),
          ],
          { waitMs: 1020000 },
        ),
        round(
          [
            does('own', 3, 1, 1),
            does('edit', 4, 2, 1),
            does('edit', 1, 2, 0),
            does('edit', 3, 2, 1),
            does('edit', 2, 3, 1),
          ],
          [hits('answerTwice', 3, 30, 878370)],
        ),
        round(
          [does('drift', 2, 3, 3)],
          [
            hits('answerTwice', 20, 1, 307208),
            hits('answerTwice', 2, 2, 203401),
            hits('answerTwice', 0, 1, 688492),
          ],
          { audit: true },
        ),
      ],
    },
  ],
]
