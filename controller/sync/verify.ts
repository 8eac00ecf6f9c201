// Reads every copy again and compares it with the agreed content. Writes nothing, neither to Exchange nor to the state.
//
// Flow: list every folder whole; take the links in parts, read their copies folder by folder in batches, and judge each
// answer (api/verification.ts); read each deviation once more, since a pass may be under way, and only then report it.
// Guarantees: a folder that cannot be read, or is listed in part, is a problem and never a proof; an answer counts only
// under the id that was requested. Memory: one batch of items per folder, at most `replicasMax` folders at once.
// Caveats: a link that is agreed during the verification is left to the next one.

import type { Problem, Report } from '../api/report.ts'
import type { SyncGroupStatus } from '../api/resources.generated.ts'
import type { Participants } from '../api/topology.ts'
import {
  type Apart,
  type Deviation,
  type Verdict,
  type Verification,
  verdictOf,
  verdictOfAbsent,
  verdictOfExtra,
  verifiedOf,
} from '../api/verification.ts'
import type { ItemId, LinkId, ReplicaId } from '../core/id.ts'
import { linkIdOf } from '../core/id.ts'
import { bytesOf } from '../core/item.ts'
import type { Copy, Found, Link, Role } from '../core/model.ts'
import { SyncError, syncErrorOf } from '../core/sync-error.ts'
import { breathe } from './breathe.ts'
import { type Inventory, inventoryOf, type Place, problemOf } from './inventory.ts'
import type { PassSpec } from './pass-spec.ts'

/**
 * Verifies a group right after its pass, if `token` requests it; resolves with the `verified` part of its status. An
 * unfinished pass leaves it to the next one, and so does a controller that is stopping. It takes at most as long as a
 * pass: copies that are not read by then are not proved.
 */
export async function verifiedAfter(
  report: Report,
  token: string | undefined,
  { participants, spec }: Readonly<{ participants: Participants; spec: () => PassSpec }>,
  signal: AbortSignal,
): Promise<SyncGroupStatus['verified']> {
  if (token === undefined || report.unfinished) return undefined
  const whole = spec()
  const { clock, budgetMs, stopping } = whole
  const startMs = clock.now()
  const due = () => stopping() || clock.now() - startMs > budgetMs
  const verification = await verify(whole, signal, due)
  return stopping() ? undefined : verifiedOf(token, verification, participants)
}

/** The maximum number of links in memory. */
const linksMax = 200
/** The maximum number of items of one read, and the maximum size of their agreed content, bytes. */
const batchMax = 50
const batchBytes = 2 * 1024 * 1024
/** The maximum number of folders that are read at once. */
const replicasMax = 16

type Answer = Found | undefined | SyncError
type Asked = Readonly<{ link: Link; copy: Copy }>
type Deviates = Exclude<Verdict, string>
/** Takes the verdict on one copy; `read`: an item was read for it. */
type Judge = (link: LinkId, replica: ReplicaId, verdict: Verdict, read: boolean) => void
/** The copies that deviate when they are first read. */
type Suspects = Map<LinkId, Map<ReplicaId, Deviates>>

/**
 * Verifies the group of a pass. `due`: true if no further batch may begin. Rejects when the state cannot be read, and
 * when the signal aborts.
 */
export async function verify(
  spec: PassSpec,
  signal: AbortSignal,
  due: () => boolean = () => false,
): Promise<Verification> {
  const startMs = spec.clock.now()
  const verifier = new Verifier(spec, await inventoryOf(spec, signal), due, signal)
  const suspects = await verifier.first()
  const deviations = await verifier.again(suspects)
  const { problems, copies, apart, unfinished } = verifier
  const unread = new Set(problems.map(({ replica }) => replica))
  const total = spec.replicas.length
  const endedMs = spec.clock.now()
  return {
    endedMs,
    tookMs: endedMs - startMs,
    replicas: { total, read: total - unread.size },
    copies,
    apart,
    problems,
    deviations,
    unfinished,
  }
}

class Verifier {
  readonly problems: Problem[]
  readonly apart = new Map<Apart, number>()
  copies = 0
  unfinished = false
  readonly #spec: PassSpec
  readonly #inventory: Inventory
  readonly #due: () => boolean
  readonly #signal: AbortSignal
  readonly #failed = new Set<ReplicaId>()

  constructor(spec: PassSpec, inventory: Inventory, due: () => boolean, signal: AbortSignal) {
    this.#spec = spec
    this.#inventory = inventory
    this.#due = due
    this.#signal = signal
    this.problems = inventory.problems
  }

  /** Reads every copy; resolves with those that deviate. */
  async first(): Promise<Suspects> {
    const suspects: Suspects = new Map()
    const judge: Judge = (link, replica, verdict, read) => {
      if (typeof verdict === 'string') this.#count(verdict, read)
      else suspects.set(link, (suspects.get(link) ?? new Map()).set(replica, verdict))
    }
    await this.#inLinks(await this.#inventory.baseline.everything(), () => true, judge)
    return suspects
  }

