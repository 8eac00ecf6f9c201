// One history under mutated answers: users act, passes run, and for some requests a mutator stands in the way. Then
// the mutations end, time goes on past every back-off and one audit, and everything must be as the model says.
import { isReady } from '../../controller/api/group-status.ts'
import { died, Life } from '../simulation/life.ts'
import { addressOf, type Office, openOffice } from '../simulation/office.ts'
import { nameOf, settle, unquiet } from '../simulation/settled.ts'
import { type Findings, Witness, wrongForm } from '../simulation/witness.ts'
import { type Hit, Mutation } from './border.ts'
import { type Act, Model } from './model.ts'
import { writes } from './mutator.ts'
import { mutatorsNamed } from './mutators.ts'
import { type Draft, planOf } from './plan.ts'

/** What happens between two looks, and in the pass that follows. */
export type Round = Readonly<{
  acts: readonly Act[]
  hits: readonly Hit[]
  /** Does the pass look at everything? */
  audit: boolean
  /** Whose mailbox cannot be reached in this pass, by number. */
  away?: number | undefined
  /** The process ends before it, and another one takes over. */
  restart: boolean
  /** Passes come as they are due, for so long, instead of one. */
  minutes?: number | undefined
  /** How long until the pass, in ms. */
  waitMs: number
}>

/** A history before it is told. */
export type Tale = Readonly<{
  office: Draft
  /** Is everything synchronised once before the first mutation? */
  settled: boolean
  /** How much of a listing the server gives at once; undefined: all of it. */
  page?: number | undefined
  rounds: readonly Round[]
}>

/** What was wrong in the end, what was wrong before the audit only, and what mutators did. */
export type Lived = Readonly<{ findings: Findings; mended: Findings; met: Findings }>

const minute = 60_000
/** So long after a pass a user acts at the earliest: see README.md, *What is not demanded*. */
const handMs = 5000
/** Longer than any back-off. */
const restMs = 20 * minute
/** The controller's own interval between audits. */
const auditMs = 6 * 60 * minute

/** Lives a history. */
export async function lived({ office: draft, settled, page, rounds }: Tale): Promise<Lived> {
  const office = await openOffice(planOf(draft))
  const used = new Set(rounds.flatMap(({ hits }) => hits.map(({ mutator }) => mutator)))
  const mutation = new Mutation(mutatorsNamed([...used]), page, office.clock)
  const witness = new Witness(office)
  const model = new Model(office, witness)
  const findings: string[] = mutation.findings as string[]
  const born = () =>
    new Life(office, {
      request: ({ operation, body }) => void findings.push(...wrongForm(operation, body)),
      answered: ({ operation }) => {
        if (writes.test(operation)) findings.push(...witness.wrong())
      },
      border: mutation.border,
      committed: () => witness.binned(),
    })
  let life = born()
  if (settled) {
    await settle(office, life, 2)
    findings.push(...model.wrong().map((each) => `before any mutation: ${each}`))
    model.settled = true
  }
  for (const [n, { hits, minutes, ...round }] of rounds.entries()) {
    // At the first look an item that cannot be read for long is made again from its equal: see README.md, `poison`.
    const first = !settled && n === 0
    const lasting = settled || (!first && !spoils(rounds[0]?.hits))
    office.clock.advance(handMs)
    for (const act of round.acts) model.act(act)
    office.clock.advance(round.waitMs)
    if (round.restart) {
      life.die()
      life = born()
    }
    absent(office, round.away, true)
    mutation.begin(
      lasting || first ? hits : hits.filter((hit) => !spoils([hit])),
      (minutes ?? 0) + 1,
    )
    if (minutes !== undefined && !(first && spoils(hits))) await life.runs(minutes * minute)
    else if ((await life.passes(() => true, round.audit)) === died) throw new Error('it died')
    witness.binned()
    findings.push(...witness.wrong())
    absent(office, round.away, false)
    if (first) mutation.spare()
  }
  if (mutation.isolate()) findings.push(...(await isolated(office, life, model, mutation)))
  mutation.end()
  return { ...(await healed(office, life, model, findings)), met: mutation.told }
}

// Does any of them make an item unreadable for good?
function spoils(hits: readonly Hit[] = []): boolean {
  return mutatorsNamed(hits.map(({ mutator }) => mutator)).some(({ isolated }) => isolated === true)
}

// What a mutation spoils for good is left out and named; all else is brought where it belongs meanwhile.
async function isolated(
  office: Office,
  life: Life,
  model: Model,
  { victim }: Mutation,
): Promise<Findings> {
  office.clock.advance(restMs)
  await settle(office, life, 3)
  const item = office.exchange.store.state.items.get(victim ?? '')
  const name = item && nameOf(item)
  // What might be one that cannot be read waits until it can be.
  const waits = model.early()
  const lacking = model.wrong().filter((each) => {
    const whom = / lacks (\S+) /.exec(each)?.[1]
    return whom !== undefined && !waits.includes(whom)
  })
  const spoilt = lacking.filter((each) => name !== undefined && each.includes(` lacks ${name} `))
  const silent = office.groups.every(({ previous }) => previous?.problems?.length === 0)
  return [
    ...lacking.filter((each) => !spoilt.includes(each)).map((each) => `meanwhile ${each}`),
    ...(silent ? spoilt.map((each) => `${each}, and no problem is named`) : []),
  ]
}

async function healed(
  office: Office,
  life: Life,
  model: Model,
  findings: string[],
): Promise<Omit<Lived, 'met'>> {
  const faults = () => [
    ...model.wrong(),
    ...office.groups.flatMap(({ id, previous }) => [
      ...(previous !== undefined && isReady(previous) ? [] : [`${id} is not ready`]),
      ...(previous?.problems ?? []).map(({ reason }) => `${id} has the problem ${reason}`),
      ...(previous?.conflicts?.total ? [`${id} tells of a conflict that nobody made`] : []),
    ]),
  ]
  office.clock.advance(restMs)
  await settle(office, life, 4)
  const early = faults()
  office.clock.advance(auditMs)
  await life.passes(() => true, true)
  office.clock.advance(minute)
  await settle(office, life, 2)
  const late = [...new Set([...findings, ...faults(), ...(await unquiet(office, life))])]
  return { findings: late, mended: early.filter((each) => !late.includes(each)) }
}

function absent({ exchange, members }: Office, who: number | undefined, away: boolean): void {
  const member = who === undefined ? undefined : members[who % members.length]
  if (member === undefined) return
  const mailbox = exchange.store.mailbox(addressOf(member.who.name))
  mailbox.deny(away ? 'ErrorMailboxStoreUnavailable' : undefined)
}
