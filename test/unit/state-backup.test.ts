// A copy of the state that is made beside a running controller: whole, checked, its owner's alone, and nothing left over
// where it cannot be made.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { backup } from '../../controller/cli/backup.ts'
import { backUp } from '../../controller/store/backup.ts'
import type { Key } from '../../controller/store/proof.ts'
import { openState, rekeyState, stateFile } from '../../controller/store/state.ts'
import { asFourth, changed, changeOf, contentOf, filled, hasPlain } from '../support/sealed.ts'
import { ann, bytesIn, directory, group, keyOfBytes } from '../support/state.ts'
import { written } from '../support/written.ts'

const key = keyOfBytes(1, 'a.key')
const refusal = (code: string, message: string) =>
  expect.objectContaining({ code, kind: 'terminal', message: expect.stringContaining(message) })

/** A directory whose state is the file. */
function placed(file: string): string {
  const place = directory()
  writeFileSync(join(place, stateFile), readFileSync(file))
  return place
}

test.each([
  ['plain', undefined],
  ['encrypted', key],
])('beside a writer of a %s state it holds what was committed, and no more', async (_, of) => {
  const place = await filled(20, of)
  const before = await contentOf(place, of)
  const writer = openState(place, { key: of })
  await writer.baseline(group).commit({
    at: { timeMs: 7, pass: 'p' },
    writes: written(changeOf(30), 'kept'),
  })
  const now = await contentOf(place, of)
  expect(now).not.toEqual(before)
  const file = join(directory(), 'copy.db')
  // Nothing of it takes a key.
  expect(backUp(place, file, undefined)).toMatchObject({
    groups: 0,
    bin: 21,
    lastMs: 7,
    sealed: of !== undefined,
    bytes: statSync(file).size,
  })
  await writer.baseline(group).commit(changeOf(40))
  writer.close()
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(await contentOf(placed(file), of)).toEqual(now)
  expect(hasPlain(join(file, '..'), ['copy.db'])).toBe(of === undefined)
  expect(readdirSync(join(file, '..'))).toEqual(['copy.db'])
})

test('of a state that nobody has open no trace is left in its directory', async () => {
  const place = await filled(3, undefined)
  const before = bytesIn(place)
  backUp(place, join(directory(), 'copy.db'), undefined)
  expect(bytesIn(place)).toEqual(before)
})

test('a log that a dead controller left is part of it', async () => {
  const place = await filled(3, undefined)
  const writer = openState(place)
  await writer.baseline(group).commit(changeOf(9))
  const crashed = directory()
  for (const name of [stateFile, `${stateFile}-wal`])
    writeFileSync(join(crashed, name), readFileSync(join(place, name)))
  writer.close()
  const file = join(directory(), 'copy.db')
  backUp(crashed, file, undefined)
  expect(await contentOf(placed(file), undefined)).toEqual(await contentOf(place, undefined))
})

test('a file that exists is left as it is', async () => {
  const place = await filled(1, undefined)
  const file = join(directory(), 'copy.db')
  writeFileSync(file, 'mine')
  expect(() => backUp(place, file, undefined)).toThrow(refusal('BackupExists', 'another file'))
  expect(readFileSync(file, 'utf8')).toBe('mine')
  expect(() => backUp(place, join(place, 'exsync.db-wal'), undefined)).toThrow(
    refusal('InvalidArguments', 'another file'),
  )
})

test('where it cannot be made it is refused with why, and nothing is left over', async () => {
  const place = await filled(1, key)
  const there = directory()
  const file = join(there, 'copy.db')
  const missing = join(there, 'none', 'copy.db')
  expect(() => backUp(place, missing, undefined)).toThrow(refusal('BackupUnwritable', 'create it'))
  expect(() => backUp(directory(), file, undefined)).toThrow(refusal('StateMissing', '--state'))
  expect(() => backUp(place, file, keyOfBytes(2))).toThrow(refusal('WrongKey', 'another key'))
  const cut = await filled(50, undefined)
  truncateSync(join(cut, stateFile), 8192)
  expect(() => backUp(cut, file, undefined)).toThrow(refusal('StateUnreadable', 'damaged'))
  mkdirSync(`${file}.part`)
  expect(() => backUp(place, file, undefined)).toThrow(refusal('BackupUnwritable', 'written'))
  expect(readdirSync(there)).toEqual(['copy.db.part'])
})

test('what was left of a backup that was cut short is no obstacle', async () => {
  const place = await filled(1, undefined)
  const file = join(directory(), 'copy.db')
  writeFileSync(`${file}.part`, 'half of something')
  backUp(place, file, undefined)
  expect(readdirSync(join(file, '..'))).toEqual(['copy.db'])
})

test('an older schema is copied as it is, which is the time to make a backup', async () => {
  const place = await filled(3, undefined)
  asFourth(place, key)
  const file = join(directory(), 'copy.db')
  expect(backUp(place, file, undefined)).toMatchObject({ version: 4, sealed: true })
  expect(await upgraded(placed(file), key)).toEqual(await upgraded(place, key))
})

async function upgraded(place: string, of: Key): Promise<unknown> {
  openState(place, { key: of }).close()
  return contentOf(place, of)
}

test('in the middle of a change of keys none is made', async () => {
  const place = await filled(3, key)
  const stop = () => {
    throw new Error('killed')
  }
  expect(() => rekeyState(place, key, keyOfBytes(2), stop)).toThrow()
  const file = join(directory(), 'copy.db')
  expect(() => backUp(place, file, key)).toThrow(refusal('RekeyUnfinished', 'exsync rekey'))
  expect(existsSync(file)).toBe(false)
})

test('it says what was copied, and what to keep with it', async () => {
  const said = async (of: Key | undefined, given: Key | undefined) => {
    const place = await filled(1, of)
    changed(place, (db: DatabaseSync) =>
      db.exec(`INSERT INTO replicas (grp, replica) VALUES ('${group}', '${ann}')`),
    )
    const lines: string[] = []
    const out = async (line: string) => lines.push(line) > 0
    const file = join(directory(), 'copy.db')
    expect(await backup({ directory: place, key: given, rest: [file] }, out)).toBe(0)
    return lines.map((line) => line.replace(file, 'FILE')).join('\n')
  }
  expect(await said(undefined, undefined)).toMatch(
    /^FILE is a backup of the state: \d+ KiB, 1 group, 1 entry in the bin, last change recorded 1970-01-01T00:00:00.001Z\nit is not encrypted/,
  )
  expect(await said(key, undefined)).toContain('keep the key file as well, but in another place')
  expect(await said(key, key)).toContain('keep a.key as well, but in another place')
  const none = backup({ directory: 'd', key: undefined, rest: [] }, async () => true)
  await expect(none).rejects.toThrow(refusal('InvalidArguments', 'exsync backup --help'))
})
