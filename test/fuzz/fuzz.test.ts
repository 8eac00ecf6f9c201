// The mutators themselves, the histories that once failed, and a few others. `npm run fuzz` looks for new ones.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readXml } from '../exchange/xml/reader.ts'
import { QuickClock } from '../support/quick.ts'
import { Chance } from './chance.ts'
import { lived } from './kube/trial.ts'
import type { Act } from './model.ts'
import { mutators } from './mutators.ts'
import { named, swapped, within } from './parts.ts'
import type { Draft } from './plan.ts'
import { judged, run } from './run.ts'
import { seeds } from './seeds.ts'

const two: Draft['members'] = [{ direction: 'TwoWay' }, { direction: 'TwoWay' }]

test.each(seeds)('once: %s', async (_what, tale) => {
  expect((await judged(tale)).findings).toEqual([])
})

test('without a mutation a history ends as the model says', async () => {
  const { failure } = await run({ row: 'none', mutators: ['mark'], often: true, seed: 1 })
  expect(failure).toBeUndefined()
})

test('what every answer loses is noticed in the end', async () => {
  const office: Draft = { hub: 2, members: two, apart: 0, conflicts: 'HubWins', concurrency: 1 }
  const hits = [{ mutator: 'fieldLost', after: 0, times: 30, seed: 1 }]
  const acts: readonly Act[] = [{ what: 'edit', who: 0, which: 0, field: 0 }]
  const round = { acts, hits, audit: true, restart: false, waitMs: 60_000 }
  const { findings, met } = await judged({ office, settled: true, rounds: [round] })
  expect(met.length).toBeGreaterThan(1)
  expect(findings).not.toEqual([])
})

test('what is reported only says why, and no two mutators have one name', () => {
  const silent = mutators.filter(({ kind, why }) => (kind === 'hidden') !== (why !== undefined))
  expect(silent).toEqual([])
  expect(new Set(mutators.map(({ name }) => name)).size).toBe(mutators.length)
})

test('README.md names what no client can tell, and why', () => {
  const text = readFileSync(new URL('README.md', import.meta.url), 'utf8')
  const rows = mutators.flatMap(({ name, why }) => (why ? [`| \`${name}\` | ${why} |`] : []))
  expect(rows.filter((row) => !text.includes(row))).toEqual([])
})

test('elements are found where they are, and swapped whole', () => {
  const xml = '<a xmlns:m="m"><m:b x="1"><c/>text</m:b><m:b>more</m:b><d/></a>'
  expect(within(xml, 'a').map(({ name, depth }) => [name, depth])).toEqual([
    ['m:b', 1],
    ['m:b', 1],
    ['d', 1],
  ])
  const [one, other] = named(xml, 'b')
  const turned = one && other && swapped(xml, one, other)
  expect(turned).toBe('<a xmlns:m="m"><m:b>more</m:b><m:b x="1"><c/>text</m:b><d/></a>')
  expect(() => readXml(turned ?? '')).not.toThrow()
})

test('the same seed makes the same choices', () => {
  const [one, other] = [new Chance(7), new Chance(7)]
  const drawn = Array.from({ length: 50 }, () => one.below(1000))
  expect(drawn).toEqual(Array.from({ length: 50 }, () => other.below(1000)))
  expect(new Set(drawn).size).toBeGreaterThan(40)
})

test('a sample of trials under an API server’s wrong answers', async () => {
  const clock = new QuickClock(200)
  const trials = ['status', 'short', 'former', 'swapped', 'forgedDeleted', 'otherObject'].map(
    (name, at) => lived({ row: name, mutators: [name], seed: 20_000 + at }, clock),
  )
  const outcomes = await Promise.all(trials)
  clock.stop()
  expect(
    outcomes.flatMap(({ row, findings }) => findings.map((each) => `${row}: ${each}`)),
  ).toEqual([])
})
