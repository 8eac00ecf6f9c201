// The laws over labels, a kind of two fields that no Exchange knows: whatever decides, carries out and remembers knows no
// more of items than their type says. Labels know no private mark; laws.test.ts has all laws, and many more histories.
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { plain } from './casts.ts'
import { histories, live, type Scope } from './histories.ts'
import { labels } from './kinds.ts'
import { seeds } from './seeds.ts'
import type { Counters } from './world.ts'

const runs = Number(process.env.RUNS ?? 40)
const counters: Counters = {}
const patient = 3_600_000

for (const [what, steps, setting] of seeds) {
  test(`as with contacts: ${what}`, () =>
    live({ setting: { ...plain, ...setting }, steps }, counters, { kind: labels }))
}

test.each<readonly [string, Scope]>([
  ['all converge, and nothing is lost, doubled or leaked', {}],
  ['members may leave, come back, and change their part', { moving: true }],
  ['what comes back from the bin keeps to the laws', { asking: true }],
  ['forgetting the state is safe at any moment', { forgetful: true }],
  ['nobody does more than the limits, unless that was approved', { guarded: true }],
])(
  '%s',
  (_, scope) =>
    fc.assert(
      fc.asyncProperty(histories(scope), (history) => live(history, counters, { kind: labels })),
      { numRuns: runs },
    ),
  patient,
)

afterAll(() => {
  const reached = [
    'conflicts HubWins',
    'conflicts KeepBoth',
    'deaths',
    'lost replies',
    'forgotten',
    'turned',
  ]
  expect(reached.filter((what) => counters[what] === undefined)).toEqual([])
})
