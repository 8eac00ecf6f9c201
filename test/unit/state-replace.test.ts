// A backup in the place of the state: nobody may have it open, what is there stays beside it, and wherever it is cut short
// the state is the old one or the new one, and never an empty one.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, describe, expect, test } from 'vitest'
import { restoreState } from '../../controller/cli/backup.ts'
import { backUp } from '../../controller/store/backup.ts'
import type { Key } from '../../controller/store/proof.ts'
import { foreseen, replaceState } from '../../controller/store/replace.ts'
import { openState, stateFile } from '../../controller/store/state.ts'
import { asFourth, changed, changeOf, contentOf, filled } from '../support/sealed.ts'
import { ann, bytesIn, directory, group, keyOfBytes } from '../support/state.ts'

const key = keyOfBytes(1, 'a.key')
const nowMs = Date.UTC(2026, 10, 23, 15, 41, 14)
const asideName = `${stateFile}.before-2026-11-23T15-41-14.000Z`
const refusal = (code: string, message: string) =>
  expect.objectContaining({ code, kind: 'terminal', message: expect.stringContaining(message) })

let place = ''
let file = ''
let old: unknown
let now: unknown

/** A state, a backup of it, and more that happened since. */
beforeEach(async () => {
  place = await filled(20, undefined)
  changed(place, (db) =>
    db.exec(`INSERT INTO replicas (grp, replica) VALUES ('${group}', '${ann}')`),
  )
  file = join(directory(), 'copy.db')
  backUp(place, file, undefined)
  old = await contentOf(place, undefined)
  now = await more(place)
})

async function more(at: string): Promise<unknown> {
  const state = openState(at)
  const later = { ...changeOf(50), at: { timeMs: 9, pass: 'later' } }
  await state.baseline(group).commit(later)
  state.close()
  return contentOf(at, undefined)
}

/** What a command that may write finds there. */
async function found(at: string, of?: Key): Promise<unknown> {
  openState(at, { key: of, existing: true }).close()
  return contentOf(at, of)
}

const relisted = (at: string): readonly unknown[] => {
  const db = new DatabaseSync(join(at, stateFile), { readOnly: true })
  const rows = db.prepare('SELECT relist FROM replicas').all()
  db.close()
  return rows.map(({ relist }) => relist)
}

test('it is the state, and the one of before lies beside it, which undoes it', async () => {
  const done = replaceState(place, file, undefined, nowMs)
  const aside = join(place, asideName)
  expect(done).toMatchObject({ old: { bin: 20 }, present: { bin: 21 }, keptSince: 1, aside })
  expect(statSync(aside).mode & 0o777).toBe(0o600)
  expect(statSync(join(place, stateFile)).mode & 0o777).toBe(0o600)
  expect(readdirSync(place).sort()).toEqual([stateFile, asideName, 'exsync.lock'])
  expect(relisted(place)).toEqual([1])
  expect(await found(place)).toEqual(old)
  replaceState(place, aside, undefined, nowMs)
  expect(await found(place)).toEqual(now)
  expect(existsSync(`${aside}-2`)).toBe(true)
})

test('what a dead controller left in its log is part of what is put aside', async () => {
  const crashed = directory()
  const writer = openState(place)
  await writer.baseline(group).commit(changeOf(60))
  for (const name of [stateFile, `${stateFile}-wal`])
    copyFileSync(join(place, name), join(crashed, name))
  writer.close()
  replaceState(crashed, file, undefined, nowMs)
  expect(await found(crashed)).toEqual(old)
  replaceState(crashed, join(crashed, asideName), undefined, nowMs)
  expect(await found(crashed)).toEqual(await contentOf(place, undefined))
})

test('of a copy made by hand the log beside it counts, too', async () => {
  const copied = directory()
  const writer = openState(place)
  await writer.baseline(group).commit(changeOf(60))
  for (const more of ['', '-wal'])
    copyFileSync(join(place, stateFile + more), join(copied, `x${more}`))
  writer.close()
  const there = directory()
  replaceState(there, join(copied, 'x'), undefined, nowMs)
  expect(await found(there)).toEqual(await contentOf(place, undefined))
})

