// One history: users act, passes run, and the border to the server misbehaves; the process dies, the state
// is forgotten, limits bite and somebody approves. After every request an independent witness looks
// (safety). Then all is healed, and within a few passes everything must be well (liveness).

import { isReady } from '../../controller/api/group-status.ts'
import { hashOf } from '../../controller/core/guard.ts'
import type { GroupId } from '../../controller/core/id.ts'
import { openState } from '../../controller/store/state.ts'
import type { Reconciled } from '../../controller/sync/environment.ts'
import { faultsOf } from '../e2e/support.ts'
import { type Call, died, type Fate, Life, type Watch } from './life.ts'
import { free, type Office, openOffice, type Plan, redeclare } from './office.ts'
import { isPrivate, itemsIn, nameOf, namesInHub, settle, unequal, unquiet } from './settled.ts'
import { type Act, kinds, Users } from './users.ts'
import { type Findings, idsIn, Witness, wrongForm } from './witness.ts'

/** What happens to the n-th request of a step. */
// biome-ignore format: a table
export const misfortunes = [
  'die before', 'die after', 'lose request', 'lose reply', 'late before', 'late after', 'busy', 'very busy',
  'back off', 'one fails', 'one is stale', 'batch stops', 'truncated', 'sign in again', 'timed out', 'web page',
] as const

/** Before the n-th request, or the n-th that writes, of a step. Writes are few, and matter most. */
export type Moment = Readonly<{ at: number; of: 'requests' | 'writes' }>

/** A misfortune and its time. */
export type Event = Moment & Readonly<{ what: (typeof misfortunes)[number] }>

type During = Readonly<{
  events: readonly Event[]
  acts: readonly (Moment & Readonly<{ act: Act }>)[]
  /** Death at a write to the state. */
  end?: Readonly<{ at: number; when: 'before' | 'after' }> | undefined
}>

/** One step of a history. */
export type Step =
  | Readonly<{ step: 'act'; act: Act }>
  | (Readonly<{ step: 'pass'; audit: boolean }> & During)
  | (Readonly<{ step: 'run'; minutes: number }> & During)
  | Readonly<{ step: 'forget' | 'restart' | 'approve' }>

/** How often the generator reached what it is there to reach. */
export type Counters = Record<string, number>

/** What a long run of histories must have reached. */
export function kindsOf(): readonly string[] {
  const rules = ['HubWins', 'MemberWins', 'LatestWins', 'KeepBoth'].map(
    (rule) => `conflicts ${rule}`,
  )
  // biome-ignore format: a list
  return [
    ...misfortunes, ...kinds, ...rules, 'pass', 'run', 'audit', 'forgotten', 'restarts', 'deaths', 'stale', 'two groups',
    'deletions', 'refusals Deletions', 'refusals Publications', 'refusals Updates', 'approvals', 'death before a transaction',
    'death after a transaction', 'passes that failed',
  ]
}

/** Passes of each group within which all is well again. */
const enough = 5

/** One history, as far as it has been told. */
export class History {
  readonly office: Office
  readonly findings: string[] = []
  readonly #counters: Counters
  readonly #witness: Witness
  readonly #users: Users
  #life: Life
  #during: During = { events: [], acts: [] }
  #requests = 0
  #writes = 0
  #commits = 0
  readonly #running = new Set<GroupId>()
  readonly #conflicts = new Map<GroupId, number>()
  readonly #shown = new Map<GroupId, Readonly<{ hash: string; count: number }>>()
  /** Whom each replica's own removals have removed elsewhere. */
  readonly #deletions = new Map<string, Set<string>>()
  #states = 1
  #approved = 0
  #quietUntilMs = 0
  #intruders = 0
  #looked = false

  constructor(office: Office, counters: Counters) {
    this.office = office
    this.#counters = counters
    this.#witness = new Witness(office)
    this.#users = new Users(office, this.#witness)
    this.#begin()
    this.#life = new Life(office, this.#watch())
    if (office.groups.length > 1) this.#count('two groups')
  }

  async take(step: Step): Promise<void> {
    this.office.clock.advance(7_000)
    switch (step.step) {
      case 'act':
        this.#act(step.act)
        break
      case 'pass':
      case 'run':
        await this.#pass(step)
        break
      case 'forget':
        this.#count('forgotten')
        this.#witness.forgot()
        this.#states += 1
        this.office.state.close()
        this.office.state = openState(':memory:')
        this.#restart()
        break
      case 'restart':
        this.#count('restarts')
        this.#restart()
        break
      case 'approve':
        this.#approve()
    }
  }

