// The world in which a first sync dies: a hub, a two-way member who has some of its contacts already and some
// of her own, one who has nothing, not even the folder, and one who only receives. Every contact has a token
// of its own as its surname.
import type { Literal } from '../exchange/store/literal.ts'
import type { Snapshot, Store } from '../exchange/store/store.ts'
import type { World } from '../exchange/world.ts'
import { difference, type Resource } from './support.ts'

export const password = 'crash-secret'
export const hubFolder = '/Company/Contacts'
/** What anna had as the number of a contact whose other number won. */
export const lostPhone = '+48 999 000 999'

export const members: readonly Resource[] = [
  { mailbox: 'anna@corp.example' },
  { mailbox: 'jan@corp.example' },
  { mailbox: 'ewa@corp.example', direction: 'OneWay' },
]

const contact = (token: string): Literal => ({
  GivenName: 'Ola',
  Surname: token,
  MobilePhone: `+48 600 ${token}`,
  EmailAddress1: `${token}@client.example`,
})
const tokens = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, n) => `${prefix}-${n}`)

const hubs = tokens('hub', 60).map(contact)
const annas = tokens('anna', 12).map(contact)
const ewas = tokens('ewa', 3).map(contact)
const at = (n: number): Literal => hubs[n] ?? {}

/** Equal ones, one that knows more, one that says something else, and her own. */
const annasBefore: readonly Literal[] = [
  ...hubs.slice(0, 8),
  { ...at(8), JobTitle: 'Buyer' },
  { ...at(9), MobilePhone: lostPhone },
  ...annas,
]
const agreed = [...hubs.with(8, { ...at(8), JobTitle: 'Buyer' }), ...annas]

/** The world before the first sync. */
export function worldOf(): World {
  return {
    domain: 'corp.example',
    users: [
      { mailbox: 'sync@corp.example', password, impersonates: 'all' },
      { mailbox: 'anna@corp.example', password, folders: { 'Contacts/Contacts': annasBefore } },
      { mailbox: 'jan@corp.example', password },
      { mailbox: 'ewa@corp.example', password, folders: { 'Contacts/Contacts': ewas } },
    ],
    publicFolders: [
      {
        path: hubFolder,
        permissions: { 'sync@corp.example': 'PublishingEditor' },
        contacts: hubs,
      },
    ],
  }
}

/**
 * Who has too little or too much, in comparison with what everybody shall have: all of it once; what ewa had
 * herself is hers alone.
 */
export function wrongIn(store: Store): readonly unknown[] {
  const folder = (who: string) => store.mailbox(`${who}@corp.example`).folder('Contacts/Contacts')
  const all = agreed.map(textOf)
  const of = (who: string, items: readonly Snapshot[], more: readonly string[] = []) => {
    const { missing, surplus } = difference(items.map(textIn), [...all, ...more])
    return missing.length + surplus.length === 0 ? [] : [{ who, missing, surplus }]
  }
  return [
    ...of('hub', store.publicFolder(hubFolder).items()),
    ...of('anna', folder('anna').items()),
    ...of('jan', folder('jan').items()),
    ...of('ewa', folder('ewa').items(), ewas.map(textOf)),
  ]
}

function textOf({ GivenName, Surname, JobTitle, MobilePhone, EmailAddress1 }: Literal): string {
  return [GivenName, Surname, JobTitle, MobilePhone, EmailAddress1].join('|')
}

function textIn({ contact: { PhoneNumbers, EmailAddresses, ...rest } }: Snapshot): string {
  const { EmailAddress1: email } = EmailAddresses as Record<string, string | { address: string }>
  const EmailAddress1 = typeof email === 'object' ? email.address : email
  return textOf({ ...rest, ...(PhoneNumbers as Literal), EmailAddress1 })
}

/** What happens: at the n-th request or write of a run, and whether before or after it had its effect. */
export type Moment = Readonly<{
  n: number
  of: 'requests' | 'writes'
  kind: 'kill before' | 'kill after' | 'lose'
}>

/** About as many as a whole first sync takes. */
const most = { requests: 52, writes: 11 }

/** What happens in the history of this seed: one to three misfortunes, each in a run of its own. */
export function momentsOf(seed: number): { moments: readonly Moment[]; concurrency: number } {
  const chance = chanceOf(seed)
  const kinds = ['kill before', 'kill after', 'lose'] as const
  const moments: Moment[] = []
  const moment = (): Moment => {
    // Writes are few, and matter most.
    const of = chance() < 0.6 ? 'writes' : 'requests'
    const n = 1 + Math.floor(chance() * most[of])
    // Every third seed begins with each kind, so that few histories try all of them.
    return { n, of, kind: kinds[(seed + moments.length) % kinds.length] ?? 'lose' }
  }
  const concurrency = chance() < 0.5 ? 1 : 8
  moments.push(moment())
  while (moments.length < 3 && chance() < 0.4) moments.push(moment())
  return { moments, concurrency }
}

// mulberry32: small, and the same everywhere.
function chanceOf(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
