// What must be so once all is healed and everybody rests: all have the same, nothing is doubled, and the
// next pass does nothing.

import { holdingsOf } from '../e2e/support.ts'
import type { Item } from '../exchange/store/item.ts'
import { literalOf } from '../exchange/store/literal.ts'
import { died, type Life } from './life.ts'
import { addressOf, hubPath, memberPath, type Office } from './office.ts'
import type { Findings } from './witness.ts'

const fields = [
  'GivenName',
  'Surname',
  'CompanyName',
  'JobTitle',
  'Department',
  'Body',
  'Categories',
  'PhoneNumbers',
  'EmailAddresses',
  'Sensitivity',
] as const

/** Passes for every group, with the time between them that an interval is. */
export async function settle(office: Office, life: Life, passes: number): Promise<void> {
  for (let pass = 0; pass < passes; pass += 1) {
    for (const { id } of office.groups) {
      if ((await life.passes((each) => each === id)) === died) throw new Error('nobody kills it')
      office.clock.advance(61_000)
    }
  }
}

/** What differs between the hub and its members; `own` says what a receive-only member made of her copies. */
export function unequal(
  office: Office,
  touched: (member: string, name: string) => boolean = () => false,
): Findings {
  const hub = itemsIn(office, 'hub').map(shown)
  return office.members.flatMap(({ team, who }) => {
    const items = itemsIn(office, who.name)
    const hidden = team.private === 'Skip' && who.direction === 'TwoWay'
    const mine = items.filter((item) => !hidden || !isPrivate(item)).map(shown)
    // Who marked her copy private keeps it as it is; the others' goes on without it.
    const withheld = items.filter((item) => hidden && isPrivate(item)).map(nameOf)
    const ignored = team.drift === 'Ignore' && who.direction === 'OneWay'
    const missing = minus(hub, mine).filter(
      ([name]) => !withheld.includes(name) && !(ignored && touched(who.name, name)),
    )
    const surplus = who.direction === 'OneWay' ? [] : minus(mine, hub)
    return [
      ...missing.map((each) => `${who.name} lacks ${each.join(' ')}`),
      ...surplus.map((each) => `${who.name} has ${each.join(' ')} more than the hub`),
    ]
  })
}

/** Whether a pass of each group plans nothing, and then writes nothing. */
export async function unquiet(office: Office, life: Life): Promise<Findings> {
  const before = holdingsOf(office.exchange.store)
  const findings: string[] = []
  for (const { id } of office.groups) {
    const planned = await life.planned(id)
    if (planned > 0) findings.push(`${id} still plans ${planned} steps`)
  }
  await settle(office, life, 1)
  const after = holdingsOf(office.exchange.store)
  if (after.join('\n') !== before.join('\n')) findings.push('a pass of a settled group wrote')
  return findings
}

/** How often each name is in the hub. */
export function namesInHub(office: Office): ReadonlyMap<string, number> {
  const names = new Map<string, number>()
  for (const item of itemsIn(office, 'hub')) {
    const name = nameOf(item)
    names.set(name, (names.get(name) ?? 0) + 1)
  }
  return names
}

/** The items of the hub, or of a member's folder; none when there is no folder. */
export function itemsIn({ exchange }: Office, who: string): readonly Item[] {
  const { state } = exchange.store
  const handle =
    who === 'hub'
      ? exchange.store.publicFolder(hubPath)
      : exchange.store.mailbox(addressOf(who)).folder(memberPath)
  return handle.exists() ? [...(state.folders.get(handle.id())?.items.values() ?? [])] : []
}

/** Who an item is. */
export function nameOf(item: Item): string {
  return String(item.values.get('contacts:GivenName') ?? '')
}

/** Is it marked private? */
export function isPrivate(item: Item): boolean {
  return item.values.get('item:Sensitivity') === 'Private'
}

/** What people see of an item: its name, and all the rest as a text. */
export type Line = readonly [name: string, rest: string]

const lines = new WeakMap<Item['values'], Line>()

/** What people see of an item. */
export function shown(item: Item): Line {
  const known = lines.get(item.values)
  if (known !== undefined) return known
  const literal: Record<string, unknown> = { Sensitivity: 'Normal', ...literalOf(item) }
  if (Array.isArray(literal.Categories)) literal.Categories = [...literal.Categories].sort()
  // An address in the world's short form says neither its display name nor its type.
  const { EmailAddress1: email } = (literal.EmailAddresses ?? {}) as Record<string, unknown>
  literal.EmailAddresses = (email as { address?: string } | undefined)?.address ?? email
  // A note that was emptied is none.
  if ((literal.Body as { text?: string } | undefined)?.text === '') delete literal.Body
  const line = [
    nameOf(item),
    JSON.stringify(fields.map((field) => literal[field] ?? null)),
  ] as const
  lines.set(item.values, line)
  return line
}

/** The lines that are not among the others, each as often as it is. */
export function minus(some: readonly Line[], others: readonly Line[]): readonly Line[] {
  const left = others.map(([, rest]) => rest)
  return some.filter(([, rest]) => {
    const at = left.indexOf(rest)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}
