// What users do in their folders, one act at a time. Every value that they write is a word of its own;
// the witness learns who saw what go, and what must stay where it is.
import type { Item } from '../exchange/store/item.ts'
import type { Literal } from '../exchange/store/literal.ts'
import type { FolderHandle } from '../exchange/store/store.ts'
import { account, addressOf, folderOf, hubOf, type Office } from './office.ts'
import { isPrivate, itemsIn, nameOf } from './settled.ts'
import { person } from './stories.ts'
import type { Witness } from './witness.ts'

/** What may be done. */
// biome-ignore format: a table
export const kinds = [
  'edit', 'put', 'clear', 'remove', 'erase', 'touch', 'copy', 'twice', 'hidden', 'hide', 'show', 'away',
  'back', 'elsewhere', 'empty', 'deny', 'allow', 'lose sync states', 'restore', 'discard', 'rewrite',
] as const

/** One act: whose folder, what, to which of its items, in which field. */
export type Act = Readonly<{
  who: number
  what: (typeof kinds)[number]
  which: number
  field: number
}>

const fields = ['JobTitle', 'MobilePhone', 'Department', 'Body'] as const

type Place = Readonly<{ name: string; writes: boolean; skips: boolean; folder: FolderHandle }>

/** Everybody who works in the office, the hub's editors first. */
export class Users {
  /** How often users made somebody of this name where it travels. */
  readonly made = new Map<string, number>()
  /** Whose copies receive-only members changed: `member name`. */
  readonly touched = new Set<string>()
  /** Was any mailbox given new ids? */
  renumbered = false
  /** Who took somebody of this name away. */
  readonly removed = new Map<string, Set<string>>()
  readonly #office: Office
  readonly #witness: Witness
  #people = 0

  constructor(office: Office, witness: Witness) {
    this.#office = office
    this.#witness = witness
  }

