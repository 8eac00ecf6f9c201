// The mutators themselves, the histories that once failed, and a few others. `npm run fuzz` looks for new ones.
import { expect, test } from 'vitest'
import { readXml } from '../exchange/xml/reader.ts'
import { Chance } from './chance.ts'
import { mutators } from './mutators.ts'
import { named, swapped, within } from './parts.ts'
import { judged, run } from './run.ts'
import { seeds } from './seeds.ts'

test.each(seeds)('once: %s', async (_what, tale) => {
  expect((await judged(tale)).findings).toEqual([])
})

test('without a mutation a history ends as the model says', async () => {
  const { failure } = await run({ row: 'none', mutators: ['mark'], seed: 1 })
  expect(failure).toBeUndefined()
})

test('what is reported only says why, and no two mutators have one name', () => {
  const silent = mutators.filter(({ kind, why }) => (kind === 'hidden') !== (why !== undefined))
  expect(silent).toEqual([])
  expect(new Set(mutators.map(({ name }) => name)).size).toBe(mutators.length)
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
