// The laws, on folders in memory: whatever users do and whatever fails, nothing leaks or is deleted that
// nobody removed, and once all is healed everybody has the same, nothing is lost or doubled, all is
// quiet, and whatever was agreed once and is not there any more can be had back. RUNS and SEED come from the environment; a failure prints the seed and the shrunk history.
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { casts, plain } from './casts.ts'
import { type History, histories, live } from './histories.ts'
import { seeds } from './seeds.ts'
import type { Counters } from './world.ts'

const runs = Number(process.env.RUNS ?? 300)
const counters: Counters = {}
const patient = 3_600_000

const all = (arbitrary: fc.Arbitrary<History>, law: (history: History) => Promise<void>) =>
  fc.assert(fc.asyncProperty(arbitrary, law), { numRuns: runs })

for (const [what, steps, setting] of seeds) {
  test(`once: ${what}`, () =>
    live({ setting: { ...plain, ...setting }, steps }, counters, { anyOrder: true }))
}

test(
  'whatever happens, all converge, and nothing is lost, doubled or leaked',
  () => all(histories({}), (history) => live(history, counters)),
  patient,
)

test(
  'members may leave, come back, and change their part',
  () => all(histories({ moving: true }), (history) => live(history, counters)),
  patient,
)

test(
  'what comes back from the bin keeps to the laws',
  () => all(histories({ asking: true }), (history) => live(history, counters)),
  patient,
)

test(
  'forgetting the state, or putting an earlier one back, is safe at any moment',
  () => all(histories({ forgetful: true }), (history) => live(history, counters)),
  patient,
)

test(
  'nobody deletes, publishes or edits more than the limits, unless exactly that was approved',
  () => all(histories({ guarded: true, forgetful: true }), (history) => live(history, counters)),
  patient,
)

test(
  'the order of members and of what is seen does not matter',
  () => {
    const any = histories({ forgetful: true, moving: true })
    return all(any, (history) => live(history, counters, { anyOrder: true }))
  },
  patient,
)

test(
  'a server that rewrites what it is given starts no storm',
  () => {
    const rewritten = (text: string) =>
      (/<\d+>/.exec(text.split('JobTitle')[1] ?? '')?.[0] ?? '') + text.includes('Person')
    const rewriting = histories({ forgetful: true }, { rewrites: true, drift: 'Revert' })
    return all(rewriting, (history) => live(history, counters, { modulo: rewritten }))
  },
  patient,
)

afterAll(() => {
  console.log(JSON.stringify({ RUNS: runs, ...counters }))
  // biome-ignore format: a list
  const reached = [
    'stale', 'lost replies', 'deaths', 'deaths at a commit', 'failed', 'offline', 'forgotten', 'restored',
    'no room', 'asked Conflict', 'asked Deleted', 'asked Drift', 'asked Edited', 'left', 'turned', 'copy', 'move', 'touch', 'twice', 'hide', 'mark', 'unmark', 'fill', 'empty', 'rewrite', 'orders',
    'guard Deletions', 'guard Publications', 'guard Updates', 'approvals', 'stale approvals',
    ...['HubWins', 'MemberWins', 'LatestWins', 'KeepBoth'].map((policy) => `conflicts ${policy}`),
    ...Object.keys(casts).map((cast) => `cast ${cast}`),
  ]
  expect(reached.filter((what) => counters[what] === undefined)).toEqual([])
})
