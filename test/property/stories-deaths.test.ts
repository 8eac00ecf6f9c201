// One pass with a bit of everything dies at every moment in turn: before and after each request, and
// before each write to the state. Whenever it dies, the next ones come to the same end, with the same in the bin.
import { expect, test } from 'vitest'
import { Stage } from './stage.ts'

/** The process died. */
class Death extends Error {}

test('whenever it dies, everybody ends with the same, and nothing that lost is lost', async () => {
  let moments = 0
  for (let reached = true; reached; moments += 1) {
    const stage = await busy()
    reached = await diesAt(stage, moments)
    await stage.rest()
    for (const who of ['hub', 'ann', 'bob', 'jan'])
      expect(stage.shows(who), `${who}, moment ${moments}`).toEqual(end)
    for (const kept of ['ann Conflict Ewa:ann', 'bob Deleted Jan:1', 'jan Drift Iza:jan'])
      expect(stage.bin(), `moment ${moments}`).toContain(kept)
  }
  expect(moments).toBeGreaterThan(20)
})

const end = ['Ewa:hub', 'Iza:1', 'New:1', 'Ola:bob']

// A conflict, a delete, an edit that travels, a new item and a drift.
async function busy(): Promise<Stage> {
  const has = ['Ewa:1', 'Iza:1', 'Jan:1', 'Ola:1']
  const stage = new Stage({ hub: { has }, ann: {}, bob: {}, jan: { writes: false } })
  await stage.rest()
  stage.edit('hub', 'Ewa:hub')
  stage.edit('ann', 'Ewa:ann')
  stage.remove('bob', 'Jan')
  stage.edit('bob', 'Ola:bob')
  stage.put('ann', 'New:1')
  stage.edit('jan', 'Iza:jan')
  return stage
}

/** Did it come to that? The dead do nothing any more. */
async function diesAt(stage: Stage, moment: number): Promise<boolean> {
  let left = moment
  const moves = () => {
    left -= 1
    if (left < 0) throw new Death()
  }
  stage.during = moves
  stage.writing = moves
  const died = await stage.pass().then(
    () => false,
    () => true,
  )
  stage.during = () => {}
  stage.writing = () => {}
  return died
}

test('whenever a first pass dies, what it made and she deleted is missed', async () => {
  let moments = 0
  let deleted = 0
  for (let reached = true; reached; moments += 1) {
    const stage = new Stage({ hub: { has: ['Ewa:1', 'Jan:1'] }, ann: {} })
    reached = await diesAt(stage, moments)
    if (stage.shows('ann').includes('Ewa:1')) {
      stage.remove('ann', 'Ewa')
      deleted += 1
    }
    await stage.rest()
    expect(stage.shows('ann'), `moment ${moments}`).toEqual(stage.shows('hub'))
  }
  expect(deleted).toBeGreaterThan(2)
})

test('whenever a rollback dies, everybody ends with what was agreed then, and what was written since is kept', async () => {
  let moments = 0
  for (let reached = true; reached; moments += 1) {
    const stage = await rolledBack()
    reached = await diesAt(stage, moments)
    await stage.rest()
    for (const who of ['hub', 'ann', 'bob'])
      expect(stage.shows(who), `${who}, moment ${moments}`).toEqual(['Ewa:1', 'Jan:1', 'Ola:1'])
    expect(stage.wanted().filter((line) => !line.endsWith('Restored'))).toEqual([])
    for (const kept of ['hub Restored Ewa:wiped', 'hub Restored Ola:wiped'])
      expect(stage.bin(), `moment ${moments}`).toContain(kept)
  }
  expect(moments).toBeGreaterThan(10)
})

// Two edits and a delete since, which are asked to be undone.
async function rolledBack(): Promise<Stage> {
  const stage = new Stage({ hub: { has: ['Ewa:1', 'Jan:1', 'Ola:1'] }, ann: {}, bob: {} })
  await stage.rest()
  stage.wait(10)
  const then = stage.nowMs
  stage.edit('ann', 'Ewa:wiped')
  stage.edit('ann', 'Ola:wiped')
  stage.remove('ann', 'Jan')
  await stage.rest()
  await stage.rollback(then)
  return stage
}