  /** Heals everything, lets some passes go by, and says what is wrong then. */
  async heal(): Promise<Findings> {
    const { office } = this
    for (const name of ['hub', ...office.members.map(({ who }) => who.name)])
      this.#users.deny(name, false)
    const guard = { ...free, window: '1s' }
    redeclare(office, (group) => ({ ...group, spec: { ...group.spec, guard } }))
    office.clock.advance(61_000)
    const life = new Life(office, {
      request: ({ operation, body }) => void this.findings.push(...wrongForm(operation, body)),
      answered: (call) => this.#settleDeletions(call),
      committed: () => this.#look(),
    })
    await settle(office, life, enough)
    // Without its memory the controller cannot tell a copy that is behind from an ignored drift.
    const touched = (member: string, name: string) =>
      this.#states > 1 || this.#users.touched.has(`${member} ${name}`)
    const late = [
      ...unequal(office, touched),
      ...(await unquiet(office, life)),
      ...this.#doubled(),
      ...office.groups.flatMap(({ id, previous }) =>
        previous !== undefined && isReady(previous) ? [] : [`${id} is not ready`],
      ),
    ]
    this.#look()
    late.push(...this.#witness.irretrievable())
    return [...new Set([...this.findings, ...late])]
  }

  // What lay in folders before anything began: words, and how many people that are.
  #begin(): void {
    const { office } = this
    const hub = new Set<string>()
    const sums = new Map<string, number>()
    const mails = new Map<string, Set<string>>()
    const places = [
      { name: 'hub', writes: true, skips: false },
      ...office.members.map(({ team, who }) => ({
        name: who.name,
        writes: who.direction === 'TwoWay',
        skips: team.private === 'Skip',
      })),
    ]
    for (const { name, writes, skips } of places) {
      const here = new Map<string, number>()
      for (const item of itemsIn(office, name)) {
        const stays = !writes || (skips && isPrivate(item))
        const text = [...item.values.values()].flat().join('\n')
        this.#witness.found(text, stays ? `${name}@corp.example` : undefined)
        const mail = [...item.values].find(([key]) => key.includes('EmailAddress1'))?.[1]
        mails.set(nameOf(item), (mails.get(nameOf(item)) ?? new Set()).add(String(mail)))
        // What a receive-only member had before is drift, too, where it differs.
        if (!writes) this.#users.touched.add(`${name} ${nameOf(item)}`)
        here.set(nameOf(item), (here.get(nameOf(item)) ?? 0) + 1)
      }
      for (const [who, times] of here) {
        if (writes) sums.set(who, (sums.get(who) ?? 0) + times)
        if (times > 1) this.#unclear.add(who)
      }
      // What two groups bring into the hub at the same time is not compared.
      if (name !== 'hub' && office.plan.teams.length > 1)
        for (const who of here.keys()) if (!hub.has(who)) this.#unclear.add(who)
      if (name === 'hub') for (const who of here.keys()) hub.add(who)
    }
    for (const [who, sum] of sums) {
      if (mails.get(who)?.size !== 1) this.#unclear.add(who)
      this.#sums.set(who, sum)
    }
  }

  readonly #sums = new Map<string, number>()
  /** People of whom it is not clear who is whom: nobody is merged then, and nobody doubled. */
  readonly #unclear = new Set<string>()

  #act(act: Act): void {
    const done = this.#users.act(act)
    // What is marked private before the first look is compared with nothing, nor when the mark goes.
    if (done === 'hide' && !this.#looked)
      for (const { who } of this.office.members)
        for (const item of itemsIn(this.office, who.name))
          if (isPrivate(item)) this.#unclear.add(nameOf(item))
    // What is written before a delete that is on its way takes effect goes with it.
    for (const call of this.#doomed.keys()) this.#expectDeletions(call)
    if (done !== undefined) this.#count(done)
  }

  #restart(): void {
    if (!this.#life.dead) this.#life.die()
    this.#running.clear()
    this.#quietUntilMs = 0
    this.#life = new Life(this.office, this.#watch())
  }

  async #pass(step: Extract<Step, { step: 'pass' | 'run' }>): Promise<void> {
    this.#during = step
    this.#looked = true
    this.#requests = 0
    this.#writes = 0
    this.#commits = 0
    this.#count(step.step)
    if (step.step === 'pass') {
      const done = await this.#life.passes(() => true, step.audit)
      if (done !== died && step.audit) this.#count('audit')
    } else await this.#life.runs(step.minutes * 60_000)
    this.#during = { events: [], acts: [] }
    this.#look()
    for (const { previous } of this.office.groups)
      if (previous !== undefined) this.findings.push(...faultsOf(previous))
    if (!this.#life.dead) return
    this.#count('deaths')
    this.#restart()
  }

  #approve(): void {
    for (const [id, { hash, count }] of this.#shown) {
      this.#count('approvals')
      this.#approved += count
      redeclare(
        this.office,
        (group) => ({
          ...group,
          metadata: { ...group.metadata, annotations: { 'exchangesync.dev/approve': hash } },
        }),
        (each) => each === id,
      )
    }
    this.#shown.clear()
  }

