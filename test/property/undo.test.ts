// What is undone is as it was: the last edits and deletes of a history, what one member did, and what a rollback did, whoever
// asks for it in which way. What others edited since stays.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Item } from '../../controller/core/item.ts'
import { free } from '../support/limits.ts'
import { Stage } from './stage.ts'

const runs = Number(process.env.RUNS ?? 40)
const who = ['hub', 'ann', 'bob'] as const
const names = ['Ewa', 'Jan', 'Ola'] as const
const fields = ['JobTitle', 'Department', 'Phone:MobilePhone'] as const
type Who = (typeof who)[number]
type Name = (typeof names)[number]
type Field = (typeof fields)[number]

/** Somebody sets a field, takes it away, or deletes the contact. */
type Act = Readonly<{
  by: Who
  name: Name
  field: Field
  value: string | undefined
  deletes: boolean
}>

const actOf = (deletes: fc.Arbitrary<boolean>): fc.Arbitrary<Act> =>
  fc.record({
    by: fc.constantFrom(...who),
    name: fc.constantFrom(...names),
    field: fc.constantFrom(...fields),
    value: fc.option(fc.constantFrom('1', '2', '3'), { nil: undefined }),
    deletes,
  })
const acts = fc.array(actOf(fc.integer({ max: 5, min: 0 }).map((drawn) => drawn === 0)), {
  minLength: 1,
  maxLength: 7,
})
const edits = fc.array(actOf(fc.constant(false)), { minLength: 1, maxLength: 8 })

type Contents = Readonly<Record<string, Item>>

function contents(stage: Stage, where: Who = 'hub'): Contents {
  const items = [...(stage.folders.get(where)?.items.values() ?? [])].map(({ item }) => item)
  return Object.fromEntries(items.map((item) => [String(item.GivenName), item]))
}

async function begun(): Promise<Stage> {
  const stage = new Stage({ hub: { has: names.map((name) => `${name}:0`) }, ann: {}, bob: {} })
  await stage.rest()
  return stage
}

/** Does what somebody does, and has it travel; answers whether anything changed. */
async function acted(stage: Stage, { by, name, field, value, deletes }: Act): Promise<boolean> {
  const now = contents(stage)[name]
  if (now === undefined || (!deletes && now[field] === value)) return false
  if (deletes) stage.remove(by, name)
  else if (value === undefined) stage.clear(by, name, field)
  else {
    const title = field === 'JobTitle' ? value : now.JobTitle
    stage.edit(by, title === undefined ? name : `${name}:${title}`, { [field]: value })
  }
  await stage.rest()
  stage.wait(10)
  return true
}

/** Passes until all that was wanted is back. */
async function undone(stage: Stage): Promise<void> {
  await stage.rest()
  await stage.rest()
  expect(stage.wanted().filter((line) => !line.endsWith('Restored'))).toEqual([])
  for (const each of who) expect(contents(stage, each)).toEqual(contents(stage))
}

describe('the last changes of a history', () => {
  const ways = {
    'by their numbers': (stage: Stage, sinceMs: number) =>
      stage.undo(
        stage.history().filter(({ timeMs }) => timeMs >= sinceMs),
        'Overwrite',
      ),
    'as nobody edited since': (stage: Stage, sinceMs: number) =>
      stage.undo(
        stage.history().filter(({ timeMs }) => timeMs >= sinceMs),
        'Spare',
      ),
    'by a rollback': (stage: Stage, sinceMs: number) => stage.rollback(sinceMs),
  }
  test.each(Object.entries(ways))('undone %s leave what was before them', async (_, undo) => {
    await fc.assert(
      fc.asyncProperty(acts, fc.nat(6), async (done, before) => {
        const stage = await begun()
        for (const act of done.slice(0, before)) await acted(stage, act)
        const [then, sinceMs] = [contents(stage), stage.nowMs]
        for (const act of done.slice(before)) await acted(stage, act)
        await undo(stage, sinceMs)
        await undone(stage)
        expect(contents(stage)).toEqual(then)
        // And there is nothing more to do.
        const again = await undo(stage, sinceMs)
        expect(again.filter((line) => line !== 'is there already')).toEqual([])
      }),
      { numRuns: runs },
    )
  })

  test('of one member leave what others edited since', async () => {
    await fc.assert(
      fc.asyncProperty(edits, async (done) => {
        const stage = await begun()
        const expected = new Map<string, Readonly<{ by: Who; value: unknown }>>()
        for (const act of done) {
          const key = `${act.name} ${act.field}`
          const [before, last] = [contents(stage)[act.name]?.[act.field], expected.get(key)]
          if (!(await acted(stage, act))) continue
          // What a run of edits of one member replaced is what was before the first of them.
          const value = last?.by === act.by ? last.value : before
          expected.set(key, { by: act.by, value })
        }
        const end = contents(stage)
        await stage.undo(
          stage.history().filter(({ replica }) => replica === 'ann'),
          'Spare',
        )
        await undone(stage)
        for (const name of names) {
          for (const field of fields) {
            const { by, value } = expected.get(`${name} ${field}`) ?? {}
            const wanted = by === 'ann' ? value : end[name]?.[field]
            expect([name, field, contents(stage)[name]?.[field]]).toEqual([name, field, wanted])
          }
        }
      }),
      { numRuns: runs },
    )
  })
})

