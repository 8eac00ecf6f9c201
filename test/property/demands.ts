// The laws that hold in the end: users rest, all is healed, and a few passes later everybody has the same,
// nothing is lost or doubled, and all is quiet. What must never be, not even in between, is in the world.
import { expect } from 'vitest'
import type { Item } from '../../controller/core/item.ts'
import type { Folder } from '../support/folder.ts'
import { free, type Part } from './casts.ts'
import { contents } from './contents.ts'
import type { Group, World } from './world.ts'

/** How an item looks where servers rewrite what they are given; else as it is. */
export type Modulo = (text: string) => string

/** Demands everything of a world that has been lived. */
export async function demand(world: World, modulo: Modulo = (text) => text): Promise<void> {
  world.heal()
  await approved(world)
  const rounds = world.groups.length === 1 ? 4 : 6
  for (let round = 0; round < rounds; round += 1)
    for (const group of world.groups) await world.pass(group)
  for (const group of world.groups) converged(world, group, modulo)
  const before = world.writes()
  for (const group of world.groups) {
    expect(await world.planned(group), 'quiet: nothing planned').toBe(0)
    await world.pass(group)
  }
  expect(world.writes() - before, 'quiet: nothing written').toBe(0)
  expect(world.lost(), 'nothing lost').toEqual([])
  expect(await world.irretrievable(), 'all can be had back').toEqual([])
  for (const folder of world.folders) {
    for (const leak of world.ledger.leakedInto(folder)) world.violations.add(leak)
  }
  expect([...world.violations], 'never').toEqual([])
  doubled(world)
}

// What is set aside waits until somebody approves it; then there are no limits any more.
async function approved(world: World): Promise<void> {
  if (world.limits === free) return
  for (let round = 0; round < 6; round += 1) {
    for (const group of world.groups) {
      await world.pass(group)
      world.approve(group)
    }
  }
  world.limits = free
}

function converged(world: World, group: Group, modulo: Modulo): void {
  const folderOf = ({ folder }: Part) => world.folders.find(({ name }) => name === folder) as Folder
  const hub = group.parts.find((part) => part.hub)
  const equals = group.parts.filter(({ writes, receives }) => writes && receives)
  const source = hub ?? equals[0]
  if (source === undefined) return
  const from = folderOf(source)
  for (const part of group.parts) {
    const folder = folderOf(part)
    if (folder === from) continue
    const hidden = privatePeople(world, from, folder)
    const shared = (item: Item) => !hidden.has(world.ledger.kind.nameOf(item))
    const given = contents(world.ledger.kind.type, from, shared).map(modulo).sort()
    const shown = contents(world.ledger.kind.type, folder, shared).map(modulo).sort()
    if (part.writes && part.receives && source.receives)
      expect(shown, `${folder.name} has what ${from.name} has`).toEqual(given)
    else if (part.receives) has(shown, given, untouched(world, folder), folder.name)
    else has(given, shown, ofOne(untouched(world, from)), `${from.name}, of ${folder.name}`)
  }
}

function has(
  there: readonly string[],
  all: readonly string[],
  counts: (text: string) => boolean,
  who: string,
): void {
  const missing = all.filter((each) => !there.includes(each) && counts(each))
  expect(missing, `${who} has everything`).toEqual([])
}

// Of a person whom two entered, one's version won; who does not receive does not hear of it.
function ofOne(counts: (text: string) => boolean): (text: string) => boolean {
  return (text) => text.includes('"Person') && counts(text)
}

// What a receiver's users did stays, when drift is ignored; and without a history nobody knows what they did.
function untouched(world: World, folder: Folder): (text: string) => boolean {
  if (world.setting.drift === 'Revert') return () => true
  if (world.begunAnew || world.strangers.has(folder)) return () => false
  const people = world.ledger.peopleOf('touchers', folder)
  return (text) => !people.some((name) => world.ledger.kind.isOf(text, name))
}

// What somebody marked private may differ, until the mark goes.
function privatePeople(world: World, ...folders: readonly Folder[]): ReadonlySet<string> {
  if (world.setting.private === 'Copy') return new Set()
  const items = folders.flatMap((folder) => [...folder.items.values()])
  const hidden = items.filter(({ item }) => world.ledger.kind.type.private(item))
  return new Set(hidden.map(({ item }) => world.ledger.kind.nameOf(item)))
}

// Anything extra is the loser of a reported conflict, where both are kept. (A pass that died had its conflicts,
// too, and does not know of them with an earlier state.)
function doubled(world: World): void {
  if (world.setting.policy === 'KeepBoth' && world.begunAnew) return
  // Where no hub shows what belongs together, the original of one who ceased to write is not known again.
  const hubless = world.groups.some(({ parts }) => !parts.some(({ hub }) => hub))
  if (hubless && world.begunAnew && world.turned) return
  const conflicts = world.groups.reduce((sum, group) => sum + group.conflicts, 0)
  const spare = world.setting.policy === 'KeepBoth' ? conflicts : 0
  for (const folder of world.folders) {
    const counts = new Map<string, number>()
    for (const { item } of folder.items.values()) {
      const name = world.ledger.kind.nameOf(item)
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
    const extra = [...counts].flatMap(([name, count]) => {
      const made = world.ledger.made.get(name) ?? 0
      // Without a history, of which of several namesakes something is a copy whose source is gone, nobody knows:
      // two people are never made one.
      if (world.begunAnew && made > 1 && world.ledger.removers.has(name)) return []
      // Nor what was the original of one who ceased to write, once its copies are removed as well.
      if (world.begunAnew && world.turned && world.ledger.removers.has(name)) return []
      const more = count - made
      return more > 0 ? [[name, more] as const] : []
    })
    const sum = extra.reduce((all, [, more]) => all + more, 0)
    if (sum > spare) expect(extra, `nothing doubled in ${folder.name}`).toEqual([])
  }
}
