// Who may read a state and its key: what others could read is tightened and told; only a key that they could is refused.
import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { keyFrom } from '../../controller/store/modes.ts'
import { openState } from '../../controller/store/state.ts'
import { directory, keyOfBytes } from '../support/state.ts'

const modeOf = (path: string) => statSync(path).mode & 0o777
const key = keyOfBytes(1)

test.each([0o600, 0o400, 0o440, 0o640, 0o660])('a key of mode %o is read', async (mode) => {
  const file = join(directory(), 'key')
  writeFileSync(file, key.bytes)
  chmodSync(file, mode)
  expect(await keyFrom(file, '--key-file')).toEqual({ ...key, file })
})

test.each([0o644, 0o604, 0o602, 0o606, 0o601])('a key of mode %o is refused', async (mode) => {
  const file = join(directory(), 'key')
  writeFileSync(file, key.bytes)
  chmodSync(file, mode)
  await expect(keyFrom(file, '--key-file')).rejects.toMatchObject({
    kind: 'terminal',
    code: 'KeyExposed',
    message: expect.stringContaining(`chmod 600 ${file}`),
  })
})

test('of a mounted Secret, which is a link, what it leads to counts', async () => {
  const place = directory()
  const [data, file] = [join(place, '..data'), join(place, 'key')]
  mkdirSync(data)
  writeFileSync(join(data, 'key'), key.bytes, { mode: 0o440 })
  symlinkSync('..data/key', file)
  expect((await keyFrom(file, '--key-file')).bytes).toEqual(Buffer.from(key.bytes))
  chmodSync(join(data, 'key'), 0o644)
  await expect(keyFrom(file, '--key-file')).rejects.toMatchObject({ code: 'KeyExposed' })
})

test('of a file that has no end, or is no key, little is read, and it is named', async () => {
  const large = join(directory(), 'large.key')
  writeFileSync(large, Buffer.alloc(5000), { mode: 0o600 })
  chmodSync(large, 0o600)
  for (const file of ['/dev/zero', '/dev/null', large])
    await expect(keyFrom(file, '--key-file')).rejects.toMatchObject({
      code: 'KeyInvalid',
      message: expect.stringContaining(`the key file ${file} does not hold a key`),
    })
})

test('a key that is not there, or is a directory, is named with its flag', async () => {
  for (const file of ['/nowhere/key', directory()])
    await expect(keyFrom(file, '--new-key-file')).rejects.toMatchObject({
      code: 'KeyInvalid',
      message: expect.stringMatching(/check --new-key-file/),
    })
})

test('whatever the umask, a new state is its owner’s alone', () => {
  const place = join(directory(), 'state')
  const before = process.platform === 'win32' ? 0 : process.umask(0)
  try {
    const state = openState(place, { key })
    const found = readdirSync(place).map((name) => [name, modeOf(join(place, name))])
    state.close()
    expect(modeOf(place)).toBe(0o700)
    expect(found).toEqual([
      ['exsync.db', 0o600],
      ['exsync.db-shm', 0o600],
      ['exsync.db-wal', 0o600],
      ['exsync.lock', 0o600],
      ['exsync.lock-journal', 0o600],
    ])
  } finally {
    process.umask(before)
  }
})

test('what others had access to is tightened and told once; what is somebody else’s file is left alone', () => {
  const place = directory()
  openState(place).close()
  const statuses = join(place, 'status')
  mkdirSync(statuses, { mode: 0o755 })
  const files = ['exsync.db', 'exsync.lock', 'status/ns.g.yaml', 'notes.txt']
  for (const file of files) writeFileSync(join(place, file), '', { flag: 'a' })
  for (const file of files) chmodSync(join(place, file), 0o644)
  chmodSync(place, 0o775)
  const told: string[] = []
  const warn = (message: string) => void told.push(message)
  openState(place, { readOnly: true, warn }).close()
  expect([told, modeOf(place)]).toEqual([[], 0o775])
  openState(place, { warn }).close()
  expect(told).toEqual(
    [
      [place, 775, 770],
      [join(place, 'exsync.db'), 644, 600],
      [join(place, 'exsync.lock'), 644, 600],
      [statuses, 755, 750],
      [join(place, 'status/ns.g.yaml'), 644, 600],
    ].map(([path, from, to]) => `others had access to ${path} (mode 0${from}): changed to 0${to}`),
  )
  expect([place, ...files.map((file) => join(place, file))].map(modeOf)).toEqual([
    0o770, 0o600, 0o600, 0o600, 0o644,
  ])
  openState(place, { warn }).close()
  expect(told).toHaveLength(5)
})

test('nobody gets a right that was not there: a file that is not to be written stays so', () => {
  const place = directory()
  openState(place).close()
  chmodSync(join(place, 'exsync.db'), 0o444)
  try {
    openState(place).close()
  } catch {
    // Root may write it all the same.
  }
  expect(modeOf(join(place, 'exsync.db'))).toBe(0o400)
})

test('a status directory that is none does not keep the state from being opened', () => {
  const place = directory()
  writeFileSync(join(place, 'status'), 'no directory', { mode: 0o644 })
  const told: string[] = []
  openState(place, { warn: (message) => void told.push(message) }).close()
  expect(told).toEqual([])
})

test('what a volume’s group may do is no warning: Kubernetes gives it that at every start', () => {
  const place = directory()
  openState(place).close()
  chmodSync(place, 0o2770)
  chmodSync(join(place, 'exsync.db'), 0o660)
  const told: string[] = []
  openState(place, { warn: (message) => void told.push(message) }).close()
  expect(told).toEqual([])
  expect([modeOf(place), modeOf(join(place, 'exsync.db'))]).toEqual([0o770, 0o600])
})

test('a directory that the system does not make is an error, not an endless try', () => {
  const refused = expect.objectContaining({ code: 'StateUnreadable' })
  expect(() => openState('/proc/exsync/state')).toThrow(refused)
  const file = join(directory(), 'file')
  writeFileSync(file, '')
  expect(() => openState(join(file, 'state'))).toThrow(refused)
})