test('while anybody has the state open nothing is done', async () => {
  for (const way of [{}, { readOnly: true }, { asking: true }]) {
    const holders = [openState(place, {})]
    if (way.readOnly || way.asking) {
      holders.push(openState(place, way))
      holders.shift()?.close()
    }
    expect(() => replaceState(place, file, undefined, nowMs)).toThrow(
      refusal('StateInUse', 'stop that process'),
    )
    for (const each of holders) each.close()
    expect(await found(place)).toEqual(now)
  }
  expect(readdirSync(place).filter((name) => /next|part|before/.test(name))).toEqual([])
}, 20_000)

describe('cut short before any step', () => {
  /** The files as a kill would leave them before each step. */
  function killed(at: string): ReadonlyMap<string, string> {
    const left = new Map<string, string>()
    const step = (name: string) => {
      const copy = join(directory(), 'state')
      mkdirSync(copy)
      for (const each of readdirSync(at)) copyFileSync(join(at, each), join(copy, each))
      left.set(name, copy)
    }
    replaceState(at, file, undefined, nowMs, step)
    return left
  }

  test('the state is the one of before or the new one, and it can be done again', async () => {
    const left = killed(place)
    expect([...left.keys()]).toEqual([
      ...['copy the backup', 'take the log in', 'copy the state', 'name the copy'],
      ...['put the backup in place', 'sync the directory'],
    ])
    for (const [step, at] of left) {
      expect([step, await found(at)]).toEqual([step, step === 'sync the directory' ? old : now])
      replaceState(at, file, undefined, nowMs + 1)
      expect(await found(at)).toEqual(old)
      expect(readdirSync(at).filter((name) => /next|-wal|-journal/.test(name))).toEqual([])
    }
  })

  const damages: readonly (readonly [string, () => void])[] = [
    ['is cut off', () => truncateSync(join(place, stateFile), 8192)],
    ['is empty', () => truncateSync(join(place, stateFile), 0)],
    ['is something else', () => writeFileSync(join(place, stateFile), 'x'.repeat(9999))],
    ['is gone, and its log is left', () => rmSync(join(place, stateFile))],
    ['has the log of another one', () => {}],
  ]
  test.each(damages)('a state that %s is damaged until the new one is there', async (_, damage) => {
    const log = await logOfOther()
    damage()
    writeFileSync(join(place, `${stateFile}-wal`), log)
    for (const [step, at] of killed(place)) {
      if (step === 'sync the directory') expect(await found(at)).toEqual(old)
      else expect(() => openState(at), step).toThrow(refusal('StateUnreadable', ''))
      replaceState(at, file, undefined, nowMs + 1)
      expect(await found(at)).toEqual(old)
    }
    expect(await found(place)).toEqual(old)
    // Whoever knows better finds what there was.
    expect(readFileSync(join(place, `${asideName}-wal`)).equals(log)).toBe(true)
  })
})

/** A log of another state, which must never be played into the new file. */
async function logOfOther(): Promise<Buffer> {
  const other = await filled(300, undefined)
  const writer = openState(other)
  await writer.baseline(group).commit(changeOf(700))
  const log = readFileSync(join(other, `${stateFile}-wal`))
  writer.close()
  return log
}

test('where there was no state there is one afterwards', async () => {
  const fresh = join(directory(), 'new')
  expect(replaceState(fresh, file, undefined, nowMs)).toMatchObject({ aside: undefined })
  expect(await found(fresh)).toEqual(old)
  expect(statSync(fresh).mode & 0o777).toBe(0o700)
})

