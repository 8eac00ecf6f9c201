// An independent witness: knows what users wrote, what they replaced or deleted, and where each of it may
// be seen. It looks into the Exchange and the bin themselves, never into what the controller believes.
import type { Item } from '../exchange/store/item.ts'
import type { Values } from '../exchange/store/values.ts'
import type { Office } from './office.ts'

/** Words that users write; each is written once only: `<1>`, `<2>` … */
const form = /<\d+>/g

/** What is wrong, in words; empty when nothing is. */
export type Findings = readonly string[]

/** Watches one office. */
export class Witness {
  readonly #office: Office
  readonly #written = new Set<string>()
  readonly #superseded = new Set<string>()
  /** Words that must stay in one mailbox. */
  readonly #confined = new Map<string, string>()
  /** Words that are in the bin, or were when the state was lost, or lie where only administrators look. */
  readonly #kept = new Set<string>()
  /** Words that are in the history of edits, or were when the state was lost. */
  readonly #history = new Set<string>()
  /** In which mailboxes each word has been seen, and which came into another than their own under the state that there is. */
  readonly #seenIn = new Map<string, Set<string>>()
  readonly #carried = new Set<string>()
  readonly #words = new WeakMap<Map<string, unknown>, readonly string[]>()
  /** How often the version of somebody lost a conflict. */
  readonly losers = new Map<string, number>()
  #binned = 0
  #edits = 0
  #next = 0
  #looked = false

  constructor(office: Office) {
    this.#office = office
  }

  /** A new word, about to be written into a mailbox that it must not leave, if one is named. */
  word(confinedTo?: string): string {
    this.#next += 1
    const word = `<${this.#next}>`
    if (confinedTo !== undefined) this.#confined.set(word, confinedTo)
    this.#written.add(word)
    return word
  }

  /** Words that lay in folders before anything began. */
  found(text: string, confinedTo?: string): void {
    for (const word of wordsIn(text)) {
      // What somebody else has as well is no secret.
      if (confinedTo === undefined) this.#confined.delete(word)
      else if (!this.#written.has(word)) this.#confined.set(word, confinedTo)
      this.#written.add(word)
      this.#next = Math.max(this.#next, Number(word.slice(1, -1)))
    }
  }

  /** Somebody who saw these words replaced or deleted them. */
  superseded(item: Item | string): void {
    for (const word of typeof item === 'string' ? wordsIn(item) : this.wordsOf(item))
      this.#superseded.add(word)
  }

  /** The owner lets these words go. */
  released(item: Item): void {
    for (const word of this.wordsOf(item)) this.#confined.delete(word)
  }

  /** What was deleted where the embedded Exchange keeps nothing: Exchange has a dumpster there. */
  dumped(words: readonly string[]): void {
    for (const word of words) this.#kept.add(word)
  }

  /** Reads what is new in the bin. */
  binned(): void {
    const news = this.#office.state.bin.list(1000)
    for (const { item, reason } of news.slice(0, news.length - this.#binned)) {
      for (const word of wordsIn(JSON.stringify(item))) this.#kept.add(word)
      const name = String(item.GivenName)
      if (reason === 'Conflict') this.losers.set(name, (this.losers.get(name) ?? 0) + 1)
    }
    this.#binned = news.length
    const edits = this.#office.state.bin.list(1000, undefined, { reason: 'Edited' })
    for (const { item } of edits.slice(0, edits.length - this.#edits))
      for (const word of wordsIn(JSON.stringify(item))) this.#history.add(word)
    this.#edits = edits.length
  }

  /** The state, and the bin with it, is about to be thrown away. */
  forgot(): void {
    this.binned()
    this.#binned = 0
    this.#edits = 0
    this.#carried.clear()
  }

  /** Words that were carried into others' folders, and that nobody can have back. */
  irretrievable(): Findings {
    this.binned()
    const there = new Set<string>()
    for (const item of this.#office.exchange.store.state.items.values())
      for (const word of this.wordsOf(item)) there.add(word)
    return [...this.#carried].flatMap((word) =>
      [there, this.#kept, this.#history].some((words) => words.has(word))
        ? []
        : [`${word} cannot be had back`],
    )
  }

  /** Words that nobody superseded and that are nowhere, and words that are where they must not be. */
  wrong(): Findings {
    const seen = new Set<string>()
    const leaked: string[] = []
    for (const item of this.#office.exchange.store.state.items.values()) {
      for (const word of this.wordsOf(item)) {
        seen.add(word)
        this.#seen(word, item.folder.box.address)
        const home = this.#confined.get(word)
        if (home !== undefined && home !== item.folder.box.address)
          leaked.push(`${word} leaked to ${item.folder.box.address}`)
      }
    }
    const lost = [...this.#written].filter(
      (word) => !this.#superseded.has(word) && !seen.has(word) && !this.#kept.has(word),
    )
    this.#looked = true
    return [...lost.map((word) => `${word} is lost`), ...leaked]
  }

  // What lay in several folders before anything began was carried into none of them.
  #seen(word: string, box: string): void {
    const before = this.#seenIn.get(word)
    if (before?.has(box)) return
    if (before !== undefined && this.#looked) this.#carried.add(word)
    this.#seenIn.set(word, (before ?? new Set()).add(box))
  }

  /** The words in an item. */
  wordsOf({ values }: Item): readonly string[] {
    const known = this.#words.get(values)
    if (known !== undefined) return known
    const words = wordsIn([...valuesOf(values)].join('\n'))
    this.#words.set(values, words)
    return words
  }
}

/** What is wrong with the form of a request: an update must name the version that it expects. */
export function wrongForm(operation: string, body: string): Findings {
  if (operation !== 'UpdateItem') return []
  const unnamed = [...body.matchAll(/<t:ItemId [^>]*>/g)].filter(
    ([id]) => !/ChangeKey="[^"]+"/.test(id),
  )
  return [
    ...(/ConflictResolution="NeverOverwrite"/.test(body) ? [] : ['an update that overwrites']),
    ...unnamed.map(() => 'an update that names no version'),
  ]
}

/** The ids of the items that a request is about. */
export function idsIn(body: string): readonly string[] {
  return [...body.matchAll(/<t:ItemId Id="([^"]+)"/g)].map(([, id]) => id ?? '')
}

function* valuesOf(values: Values): Iterable<string> {
  for (const value of values.values()) yield typeof value === 'string' ? value : value.join('\n')
}

function wordsIn(text: string): readonly string[] {
  // A body may be HTML.
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').match(form) ?? []
}
