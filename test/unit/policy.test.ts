// Who wins, for every policy and pair of contenders, in whatever order they were seen.
import { expect, test } from 'vitest'
import type { ReplicaId } from '../../controller/core/id.ts'
import { type Contender, type Policy, winner } from '../../controller/core/policy.ts'

const contender = (name: string, modifiedMs: number): Contender => ({
  replica: name === 'agreed' ? undefined : (name as ReplicaId),
  hub: name === 'hub',
  value: `${name}@${modifiedMs}`,
  modifiedMs,
})

//   policy          one       at  other     at  who wins
const cases: readonly (readonly [Policy, string, number, string, number, string])[] = [
  ['HubWins',    'hub',    1, 'ann',    2, 'hub'],
  ['HubWins',    'hub',    1, 'agreed', 2, 'hub'],
  ['HubWins',    'agreed', 1, 'ann',    2, 'agreed'],
  ['HubWins',    'bob',    2, 'ann',    1, 'bob'],
  ['HubWins',    'bob',    1, 'ann',    1, 'ann'],
  ['MemberWins', 'hub',    2, 'ann',    1, 'ann'],
  ['MemberWins', 'hub',    1, 'agreed', 2, 'hub'],
  ['MemberWins', 'agreed', 2, 'ann',    1, 'ann'],
  ['MemberWins', 'bob',    2, 'ann',    1, 'bob'],
  ['MemberWins', 'bob',    1, 'ann',    1, 'ann'],
  ['LatestWins', 'hub',    1, 'ann',    2, 'ann'],
  ['LatestWins', 'hub',    2, 'ann',    1, 'hub'],
  ['LatestWins', 'agreed', 2, 'ann',    1, 'agreed'],
  ['LatestWins', 'agreed', 1, 'hub',    2, 'hub'],
  ['LatestWins', 'bob',    1, 'ann',    1, 'ann'],
  ['KeepBoth',   'hub',    1, 'ann',    2, 'hub'],
  ['KeepBoth',   'agreed', 1, 'ann',    2, 'agreed'],
] // biome-ignore format: a table

test.each(cases)('%s: of %s at %i and %s at %i', (policy, one, oneMs, other, otherMs, then) => {
  const both = [contender(one, oneMs), contender(other, otherMs)]
  expect(winner(policy, both).replica ?? 'agreed').toBe(then)
  expect(winner(policy, [...both].reverse()).replica ?? 'agreed').toBe(then)
})
