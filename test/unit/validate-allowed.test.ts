// `exsync validate` says offline what an ExchangeServer does not allow, where both are in the files.
import { expect, test } from 'vitest'
import { readResources } from '../../controller/validation/resources.ts'
import { group, SERVER } from './validate-texts.ts'

const allowing = (allowed: string) => SERVER.replace('spec:\n', `spec:\n  allowed: ${allowed}\n`)
const told = (text: string, allowed = '{}') =>
  readResources(
    [
      { name: 'bad.yaml', text },
      { name: 'server.yaml', text: allowing(allowed) },
    ],
    { allowed: true },
  ).problems.map((problem) => `${problem.line}: ${problem.path}: ${problem.message}`)
const anna = ['members:', '  - mailbox: anna@corp.example']

test.each([
  ['nothing', group(...anna), '{}', []],
  ['a folder', group(...anna, '    folder: Contacts'), '{}', ['10: spec.members[0].folder']],
  ['a mailbox', group(...anna), '{ mailboxes: [a.b] }', ['9: spec.members[0].mailbox']],
  ['a hub', group(...anna), '{ hubs: [/Lunch] }', ['7: spec.hub.publicFolder']],
  ['private items', group('private: Copy'), '{}', ['8: spec.private']],
  [
    'a direction of a member',
    group(...anna, '    direction: TwoWay'),
    '{ directions: [OneWay] }',
    ['10: spec.members[0].direction'],
  ],
  [
    'the direction of all',
    group('direction: TwoWay', ...anna),
    '{ directions: [OneWay] }',
    ['8: spec.direction'],
  ],
  [
    'another namespace',
    group()
      .replace('name: corp', 'name: corp, namespace: default')
      .replace('all', 'all\n  namespace: x'),
    '{}',
    ['7: spec.serverRef.namespace'],
  ],
  [
    'its own namespace, not named',
    group(),
    '{ namespaces: { names: [x] } }',
    ['6: spec.serverRef.name'],
  ],
  [
    'a namespace by its labels, which are not in files',
    group(),
    '{ namespaces: { selector: { matchLabels: { a: b } } } }',
    [],
  ],
])('%s', (_what, text, allowed, places) => {
  expect(told(text, allowed)).toEqual(
    places.map((place) =>
      expect.stringMatching(new RegExp(`^${place.replace(/[.[\]]/g, '\\$&')}: is not allowed: `)),
    ),
  )
})

test('is told by the command, and not by what runs a directory: there the status tells it', async () => {
  const text = group(...anna, '    folder: Contacts')
  const files = [
    { name: 'bad.yaml', text },
    { name: 'server.yaml', text: SERVER },
  ]
  expect(readResources(files).problems).toEqual([])
})

test.each(['Everyone', '{}', '[]', '{ names: [a], selector: {} }', '{ selector: {} }'])(
  'namespaces of a wrong form: %s',
  (namespaces) => {
    expect(told(group(), `{ namespaces: ${namespaces} }`)).toContainEqual(
      expect.stringMatching(/spec\.allowed\.namespaces: /),
    )
  },
)
