// What users did, as far as the laws ask: every value that a user writes is a unique token, and the ledger
// knows who wrote it, whether somebody who saw it has since replaced or deleted it, and where alone it may
// be seen; and of every person who made an item of it, and who removed one.
import type { Item, Value } from '../../controller/core/item.ts'
import type { Folder } from '../support/folder.ts'
import type { Lived } from './kinds.ts'

/** Why a token must not be seen elsewhere. */
export type Reason = 'private' | 'foreign'

/** Where a token was written, and of whom; `edits`: into an item that others had as well. */
export type Origin = Readonly<{ folder: Folder; name: string; edits: boolean }>

/** The tokens in some value. */
export function tokensIn(value: unknown): readonly string[] {
  return [...(JSON.stringify(value) ?? '').matchAll(/<\d+>/g)].map(([token]) => token)
}

/** The book of one history. */
export class Ledger {
  readonly kind: Lived
  /** Items of one person that users have made. */
  readonly made = new Map<string, number>()
  /** In whose folders a person was entered, and whose users removed, or touched in any way, such an item. */
  readonly homes = new Map<string, Set<Folder>>()
  readonly removers = new Map<string, Set<Folder>>()
  readonly touchers = new Map<string, Set<Folder>>()
  /** Folders and people of whom an item was moved there. */
  readonly moved = new Set<string>()
  readonly #written = new Map<string, number | undefined>()
  readonly #superseded = new Set<string>()
  readonly #confined = new Map<string, Map<Reason, Folder>>()
  readonly #kept: string[] = []
  readonly #history: string[] = []
  readonly #origins = new Map<string, Origin>()
  /** Into which folders but its own each token has come, and which came into any under the states that there are. */
  readonly #seenIn = new Map<string, Set<Folder>>()
  readonly #carried = new Set<string>()
  #tokens = 0

  constructor(kind: Lived) {
    this.kind = kind
  }

  /** A new token in an item; `during` says after how many passes, undefined for while one was running. */
  token(during: number | undefined, folder: Folder, item: Item): string {
    this.#tokens += 1
    const token = `<${this.#tokens}>`
    this.#written.set(token, during)
    const edits = tokensIn(item).some((each) => this.#carried.has(each))
    this.#origins.set(token, { folder, name: this.kind.nameOf(item), edits })
    return token
  }

  /** Notes which tokens of others this folder shows; answers where those come from that it did not show before. */
  carriedInto(folder: Folder): readonly Origin[] {
    const there = tokensIn([...folder.items.values()].map(({ item }) => item))
    return there.flatMap((token) => {
      const origin = this.#origins.get(token)
      const before = this.#seenIn.get(token) ?? new Set()
      if (origin === undefined || origin.folder === folder || before.has(folder)) return []
      this.#seenIn.set(token, before.add(folder))
      this.#carried.add(token)
      return [origin]
    })
  }

  /** A state is lost, and with it the history of what was carried. */
  forget(): void {
    this.#carried.clear()
  }

  /** Was the token written after that many passes, so that none can have seen it? */
  unseen(token: string, during: number): boolean {
    return this.#written.get(token) === during
  }

  /** The token that was written last. */
  last(): string | undefined {
    return [...this.#written.keys()].at(-1)
  }

  number(): number {
    this.#tokens += 1
    return this.#tokens
  }

  supersede(value: Value | undefined): void {
    for (const token of tokensIn(value)) this.#superseded.add(token)
  }

  /** From now on this token must not be seen anywhere but there. */
  confine(token: string, folder: Folder, reason: Reason): void {
    const reasons = this.#confined.get(token) ?? new Map<Reason, Folder>()
    this.#confined.set(token, reasons.set(reason, folder))
  }

  /** What a folder's users wrote while they might not, or what they had marked, may travel now. */
  release(folder: Folder, reason: Reason, item?: Item): void {
    const some = item === undefined ? this.#confined.keys() : tokensIn(item)
    for (const token of some) {
      const reasons = this.#confined.get(token)
      if (reasons?.get(reason) === folder) reasons.delete(reason)
    }
  }

  /** Tokens that are seen in this folder though they must not leave another one. */
  leakedInto(folder: Folder): readonly string[] {
    const all = JSON.stringify([...folder.items.values()].map(({ item }) => item))
    return [...this.#confined].flatMap(([token, reasons]) => {
      if (!all.includes(token)) return []
      return [...reasons].flatMap(([reason, home]) =>
        home === folder ? [] : [`${token} of ${home.name} is seen in ${folder.name}: ${reason}`],
      )
    })
  }

  entered(item: Item, folder: Folder): void {
    const name = this.kind.nameOf(item)
    this.made.set(name, (this.made.get(name) ?? 0) + 1)
    into(this.homes, name, folder)
  }

  removed(item: Item, folder: Folder): void {
    into(this.removers, this.kind.nameOf(item), folder)
  }

  touched(item: Item, folder: Folder): void {
    into(this.touchers, this.kind.nameOf(item), folder)
  }

  /** The people of whom this folder's users entered, removed or touched an item. */
  peopleOf(what: 'homes' | 'removers' | 'touchers', folder: Folder): readonly string[] {
    return [...this[what]].flatMap(([name, folders]) => (folders.has(folder) ? [name] : []))
  }

  /** What lies somewhere where a user finds it again. */
  keep(item: unknown): void {
    this.#kept.push(JSON.stringify(item))
  }

  /** What lies in a history of edits. */
  remember(item: unknown): void {
    this.#history.push(JSON.stringify(item))
  }

  /** Tokens that were carried into others' folders, and that nobody can have back. */
  irretrievable(folders: readonly Folder[]): readonly string[] {
    const there = folders.flatMap((folder) => [...folder.items.values()].map(({ item }) => item))
    const everywhere = [JSON.stringify(there), ...this.#kept, ...this.#history].join('\n')
    return [...this.#carried].filter((token) => !everywhere.includes(token))
  }

  /** Tokens that nobody superseded and that are nowhere. */
  lost(folders: readonly Folder[]): readonly string[] {
    const there = folders.flatMap((folder) => [...folder.items.values()].map(({ item }) => item))
    const everywhere = JSON.stringify(there) + this.#kept.join('\n')
    return [...this.#written.keys()].filter(
      (token) => !this.#superseded.has(token) && !everywhere.includes(token),
    )
  }
}

function into(map: Map<string, Set<Folder>>, name: string, folder: Folder): void {
  map.set(name, (map.get(name) ?? new Set()).add(folder))
}
