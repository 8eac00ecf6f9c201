// Generates histories: a small office, and what happens there.
import fc from 'fast-check'
import type { Literal } from '../exchange/store/literal.ts'
import { type Event, type Moment, misfortunes, type Step } from './history.ts'
import { type Colleague, free, type Plan, type Team } from './office.ts'
import { person } from './stories.ts'
import { type Act, kinds } from './users.ts'

/** A history before it is told. */
export type Tale = Readonly<{ plan: Plan; steps: readonly Step[] }>

type Sort = 'equal' | 'similar' | 'own' | 'hidden' | 'twice' | 'namesake'

const names = ['ann', 'bob', 'jan', 'ewa']

const act: fc.Arbitrary<Act> = fc.record({
  who: fc.nat(4),
  what: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom('edit' as const, 'put' as const) },
    { weight: 20, arbitrary: fc.constantFrom(...kinds) },
  ),
  which: fc.nat(5),
  field: fc.nat(3),
})

const moment = (most: number): fc.Arbitrary<Moment> =>
  fc.oneof(
    fc.record({
      of: fc.constant('requests' as const),
      at: fc.integer({ min: 1, max: most }),
    }),
    fc.record({ of: fc.constant('writes' as const), at: fc.integer({ min: 1, max: 6 }) }),
  )

const during = (most: number) => ({
  events: fc.array(
    fc
      .tuple(moment(most), fc.constantFrom(...misfortunes))
      .map(([when, what]): Event => ({ ...when, what })),
    { maxLength: 2 },
  ),
  acts: fc.array(
    fc.tuple(moment(most), act).map(([when, one]) => ({ ...when, act: one })),
    { maxLength: 2 },
  ),
  end: fc.oneof(
    { weight: 5, arbitrary: fc.constant(undefined) },
    fc.record({ at: fc.integer({ min: 1, max: 8 }), when: fc.constantFrom('before', 'after') }),
  ),
})

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 14, arbitrary: fc.record({ step: fc.constant('act' as const), act }) },
  {
    weight: 9,
    arbitrary: fc.record({
      step: fc.constant('pass' as const),
      audit: fc.boolean(),
      ...during(40),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      step: fc.constant('run' as const),
      minutes: fc.integer({ min: 2, max: 3 }),
      ...during(90),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ step: fc.constantFrom('forget', 'restart', 'approve') }),
  },
) as fc.Arbitrary<Step>

type Draft = Readonly<{
  hub: readonly Readonly<{ mail: boolean; twin: boolean }>[]
  members: readonly Readonly<{
    direction: Colleague['direction']
    has: readonly Readonly<{ sort: Sort; which: number }>[] | undefined
  }>[]
  apart: number
  policies: readonly Team['conflicts'][]
  drift: Team['drift']
  private: Team['private']
  limit: number
  concurrency: number
  plain: boolean
}>

const draft: fc.Arbitrary<Draft> = fc.record({
  hub: fc.array(fc.record({ mail: fc.boolean(), twin: fc.boolean() }), { maxLength: 3 }),
  members: fc.array(
    fc.record({
      direction: fc.constantFrom('TwoWay' as const, 'TwoWay' as const, 'OneWay' as const),
      has: fc.option(
        fc.array(
          fc.record({
            sort: fc.constantFrom<Sort>('equal', 'similar', 'own', 'hidden', 'twice', 'namesake'),
            which: fc.nat(2),
          }),
          { maxLength: 3 },
        ),
        { nil: undefined, freq: 3 },
      ),
    }),
    { minLength: 2, maxLength: 4 },
  ),
  // Where the second group begins; at 0 there is only one.
  apart: fc.nat(3),
  policies: fc.array(
    fc.constantFrom(
      'HubWins' as const,
      'MemberWins' as const,
      'LatestWins' as const,
      'KeepBoth' as const,
    ),
    { minLength: 2, maxLength: 2 },
  ),
  drift: fc.constantFrom('Revert' as const, 'Ignore' as const),
  private: fc.constantFrom('Skip' as const, 'Skip' as const, 'Copy' as const),
  limit: fc.constantFrom(0, 0, 1, 2),
  concurrency: fc.constantFrom(1, 4),
  plain: fc.boolean(),
})

/** Histories of any kind. */
export const tale: fc.Arbitrary<Tale> = fc
  .record({ draft, steps: fc.array(step, { minLength: 3, maxLength: 18 }) })
  .map(({ draft: one, steps }) => ({ plan: planOf(one), steps }))

function planOf({ hub, members, apart, ...rest }: Draft): Plan {
  let word = 1000
  const next = () => {
    word += 1
    return `<${word}>`
  }
  const people = hub.map(({ mail, twin }, n) => {
    const name = `P${twin ? 0 : n}`
    return person(name, {
      JobTitle: next(),
      ...(mail ? { EmailAddress1: `${name}.${n}@client.example` } : {}),
    })
  })
  const colleagues = members.map(
    ({ direction, has }, n): Colleague => ({
      name: names[n] ?? '',
      direction,
      has: has?.map(({ sort, which }) => contactOf(sort, people[which], next)),
    }),
  )
  const limits = {
    window: '24h',
    deletions: { maxPercent: 100, maxCount: rest.limit },
    publications: { maxCount: rest.limit + 1 },
    updates: { maxPercent: 100, maxCount: rest.limit },
    minCount: 1,
  }
  const team = (name: string, some: readonly Colleague[], n: number): Team => ({
    name,
    members: some,
    conflicts: rest.policies[n] ?? 'HubWins',
    drift: rest.drift,
    private: rest.private,
    guard: rest.limit === 0 ? free : limits,
  })
  const [first, second] = [colleagues.slice(0, apart), colleagues.slice(apart)]
  const teams =
    first.length === 0 || second.length === 0
      ? [team('contacts', colleagues, 0)]
      : [team('contacts', first, 0), team('others', second, 1)]
  return { hub: people, teams, concurrency: rest.concurrency, plain: rest.plain }
}

function contactOf(sort: Sort, like: Literal | undefined, next: () => string): Literal {
  const own = person(`Own${next().slice(1, -1)}`, { JobTitle: next() })
  switch (sort) {
    case 'equal':
      return like ?? own
    case 'similar':
      return { ...(like ?? own), JobTitle: next() }
    case 'own':
      return own
    case 'hidden':
      return { ...own, Sensitivity: 'Private' }
    case 'twice':
      return person('Shared0', { JobTitle: next() })
    case 'namesake':
      return {
        ...(like ?? own),
        EmailAddress1: `${next().slice(1, -1)}@client.example`,
        JobTitle: next(),
      }
  }
}
