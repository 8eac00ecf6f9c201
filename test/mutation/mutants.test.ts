// The list of mutants is kept in step with the code: what each changes occurs exactly once.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { mutants } from './mutants.ts'
import { mutated } from './slot.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

test('every mutant changes text that is there, once', () => {
  for (const mutant of mutants) {
    const source = readFileSync(`${root}/${mutant.file}`, 'utf8')
    expect(mutated(mutant, source), mutant.id).not.toBe(source)
  }
})

test('no two mutants have one name', () => {
  expect(new Set(mutants.map(({ id }) => id)).size).toBe(mutants.length)
})