test('a rollback of a rollback changes nothing, and brings nobody down again', async () => {
  await fc.assert(
    fc.asyncProperty(acts, fc.nat(6), async (done, before) => {
      const stage = await begun()
      for (const act of done.slice(0, before)) await acted(stage, act)
      const sinceMs = stage.nowMs
      for (const act of done.slice(before)) await acted(stage, act)
      const end = contents(stage)
      stage.wait(10)
      const rolledMs = stage.nowMs
      await stage.rollback(sinceMs)
      await undone(stage)
      stage.wait(10)
      const back = contents(stage)
      await stage.rollback(rolledMs)
      await undone(stage)
      expect(contents(stage)).toEqual({ ...back, ...end })
    }),
    { numRuns: runs },
  )
})

describe('a deleted contact', () => {
  test('that was entered again is edited, not doubled', async () => {
    const stage = await begun()
    const sinceMs = stage.nowMs
    stage.edit('ann', 'Ewa:1')
    await stage.rest()
    stage.remove('ann', 'Ewa')
    await stage.rest()
    stage.put('bob', 'Ewa:new')
    await stage.rest()
    expect(await stage.rollback(sinceMs)).toEqual([
      'edits the contact that was entered again JobTitle',
    ])
    await undone(stage)
    expect(stage.shows('ann')).toEqual(['Ewa:0', 'Jan:0', 'Ola:0'])
    expect(await stage.rollback(sinceMs)).toEqual(['is there already: it was entered again'])
  })

  test('that others edited since is left deleted only where others deleted it', async () => {
    const stage = await begun()
    stage.edit('ann', 'Ewa:1')
    await stage.rest()
    stage.remove('bob', 'Ewa')
    await stage.rest()
    const ann = () => stage.history().filter(({ replica }) => replica === 'ann')
    expect(await stage.undo(ann(), 'Spare')).toEqual(['deleted since by bob (2): not changed'])
    await undone(stage)
    expect(stage.shows('hub')).toEqual(['Jan:0', 'Ola:0'])
    expect(await stage.undo(ann(), 'Overwrite')).toEqual(['the contact is brought back'])
    await undone(stage)
    expect(stage.shows('hub')).toEqual(['Ewa:0', 'Jan:0', 'Ola:0'])
  })
})

describe('fields of several times', () => {
  /** ann sets a title, bob a department, and ann another one; all but bob's edit is undone. */
  async function between(): Promise<Stage> {
    const stage = await begun()
    stage.edit('ann', 'Ewa:1')
    await stage.rest()
    stage.edit('bob', 'Ewa:1', { Department: 'bobs' })
    await stage.rest()
    stage.edit('ann', 'Ewa:1', { Department: 'anns' })
    await stage.rest()
    return stage
  }
  const notBobs = (stage: Stage) => stage.history().filter(({ replica }) => replica !== 'bob')

  test('come back pass by pass, at once, each from an entry that has it', async () => {
    const stage = await between()
    expect(await stage.undo(notBobs(stage), 'Overwrite')).toEqual([
      'fields go back Department',
      'fields go back JobTitle',
    ])
    expect(await stage.pass()).toMatchObject({ unfinished: true, updated: 3 })
    expect(await stage.pass()).toMatchObject({ unfinished: false, updated: 3 })
    await undone(stage)
    expect(contents(stage).Ewa).toMatchObject({ JobTitle: '0', Department: 'bobs' })
  })

  test('come back with a deleted contact', async () => {
    const stage = await between()
    stage.remove('hub', 'Ewa')
    await stage.rest()
    await stage.undo(notBobs(stage), 'Overwrite')
    await undone(stage)
    expect(contents(stage).Ewa).toMatchObject({ JobTitle: '0', Department: 'bobs' })
  })
})

test('the guard sets aside what nobody confirmed, and lets the rest come back', async () => {
  const stage = await begun()
  for (const name of names) {
    stage.edit('ann', `${name}:wiped`)
    await stage.rest()
  }
  stage.limits = { ...free, updates: { maxPercent: 0, maxCount: 0 } }
  const [ola, jan, ewa] = stage.history()
  for (const [entry, confirmed] of [
    [ewa, true],
    [jan, false],
    [ola, false],
  ] as const)
    await stage.undo(entry === undefined ? [] : [entry], 'Spare', confirmed)
  const { refusals } = await stage.pass()
  expect(refusals).toMatchObject([{ replica: 'bin:', reason: 'Updates', count: 2, limit: 0 }])
  expect(stage.shows('bob')).toEqual(['Ewa:0', 'Jan:wiped', 'Ola:wiped'])
  stage.approved.add(refusals[0]?.hash ?? '')
  await undone(stage)
  expect(stage.shows('bob')).toEqual(['Ewa:0', 'Jan:0', 'Ola:0'])
})

test('of two wishes for one contact the later one is met last', async () => {
  const stage = await begun()
  for (const value of ['1', '2']) {
    stage.edit('ann', `Ewa:${value}`)
    await stage.rest()
  }
  const [last, first] = stage.history()
  for (const entry of [last, first]) {
    stage.wait(10)
    stage.wants(`ann Edited Ewa:${entry?.item.JobTitle}`)
  }
  await undone(stage)
  expect(stage.shows('hub')).toContain('Ewa:0')
})
