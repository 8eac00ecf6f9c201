// The list of mutants is kept in step with the code: what each changes occurs exactly once.
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { mutants } from './mutants.ts'
import { routing } from './routing.ts'
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

// A file that was moved would lose the tests that show its rules, and its mutants would survive.
test('whatever chooses tests for a mutant names files, and tests, that are there', () => {
  const sources = globSync('controller/**/*.ts', { cwd: root })
  const tests = globSync('test/**/*.test.ts', { cwd: root })
  const absent = (names: readonly string[], among: readonly string[]) =>
    names.filter((name) => !among.some((each) => each.startsWith(name)))
  expect(absent(routing.files, sources)).toEqual([])
  expect(absent(routing.tests, tests)).toEqual([])
  expect(absent(['controller/sync/hindrance'], sources)).toEqual(['controller/sync/hindrance'])
})
