// Every name that Exchange allows in a folder can be written in a path, and is read back; old paths mean what they meant.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { folderKey, holderText, refusedClaims } from '../../controller/api/claims.ts'
import { canonicalPath, lastName, namesIn, pathOf } from '../../controller/api/path.ts'
import type { SyncGroup } from '../../controller/api/resources.generated.ts'
import {
  type Participant,
  participantsOf,
  pathIn,
  placeOfId,
} from '../../controller/api/topology.ts'
import type { GroupId } from '../../controller/core/id.ts'
import { contracts } from '../../controller/validation/schemas.ts'

// Names rich in what is special; blanks around a name are refused by the schema.
const name = fc
  .string({ unit: fc.constantFrom('\\', '/', ' ', 'a', 'B', 'ż', '.', ':', '🌻'), minLength: 1 })
  .map((text) => text.trim() || 'x')
const names = fc.array(name, { minLength: 1, maxLength: 4 })

test.each([
  ['/Company/Contacts', ['Company', 'Contacts']],
  ['Contacts/Company', ['Contacts', 'Company']],
  ['/Sales\\/Marketing/A', ['Sales/Marketing', 'A']],
  ['/R\\D/A', ['R\\D', 'A']],
  ['/R\\\\D', ['R\\D']],
  ['/A\\\\/B', ['A\\', 'B']],
  ['/A\\\\\\/B', ['A\\/B']],
  ['/A\\', ['A\\']],
  ['', []],
])('%s leads through %j', (path, expected) => {
  expect(namesIn(path)).toEqual(expected)
  expect(lastName(path)).toBe(expected.at(-1) ?? '')
})

test('what is written is read back, and one list of names has one path', () => {
  fc.assert(
    fc.property(names, (some) => {
      const path = pathOf(some)
      expect(namesIn(path)).toEqual(some)
      expect(canonicalPath(path)).toBe(path)
      expect(canonicalPath(`/${path}`)).toBe(`/${path}`)
    }),
  )
})

test('a path without a backslash is read as ever: names between slashes', () => {
  fc.assert(
    fc.property(names, (some) => {
      const old = some.map((each) => each.replaceAll('\\', '').replaceAll('/', '') || 'x')
      expect(namesIn(`/${old.join('/')}`)).toEqual(old)
      expect(pathOf(old)).toBe(old.join('/'))
    }),
  )
})

const groupOf = (publicFolder: string, folder?: string) =>
  ({
    apiVersion: 'exchangesync.dev/v1alpha1',
    kind: 'SyncGroup',
    metadata: { name: 'g', namespace: 'sales' },
    spec: {
      serverRef: { name: 'corp' },
      hub: { publicFolder },
      members: [{ mailbox: 'anna@corp.example', ...(folder === undefined ? {} : { folder }) }],
    },
  }) as unknown as SyncGroup

test('every such path may be declared, and the folder without a path of its own is named like the hub', () => {
  const contract = contracts().find(({ kind }) => kind === 'SyncGroup')
  fc.assert(
    fc.property(names, (some) => {
      const group = groupOf(`/${pathOf(some)}`, pathOf(some))
      expect(contract?.faults(contract.defaulted(group))).toEqual([])
      const [member] = participantsOf(groupOf(`/${pathOf(some)}`)).members
      expect(namesIn(member ? pathIn(member.place) : '')).toEqual(['Contacts', some.at(-1)])
      // What is remembered of a member leads to the same folder, but for upper and lower case.
      const former = placeOfId(member?.role.id ?? ('' as never), '')
      expect(namesIn(pathIn(former))).toEqual(
        ['Contacts', some.at(-1) ?? ''].map((each) => each.normalize('NFC').toLowerCase()),
      )
    }),
    { numRuns: 50 },
  )
})

test.each([
  ['/A/ B', 'hub'],
  ['/A\\\\/ B', 'hub'],
  ['/A \\\\/B ', 'hub'],
  ['/\\/ ', 'hub'],
  ['/A//B', 'hub'],
  ['A\\/', 'hub'],
  ['/A\\\\/', 'hub'],
  ['\\\\/', 'folder'],
  ['A/\\/ /B', 'folder'],
])('%s is no path, of a %s', (path, where) => {
  const contract = contracts().find(({ kind }) => kind === 'SyncGroup')
  const group = where === 'hub' ? groupOf(path) : groupOf('/A', path)
  expect(contract?.faults(contract.defaulted(group))).toHaveLength(1)
})

test('two spellings of one folder are one: one id, and one claim in a namespace', () => {
  const ids = ['/Company/R\\D', '/company/R\\\\D'].map(
    (path) => participantsOf(groupOf(path)).hub.role.id,
  )
  expect(new Set(ids)).toEqual(new Set(['hub:/company/r\\d']))
  const claimant = (id: string, folder: string) => ({
    id: id as GroupId,
    group: groupOf('/A', folder),
    folderOf: (participant: Participant) => folderKey(participant, 'https://corp/'),
  })
  const other = claimant('c', 'R\\D')
  const foreign = { ...other.group, metadata: { ...other.group.metadata, namespace: 'other' } }
  const all = [claimant('a', 'R\\D'), claimant('b', 'r\\\\d'), { ...other, group: foreign }]
  const claims = refusedClaims(all)
  expect([...claims]).toEqual([['b', { by: 'a', place: 'anna@corp.example' }]])
  expect(refusedClaims([claimant('a', 'A\\/B'), claimant('b', 'A/B')]).size).toBe(0)
})

test('who holds a folder is named within the namespace only', () => {
  const [own, neighbour, other] = ['sales/a', 'sales/b', 'sales-2/b'].map((id) => id as GroupId)
  expect(holderText(own as GroupId, neighbour as GroupId)).toBe('the group sales/b')
  expect(holderText(own as GroupId, other as GroupId)).toBe('a group of another namespace')
})
