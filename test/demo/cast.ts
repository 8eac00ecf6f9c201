// Who plays in the demo, and what everybody's address book shall hold: the book. It is read once before
// the controller starts, changes only as users change it, and every replica is compared with all of it.
import { setTimeout as sleep } from 'node:timers/promises'
import type { FolderHandle, MailboxHandle } from '../exchange/store/store.ts'
import type { Stage } from './stage.ts'
import { type Card, type Place, User } from './user.ts'

const pollMs = 100
const waitMaxMs = 25_000

/** Something did not come to be in time. */
export class Unmet extends Error {
  override readonly name = 'Unmet'
  readonly expected: string
  readonly found: string
  constructor(expected: string, found: string) {
    super(`expected ${expected}, found ${found}`)
    this.expected = expected
    this.found = found
  }
}

/** A user for each name of the demo, at the folder that takes part. Passwords are those of examples/worlds/demo.yaml. */
export function castAt(
  url: string,
): Readonly<Record<'marta' | 'anna' | 'jan' | 'ewa' | 'piotr', User>> {
  const user = (name: string, place: Place) => {
    const first = name.toLowerCase()
    const login = { url, address: `${first}@corp.example`, password: `${first}-secret` }
    return new User(name, login, place)
  }
  const own: Place = { top: 'mailbox', path: 'Contacts/Clients' }
  return {
    marta: user('Marta', { top: 'public', path: '/Company/Clients' }),
    anna: user('Anna', own),
    jan: user('Jan', own),
    ewa: user('Ewa', own),
    piotr: user('Piotr', { top: 'mailbox', path: 'Contacts/From the office' }),
  }
}

/** The users, and what they shall have. */
export class Participants {
  readonly marta: User
  readonly anna: User
  readonly jan: User
  readonly ewa: User
  readonly piotr: User
  readonly #stage: Stage
  readonly #signal: AbortSignal
  #book: readonly Card[] = []
  #before = ''

  constructor(stage: Stage, signal: AbortSignal) {
    this.#stage = stage
    this.#signal = signal
    const { marta, anna, jan, ewa, piotr } = castAt(stage.exchange.url)
    this.marta = marta
    this.anna = anna
    this.jan = jan
    this.ewa = ewa
    this.piotr = piotr
  }

  /** Everybody, the public folder's Marta first. */
  get all(): readonly User[] {
    return [this.marta, this.anna, this.jan, this.ewa, this.piotr]
  }

  /** What everybody shall have. */
  get book(): readonly Card[] {
    return this.#book
  }

  /** Takes the public folder as it is for what everybody shall have, and remembers what Ewa has besides. */
  async open(): Promise<void> {
    this.#book = ((await this.marta.entries()) ?? []).map(({ card }) => card)
    this.#before = this.#elsewhere()
  }

  /** From now on everybody shall have this contact with these fields. */
  expect(which: (card: Card) => boolean, fields: Card): void {
    this.#book = this.#book.map((card) => (which(card) ? { ...card, ...fields } : card))
  }

  /** From now on everybody shall have this one, too. */
  expectNew(card: Card): void {
    this.#book = [...this.#book, card]
  }

  /** From now on nobody shall have this one. */
  expectGone(which: (card: Card) => boolean): void {
    this.#book = this.#book.filter((card) => !which(card))
  }

  /** Waits until the whole address book of each of these is as it shall be; answers how long after `sinceMs` that was. */
  async settled(
    sinceMs: number,
    users: readonly User[] = this.all,
    afresh = false,
  ): Promise<number> {
    const waiting = new Set(users)
    await this.until('every folder as it should be', async () => {
      const differences: string[] = []
      for (const user of waiting) {
        const difference = await this.#difference(user, afresh)
        if (difference === undefined) waiting.delete(user)
        else differences.push(difference)
      }
      return differences.length === 0 ? undefined : differences.join('; ')
    })
    return performance.now() - sinceMs
  }

  /** Looks again and again until nothing is missing; throws `Unmet` with what still is when the time is over. */
  async until(expected: string, missing: () => Promise<string | undefined>): Promise<void> {
    const deadline = performance.now() + waitMaxMs
    for (;;) {
      this.#signal.throwIfAborted()
      const found = await missing()
      if (found === undefined) return
      if (performance.now() > deadline) throw new Unmet(expected, found)
      await sleep(pollMs, undefined, { signal: this.#signal }).catch(() => {})
    }
  }

  /** Are Ewa's other folders, and what is in them, as they were in the beginning? The server itself is asked. */
  untouched(): boolean {
    return this.#before === this.#elsewhere()
  }

  /** The mailbox in the server's own hands, whatever it answers to its user. */
  mailbox(user: User): MailboxHandle {
    return this.#stage.exchange.store.mailbox(`${user.name.toLowerCase()}@corp.example`)
  }

  // Folders, ids and versions: all contacts that Ewa keeps outside of the group's folder.
  #elsewhere(): string {
    const { ewa } = this
    const below = (path: string): readonly string[] => {
      const folder: FolderHandle = this.mailbox(ewa).folder(path)
      const items = folder.items().map(({ id, changeKey }) => `${id} ${changeKey}`)
      const children = folder.children().map((name) => `${path}/${name}`)
      return [
        path,
        ...items,
        ...children.filter((child) => child !== ewa.place.path).flatMap(below),
      ]
    }
    return below('Contacts').join('\n')
  }

  async #difference(user: User, afresh: boolean): Promise<string | undefined> {
    const entries = await user.entries(afresh)
    if (entries === undefined) return `${user.name} has no folder ${user.place.path}`
    const [mine, wanted] = [entries.map(({ card }) => card), this.#book]
    const lacking = without(wanted, mine)
    const extra = without(mine, wanted)
    if (lacking.length === 0 && extra.length === 0) return undefined
    return `${user.name} has ${mine.length} of ${wanted.length} contacts, ${told(lacking, extra)}`
  }
}

/** Those cards of the first list that the second lacks; equal ones count as often as they are there. */
function without(cards: readonly Card[], others: readonly Card[]): readonly Card[] {
  const counts = new Map<string, number>()
  for (const card of others) counts.set(textOf(card), (counts.get(textOf(card)) ?? 0) + 1)
  return cards.filter((card) => {
    const left = counts.get(textOf(card)) ?? 0
    counts.set(textOf(card), left - 1)
    return left <= 0
  })
}

function textOf(card: Card): string {
  return JSON.stringify(Object.entries(card).sort())
}

function told(lacking: readonly Card[], extra: readonly Card[]): string {
  const [first, other] = [lacking[0], extra[0]]
  const twin = extra.find(({ EmailAddress1: address }) => address === first?.EmailAddress1)
  if (first === undefined) return `${extra.length} too many, like ${other?.DisplayName}`
  if (twin === undefined) return `${lacking.length} not there, like ${first.DisplayName}`
  const fields = [...new Set([...Object.keys(first), ...Object.keys(twin)])]
  const details = fields
    .filter((field) => first[field] !== twin[field])
    .map((field) => `${field} is ${twin[field] ?? 'empty'} and not ${first[field] ?? 'empty'}`)
  return `${lacking.length} different; ${first.DisplayName}: ${details.join(', ')}`
}