  /**
   * Reads deviating copies once more, with their current link and copy, and the items that the baseline does not know.
   */
  async again(suspects: Suspects): Promise<readonly Deviation[]> {
    const deviations: Deviation[] = []
    const judge: Judge = (link, replica, verdict, read) => {
      suspects.get(link)?.delete(replica)
      if (typeof verdict === 'string') this.#count(verdict, read)
      else {
        if (read) this.copies += 1
        deviations.push({ link, replica, ...verdict })
      }
    }
    const ids = [...suspects.keys()]
    await this.#inLinks(ids, (link, replica) => suspects.get(link)?.has(replica) ?? false, judge)
    // If the second reading was not possible, the first one counts.
    for (const [link, replicas] of suspects)
      for (const [replica, verdict] of replicas)
        if (this.unfinished || this.#failed.has(replica))
          deviations.push({ link, replica, ...verdict })
    await this.#strays(deviations)
    return deviations
  }

  #count(verdict: 'Proved' | Apart, read: boolean): void {
    if (read) this.copies += 1
    if (verdict !== 'Proved') this.apart.set(verdict, (this.apart.get(verdict) ?? 0) + 1)
  }

  async #inLinks(
    ids: readonly LinkId[],
    wanted: (link: LinkId, replica: ReplicaId) => boolean,
    judge: Judge,
  ): Promise<void> {
    for (let from = 0; from < ids.length && !this.unfinished; from += linksMax) {
      const links = await this.#inventory.baseline.links(ids.slice(from, from + linksMax))
      await inTurns(this.#inventory.places, (place) => {
        const mine = links.filter(({ id }) => wanted(id, place.role.id))
        return this.#inFolder(place, mine, judge)
      })
      await breathe()
    }
  }

  async #inFolder(place: Place, links: readonly Link[], judge: Judge): Promise<void> {
    const { role } = place
    const asked: Asked[] = []
    for (const link of links) {
      const copy = place.absent ? undefined : link.copies.get(role.id)
      if (copy !== undefined) asked.push({ link, copy })
      else if (!this.#failed.has(role.id))
        judge(link.id, role.id, verdictOfAbsent(this.#spot(link, role)), false)
    }
    for (let from = 0; from < asked.length; ) {
      const batch = fitting(asked.slice(from, from + batchMax))
      from += batch.length
      const ids = batch.map(({ copy }) => copy.id)
      const answers = await this.#read(place, ids)
      if (answers === undefined) return
      batch.forEach(({ link, copy }, index) => {
        const answer = answers[index]
        const read = answer !== undefined && !(answer instanceof SyncError)
        judge(link.id, role.id, verdictOf(this.#spot(link, role), copy, answer), read)
      })
    }
  }

  #spot(link: Link, role: Role) {
    const { type, itemBytes = Number.POSITIVE_INFINITY } = this.#spec.rules
    return { type, link, role, itemBytes }
  }

  // The answers, each to its own request; undefined when the folder can no longer be read, or time ran out.
  async #read(
    { replica, role }: Place,
    ids: readonly ItemId[],
  ): Promise<readonly Answer[] | undefined> {
    if (this.#failed.has(role.id)) return undefined
    if (this.unfinished || this.#due()) {
      this.unfinished = true
      return undefined
    }
    try {
      const answers = await replica.read(ids, this.#signal)
      if (answers.length !== ids.length) throw notForAll
      return answers.map((answer, index) =>
        answer === undefined || answer instanceof SyncError || answer.id === ids[index]
          ? answer
          : otherItem,
      )
    } catch (error) {
      this.#signal.throwIfAborted()
      this.#failed.add(role.id)
      this.problems.push(problemOf(role.id, syncErrorOf(error)))
      return undefined
    }
  }

  async #strays(deviations: Deviation[]): Promise<void> {
    const { group, type } = this.#spec.rules
    const { baseline, places, strays } = this.#inventory
    await inTurns(places, async (place) => {
      const { id: replica } = place.role
      const mine = strays.get(replica) ?? []
      for (let from = 0; from < mine.length; from += batchMax) {
        const page = mine.slice(from, from + batchMax)
        const known = await baseline.known(replica).versions(page)
        const ids = page.filter((id) => !known.has(id))
        const answers = ids.length === 0 ? [] : await this.#read(place, ids)
        if (answers === undefined) return
        for (const [index, id] of ids.entries()) {
          const verdict = verdictOfExtra(type, place.role, answers[index])
          const link = linkIdOf(group, replica, id)
          if (typeof verdict === 'string') this.#count(verdict, false)
          else if (verdict !== undefined) deviations.push({ link, replica, ...verdict })
        }
      }
    })
  }
}

// The first copies, as many as one answer should hold.
function fitting(asked: readonly Asked[]): readonly Asked[] {
  let bytes = 0
  const end = asked.findIndex(({ link: { agreed } }, index) => {
    bytes += agreed === undefined ? 0 : bytesOf(agreed)
    return index > 0 && bytes > batchBytes
  })
  return end < 0 ? asked : asked.slice(0, end)
}

// Does the work for all of them, with limited parallelism.
async function inTurns<Each>(
  all: readonly Each[],
  work: (each: Each) => Promise<void>,
): Promise<void> {
  const waiting = [...all]
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await work(next)
  }
  await Promise.all(Array.from({ length: Math.min(replicasMax, all.length) }, worker))
}

const notForAll = new SyncError(
  'transient',
  'IncompleteAnswer',
  'the server did not answer for every item',
)

const otherItem = new SyncError(
  'transient',
  'OtherItem',
  'the server answered with another item than the requested one',
)
