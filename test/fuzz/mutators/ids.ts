// Lies about which item or folder an answer is about: ids and change keys that are altered, swapped or missing,
// and the answers of a batch in another number or order.
import { changing, type Mutator, writes } from '../mutator.ts'
import { named, spliced, swapped, textOf, within } from '../parts.ts'

const attribute = (name: string) => new RegExp(` ${name}="([^"]+)"`, 'g')

// One value of that attribute, altered.
function altered(
  xml: string,
  name: string,
  pick: (count: number) => number,
  change: (value: string) => string,
): string | undefined {
  const found = [...xml.matchAll(attribute(name))]
  const one = found[pick(found.length)]
  const value = one?.[1]
  if (one === undefined || value === undefined) return undefined
  const at = one.index + name.length + 3
  return spliced(xml, at, at + value.length, change(value))
}

function swappedValues(
  xml: string,
  name: string,
  two: readonly [number, number] | undefined,
): string | undefined {
  const values = [...xml.matchAll(attribute(name))].map(([, value]) => value ?? '')
  const [one, other] = two?.map((at) => values[at]) ?? []
  if (one === undefined || other === undefined || one === other) return undefined
  let at = -1
  return xml.replace(attribute(name), (whole) => {
    at += 1
    if (at === two?.[0]) return ` ${name}="${other}"`
    return at === two?.[1] ? ` ${name}="${one}"` : whole
  })
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

const count = (xml: string, name: string) => [...xml.matchAll(attribute(name))].length

/** All of them. */
export const ids: readonly Mutator[] = [
  {
    name: 'otherId',
    kind: 'lie',
    apply: changing((xml, { chance }) =>
      altered(
        xml,
        'Id',
        (many) => chance.below(many),
        (id) => {
          const at = chance.below(id.length)
          return spliced(id, at, at + 1, chance.of([...letters]) ?? 'A')
        },
      ),
    ),
  },
  {
    name: 'createdUnderOtherId',
    kind: 'lie',
    of: /^CreateItem$/,
    apply: changing((xml, { chance }) =>
      altered(
        xml,
        'Id',
        (many) => chance.below(many),
        (id) => {
          const at = chance.below(id.length)
          return spliced(id, at, at + 1, chance.of([...letters]) ?? 'A')
        },
      ),
    ),
  },
  {
    name: 'malformedId',
    kind: 'lie',
    apply: changing((xml, { chance }) =>
      altered(
        xml,
        'Id',
        (many) => chance.below(many),
        (id) => {
          const at = chance.below(id.length)
          const odd = chance.of([' ', '%', '&#9;', 'é', '-->', '']) ?? ' '
          return chance.below(4) === 0 ? id.slice(0, at) : spliced(id, at, at, odd)
        },
      ),
    ),
  },
  {
    name: 'swappedIds',
    kind: 'lie',
    of: /Item(s)?$/,
    apply: changing((xml, { chance }) => swappedValues(xml, 'Id', chance.two(count(xml, 'Id')))),
  },
  {
    name: 'swappedFolderIds',
    kind: 'hidden',
    why: 'a folder that is made below a wrong parent is the one that its id says from then on',
    of: /Folder$/,
    apply: changing((xml, { chance }) => swappedValues(xml, 'Id', chance.two(count(xml, 'Id')))),
  },
  {
    name: 'swappedKeys',
    kind: 'lie',
    apply: changing((xml, { chance }) =>
      swappedValues(xml, 'ChangeKey', chance.two(count(xml, 'ChangeKey'))),
    ),
  },
  {
    name: 'otherKey',
    kind: 'lie',
    apply: changing((xml, { chance }) =>
      altered(
        xml,
        'ChangeKey',
        (many) => chance.below(many),
        (key) => {
          const at = chance.below(key.length)
          return spliced(key, at, at + 1, chance.of([...letters]) ?? 'A')
        },
      ),
    ),
  },
  {
    name: 'noId',
    kind: 'lie',
    apply: changing((xml, { chance }) => {
      const part = chance.of(named(xml, 'ItemId', 'FolderId'))
      if (part === undefined) return undefined
      const bare = textOf(xml, part).replace(
        chance.of([/ Id="[^"]*"/, / ChangeKey="[^"]*"/]) ?? '',
        '',
      )
      return spliced(xml, part.from, part.to, chance.below(2) === 0 ? bare : '')
    }),
  },
  {
    name: 'answerMissing',
    kind: 'lie',
    of: /Item$/,
    apply: changing((xml, { chance }) => {
      const part = chance.of(within(xml, 'ResponseMessages'))
      return part && spliced(xml, part.from, part.to, '')
    }),
  },
  {
    name: 'answerTwice',
    kind: 'lie',
    of: /Item$/,
    apply: changing((xml, { chance }) => {
      const part = chance.of(within(xml, 'ResponseMessages'))
      return part && spliced(xml, part.to, part.to, textOf(xml, part))
    }),
  },
  {
    name: 'swappedAnswers',
    kind: 'lie',
    of: /Item$/,
    apply: changing((xml, { chance }) => {
      const parts = within(xml, 'ResponseMessages')
      const [one, other] = chance.two(parts.length)?.map((at) => parts[at]) ?? []
      return one && other && swapped(xml, one, other)
    }),
  },
  {
    name: 'swappedWrites',
    kind: 'lie',
    of: writes,
    apply: changing((xml, { chance }) => {
      const parts = within(xml, 'ResponseMessages')
      const [one, other] = chance.two(parts.length)?.map((at) => parts[at]) ?? []
      return one && other && swapped(xml, one, other)
    }),
  },
]