  /** Does it, when it can be done; answers what was done. */
  act({ who, what, which, field }: Act): Act['what'] | undefined {
    const place = this.#place(who)
    switch (what) {
      case 'put':
      case 'twice':
      case 'hidden':
      case 'elsewhere':
        return this.#put(place, what, which)
      case 'deny':
      case 'allow':
        this.deny(place.name, what === 'deny')
        return what
      case 'lose sync states':
        this.#office.exchange.store.loseSyncStates()
        return what
      case 'restore':
        if (place.name === 'hub') return undefined
        this.#office.exchange.store.mailbox(addressOf(place.name)).restore()
        this.renumbered = true
        return what
      case 'discard':
        // Her whole folder: that is no deletion of what others have.
        if (place.name === 'hub' || !place.folder.exists()) return undefined
        for (const item of itemsIn(this.#office, place.name)) this.#witness.superseded(item)
        place.folder.remove()
        return what
      case 'back':
        return this.#back(place, which)
      case 'empty':
        for (const item of itemsIn(this.#office, place.name)) this.#one(place, 'remove', item, 0)
        return what
      case 'rewrite':
        for (const item of itemsIn(this.#office, place.name)) this.#one(place, 'edit', item, field)
        return what
      default: {
        const items = itemsIn(this.#office, place.name)
        const item = items[which % Math.max(1, items.length)]
        return item === undefined ? undefined : this.#one(place, what, item, field)
      }
    }
  }

  /** Nobody reaches the mailbox any more, or the account may not see the hub; or all is well again. */
  deny(name: string, denied: boolean): void {
    const { exchange } = this.#office
    if (name === 'hub') {
      hubOf(this.#office).setPermission(account, denied ? 'None' : 'PublishingEditor')
    } else {
      const mailbox = exchange.store.mailbox(addressOf(name))
      mailbox.deny(denied ? 'ErrorMailboxStoreUnavailable' : undefined)
    }
  }

  #place(who: number): Place {
    const all = [undefined, ...this.#office.members]
    const member = all[who % all.length]
    if (member === undefined) {
      return { name: 'hub', writes: true, skips: false, folder: hubOf(this.#office) }
    }
    return {
      name: member.who.name,
      writes: member.who.direction === 'TwoWay',
      skips: member.team.private === 'Skip',
      folder: folderOf(this.#office, member.who.name),
    }
  }

  #put(place: Place, what: 'put' | 'twice' | 'hidden' | 'elsewhere', which: number) {
    const foreign = what === 'elsewhere'
    const hidden = what === 'hidden'
    if (!place.folder.exists() || (place.name === 'hub' && (foreign || hidden))) return undefined
    this.#people += 1
    // Two people may enter the same person: same name, same company.
    const name = what === 'twice' ? `Shared${which % 3}` : `New${this.#people}`
    const JobTitle = this.#witness.word(this.#home(place, hidden, foreign))
    const contact: Literal = {
      ...person(name, { JobTitle }),
      ...(which % 2 === 0 && what === 'put' ? { EmailAddress1: `${name}@client.example` } : {}),
      ...(hidden ? { Sensitivity: 'Private' } : {}),
    }
    if (place.writes && !foreign) this.#made(name)
    const folder = foreign
      ? this.#office.exchange.store.mailbox(addressOf(place.name)).folder('Contacts')
      : place.folder
    folder.create(contact)
    return what
  }

  // What lies in another folder comes into the one that takes part.
  #back(place: Place, which: number) {
    if (place.name === 'hub' || !place.folder.exists()) return undefined
    const { store } = this.#office.exchange
    const contacts = store.mailbox(addressOf(place.name)).folder('Contacts')
    const items = contacts.items()
    const snapshot = items[which % Math.max(1, items.length)]
    const item = snapshot && store.state.items.get(snapshot.id)
    if (item === undefined) return undefined
    if (this.#home(place, isPrivate(item), false) === undefined) this.#witness.released(item)
    if (place.writes) this.#made(nameOf(item))
    contacts.move(item.id, place.folder)
    return 'back' as const
  }

  #one(place: Place, what: Act['what'], item: Item, at: number): Act['what'] | undefined {
    const { folder, name } = place
    const field = fields[at % fields.length] ?? 'JobTitle'
    const whom = nameOf(item)
    if (!place.writes) this.touched.add(`${name} ${whom}`)
    if (what === 'remove' || what === 'erase' || what === 'away')
      this.removed.set(whom, (this.removed.get(whom) ?? new Set()).add(name))
    switch (what) {
      case 'edit':
      case 'clear': {
        this.#witness.superseded(textOf(item, field))
        const word = () => this.#witness.word(this.#home(place, isPrivate(item), false))
        folder.update(item.id, { [field]: what === 'edit' ? word() : null })
        return what
      }
      case 'remove':
      case 'erase':
        this.#witness.superseded(item)
        folder.delete(item.id, what === 'erase' ? 'HardDelete' : undefined)
        return what
      case 'touch':
        folder.update(item.id, {})
        return what
      case 'copy':
        if (place.writes) this.#made(nameOf(item))
        folder.copy(item.id, folder)
        return what
      case 'hide':
      case 'show':
        if (name === 'hub' || !place.writes) return undefined
        folder.update(item.id, { Sensitivity: what === 'hide' ? 'Private' : 'Normal' })
        if (what === 'show') this.#witness.released(item)
        return what
      case 'away': {
        if (name === 'hub') return undefined
        folder.move(
          item.id,
          this.#office.exchange.store.mailbox(addressOf(name)).folder('Contacts'),
        )
        return what
      }
      default:
        return undefined
    }
  }

  // The mailbox that what is written here must not leave.
  #home({ name, writes, skips }: Place, hidden: boolean, foreign: boolean): string | undefined {
    if (name === 'hub') return undefined
    return !writes || foreign || (hidden && skips) ? addressOf(name) : undefined
  }

  #made(name: string): void {
    this.made.set(name, (this.made.get(name) ?? 0) + 1)
  }
}

function textOf(item: Item, field: (typeof fields)[number]): string {
  return [...item.values].flatMap(([key, value]) => (key.includes(field) ? [value] : [])).join()
}
