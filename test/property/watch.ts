// Watches the guard from outside: who was deleted, published and edited on whose account, and what of it
// somebody had been shown and approved. It knows users and folders, not steps.
import { hashOf, type Limits, type Refusal } from '../../controller/core/guard.ts'
import type { Item } from '../../controller/core/item.ts'
import type { Folder } from '../support/folder.ts'
import type { Ledger, Origin } from './ledger.ts'

type Reason = Refusal['reason']

const bookOf = { Deletions: 'removers', Publications: 'homes', Updates: 'touchers' } as const

/** What one group's guard let through. */
export class Watch {
  /** How often its counting began anew: at first, after the window, and with another state. */
  windows = 1
  readonly #ledger: Ledger
  readonly #folders: readonly Folder[]
  readonly #shown = new Map<string, readonly string[]>()
  readonly #approved = new Set<string>()
  readonly #counted = new Map<string, Set<string>>()

  constructor(ledger: Ledger, folders: readonly Folder[]) {
    this.#ledger = ledger
    this.#folders = folders
  }

  /** What a refusal shows: all that its replica's users removed, or entered, so far. */
  shown(refusals: readonly Refusal[]): void {
    const all = refusals.map((each) => ({ hash: each.hash, people: this.#peopleOf(each) }))
    for (const { hash, people } of all) this.#shown.set(hash, people)
    if (refusals.length > 0) {
      this.#shown.set(
        hashOf(refusals),
        all.flatMap(({ people }) => people),
      )
    }
  }

  approve(hash: string): void {
    for (const person of this.#shown.get(hash) ?? []) this.#approved.add(person)
  }

  /** An item was deleted on behalf of the group; answers what is wrong with that. */
  deleted(item: Item): readonly string[] {
    const name = this.#ledger.kind.nameOf(item)
    const removers = this.#ledger.removers.get(name) ?? new Set()
    if (removers.size === 0) return [`${name} was deleted, and no user had removed it`]
    this.#count('Deletions', removers, name)
    return []
  }

  /** An item was created in this folder on behalf of the group. */
  created(item: Item, folder: Folder): void {
    const name = this.#ledger.kind.nameOf(item)
    const homes = this.#ledger.homes.get(name) ?? new Set()
    if (!homes.has(folder)) this.#count('Publications', homes, name)
  }

  /** An item got on behalf of the group what was written there. Of namesakes, and of what was moved, it is not clear what an edit is. */
  updated({ folder, name, edits }: Origin): void {
    const unclear = (this.#ledger.made.get(name) ?? 0) > 1
    if (edits && !unclear && !this.#ledger.moved.has(`${folder.name} ${name}`))
      this.#count('Updates', new Set([folder]), name)
  }

  /** Who was made to cause more than the limits allow. */
  excesses({ deletions, publications, updates }: Limits): readonly string[] {
    const most = {
      Deletions: deletions.maxCount,
      Publications: publications.maxCount,
      Updates: updates.maxCount,
    }
    return [...this.#counted].flatMap(([account, people]) => {
      const [reason, who] = account.split(' ') as [keyof typeof most, string]
      if (reason === 'Publications' && who === 'hub') return []
      const allowed = most[reason] * this.windows
      return people.size > allowed ? [`${account}: ${people.size}, ${allowed} are allowed`] : []
    })
  }

  // Only what is one replica's doing alone can be held against it, and by its own group only.
  #count(reason: Reason, folders: ReadonlySet<Folder>, name: string): void {
    const [folder, ...others] = folders
    if (folder === undefined || others.length > 0 || !this.#folders.includes(folder)) return
    const account = `${reason} ${folder.name}`
    if (this.#approved.has(`${account} ${name}`)) return
    this.#counted.set(account, (this.#counted.get(account) ?? new Set()).add(name))
  }

  #peopleOf({ reason, replica }: Refusal): readonly string[] {
    const folder = this.#folders.find(({ name }) => name === replica)
    if (folder === undefined) return []
    const people = this.#ledger.peopleOf(bookOf[reason], folder)
    return people.map((name) => `${reason} ${replica} ${name}`)
  }
}
