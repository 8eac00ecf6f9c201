// The plan tells what the pass does: whenever nothing changes in between, what `exsync plan` counts is what the pass
// reports. Over random histories, in which folders are also put back from backups, and by stories.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Backup } from '../support/folder.ts'
import { plain } from './casts.ts'
import { type History, histories } from './histories.ts'
import { seeds } from './seeds.ts'
import { Stage } from './stage.ts'
import { type Counters, World } from './world.ts'

const runs = Number(process.env.RUNS ?? 150)
const patient = 3_600_000

type Aging = Readonly<{ at: number; who: number; back: boolean }>

/** Lives the history; before each pass in which nothing happens, what it will do is foretold. */
async function foresee({ setting, steps }: History, agings: readonly Aging[]): Promise<void> {
  const world = new World(setting, counters)
  world.foretelling = true
  world.copying = steps.some(({ step }) => step === 'restore')
  const backups = new Map<number, Backup>()
  for (const [n, step] of steps.entries()) {
    for (const { who, back } of agings.filter(({ at }) => at === n)) {
      const folder = world.folders[who % world.folders.length]
      const backup = backups.get(who % world.folders.length)
      if (back && backup !== undefined) folder?.restore(backup)
      else if (folder !== undefined) backups.set(who % world.folders.length, folder.backup())
    }
    await world.take(step)
    // What a pass left behind, one in which nothing happens goes on with.
    if (step.step === 'pass' && step.events.length + step.acts.length > 0)
      await world.take({ step: 'pass', events: [], acts: [], group: step.group ?? 0 })
  }
  world.heal()
  for (let round = 0; round < 3; round += 1)
    for (const group of world.groups) await world.pass(group)
  expect(world.untold).toEqual([])
}

const counters: Counters = {}
const scope = { forgetful: true, moving: true, asking: true }

test.each([{}, { rewrites: true }, { drift: 'Ignore' as const }])(
  'what a plan counts is what the pass reports, %o',
  async (more) => {
    const aging = fc.record({ at: fc.nat(34), who: fc.nat(3), back: fc.boolean() })
    const agings = fc.array(aging, { maxLength: 5 })
    const property = fc.asyncProperty(histories(scope, more), agings, foresee)
    await fc.assert(property, { numRuns: runs })
    expect(counters.foretold).toBeGreaterThan(runs)
  },
  patient,
)

test('… also in every history that once broke a law', async () => {
  for (const [, steps, setting] of seeds)
    await foresee({ setting: { ...plain, ...setting }, steps }, [])
})

test('a receive-only member’s edit that meets the hub’s delete is kept, and the plan says so', async () => {
  const stage = new Stage({ hub: { has: ['Ewa:1'] }, jan: { writes: false } })
  await stage.rest()
  stage.edit('jan', 'Ewa:2')
  stage.remove('hub', 'Ewa')
  expect(await stage.foretold()).toEqual({ created: 0, updated: 0, deleted: 1, kept: 2 })
  expect(await stage.pass()).toMatchObject({ created: 0, updated: 0, deleted: 1, kept: 2 })
  expect(stage.bin()).toEqual(['hub Deleted Ewa:1', 'jan Deleted Ewa:2'])
})

test('ignored drift that the hub’s edit overwrites is kept, and the plan says so', async () => {
  const stage = new Stage({ hub: { has: ['Ewa:1'] }, jan: { writes: false, drift: 'Ignore' } })
  await stage.rest()
  stage.edit('jan', 'Ewa:2')
  await stage.rest()
  stage.edit('hub', 'Ewa:3')
  expect(await stage.foretold()).toEqual({ created: 0, updated: 1, deleted: 0, kept: 1 })
  expect(await stage.pass()).toMatchObject({ created: 0, updated: 1, deleted: 0, kept: 1 })
  expect(stage.bin()).toEqual(['jan Drift Ewa:2'])
})
