// An office in short: what is generated, and what is kept of a history that failed.
import type { Literal } from '../exchange/store/literal.ts'
import { type Colleague, free, type Plan, type Team } from '../simulation/office.ts'
import { person } from '../simulation/stories.ts'

/** What a member has already: a copy of the hub's, a contact of its own, or one marked private. */
export type Sort = 'equal' | 'own' | 'hidden'

/** An office: how many the hub holds, who takes part, and with whom the second group begins (0: there is one only). */
export type Draft = Readonly<{
  hub: number
  members: readonly Readonly<{
    direction: Colleague['direction']
    /** undefined: there is no folder yet. */
    has?: readonly Readonly<{ sort: Sort; which: number }>[] | undefined
  }>[]
  apart: number
  conflicts: Team['conflicts']
  concurrency: number
}>

const names = ['ann', 'bob', 'jan', 'ewa']

/** The office in full. */
export function planOf({ hub, members, apart, conflicts, concurrency }: Draft): Plan {
  let word = 1000
  const next = () => {
    word += 1
    return `<${word}>`
  }
  const people = Array.from({ length: hub }, (_, n) =>
    person(`P${n}`, {
      JobTitle: next(),
      ...(n % 2 === 0 ? { EmailAddress1: `p${n}@client.example` } : {}),
    }),
  )
  const colleagues = members.map(({ direction, has }, n): Colleague => {
    const some = has?.map(({ sort, which }) => contactOf(sort, people[which], next))
    // Two equal ones in one folder are two.
    const once = some?.filter(
      (each, at) => some.findIndex(({ GivenName }) => GivenName === each.GivenName) === at,
    )
    return { name: names[n] ?? '', direction, has: once }
  })
  const team = (name: string, some: readonly Colleague[]): Team => ({
    name,
    members: some,
    conflicts,
    drift: 'Revert',
    private: 'Skip',
    guard: free,
  })
  const [first, second] = [colleagues.slice(0, apart), colleagues.slice(apart)]
  const teams =
    first.length === 0 || second.length === 0
      ? [team('contacts', colleagues)]
      : [team('contacts', first), team('others', second)]
  return { hub: people, teams, concurrency, plain: true }
}

function contactOf(sort: Sort, like: Literal | undefined, next: () => string): Literal {
  const word = next()
  const own = person(`Own${word.slice(1, -1)}`, { JobTitle: word })
  if (sort === 'equal') return like ?? own
  return sort === 'own' ? own : { ...own, Sensitivity: 'Private' }
}