test('what is no backup is refused, and nothing is touched', async () => {
  const before = bytesIn(place)
  const bad = (name: string, bytes: string | Uint8Array): string => {
    const made = join(directory(), name)
    writeFileSync(made, bytes)
    return made
  }
  const whole = readFileSync(file)
  const foreign = join(directory(), 'foreign.db')
  const db = new DatabaseSync(foreign)
  db.exec('CREATE TABLE t (x)')
  db.close()
  for (const each of [
    bad('empty', ''),
    bad('short', whole.subarray(0, 8192)),
    bad('text', 'x'.repeat(9999)),
    bad('middle', whole.fill(7, 20_000, 24_000)),
    foreign,
  ]) {
    const refused = refusal('BackupUnreadable', 'nothing was changed')
    expect(() => replaceState(place, each, undefined, nowMs), each).toThrow(refused)
    expect(() => foreseen(place, each, undefined), each).toThrow(refused)
  }
  const none = join(place, 'none')
  expect(() => replaceState(place, none, undefined, nowMs)).toThrow(refusal('BackupMissing', none))
  expect(() => replaceState(place, join(place, stateFile), undefined, nowMs)).toThrow(
    refusal('InvalidArguments', 'name a backup'),
  )
  const newer = join(directory(), 'newer.db')
  copyFileSync(join(place, stateFile), newer)
  const later = new DatabaseSync(newer)
  later.exec('PRAGMA user_version = 99')
  later.close()
  expect(() => replaceState(place, newer, undefined, nowMs)).toThrow(refusal('StateNewer', '99'))
  expect(bytesIn(place)).toEqual(before)
})

test('an encrypted one needs its key, whatever the present state has', async () => {
  const sealed = await filled(3, key)
  const copy = join(directory(), 'sealed.db')
  backUp(sealed, copy, undefined)
  expect(() => replaceState(place, copy, undefined, nowMs)).toThrow(refusal('StateLocked', '--key'))
  const wrong = keyOfBytes(2)
  expect(() => replaceState(place, copy, wrong, nowMs)).toThrow(refusal('WrongKey', 'another'))
  expect(await found(place)).toEqual(now)
  replaceState(place, copy, key, nowMs)
  expect(await found(place, key)).toEqual(await contentOf(sealed, key))
})

test('one of an older schema is brought up to date, over a state of a newer one', async () => {
  const fourth = await filled(3, undefined)
  asFourth(fourth, key)
  const copy = join(directory(), 'fourth.db')
  backUp(fourth, copy, undefined)
  changed(place, (db) => db.exec('PRAGMA user_version = 99'))
  expect(replaceState(place, copy, key, nowMs)).toMatchObject({ aside: join(place, asideName) })
  openState(fourth, { key }).close()
  expect(await found(place, key)).toEqual(await contentOf(fourth, key))
})

test('what was wanted back then is not wanted any more', async () => {
  const asking = openState(place, { asking: true })
  asking.bin.ask(new Map([[3, {}]]), 5)
  asking.close()
  const copy = join(directory(), 'wanted.db')
  backUp(place, copy, undefined)
  expect(replaceState(place, copy, undefined, nowMs)).toMatchObject({ wishes: 1 })
  const state = openState(place)
  expect(state.bin.get(3)?.restore).toBe('Cancelled')
  expect(await state.baseline(group).restorations()).toEqual([])
  state.close()
})

test('it says what an old state means, before and after, and how to undo it', async () => {
  const run = async (dryRun: boolean) => {
    const lines: string[] = []
    const out = async (line: string) => lines.push(line) > 0
    const given = { directory: place, key: undefined, rest: [file], dryRun }
    expect(await restoreState(given, nowMs, out)).toBe(0)
    return lines
  }
  const before = bytesIn(place)
  const said = await run(true)
  expect(bytesIn(place)).toEqual(before)
  expect(said.join('\n')).toMatch(/nothing was changed \(--dry-run\)/)
  const done = await run(false)
  expect(done[0]).toBe(`${file} is the state in ${place} from now on`)
  for (const lines of [said, done]) {
    const text = lines.join('\n')
    expect(text).toMatch(
      /it does not contain anything that happened since 1970-01-01T00:00:00.001Z/,
    )
    expect(text).toMatch(
      /the former state is \S+\.before-\S+: only it contains newer bin content \(1 entry\)/,
    )
  }
  expect(done.at(-1)).toBe(
    `to undo it: exsync restore-state ${join(place, asideName)} --state ${place}`,
  )
})
