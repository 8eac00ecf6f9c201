// Plausible contacts out of a seed: always the same ones for the same seed, with the letters, signs and
// coincidences that real address books have and careless programs trip over.
import type { Values } from './values.ts'

const FIRST =
  'Ewa Żaneta Łukasz Anna Jan Małgorzata Zoë Jürgen Søren Renée François Ángel İbrahim Ștefan Þóra Jiří Ødegård Michał Agnieszka Tomasz Katarzyna Piotr 美咲 Олена Δήμητρα'.split(
    ' ',
  )
const LAST =
  "Żak Nowak Kowalska Wiśniewski Wójcik Łęcki Dąbrowska Müller Groß O'Brien Åkesson Núñez Çelik Dvořák Lefèvre Sørensen Kaczmarek Zieliński Szymańska van-der-Berg Popescu Ćwikła Źródło 田中 Шевченко".split(
    ' ',
  )
const COMPANIES = [
  'Żabka & Synowie',
  'Müller <Werkzeuge> GmbH',
  'Rock & Roll Sp. z o.o.',
  'Åre "Nord" AB',
  'Contoso',
  'Fabrikam, Inc.',
  'Café Ñandú S.L.',
  'Δέλτα Α.Ε.',
  'Œuvres Réunies',
]
const JOBS = ['Sprzedawca', 'Sales & Marketing', 'Geschäftsführerin', 'CEO', 'Księgowy', 'Инженер']
const DEPARTMENTS = ['Handel', 'R&D', 'Księgowość', 'IT <Support>', 'Einkauf']
const CITIES = [
  ['Łódź', 'łódzkie', 'Polska', '90-001'],
  ['Kraków', 'małopolskie', 'Polska', '30-002'],
  ['Zürich', 'ZH', 'Schweiz', '8001'],
  ['Gdańsk', 'pomorskie', 'Polska', '80-830'],
  ['São Paulo', 'SP', 'Brasil', '01000-000'],
  ['Reykjavík', '', 'Ísland', '101'],
]
const STREETS = ['ul. Długa', 'Św. Jana', 'Hauptstraße', 'Rua São Bento', 'al. Niepodległości']
const NOTES = [
  'Zna się na rzeczy 🙂',
  'Dzwonić po 17:00\r\nNigdy w piątek & sobotę',
  'Prefers <e-mail> over phone — "always"',
  '👩‍💻 pracuje zdalnie',
]
const CATEGORIES = ['Klienci', 'Dostawcy & Partnerzy', 'VIP', 'Znajomi']

/** `count` contacts that depend on nothing but the seed. */
export function generatedContacts(count: number, seed: number): Values[] {
  const random = sequence(seed)
  const contacts: Values[] = []
  for (let index = 0; index < count; index += 1) {
    // Every tenth person has a namesake right after: same name, nothing else in common.
    const namesake = index % 10 === 9 ? contacts[index - 1] : undefined
    contacts.push(contact(index, random, namesake))
  }
  return contacts
}

/** A seed out of a text. */
export function seedOf(text: string): number {
  let hash = 2166136261
  for (const letter of text) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 16777619)
  return hash >>> 0
}

/** Numbers from 0 up to 1, the same ones for the same seed (mulberry32). */
export function sequence(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

function contact(index: number, random: () => number, namesake: Values | undefined): Values {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const first = (namesake?.get('contacts:GivenName') as string | undefined) ?? pick(FIRST)
  const last = (namesake?.get('contacts:Surname') as string | undefined) ?? pick(LAST)
  const values: Values = new Map([
    ['contacts:GivenName', first],
    ['contacts:Surname', last],
    ['contacts:FileAsMapping', 'LastCommaFirst'],
    ['contacts:CompanyName', pick(COMPANIES)],
    ['contacts:JobTitle', pick(JOBS)],
    ['contacts:EmailAddress/EmailAddress1', `contact${index}.${ascii(last)}@example.com`],
    ['contacts:EmailAddress/EmailAddress1#Name', `${first} ${last}`],
    ['contacts:EmailAddress/EmailAddress1#RoutingType', 'SMTP'],
    ['contacts:PhoneNumber/MobilePhone', `+48 600 ${digits(random, 3)} ${digits(random, 3)}`],
  ])
  const set = (key: string, value: string) => values.set(key, value)
  if (random() < 0.6) set('contacts:PhoneNumber/BusinessPhone', `+48 22 ${digits(random, 7)}`)
  if (random() < 0.4) set('contacts:Department', pick(DEPARTMENTS))
  if (random() < 0.2) set('contacts:MiddleName', pick(FIRST))
  if (random() < 0.2) set('contacts:Nickname', `${first}ek`)
  if (random() < 0.15) set('contacts:Birthday', birthday(random))
  if (random() < 0.1) set('contacts:ImAddress/ImAddress1', `sip:${ascii(last)}@example.com`)
  if (random() < 0.25) {
    set('item:Body', pick(NOTES))
    set('item:Body#Type', 'Text')
  }
  if (random() < 0.3) values.set('item:Categories', [pick(CATEGORIES)])
  if (random() < 0.5)
    address(values, pick(CITIES), `${pick(STREETS)} ${1 + Math.floor(random() * 99)}`)
  return values
}

function address(values: Values, city: readonly string[], street: string): void {
  const parts = { Street: street, City: city[0], State: city[1], CountryOrRegion: city[2] }
  for (const [part, text] of Object.entries({ ...parts, PostalCode: city[3] })) {
    if (text) values.set(`contacts:PhysicalAddress:${part}/Business`, text)
  }
}

function birthday(random: () => number): string {
  const day = new Date(Date.UTC(1950, 0, 1) + Math.floor(random() * 18_000) * 86_400_000)
  return `${day.toISOString().slice(0, 10)}T00:00:00Z`
}

function digits(random: () => number, count: number): string {
  return Array.from({ length: count }, () => Math.floor(random() * 10)).join('')
}

function ascii(text: string): string {
  const plain = text.normalize('NFD').replace(/[^A-Za-z]/g, '')
  return plain === '' ? 'osoba' : plain.toLowerCase()
}
