// The stories whose every moment is swept: small, and each with what the hub must hold in the end.
import type { Literal } from '../exchange/store/literal.ts'
import {
  type Colleague,
  folderOf,
  free,
  hubOf,
  type Office,
  type Plan,
  type Team,
} from './office.ts'
import { itemsIn, nameOf } from './settled.ts'
import type { Witness } from './witness.ts'

/** One story. */
export type Story = Readonly<{
  name: string
  plan: Plan
  /** What users do after everything was settled once; undefined: the story is the first sync itself. */
  act?: (hands: Hands) => void
  /** Who is in the hub in the end, each as often as he is. */
  ends: readonly string[]
}>

/** Users’ hands: they find items by name, and every value they write is a word of its own. */
export type Hands = Readonly<{
  edit: (who: string, name: string, field: string) => void
  put: (who: string, name: string) => void
  remove: (who: string, name: string) => void
}>

/** The hands of everybody in the office; what they replace or delete, they have seen. */
export function handsOf(office: Office, witness: Witness): Hands {
  const folder = (who: string) => (who === 'hub' ? hubOf(office) : folderOf(office, who))
  const find = (who: string, name: string) => {
    const item = itemsIn(office, who).find((each) => nameOf(each) === name)
    if (item === undefined) throw new Error(`${who} has no ${name}`)
    return item
  }
  const home = (who: string) => {
    const member = office.members.find((each) => each.who.name === who)
    return member?.who.direction === 'OneWay' ? `${who}@corp.example` : undefined
  }
  return {
    edit: (who, name, field) => {
      const item = find(who, name)
      witness.superseded(String(item.values.get(`contacts:${field}`) ?? ''))
      folder(who).update(item.id, { [field]: witness.word(home(who)) })
    },
    put: (who, name) => folder(who).create(person(name, { JobTitle: witness.word(home(who)) })),
    remove: (who, name) => {
      const item = find(who, name)
      witness.superseded(item)
      folder(who).delete(item.id)
    },
  }
}

/** A contact; people with the same name are the same person. */
export function person(name: string, more: Literal = {}): Literal {
  return { GivenName: name, Surname: 'Żak', CompanyName: 'Acme & Sons', ...more }
}

const five = [1, 2, 3, 4, 5].map((n) =>
  person(`P${n}`, { JobTitle: `<${n}>`, EmailAddress1: `p${n}@client.example` }),
)
const [one = {}, two = {}, three = {}] = five

const team = (more: Partial<Team> = {}, ann: Partial<Colleague> = {}): Team => ({
  name: 'contacts',
  conflicts: 'HubWins',
  drift: 'Revert',
  private: 'Skip',
  guard: free,
  members: [
    { name: 'ann', direction: 'TwoWay', ...ann },
    { name: 'bob', direction: 'TwoWay', has: [] },
    { name: 'jan', direction: 'OneWay', has: [person('Own', { JobTitle: '<30>' })] },
  ],
  ...more,
})

const planOf = (teams: readonly Team[]): Plan => ({ hub: five, teams, concurrency: 1 })
const names = ['P1', 'P2', 'P3', 'P4', 'P5']

/** All of them. */
export const stories: readonly Story[] = [
  {
    name: 'a first sync with matches and conflicts',
    plan: planOf([
      team(
        {},
        {
          has: [
            one,
            { ...two, JobTitle: '<20>' },
            { ...three, Department: '<21>' },
            person('Ann’s', { JobTitle: '<22>' }),
            person('Hidden', { JobTitle: '<23>', Sensitivity: 'Private' }),
          ],
        },
      ),
    ]),
    ends: [...names, 'Ann’s'],
  },
  {
    name: 'edits both ways',
    plan: planOf([team()]),
    act: ({ edit, put }) => {
      edit('hub', 'P1', 'Department')
      edit('ann', 'P1', 'JobTitle')
      edit('ann', 'P2', 'JobTitle')
      edit('bob', 'P2', 'JobTitle')
      edit('hub', 'P3', 'JobTitle')
      edit('ann', 'P3', 'JobTitle')
      put('bob', 'Bob’s')
      put('hub', 'New')
    },
    ends: [...names, 'Bob’s', 'New'],
  },
  {
    name: 'deletes, and an edit that beats one',
    plan: planOf([team()]),
    act: ({ edit, remove }) => {
      remove('hub', 'P1')
      remove('ann', 'P2')
      remove('ann', 'P3')
      edit('bob', 'P3', 'JobTitle')
      remove('hub', 'P4')
      edit('ann', 'P4', 'Department')
      remove('hub', 'P5')
      remove('bob', 'P5')
    },
    ends: ['P3', 'P4'],
  },
  {
    name: 'both are kept',
    plan: planOf([team({ conflicts: 'KeepBoth' })]),
    act: ({ edit }) => {
      edit('hub', 'P1', 'JobTitle')
      edit('ann', 'P1', 'JobTitle')
      edit('ann', 'P2', 'Department')
      edit('bob', 'P2', 'Department')
    },
    ends: [...names, 'P1', 'P2'],
  },
  {
    name: 'drift that is reverted',
    plan: planOf([team()]),
    act: ({ edit, put, remove }) => {
      edit('jan', 'P1', 'JobTitle')
      remove('jan', 'P2')
      put('jan', 'Jan’s')
      edit('jan', 'P3', 'Department')
      edit('hub', 'P3', 'JobTitle')
    },
    ends: names,
  },
]
