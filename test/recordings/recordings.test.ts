// Answers that were written elsewhere: every reader of the controller ends with a typed value or a typed error within its
// time, no reader takes the answer to another operation for its own, and what is read of each file is in outcomes.ts.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { ours, recorded } from './outcomes.ts'
import { linesOf } from './readers.ts'

const kinds = [
  { what: 'answers of our own', path: '../inputs/answers/', outcomes: ours },
  {
    what: 'recorded and documented answers',
    path: '../../../shared/recordings/',
    outcomes: recorded,
  },
]

describe.each(kinds)('$what', ({ path, outcomes }) => {
  const directory = fileURLToPath(new URL(path, import.meta.url))
  const files = existsSync(directory) ? globSync('**/*.xml', { cwd: directory }).sort() : []
  const missing = files.length === 0
  if (missing && process.env.CI === 'true') throw new Error(`there is no ${directory}`)

  test.skipIf(missing)(
    `every file is in the table${missing ? `: there is no ${path}` : ''}`,
    () => {
      expect(files).toEqual(Object.keys(outcomes).sort())
    },
  )

  test.each(files)('%s', { timeout: 30_000 }, async (file) => {
    const bytes = readFileSync(directory + file)
    const status = /<(?:\w+:)?Fault>/.test(bytes.toString('utf8')) ? 500 : 200
    const { fitting, others } = await linesOf(bytes, status)
    const errors = [...new Set(others)].sort()
    expect(errors.filter((line) => !line.startsWith('! '))).toEqual([])
    // The readers for other answers may see the error of this one.
    expect(fitting.length > 0 ? fitting : errors).toEqual(outcomes[file])
  })
})