  #watch(): Watch {
    return {
      request: (call) => this.#request(call),
      answered: (call, said) => {
        this.#settleDeletions(call)
        if (call.operation === 'UpdateItem' && said.includes('ErrorIrresolvableConflict'))
          this.#count('stale')
        this.#look()
        this.#judgeDeletions()
      },
      commit: (n) => {
        this.#commits += 1
        const { end } = this.#during
        if (end?.at !== this.#commits || n === 0) return undefined
        this.#count(`death ${end.when} a transaction`)
        return end.when
      },
      committed: () => this.#look(),
      began: (group) => {
        if (this.#running.has(group)) this.findings.push(`two passes of ${group} at once`)
        this.#running.add(group)
      },
      ended: (group, result) => {
        this.#running.delete(group)
        this.#learn(group, result)
      },
      stopped: () => this.#running.clear(),
    }
  }

  #request(call: Call): Fate | undefined {
    const { operation, body } = call
    this.#requests += 1
    this.findings.push(...wrongForm(operation, body))
    this.#judgeBackOff()
    const write = /^(Create|Update|Delete)Item/.test(operation)
    if (write) this.#writes += 1
    const now = ({ at, of }: Moment) =>
      of === 'requests' ? at === this.#requests : write && at === this.#writes
    for (const one of this.#during.acts) if (now(one)) this.#act(one.act)
    // A user's own doing must not be taken for the loss of what it replaced.
    if (operation === 'DeleteItem') this.#expectDeletions(call)
    const event = this.#during.events.find(now)
    if (event === undefined) return undefined
    // A save can fail and a version be stale where something is written only.
    const what = !write && /^one /.test(event.what) ? 'batch stops' : event.what
    this.#count(what)
    const fate = fates[what]
    // Such a request never reaches the server.
    if ('when' in fate && fate.when === 'before') this.#doomed.delete(call)
    if (fate.backOffMs !== undefined) {
      this.#quietUntilMs = this.office.clock.now() + fate.backOffMs
      this.#intruders = 0
    }
    return fate
  }

  // Requests that are under way already do not know yet; no other may be sent while the server wants rest.
  #judgeBackOff(): void {
    if (this.office.clock.now() >= this.#quietUntilMs) return
    this.#intruders += 1
    if (this.#intruders > this.office.plan.concurrency)
      this.findings.push('a request while the server wanted to be left alone')
  }

  /** Of each delete that is on its way: what the items held when it was last looked. */
  readonly #doomed = new Map<Call, ReadonlyMap<string, readonly string[]>>()

  #expectDeletions(call: Call): void {
    const { items } = this.office.exchange.store.state
    const doomed = idsIn(call.body).flatMap((id) => {
      const item = items.get(id)
      return item === undefined ? [] : [[id, this.#witness.wordsOf(item)] as const]
    })
    this.#doomed.set(call, new Map([...(this.#doomed.get(call) ?? []), ...doomed]))
    for (const id of idsIn(call.body)) {
      const item = items.get(id)
      if (item !== undefined) this.#names.set(id, nameOf(item))
    }
  }

  readonly #names = new Map<string, string>()

  // There is no conditional delete: what a user wrote in that very moment lies in the dumpster.
  #settleDeletions(call: Call): void {
    for (const [id, words] of this.#doomed.get(call) ?? []) {
      if (this.office.exchange.store.state.items.has(id)) continue
      this.#count('deletions')
      const name = this.#names.get(id) ?? ''
      const [remover, ...others] = this.#users.removed.get(name) ?? []
      // Whom several took away, or who is there twice, is nobody's doing alone.
      if (remover !== undefined && others.length === 0 && !name.startsWith('Shared'))
        this.#deletions.set(remover, (this.#deletions.get(remover) ?? new Set()).add(name))
      this.#witness.dumped(words)
    }
    this.#doomed.delete(call)
  }

  // A delete may have had its effect before it is answered, and others' answers may come first.
  #dumped(): void {
    const { items } = this.office.exchange.store.state
    for (const doomed of this.#doomed.values())
      for (const [id, words] of doomed) if (!items.has(id)) this.#witness.dumped(words)
  }

  // Nobody's removals remove more elsewhere than the limit, or what was approved.
  #judgeDeletions(): void {
    const { teams } = this.office.plan
    for (const [who, whom] of this.#deletions) {
      const limits = teams.flatMap(({ guard, members }) =>
        who === 'hub' || members.some(({ name }) => name === who) ? guard.deletions.maxCount : [],
      )
      const most = limits.reduce((sum, each) => sum + each, 0) * this.#states + this.#approved
      if (whom.size > most) this.findings.push(`${who} removed ${whom.size} elsewhere, not ${most}`)
    }
  }

  #learn(group: GroupId, result: Reconciled['result']): void {
    if (result.kind !== 'passed') {
      if (result.kind === 'failed') this.#count('passes that failed')
      return
    }
    const { conflicts, refusals, unfinished } = result.report
    const policy = this.office.groups.find(({ id }) => id === group)?.group.spec.conflicts
    if (conflicts.total > (this.#conflicts.get(group) ?? 0)) this.#count(`conflicts ${policy}`)
    this.#conflicts.set(group, conflicts.total)
    if (unfinished) this.#count('unfinished')
    if (refusals.length === 0) return
    for (const { reason } of refusals) this.#count(`refusals ${reason}`)
    const count = refusals.reduce((sum, refusal) => sum + refusal.count, 0)
    this.#shown.set(group, { hash: hashOf(refusals), count })
  }

  #look(): void {
    this.#dumped()
    this.#witness.binned()
    this.findings.push(...this.#witness.wrong())
  }

  // Anything more than users made is the loser of a conflict of which both are kept.
  #doubled(): Findings {
    const both = this.office.plan.teams.some(({ conflicts }) => conflicts === 'KeepBoth')
    // With neither ids nor a memory nobody can tell which of two namesakes an edited one was copied from.
    const blind = this.#states > 1 && this.#users.renumbered
    return [...namesInHub(this.office)].flatMap(([name, times]) => {
      const losers = both ? (this.#witness.losers.get(name) ?? 0) : 0
      const made = this.#users.made.get(name) ?? 0
      if (blind && (made > 0 || this.#unclear.has(name))) return []
      // What two groups bring into the hub in the same moment is not compared where their states were lost.
      if (this.#states > 1 && this.office.groups.length > 1 && this.#users.removed.has(name))
        return []
      const before = this.#sums.get(name) ?? 0
      // Whoever is there once everywhere is one, where no version becomes a namesake.
      const sure = made === 0 && !both && !this.#unclear.has(name)
      const most = (sure ? Math.min(1, before) : before) + made + losers
      return times > most ? [`${name} is there ${times} times, made ${most} times`] : []
    })
  }

  #count(what: string): void {
    this.#counters[what] = (this.#counters[what] ?? 0) + 1
  }
}

/** Lives a history; answers what was wrong. */
export async function lived(
  plan: Plan,
  steps: readonly Step[],
  counters: Counters,
): Promise<Findings> {
  const history = new History(await openOffice(plan), counters)
  for (const step of steps) await history.take(step)
  return history.heal()
}

type Foretold = Fate & Readonly<{ backOffMs?: number }>

const http = (status: number, headers: Record<string, string> = {}, body = '') =>
  ({ kind: 'fault', fault: { kind: 'http', status, headers, body } }) as const
const code = (name: string, at: number | 'each' | 'whole') =>
  ({ kind: 'fault', fault: { kind: 'code', code: name, at } }) as const

const fates: Readonly<Record<Event['what'], Foretold>> = {
  'die before': { kind: 'die', when: 'before' },
  'die after': { kind: 'die', when: 'after' },
  'lose request': { kind: 'fault', fault: { kind: 'drop', when: 'before' } },
  'lose reply': { kind: 'fault', fault: { kind: 'drop', when: 'after' } },
  'late before': { kind: 'late', when: 'before' },
  'late after': { kind: 'late', when: 'after' },
  busy: { ...http(503, { 'retry-after': '4' }), backOffMs: 4000 },
  'very busy': { ...http(503, { 'retry-after': '90' }), backOffMs: 90_000 },
  'back off': {
    kind: 'fault',
    fault: { kind: 'soap', code: 'ErrorServerBusy', backOffMs: 30_000 },
    backOffMs: 30_000,
  },
  'one fails': code('ErrorItemSave', 0),
  'one is stale': code('ErrorIrresolvableConflict', 0),
  'batch stops': code('ErrorMailboxStoreUnavailable', 0),
  truncated: { kind: 'fault', fault: { kind: 'truncate' } },
  'sign in again': http(401),
  'timed out': code('ErrorTimeoutExpired', 'whole'),
  'web page': http(200, { 'content-type': 'text/html' }, '<!doctype html><html><body>Sign in'),
}
