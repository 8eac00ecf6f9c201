// Lies within an answer: elements that are lost, doubled, swapped or wrapped, and times that are not true.
import { changing, type Mutator } from '../mutator.ts'
import { local, named, partsOf, spliced, swapped, textOf } from '../parts.ts'

const hiddenField = 'a field that is left out reads as one that somebody cleared'

const shift = (text: string, byMs: number) => new Date(Date.parse(text) + byMs).toISOString()
const time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g
const hour = 3_600_000

/** The elements that answers are made of, not what people wrote. */
// biome-ignore format: a list
const frame = [
  'ResponseCode', 'FolderId', 'ParentFolderId', 'FolderClass', 'DisplayName', 'EffectiveRights', 'ExtendedProperty',
  'RootFolder', 'Items', 'Folders', 'Changes', 'SyncState', 'IncludesLastItemInRange', 'ItemId', 'ResponseMessages',
]

/** All of them. */
export const content: readonly Mutator[] = [
  {
    name: 'fieldLost',
    kind: 'hidden',
    why: hiddenField,
    of: /^GetItem$/,
    apply: changing((xml, { chance }) => {
      const part = chance.of(
        partsOf(xml).filter(({ name, depth }) => depth > 5 && !frame.includes(local(name))),
      )
      return part && spliced(xml, part.from, part.to, '')
    }),
  },
  {
    name: 'stampLost',
    kind: 'lie',
    of: /^GetItem$/,
    apply: changing((xml, { chance }) => {
      const part = chance.of(named(xml, 'ExtendedProperty'))
      return part && spliced(xml, part.from, part.to, '')
    }),
  },
  {
    name: 'swappedStamps',
    kind: 'hidden',
    why: 'only its stamp says whose copy an item is that is not known yet',
    of: /^GetItem$/,
    apply: changing((xml, { chance }) => {
      const parts = named(xml, 'ExtendedProperty')
      const [one, other] = chance.two(parts.length)?.map((at) => parts[at]) ?? []
      return one && other && swapped(xml, one, other)
    }),
  },
  {
    name: 'frameLost',
    kind: 'lie',
    apply: changing((xml, { chance }) => {
      const part = chance.of(named(xml, ...frame))
      return part && spliced(xml, part.from, part.to, '')
    }),
  },
  {
    name: 'frameTwice',
    kind: 'lie',
    apply: changing((xml, { chance }) => {
      const part = chance.of(named(xml, ...frame))
      return part && spliced(xml, part.to, part.to, textOf(xml, part))
    }),
  },
  {
    name: 'frameEmpty',
    kind: 'lie',
    apply: changing((xml, { chance }) => {
      const part = chance.of(named(xml, ...frame).filter(({ open, close }) => close > open))
      return part && spliced(xml, part.open, part.close, '')
    }),
  },
  {
    name: 'nested',
    kind: 'lie',
    // Deep enough for whatever reads it by recursion.
    apply: changing((xml, { chance }) => {
      const part = chance.of(partsOf(xml).filter(({ name }) => name.startsWith('t:')))
      if (part === undefined) return undefined
      const deep = chance.of([1, 50, 20_000]) ?? 1
      const inner = textOf(xml, part)
      return spliced(
        xml,
        part.from,
        part.to,
        '<t:More>'.repeat(deep) + inner + '</t:More>'.repeat(deep),
      )
    }),
  },
  {
    name: 'unknownElements',
    kind: 'lie',
    apply: changing((xml, { chance }) => {
      const part = chance.of(partsOf(xml).filter(({ depth }) => depth > 3))
      return (
        part &&
        spliced(xml, part.to, part.to, '<t:NewInExchange2029 Id="1">true</t:NewInExchange2029>')
      )
    }),
  },
  {
    name: 'otherTimes',
    kind: 'lie',
    apply: changing((xml, { chance }) => {
      const byMs = (chance.of([-9000, -1, 1, 9000]) ?? 1) * hour
      return xml.replace(time, (text) => shift(text, byMs))
    }),
  },
  {
    name: 'otherCommitTime',
    kind: 'lie',
    of: /^GetFolder$/,
    apply: changing((xml, { chance }) => {
      const byMs = (chance.of([-9000, -1, 1, 9000]) ?? 1) * hour
      return xml.replace(
        /(0x670a"[^>]*><t:Value>)([^<]+)/,
        (_, before: string, text: string) => before + shift(text, byMs),
      )
    }),
  },
  {
    name: 'noTime',
    kind: 'lie',
    apply: changing((xml, { chance }) =>
      xml.replace(
        time,
        chance.of(['', 'soon', '9999-99-99T00:00:00Z', '0001-01-01T00:00:00Z']) ?? '',
      ),
    ),
  },
  {
    name: 'otherCounts',
    kind: 'lie',
    of: /^GetFolder$/,
    apply: changing((xml, { chance }) => {
      const tag = chance.of(['0x670b', '0x3602']) ?? ''
      const value = chance.of(['0', '-1', '99999', 'many', '']) ?? ''
      return xml.replace(new RegExp(`(${tag}"[^>]*><t:Value>)[^<]*`), `$1${value}`)
    }),
  },
  {
    name: 'noRights',
    kind: 'lie',
    of: /Folder$/,
    apply: changing((xml, { chance }) => {
      const right = chance.of(['Read', 'Modify', 'Delete', 'CreateContents']) ?? ''
      return xml.replace(`<t:${right}>true<`, `<t:${right}>false<`)
    }),
  },
  {
    name: 'otherFolder',
    kind: 'lie',
    of: /Folder$/,
    apply: changing((xml, { chance }) => {
      const [from, to] = chance.of([
        [/(<t:FolderClass>)[^<]*/, '$1IPF.Note'],
        [/(<t:DisplayName>)[^<]*/, '$1Someone else'],
        [/(<t:ParentFolderId Id=")[^"]*/, '$1AAMkADVjMTBlZmViLWM1NGM='],
      ] as const) ?? [/^$/, '']
      return xml.replace(from, to)
    }),
  },
]
