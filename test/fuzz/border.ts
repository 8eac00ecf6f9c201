// The mutators' place: between the controller and the server. It remembers true answers, lets pages be small,
// and hands a request to a mutator when its time has come.
import type { Ask, Border, Call, Reply } from '../simulation/life.ts'
import type { VirtualClock } from '../support/clock.ts'
import { Chance } from './chance.ts'
import type { Effect, Mutator, Past, Scene } from './mutator.ts'

/** A mutation: after `after` requests that it could have been for, so many `times`. */
export type Hit = Readonly<{ mutator: string; after: number; times: number; seed: number }>

/** Requests that one pass of all groups may make. */
export const requestsMax = 400

/** Bytes that one answer may have. */
const bytesMax = 4_000_000

type Pending = { hit: Hit; mutator: Mutator; after: number; left: number }

/** One border, for the length of a history. */
export class Mutation {
  /** What was changed, in words. */
  readonly told: string[] = []
  #requests = 0
  #requestsMax = requestsMax
  readonly findings: string[] = []
  readonly #mutators: readonly Mutator[]
  readonly #page: number | undefined
  readonly #clock: VirtualClock
  #pending: Pending[] = []
  /** True answers by operation and mailbox, in their order. */
  readonly #answers: { operation: string; mailbox: string; text: string }[] = []
  readonly #notes = new Map<string, string>()

  constructor(mutators: readonly Mutator[], page: number | undefined, clock: VirtualClock) {
    this.#mutators = mutators
    this.#page = page
    this.#clock = clock
  }

  /** Passes begin, so many, with these mutations and those that did not come to their turn in the ones before. */
  begin(hits: readonly Hit[], passes: number): void {
    this.#requests = 0
    this.#requestsMax = requestsMax * passes
    this.#pending = [
      ...this.#pending,
      ...hits.flatMap((hit) => {
        const mutator = this.#mutators.find(({ name }) => name === hit.mutator)
        return mutator === undefined ? [] : [{ hit, mutator, after: hit.after, left: hit.times }]
      }),
    ]
  }

  /** No more mutations. */
  end(): void {
    this.begin([], 10)
    this.#pending = []
  }

  /** What spoils an item for good ends here. */
  spare(): void {
    this.#pending = this.#pending.filter(({ mutator }) => !mutator.isolated)
  }

  /** Only those that must concern nothing else go on; answers whether there are any that had their turn. */
  isolate(): boolean {
    this.begin([], 10)
    this.#pending = this.#pending.filter(
      ({ mutator, left, hit }) => mutator.isolated && left < hit.times,
    )
    return this.#pending.length > 0
  }

  /** The id of the item that lasting mutations spoil. */
  get victim(): string | undefined {
    return this.#notes.get('victim')
  }

  readonly border: Border = async (call, ask, enough) => {
    this.#requests += 1
    if (this.#requests === this.#requestsMax) {
      this.findings.push(`more than ${this.#requests} requests in so short a time`)
      this.#pending = []
    }
    const asked = this.#paged(call, ask)
    const turn = this.#turn(call)
    if (turn === undefined) return this.#true(call, asked)
    const { hit, left } = turn
    const chance = new Chance(hit.seed + left * 7919)
    let said: Reply | undefined
    const scene: Scene = {
      operation: call.operation,
      body: call.body,
      ask: async (...given) => {
        said = await asked(...given)
        return said
      },
      chance,
      past: this.#past(call),
      notes: this.#notes,
      nowMs: this.#clock.now(),
      wait: (ms) => this.#clock.advance(ms),
      enough,
    }
    const { reply, met } = await this.#applied(turn, scene)
    if (met) this.#done(turn, call, said, reply)
    if (reply !== undefined && reply.body.length > bytesMax) throw new Error('a mutant too large')
    return reply
  }

  // Who answers nothing at all rejects in the end: then it had its turn, too.
  async #applied(turn: Pending, scene: Scene): Promise<Effect> {
    try {
      return await turn.mutator.apply(scene)
    } catch (error) {
      this.#done(turn, scene, undefined, undefined)
      throw error
    }
  }

  #turn({ operation }: Call): Pending | undefined {
    const able = this.#pending.filter(({ mutator }) => mutator.of?.test(operation) ?? true)
    const due = able.find(({ after }) => after <= 0)
    for (const each of able) each.after -= 1
    return due
  }

  #done(
    turn: Pending,
    { operation, body }: Pick<Call, 'operation' | 'body'>,
    said: Reply | undefined,
    reply: Reply | undefined,
  ): void {
    const whose = mailboxOf(body) || 'the hub'
    this.told.push(`${turn.mutator.name}: ${operation} for ${whose}: ${changeOf(said, reply)}`)
    turn.left -= 1
    if (turn.left <= 0 && !turn.mutator.lasts)
      this.#pending = this.#pending.filter((each) => each !== turn)
  }

  async #true({ operation, body }: Call, ask: Ask): Promise<Reply | undefined> {
    const reply = await ask()
    if (reply?.status === 200 && typeof reply.body === 'string')
      this.#answers.push({ operation, mailbox: mailboxOf(body), text: reply.body })
    return reply
  }

  #past({ operation, body }: Call): Past {
    const mailbox = mailboxOf(body)
    const pick = (which: (each: { operation: string; mailbox: string }) => boolean) =>
      this.#answers.filter(which).map(({ text }) => text)
    return {
      own: pick((each) => each.operation === operation && each.mailbox === mailbox),
      others: pick((each) => each.operation === operation && each.mailbox !== mailbox),
      foreign: pick((each) => each.operation !== operation && each.mailbox === mailbox),
    }
  }

  // A server may give less than it is asked for: so a folder of a few items has pages, too.
  #paged({ body: wanted }: Call, ask: Ask): Ask {
    const page = this.#page
    if (page === undefined) return ask
    return (body = wanted, fault) =>
      ask(
        body
          .replace(/(<m:MaxChangesReturned>)\d+/, `$1${page}`)
          .replace(/(<m:IndexedPageItemView MaxEntriesReturned=")\d+/, `$1${page}`),
        fault,
      )
  }
}

// Where two replies begin to differ.
function changeOf(said: Reply | undefined, reply: Reply | undefined): string {
  if (reply === undefined) return `${said === undefined ? 'not asked' : 'asked'}, no reply`
  const [before, after] = [Buffer.from(said?.body ?? ''), Buffer.from(reply.body)].map(String)
  if (before === undefined || after === undefined || said === undefined || before === after)
    return `HTTP ${reply.status} ${JSON.stringify(after?.slice(0, 60))}`
  let at = 0
  while (before[at] === after[at]) at += 1
  const [was, is] = [before, after].map((text) => text.slice(Math.max(0, at - 50), at + 60))
  return `${JSON.stringify(was)} became ${JSON.stringify(is)}`
}

/** Whom a request acts as; the hub has no name. */
function mailboxOf(body: string): string {
  return /PrimarySmtpAddress>([^<]+)/.exec(body)?.[1] ?? ''
}
