// What every folder must hold in the end: users' acts on people by name, made so that the result does not depend on
// which pass saw what. Each field of a person is written once, who is edited is not deleted, and
// nothing is compared that two brought at once. So a history with mutations ends as one without.
import type { Item } from '../exchange/store/item.ts'
import { type Literal, valuesOf } from '../exchange/store/literal.ts'
import type { FolderHandle } from '../exchange/store/store.ts'
import { addressOf, folderOf, hubOf, type Office } from '../simulation/office.ts'
import { isPrivate, itemsIn, type Line, minus, nameOf, shown } from '../simulation/settled.ts'
import { person } from '../simulation/stories.ts'
import type { Findings, Witness } from '../simulation/witness.ts'

/** What users may do. `own`: what stays in the mailbox; `drift`: a receive-only member changes a copy. */
export const kinds = ['edit', 'put', 'remove', 'own', 'drift'] as const

/** One act: in whose folder if it can be done there, to whom, in which field. */
export type Act = Readonly<{
  what: (typeof kinds)[number]
  who: number
  which: number
  field: number
}>

const fields = ['Department', 'MobilePhone', 'Body', 'JobTitle'] as const

type Person = {
  literal: Literal
  edited: Set<string>
  gone: boolean
  equal: boolean
  /** Who entered it after the beginning; undefined: it was there. */
  origin: string | undefined
}

/** The people of an office, and who has whom. */
export class Model {
  readonly #office: Office
  readonly #witness: Witness
  readonly #people = new Map<string, Person>()
  /** What stays in a mailbox, by its owner's name. */
  readonly #own = new Map<string, Literal[]>()
  #next = 0
  /** Has everybody been synchronised once, without any mutation? */
  settled = false

  constructor(office: Office, witness: Witness) {
    this.#office = office
    this.#witness = witness
    for (const literal of office.plan.hub) this.#add(literal, false)
    for (const { who } of office.members) {
      for (const literal of who.has ?? []) {
        const known = this.#people.get(String(literal.GivenName))
        if (known !== undefined) known.equal = true
        const stays = who.direction === 'OneWay' || literal.Sensitivity === 'Private'
        if (known === undefined && stays) this.#keep(who.name, literal)
        else if (known === undefined) this.#add(literal, true)
        const home = stays && known === undefined ? addressOf(who.name) : undefined
        witness.found(JSON.stringify(literal), home)
      }
    }
    witness.found(JSON.stringify(office.plan.hub))
  }

  /** Does it, where it can be done. */
  act(act: Act): void {
    const members = this.#office.members.map(({ who }) => who)
    const writers = members.filter(({ direction }) => direction === 'TwoWay')
    const places = ['hub', ...writers.map(({ name }) => name)]
    const place = places[act.who % places.length] ?? 'hub'
    switch (act.what) {
      case 'put':
        this.#put(place)
        break
      case 'edit':
        this.#edit(place, places, act)
        break
      case 'remove':
        this.#remove(place, places, act)
        break
      case 'own':
      case 'drift': {
        const member = members[act.who % members.length]
        if (member === undefined) return
        if (act.what === 'own') this.#enter(member.name, member.direction === 'TwoWay')
        else if (member.direction === 'OneWay') this.#drift(member.name, act)
      }
    }
  }

