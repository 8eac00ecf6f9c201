// What does not compile is no mutant: `npm run mutate` would find it only on the day that draws it.
import { expect, test } from 'vitest'
import { mutants } from './mutants.ts'
import { misfits } from './slot.ts'

test('every mutant compiles', async () => {
  expect(await misfits(mutants)).toBe('')
  const [some] = mutants
  if (some === undefined) throw new Error('there is no mutant')
  const wrong = some.changes.map(([find]) => [find, 'const wrong: number = ""'] as const)
  expect(await misfits([{ ...some, id: 'wrong', changes: wrong }])).toContain('.wrong.ts')
})
