// Orders the work that waits for a place. The next place goes to the tenant that holds the fewest places; of several,
// to the one whose last turn is longest ago; within the tenant likewise by server; then first come, first served.
//
// Guarantee: if every place is given this way, no tenant gets more than ⌈places / waiting tenants⌉ of them while others
// wait, and a waiting tenant without a place has its turn before any other tenant has its second.

/** The tenant and the server of a piece of work. */
export type Party = Readonly<{
  tenant: string
  /** The server that the work depends on; '' for none. */
  server: string
  /** Distinguishes work that begins differently: all work of one way begins alike. */
  way: string
  /** How it may begin now; undefined: with a worker. */
  start?: () => Start
  /** Called when the server has answered and its first try is not over yet. */
  answered?: () => void
}>

/** How work may begin: with a worker; aside, as the first try or a retry; or not now. */
export type Start = 'worker' | 'first' | 'again' | 'not'

/** How the party's work may begin now. */
export function startOf(party: Party): Start {
  return party.start?.() ?? 'worker'
}

/** Places that are shared out: their number, and how many each tenant holds. */
export class Places {
  readonly max: number
  #taken = 0
  readonly #held = new Map<string, number>()

  constructor(max: number) {
    this.max = max
  }

  get taken(): number {
    return this.#taken
  }

  get free(): boolean {
    return this.#taken < this.max
  }

  /** How many a tenant holds, or one of its servers. */
  of(tenant: string, server?: string): number {
    return this.#held.get(nameOf(tenant, server)) ?? 0
  }

  take(party: Party): void {
    this.#change(party, 1)
  }

  give(party: Party): void {
    this.#change(party, -1)
  }

  #change({ tenant, server }: Party, by: number): void {
    this.#taken += by
    for (const name of [nameOf(tenant), nameOf(tenant, server)]) count(this.#held, name, by)
  }
}

/** Adds to the count of a name. A count of 0 has no entry. */
export function count(counts: Map<string, number>, name: string, by: number): void {
  const now = (counts.get(name) ?? 0) + by
  if (now > 0) counts.set(name, now)
  else counts.delete(name)
}

/** The key of the party's server in the counts. */
export function serverOf({ tenant, server }: Party): string {
  return nameOf(tenant, server)
}

function nameOf(tenant: string, server?: string): string {
  return server === undefined ? tenant : `${tenant} ${server}`
}

/** Work that waits. */
export type Waiting = Readonly<{ party: Party; sinceMs: number }>

/** The kind of a place. Turns of one kind do not count for the other. */
export type Kind = 'worker' | 'aside'

type Turns = Record<Kind, number>
type Bucket<Item> = Readonly<{ party: Party; turns: Turns; items: Item[] }>
type Tenant<Item> = Readonly<{ name: string; turns: Turns; buckets: Map<string, Bucket<Item>> }>

/** All waiting work. Names and turns exist only while work waits under them. */
export class Line<Item extends Waiting> {
  readonly #tenants = new Map<string, Tenant<Item>>()
  #turn = 0

  add(item: Item): void {
    const { tenant: name, server, way } = item.party
    const tenant = this.#tenants.get(name) ?? { name, turns: this.#turns(), buckets: new Map() }
    this.#tenants.set(name, tenant)
    const id = `${server} ${way}`
    const bucket = tenant.buckets.get(id) ?? { party: item.party, turns: this.#turns(), items: [] }
    tenant.buckets.set(id, bucket)
    let at = bucket.items.length
    while (at > 0 && (bucket.items[at - 1] as Item).sinceMs > item.sinceMs) at -= 1
    bucket.items.splice(at, 0, item)
  }

  remove(item: Item): void {
    const { tenant: name, server, way } = item.party
    const tenant = this.#tenants.get(name)
    const bucket = tenant?.buckets.get(`${server} ${way}`)
    const at = bucket?.items.indexOf(item) ?? -1
    if (tenant === undefined || bucket === undefined || at < 0) return
    bucket.items.splice(at, 1)
    if (bucket.items.length > 0) return
    tenant.buckets.delete(`${server} ${way}`)
    if (tenant.buckets.size === 0) this.#tenants.delete(name)
  }

  /** Removes and returns the next work, of the parties that may have a place now; undefined: there is none. */
  next(kind: Kind, places: Places, may: (party: Party) => boolean): Item | undefined {
    let first: Tenant<Item> | undefined
    let its: Bucket<Item> | undefined
    for (const tenant of this.#tenants.values()) {
      const held = (each: Tenant<Item>) => places.of(each.name)
      if (first !== undefined && !isBefore(kind, tenant, first, held)) continue
      const bucket = bucketOf(kind, tenant, places, may)
      if (bucket === undefined) continue
      first = tenant
      its = bucket
    }
    const [item] = its?.items ?? []
    if (first === undefined || its === undefined || item === undefined) return undefined
    first.turns[kind] = this.#turn += 1
    its.turns[kind] = this.#turn
    this.remove(item)
    return item
  }

  /** Is there waiting work of a party for which this is true? */
  some(is: (party: Party) => boolean): boolean {
    for (const { buckets } of this.#tenants.values())
      for (const { party } of buckets.values()) if (is(party)) return true
    return false
  }

  /** The number of waiting pieces of work, by party. */
  *counts(): Iterable<readonly [Party, number]> {
    for (const { buckets } of this.#tenants.values())
      for (const { party, items } of buckets.values()) yield [party, items.length]
  }

  // A newcomer has its turn after all that already wait.
  #turns(): Turns {
    this.#turn += 1
    return { worker: this.#turn, aside: this.#turn }
  }
}

function bucketOf<Item>(
  kind: Kind,
  { name, buckets }: Tenant<Item>,
  places: Places,
  may: (party: Party) => boolean,
): Bucket<Item> | undefined {
  let first: Bucket<Item> | undefined
  for (const bucket of buckets.values()) {
    const held = ({ party }: Bucket<Item>) => places.of(name, party.server)
    if (first !== undefined && !isBefore(kind, bucket, first, held)) continue
    if (may(bucket.party)) first = bucket
  }
  return first
}

function isBefore<Each extends Readonly<{ turns: Turns }>>(
  kind: Kind,
  one: Each,
  other: Each,
  held: (each: Each) => number,
): boolean {
  const more = held(one) - held(other)
  return more < 0 || (more === 0 && one.turns[kind] < other.turns[kind])
}