  /** What folders hold otherwise than they must. */
  wrong(): Findings {
    const people = [...this.#people.values()].filter(({ gone }) => !gone)
    const all = people.map(({ literal }) => lineOf(literal))
    const found = (where: string, own: readonly Line[]) =>
      compared(where, itemsIn(this.#office, where).map(shown), [...all, ...own])
    return [
      ...found('hub', []),
      ...this.#office.members.flatMap(({ who: { name } }) =>
        found(name, (this.#own.get(name) ?? []).map(lineOf)),
      ),
    ]
  }

  /** Those who lay in a member's folder when it was synchronised for the first time: they may be the hub's. */
  early(): readonly string[] {
    if (this.settled) return []
    return [...this.#people].flatMap(([name, { equal }]) => (equal ? [name] : []))
  }

  #add(literal: Literal, equal: boolean, origin?: string): void {
    const [edited, gone] = [new Set<string>(), false]
    this.#people.set(String(literal.GivenName), { literal, edited, gone, equal, origin })
  }

  #keep(owner: string, literal: Literal): void {
    this.#own.set(owner, [...(this.#own.get(owner) ?? []), literal])
  }

  #put(place: string): void {
    const folder = this.#folder(place)
    if (!folder.exists()) return
    const literal = person(this.#name('New'), { JobTitle: this.#witness.word() })
    folder.create(literal)
    this.#add(literal, false, place)
  }

  // A private contact of one who writes, or anything of one who only receives.
  #enter(owner: string, hidden: boolean): void {
    const folder = folderOf(this.#office, owner)
    if (!folder.exists()) return
    const JobTitle = this.#witness.word(addressOf(owner))
    const literal = person(this.#name('Own'), {
      JobTitle,
      ...(hidden ? { Sensitivity: 'Private' } : {}),
    })
    folder.create(literal)
    this.#keep(owner, literal)
  }

  #edit(place: string, places: readonly string[], { which, field }: Act): void {
    const able = [...this.#people].filter(([, { gone }]) => !gone)
    const [name, who] = able[which % Math.max(1, able.length)] ?? []
    if (name === undefined || who === undefined) return
    // What a field held before the first sync may be somebody else's value, too.
    const free = fields.filter(
      (each) => !who.edited.has(each) && (each !== 'JobTitle' || this.settled),
    )
    const key = free[field % Math.max(1, free.length)]
    const at = [place, ...places].find((each) => this.#item(each, name) !== undefined)
    const item = at === undefined ? undefined : this.#item(at, name)
    if (key === undefined || at === undefined || item === undefined) return
    this.#witness.superseded(String(who.literal[key] ?? ''))
    const word = this.#witness.word()
    this.#folder(at).update(item.id, { [key]: word })
    who.literal = { ...who.literal, [key]: word }
    who.edited.add(key)
  }

  // A copy that nobody has looked at yet cannot be missed: so what is new is deleted where it was entered, and before
  // the first sync is done nothing is deleted but in the hub.
  #remove(place: string, places: readonly string[], { which }: Act): void {
    const able = [...this.#people].filter(
      ([, { gone, edited, equal }]) => !gone && edited.size === 0 && (this.settled || !equal),
    )
    const [name, who] = able[which % Math.max(1, able.length)] ?? []
    if (name === undefined || who === undefined) return
    const anywhere = this.settled ? [place, ...places] : ['hub']
    const from = who.origin === undefined ? anywhere : [who.origin]
    const at = from.find((each) => this.#item(each, name) !== undefined)
    const item = at === undefined ? undefined : this.#item(at, name)
    if (at === undefined || item === undefined) return
    this.#witness.superseded(item)
    this.#folder(at).delete(item.id)
    who.gone = true
  }

  #drift(owner: string, { which, field }: Act): void {
    const items = itemsIn(this.#office, owner).filter((each) => this.#people.has(nameOf(each)))
    const item = items[which % Math.max(1, items.length)]
    if (item === undefined) return
    const key = fields[field % 2] ?? 'Department'
    for (const [uri, value] of item.values)
      if (uri.includes(key)) this.#witness.superseded(String(value))
    folderOf(this.#office, owner).update(item.id, { [key]: this.#witness.word(addressOf(owner)) })
  }

  #item(where: string, name: string): Item | undefined {
    return itemsIn(this.#office, where).find((each) => nameOf(each) === name && !isPrivate(each))
  }

  #folder(place: string): FolderHandle {
    return place === 'hub' ? hubOf(this.#office) : folderOf(this.#office, place)
  }

  #name(form: string): string {
    this.#next += 1
    return `${form}${this.#next}`
  }
}

function lineOf(literal: Literal): Line {
  return shown({ kind: 'Contact', values: valuesOf(literal) } as Item)
}

function compared(where: string, are: readonly Line[], must: readonly Line[]): Findings {
  return [
    ...minus(must, are).map(([name, rest]) => `${where} lacks ${name} ${rest}`),
    ...minus(are, must).map(([name, rest]) => `${where} has ${name} ${rest} too much`),
  ]
}
