// The policy is obeyed: after a conflict and no further edits everybody holds the winner as documented
// (controller/core/policy.ts), which is computed here anew, and the losers are in the bin, or contacts of
// their own. And under LatestWins the last edit of all is what remains, whatever fails.
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import type { Policy } from '../../controller/core/policy.ts'
import type { Act } from './acts.ts'
import { plain, type Setting } from './casts.ts'
import { Stage } from './stage.ts'
import type { Step } from './steps.ts'
import { type Counters, World } from './world.ts'

const runs = Number(process.env.RUNS ?? 150)
const counters: Counters = {}
const count = (what: string) => {
  counters[what] = (counters[what] ?? 0) + 1
}
const patient = 3_600_000

const who = ['hub', 'ann', 'bob'] as const
type Who = (typeof who)[number]

/** One round: some are away, some edit in this order, and then there are passes. */
type Round = Readonly<{ away: readonly Who[]; edits: readonly Who[] }>

type Version = Readonly<{ by: Who | 'agreed'; value: string; at: number }>

// The table of policy.ts, read as a person reads it.
function winnerOf(policy: Policy, versions: readonly Version[]): Version {
  const latest = (some: readonly Version[]) => [...some].sort((one, other) => other.at - one.at)[0]
  const members = versions.filter(({ by }) => by === 'ann' || by === 'bob')
  const hub = versions.find(({ by }) => by === 'hub')
  const agreed = versions.find(({ by }) => by === 'agreed')
  const won = {
    HubWins: hub ?? agreed ?? latest(members),
    KeepBoth: hub ?? agreed ?? latest(members),
    MemberWins: latest(members) ?? hub ?? agreed,
    LatestWins: latest(versions),
  }[policy]
  if (won === undefined) throw new Error('nobody wins')
  return won
}

// What everybody should have: a model of one contact with one field.
class Model {
  agreed: Version = { by: 'agreed', value: '0', at: 0 }
  readonly twins: string[] = []
  readonly lost: string[] = []
  readonly shown = new Map<Who, Version>()
  readonly held = new Map<Who, string>(who.map((each) => [each, '0']))
  readonly #policy: Policy

  constructor(policy: Policy) {
    this.#policy = policy
  }

  pass(there: readonly Who[]): void {
    const edits = there.flatMap((each) => this.shown.get(each) ?? [])
    const blind = edits.some(({ by }) => this.held.get(by as Who) !== this.agreed.value)
    const versions = blind ? [...edits, this.agreed] : edits
    if (versions.length > 0) {
      const won = winnerOf(this.#policy, versions)
      for (const version of versions) if (version !== won) this.#loses(version)
      if (versions.length > 1) count(`${this.#policy} ${blind ? 'blind' : 'open'}`)
      this.agreed = { ...won, by: 'agreed' }
    }
    for (const each of there) {
      this.shown.delete(each)
      this.held.set(each, this.agreed.value)
    }
  }

  #loses({ by, value }: Version): void {
    this.lost.push(value)
    if (this.#policy === 'KeepBoth' && (by === 'ann' || by === 'bob')) this.twins.push(value)
  }
}

async function obeyed(policy: Policy, rounds: readonly Round[]): Promise<void> {
  const stage = new Stage({ hub: { has: ['Ewa:0'] }, ann: {}, bob: {} })
  stage.policy = policy
  await stage.rest()
  const model = new Model(policy)
  let at = 0
  for (const { away, edits } of [...rounds, { away: [], edits: [] }]) {
    for (const by of edits) {
      at += 1
      const before = model.shown.get(by)?.value ?? model.held.get(by)
      const folder = stage.folders.get(by)
      const [id, entry] =
        [...(folder?.items ?? [])].find(([, { item }]) => item.JobTitle === before) ?? []
      if (id === undefined || entry === undefined) throw new Error(`${by} has no ${before}`)
      folder?.edit(id, { ...entry.item, JobTitle: String(at) })
      model.shown.set(by, { by, value: String(at), at })
    }
    stage.away.clear()
    for (const each of away) stage.away.add(each)
    await stage.rest()
    const there = who.filter((each) => !away.includes(each))
    model.pass(there)
    const then = [model.agreed.value, ...model.twins].map((value) => `Ewa:${value}`).sort()
    for (const each of there) expect(stage.shows(each), `${each}, ${policy}`).toEqual(then)
  }
  const bin = stage.bin().join('\n')
  for (const value of model.lost) expect(bin).toMatch(new RegExp(`Ewa:${value}$`, 'm'))
}

test.each(['HubWins', 'MemberWins', 'LatestWins', 'KeepBoth'] as const)(
  '%s: everybody holds the winner as documented',
  (policy) => {
    const round = fc.record({
      away: fc.uniqueArray(fc.constantFrom('ann' as const, 'bob' as const)),
      edits: fc.array(fc.constantFrom(...who), { maxLength: 4 }),
    })
    return fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 5 }), (rounds) =>
        obeyed(policy, rounds),
      ),
      { numRuns: runs },
    )
  },
  patient,
)

// Within one group, and untouched by the server: what another group writes, or the server touches, is of the
// time when it does.
const cast = fc.constantFrom('star' as const, 'ring' as const)

test(
  'LatestWins: the last edit of all remains, whatever fails meanwhile',
  () => {
    const act = fc.record({
      who: fc.nat(2),
      what: fc.constant('edit' as const),
      which: fc.constant(0),
      field: fc.constant(0),
    })
    const at = fc.integer({ min: 1, max: 20 })
    const what = fc.constantFrom('fail', 'lose', 'die', 'die before commit', 'die after commit')
    const group = fc.nat(1)
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ step: fc.constant('act'), act }) },
      {
        weight: 3,
        arbitrary: fc.record({
          step: fc.constant('pass'),
          events: fc.array(fc.record({ at, what }), { maxLength: 3 }),
          acts: fc.array(fc.record({ at, act }), { maxLength: 3 }),
          group,
        }),
      },
      fc.record({ step: fc.constant('offline'), who: fc.nat(3) }),
    ) as fc.Arbitrary<Step>
    return fc.assert(
      fc.asyncProperty(cast, fc.array(step, { minLength: 1, maxLength: 14 }), lastRemains),
      { numRuns: runs },
    )
  },
  patient,
)

async function lastRemains(cast: Setting['cast'], steps: readonly Step[]): Promise<void> {
  const world = new World({ ...plain, cast, policy: 'LatestWins' }, counters)
  const put: Act = { who: 0, what: 'put', which: 0, field: 0 }
  world.act(put)
  const passes = async (rounds: number) => {
    for (let round = 0; round < rounds; round += 1)
      for (const group of world.groups) await world.pass(group)
  }
  await passes(3)
  for (const each of steps) await world.take(each)
  world.heal()
  await passes(6)
  const last = world.ledger.last()
  for (const folder of world.folders) {
    const titles = [...folder.items.values()].map(({ item }) => item.JobTitle)
    expect(titles, folder.name).toEqual([last])
  }
}

afterAll(() => {
  console.log(JSON.stringify({ RUNS: runs, ...counters }))
  const policies = ['HubWins', 'MemberWins', 'LatestWins', 'KeepBoth']
  const reached = policies.flatMap((policy) => [`${policy} blind`, `${policy} open`])
  const all = [...reached, 'lost replies', 'deaths', 'deaths at a commit', 'failed', 'stale']
  expect(all.filter((what) => counters[what] === undefined)).toEqual([])
})
