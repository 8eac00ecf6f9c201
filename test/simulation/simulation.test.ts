// Histories on the embedded Exchange under virtual time: first those that once failed, then a small fixed
// number of others. `SEED=… RUNS=… npm run simulate` looks for new ones.
import { expect, test } from 'vitest'
import { lived } from './history.ts'
import { run } from './run.ts'
import { seeds } from './seeds.ts'

test.each(seeds)('once: %s', async (_what, plan, steps) => {
  expect(await lived(plan, steps, {})).toEqual([])
})

test('whatever happens, nothing is lost or leaked, and in the end all is well', async () => {
  const { runs, failure } = await run({ seed: 1, runs: 60 })
  expect(failure).toBeUndefined()
  expect(runs).toBe(60)
}, 120_000)
