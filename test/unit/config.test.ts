// Flags of the state: what they take, and what is said of anything else.
import { expect, test } from 'vitest'
import { configOf } from '../../controller/config.ts'

const run = (...args: readonly string[]) => configOf(['run', '--state', 's', ...args], {})

test.each([
  ['1Gi', 2 ** 30],
  ['500Mi', 500 * 2 ** 20],
  ['64Ki', 2 ** 16],
  ['10', 10],
])('--bin-limit %s', (text, bytes) => {
  expect(run('--bin-limit', text).binMaxBytes).toBe(bytes)
})

test.each(['0', '-1', '1GB', '1.5Gi', 'all', ''])('--bin-limit %j is refused by name', (text) => {
  expect(() => run(`--bin-limit=${text}`)).toThrow(
    expect.objectContaining({
      code: 'InvalidArguments',
      message: expect.stringContaining('--bin-limit'),
    }),
  )
})

test('without a flag the bin may hold 1Gi, and the key comes from the environment or not at all', () => {
  expect(run().binMaxBytes).toBe(2 ** 30)
  expect(run().keyFile).toBeUndefined()
  const environment = { EXSYNC_KEY_FILE: 'from-there' }
  expect(configOf(['run', '--state', 's'], environment).keyFile).toBe('from-there')
  expect(configOf(['run', '--state', 's', '--key-file', 'k'], environment).keyFile).toBe('k')
})
