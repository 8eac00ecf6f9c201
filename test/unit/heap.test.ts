// The heap's limit in a container: three quarters of its memory, whatever was written down for one of 1 GiB.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { heapFlags } from '../../controller/heap.ts'

const [mb, machine] = [2 ** 20, 24_000 * 2 ** 20]
const other = '--max-semi-space-size=8'
const usual = [other, '--max-old-space-size=768']

test.each([
  ['half a gigabyte', usual, 512 * mb, [other, '--max-old-space-size=384']],
  ['four gigabytes', usual, 4096 * mb, [other, '--max-old-space-size=3072']],
  ['hardly anything', usual, 10 * mb, [other, '--max-old-space-size=64']],
  ['a gigabyte, as it is written down', usual, 1024 * mb, undefined],
  ['no limit', usual, 0, undefined],
  ['no limit, as version 1 of cgroups says it', usual, 2 ** 63, undefined],
  ['the whole machine', usual, machine, undefined],
  ['a limit that somebody chose', ['--max-old-space-size=300'], 512 * mb, undefined],
  ['a share that somebody chose', ['--max-old-space-size-percentage=50'], 512 * mb, undefined],
  ['no flag at all', [], 512 * mb, undefined],
])('%s', (_what, flags, container, expected) => {
  expect(heapFlags(flags, container, machine)).toEqual(expected)
})

test('what is written down is the same wherever the program is started', () => {
  for (const file of ['controller/main.ts', 'Dockerfile']) {
    const text = readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8')
    const found = text.match(/--max-old-space-size=\d+/g)
    expect(new Set(found), file).toEqual(new Set(['--max-old-space-size=768']))
  }
})
