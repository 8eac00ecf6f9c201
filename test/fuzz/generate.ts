// Generates histories: a small office, what users do, and which mutations meet which requests.
import fc from 'fast-check'
import type { Hit } from './border.ts'
import type { Round, Tale } from './history.ts'
import { type Act, kinds } from './model.ts'
import type { Draft, Sort } from './plan.ts'

const minute = 60_000

/** Which mutators, and whether several of their mutations may meet in one pass. */
export type Choice = Readonly<{ mutators: readonly string[]; often: boolean }>

const act: fc.Arbitrary<Act> = fc.record({
  what: fc.oneof(
    { weight: 3, arbitrary: fc.constant('edit' as const) },
    { weight: 4, arbitrary: fc.constantFrom(...kinds) },
  ),
  who: fc.nat(4),
  which: fc.nat(6),
  field: fc.nat(3),
})

const hitOf = ({ mutators, often }: Choice): fc.Arbitrary<Hit> =>
  fc.record({
    mutator: fc.constantFrom(...mutators),
    after: fc.oneof({ weight: 2, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(20) }),
    times: often ? fc.constantFrom(1, 1, 1, 2, 30) : fc.constant(1),
    seed: fc.integer({ min: 1, max: 1_000_000 }),
  })

const roundOf = (choice: Choice): fc.Arbitrary<Round> =>
  fc.record({
    acts: fc.array(act, { maxLength: 5 }),
    hits: fc.array(hitOf(choice), { maxLength: choice.often ? 3 : 1 }),
    audit: fc.constantFrom(false, false, false, true),
    away: fc.oneof(
      { weight: 3, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.nat(3) },
    ),
    minutes: fc.constantFrom(undefined, undefined, undefined, 3),
    restart: fc.constantFrom(false, false, false, true),
    waitMs: fc.constantFrom(minute, minute, 17 * minute),
  })

const draft: fc.Arbitrary<Draft> = fc.record({
  hub: fc.integer({ min: 1, max: 5 }),
  members: fc.array(
    fc.record({
      direction: fc.constantFrom('TwoWay' as const, 'TwoWay' as const, 'OneWay' as const),
      has: fc.option(
        fc.array(
          fc.record({ sort: fc.constantFrom<Sort>('equal', 'own', 'hidden'), which: fc.nat(4) }),
          { maxLength: 2 },
        ),
        { nil: undefined, freq: 3 },
      ),
    }),
    { minLength: 2, maxLength: 4 },
  ),
  // Where the second group begins; at 0 there is only one.
  apart: fc.constantFrom(0, 0, 0, 1, 2),
  conflicts: fc.constantFrom(
    'HubWins' as const,
    'MemberWins' as const,
    'LatestWins' as const,
    'KeepBoth' as const,
  ),
  concurrency: fc.constantFrom(1, 4),
})

/** Histories in which these mutators have their turn. */
export function taleOf(choice: Choice): fc.Arbitrary<Tale> {
  return fc.record({
    office: draft,
    settled: fc.constantFrom(true, true, true, false),
    page: fc.constantFrom(undefined, undefined, 2, 3),
    rounds: fc.array(roundOf(choice), { minLength: 1, maxLength: 4 }),
  })
}
