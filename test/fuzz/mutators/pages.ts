// Lies about what a folder holds and what changed there: pages, counts, flags, told changes. All well-formed.
import { changing, type Mutator, type Scene } from '../mutator.ts'
import { named, spliced, swapped, textOf, within } from '../parts.ts'

const listing = /^(SyncFolderItems|FindItem)$/
const sync = /^SyncFolderItems$/
const find = /^FindItem$/

const flag = /(IncludesLastItemInRange(?:="|>))(true|false)/

// One of the elements of a page, taken out of it.
function without(xml: string, parent: string, { chance }: Scene): string | undefined {
  const part = chance.of(within(xml, parent))
  return part && spliced(xml, part.from, part.to, '')
}

function counted(xml: string, by: number): string {
  return xml.replace(/TotalItemsInView="(\d+)"/, (_, total: string) => {
    return `TotalItemsInView="${Math.max(0, Number(total) + by)}"`
  })
}

// An item that the folder holds, as earlier answers show.
function itemOf({ past, chance }: Scene): string | undefined {
  const ids = past.own.flatMap((xml) => named(xml, 'ItemId').map((part) => textOf(xml, part)))
  return chance.of(ids)
}

function told(xml: string, changes: string, first: boolean): string {
  const at = named(xml, 'Changes')[0]
  if (at === undefined) return xml
  const place = first ? at.open : at.close
  return spliced(xml, place, place, changes)
}

/** All of them. */
export const pages: readonly Mutator[] = [
  {
    name: 'deleteTold',
    kind: 'lie',
    of: sync,
    apply: changing((xml, scene) => {
      const id = itemOf(scene)
      return id && told(xml, `<t:Delete>${id}</t:Delete>`, scene.chance.below(2) === 0)
    }),
  },
  {
    name: 'goneAndBack',
    kind: 'lie',
    of: sync,
    // What is told as deleted and then as created is there.
    apply: changing((xml, scene) => {
      const id = itemOf(scene)
      const back = `<t:Create><t:Contact>${id}</t:Contact></t:Create>`
      return id && told(xml, `<t:Delete>${id}</t:Delete>${back}`, true)
    }),
  },
  {
    name: 'changeUntold',
    kind: 'lie',
    of: sync,
    apply: changing((xml, scene) => without(xml, 'Changes', scene)),
  },
  {
    name: 'nothingTold',
    kind: 'lie',
    of: sync,
    apply: changing((xml) => {
      const [changes] = named(xml, 'Changes')
      return changes && spliced(xml, changes.open, changes.close, '')
    }),
  },
  {
    name: 'toldAgain',
    kind: 'lie',
    of: sync,
    apply: changing((xml, { chance }) => {
      const part = chance.of(within(xml, 'Changes'))
      return part && spliced(xml, part.to, part.to, textOf(xml, part))
    }),
  },
  {
    name: 'otherChange',
    kind: 'lie',
    of: sync,
    // A created item is told as updated, or as read, and the other way round.
    apply: changing((xml, { chance }) => {
      const part = chance.of(within(xml, 'Changes').filter(({ name }) => name !== 't:Delete'))
      if (part === undefined) return undefined
      const name = chance.of(
        ['Create', 'Update', 'ReadFlagChange'].filter((one) => `t:${one}` !== part.name),
      )
      return spliced(
        xml,
        part.from,
        part.to,
        `<t:${name}>${xml.slice(part.open, part.close)}</t:${name}>`,
      )
    }),
  },
  {
    name: 'oldSyncState',
    kind: 'lie',
    of: sync,
    apply: changing((xml, { past, chance }) => {
      const earlier = chance.of(past.own)
      const state = earlier && /<m:SyncState>[^<]*<\/m:SyncState>/.exec(earlier)?.[0]
      return state && xml.replace(/<m:SyncState>[^<]*<\/m:SyncState>/, state)
    }),
  },
  {
    name: 'brokenSyncState',
    kind: 'lie',
    of: sync,
    apply: changing((xml, { chance }) =>
      xml.replace(/(<m:SyncState>)([^<]*)/, (_, tag: string, state: string) => {
        const at = chance.below(state.length)
        const cut = state.slice(0, at)
        return tag + (chance.of([cut, `${cut}A${state.slice(at + 1)}`, '', state + state]) ?? '')
      }),
    ),
  },
  {
    name: 'lastPage',
    kind: 'lie',
    of: listing,
    apply: changing((xml) =>
      xml.replace(flag, (_, name: string, said: string) => `${name}${said !== 'true'}`),
    ),
  },
  {
    name: 'neverEnding',
    kind: 'lie',
    of: listing,
    lasts: true,
    isolated: true,
    apply: changing((xml) => xml.replace(flag, '$1false')),
  },
  {
    name: 'total',
    kind: 'lie',
    of: find,
    apply: changing((xml, { chance }) => counted(xml, chance.of([-2, -1, 1, 2, 1000]) ?? 1)),
  },
  {
    name: 'totalAlways',
    kind: 'lie',
    of: find,
    lasts: true,
    isolated: true,
    apply: changing((xml) => counted(xml, 1)),
  },
  {
    name: 'unlisted',
    kind: 'lie',
    of: find,
    apply: changing((xml, scene) => without(xml, 'Items', scene)),
  },
  {
    name: 'unlistedUncounted',
    kind: 'lie',
    of: find,
    apply: changing((xml, scene) => {
      const text = without(xml, 'Items', scene)
      return text && counted(text, -1)
    }),
  },
  {
    name: 'alwaysUnlisted',
    kind: 'lie',
    of: find,
    lasts: true,
    isolated: true,
    // The same item each time, as an index that forgot it. Over several pages the others would move up.
    apply: changing((xml, { body, notes, chance }) => {
      if (!body.includes(' Offset="0"') || !xml.includes('IncludesLastItemInRange="true"'))
        return undefined
      const items = within(xml, 'Items').map((part) => ({ part, text: textOf(xml, part) }))
      const victim = notes.get('victim') ?? chance.of(items)?.text.match(/ Id="([^"]+)"/)?.[1]
      if (victim === undefined) return undefined
      notes.set('victim', victim)
      const found = items.find(({ text }) => text.includes(victim))
      return found && counted(spliced(xml, found.part.from, found.part.to, ''), -1)
    }),
  },
  {
    name: 'emptyListing',
    kind: 'lie',
    of: find,
    apply: changing((xml) => {
      const [items] = named(xml, 'Items')
      const text = items && spliced(xml, items.open, items.close, '')
      return text && counted(text, -1e9)
    }),
  },
  {
    name: 'listedTwice',
    kind: 'lie',
    of: find,
    apply: changing((xml, { chance }) => {
      const part = chance.of(within(xml, 'Items'))
      return part && spliced(xml, part.to, part.to, textOf(xml, part))
    }),
  },
  {
    name: 'otherOrder',
    kind: 'lie',
    of: listing,
    apply: changing((xml, { chance, operation }) => {
      const parts = within(xml, operation === 'FindItem' ? 'Items' : 'Changes')
      const two = chance.two(parts.length)
      const [one, other] = two?.map((at) => parts[at]) ?? []
      return one && other && swapped(xml, one, other)
    }),
  },
]
