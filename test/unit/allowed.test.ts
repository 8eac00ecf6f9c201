// What an ExchangeServer allows: tables of the pure decision, and of the patterns that it is made of.
import { describe, expect, test } from 'vitest'
import {
  allowsFolder,
  allowsMailbox,
  allowsPublicFolder,
  type NamespaceLook,
  namespaceDenial,
  namespacesFault,
  participantDenial,
  restrictions,
} from '../../controller/api/allowed.ts'
import { guardUnder } from '../../controller/api/guard-ceilings.ts'
import { namesIn } from '../../controller/api/path.ts'
import { matches, patternOf } from '../../controller/api/pattern.ts'
import type { ExchangeServer, SyncGroup } from '../../controller/api/resources.generated.ts'
import { participantsOf } from '../../controller/api/topology.ts'

const server = (allowed?: object) =>
  ({ metadata: { name: 'corp', namespace: 'platform' }, spec: { allowed } }) as ExchangeServer

const group = (spec: object, namespace = 'sales') =>
  ({
    metadata: { name: 'g', namespace },
    spec: { serverRef: { name: 'corp' }, hub: { publicFolder: '/Lunch' }, members: [], ...spec },
  }) as unknown as SyncGroup

describe('hubs: a prefix of whole names', () => {
  test.each([
    [['/Company'], '/Company', true],
    [['/Company'], '/Company/Contacts', true],
    [['/Company'], '/COMPANY/contacts', true],
    [['/Company/'], '/Company', true],
    [['/Company'], '/CompanySecret', false],
    [['/Company'], '/Comp', false],
    [['/Company/Sales'], '/Company', false],
    [['/Lunch'], '/Lunch/../Board', true],
    [['/Lunch'], '/../Board', false],
    [['/Lunch'], '/Lunch\\/Board', false],
    [['/Lunch\\/Board'], '/Lunch/Board', false],
    [['/Lunch\\/Board'], '/lunch\\/board/x', true],
    [['/Żak'], '/ŻAK/x', true],
    [['/Straße'], '/STRASSE', false],
    [['/'], '/Company', false],
    [[], '/Company', false],
    [undefined, '/Company', true],
  ])('%j: %s is %s', (hubs, path, allowed) => {
    expect(allowsPublicFolder(server({ hubs }), namesIn(path))).toBe(allowed)
  })
})

describe('folders: patterns of names', () => {
  test.each([
    [undefined, 'Contacts/Company', true],
    [undefined, 'contacts/A/B', true],
    [undefined, 'Contacts', false],
    [undefined, 'Contacts\\/Company', false],
    [undefined, 'Inbox/Company', false],
    [['Contacts'], 'Contacts', true],
    [['Contacts'], 'Contacts/A', false],
    [['Contacts/Team*'], 'Contacts/Team North', true],
    [['Contacts/Team*'], 'Contacts/Team/North', false],
    [['*/Company'], 'Private/Company', true],
    [['*/Company'], 'A/B/Company', false],
    [['A/*/C/*'], 'A/B/C/D/E', true],
    [['A/*/C/*'], 'A/B/C', false],
    [['*'], 'Contacts', true],
    [[], 'Contacts/A', false],
  ])('%j: %s is %s', (folders, path, allowed) => {
    expect(allowsFolder(server({ folders: folders ?? ['Contacts/*'] }), namesIn(path))).toBe(
      allowed,
    )
  })

  test('are Contacts/* where nothing is declared', () => {
    expect(allowsFolder(server(), ['Contacts', 'A'])).toBe(true)
    expect(allowsFolder(server(), ['Contacts'])).toBe(false)
  })
})

describe('mailboxes: domains and globs', () => {
  test.each([
    [['corp.example'], 'Anna@Corp.Example', true],
    [['corp.example'], 'anna@sub.corp.example', false],
    [['corp.example'], 'anna@notcorp.example', false],
    [['*@corp.example'], 'anna@corp.example', true],
    [['*.corp.example'], 'anna@sub.corp.example', true],
    [['*.corp.example'], 'anna@corp.example', false],
    [['sales-*@corp.example'], 'SALES-jan@corp.example', true],
    [['sales-*@corp.example'], 'ceo@corp.example', false],
    [['sales-*@corp.example'], 'presales-jan@corp.example', false],
    [['sales-*'], 'sales-x@corp.example', false],
    [['sales-*@corp.example'], 'sales-x@evil.example@corp.example', true],
    [['anna@corp.example'], 'anna@corp.example', true],
    [['anna@corp.example'], 'ann@corp.example', false],
    [[], 'anna@corp.example', false],
    [undefined, 'anna@corp.example', true],
    [['corp.example'], '/o=corp/cn=anna', false],
  ])('%j: %s is %s', (mailboxes, address, allowed) => {
    expect(allowsMailbox(server({ mailboxes }), address)).toBe(allowed)
  })
})

describe('a pattern', () => {
  test.each([
    ['*', '', true],
    ['a*b', 'ab', true],
    ['a*b', 'ab*', false],
    ['a*a', 'a', false],
    ['*ab*ab*', 'xabyabz', true],
    ['*ab*ab*', 'xabz', false],
    ['a*bc*c', 'abcc', true],
    ['a*bc*c', 'abc', false],
    ['[a-z]+', 'a', false],
    ['.', 'a', false],
  ])('%s matches %s: %s', (pattern, text, expected) => {
    expect(matches(patternOf(pattern), text)).toBe(expected)
  })

  test('of many stars is compared with a long text in no more steps than both have characters', () => {
    const pattern = patternOf(`${'a*'.repeat(100)}b`)
    let asked = 0
    const parts = new Proxy(pattern, {
      get: (target, key) => {
        asked += typeof key === 'string' && /^\d+$/.test(key) ? 1 : 0
        return Reflect.get(target, key)
      },
    })
    expect(matches(parts, 'a'.repeat(10_000))).toBe(false)
    expect(asked).toBeLessThan(500)
  })
})

describe('a member', () => {
  const denialOf = (allowed: object, member: object, spec: object = {}) => {
    const declared = group({ direction: 'TwoWay', private: 'Skip', members: [member], ...spec })
    const [participant] = participantsOf(declared).members
    return participant && participantDenial(participant, 'Skip', server(allowed))?.field
  }
  const anna = { mailbox: 'anna@corp.example' }

  test.each([
    [{}, anna, undefined],
    [{}, { ...anna, folder: 'Contacts' }, 'folder'],
    [{ folders: ['Contacts'] }, anna, 'folder'],
    [{ mailboxes: ['other.example'] }, anna, 'mailbox'],
    [{ mailboxes: [] }, anna, 'mailbox'],
    [{ directions: ['OneWay'] }, anna, 'direction'],
    [{ directions: ['OneWay'] }, { ...anna, direction: 'OneWay' }, undefined],
    [{ directions: [] }, { ...anna, direction: 'OneWay' }, 'direction'],
  ])('%j, asking for %j: %s', (allowed, member, field) => {
    expect(denialOf(allowed, member)).toBe(field)
  })

  test('that left has no direction', () => {
    const [place] = participantsOf(group({ direction: 'TwoWay', members: [anna] })).members
    if (place === undefined) throw new Error('no member')
    expect(participantDenial(place, 'Skip', server({ directions: [] }), true)).toBeUndefined()
  })
})

test.each([
  [{}, {}, undefined],
  [{ hubs: ['/Company'] }, {}, 'publicFolder'],
  [{ hubs: ['/Company', '/lunch'] }, {}, undefined],
  [{}, { private: 'Copy' }, 'private'],
  [{ private: true }, { private: 'Copy' }, undefined],
  [{}, { hub: { mailbox: 'a@b.c', folder: 'Contacts/X' } }, undefined],
  [{}, { hub: { mailbox: 'a@b.c', folder: 'Inbox/X' } }, 'folder'],
  [{ mailboxes: ['other.c'] }, { hub: { mailbox: 'a@b.c', folder: 'Contacts/X' } }, 'mailbox'],
  [{ directions: [] }, {}, undefined],
])('of a server with %j the hub of a group with %j is denied: %s', (allowed, spec, field) => {
  const declared = group(spec)
  const { hub } = participantsOf(declared)
  expect(participantDenial(hub, declared.spec.private, server(allowed))?.field).toBe(field)
})

describe('namespaces', () => {
  const own = group({ serverRef: { name: 'corp' } }, 'platform')
  const other = group({ serverRef: { name: 'corp', namespace: 'platform' } })
  const blue = { team: 'blue', tier: 'gold' }
  const expressions = (...matchExpressions: object[]) => ({ selector: { matchExpressions } })

  test.each<[unknown, SyncGroup, NamespaceLook, boolean]>([
    [undefined, own, 'unreadable', true],
    [undefined, other, 'unreadable', false],
    ['Same', own, 'unreadable', true],
    ['Same', other, 'unreadable', false],
    ['All', other, 'unreadable', true],
    [{ names: ['sales'] }, other, 'unreadable', true],
    [{ names: ['sales'] }, own, 'unreadable', false],
    [{ names: ['sale'] }, other, 'unreadable', false],
    [{ names: [] }, other, 'unreadable', false],
    [{ selector: { matchLabels: { team: 'blue' } } }, other, blue, true],
    [{ selector: { matchLabels: { team: 'blue' } } }, own, blue, true],
    [{ selector: { matchLabels: { team: 'blue', tier: 'tin' } } }, other, blue, false],
    [{ selector: { matchLabels: { team: 'blue' } } }, other, 'missing', false],
    [{ selector: { matchLabels: { team: 'blue' } } }, other, 'unreadable', false],
    [{ selector: { matchLabels: { constructor: 'x' } } }, other, blue, false],
    [expressions({ key: 'team', operator: 'In', values: ['red', 'blue'] }), other, blue, true],
    [expressions({ key: 'team', operator: 'NotIn', values: ['blue'] }), other, blue, false],
    [expressions({ key: 'x', operator: 'NotIn', values: ['blue'] }), other, blue, true],
    [expressions({ key: 'team', operator: 'Exists' }), other, blue, true],
    [expressions({ key: 'toString', operator: 'Exists' }), other, blue, false],
    [expressions({ key: 'team', operator: 'DoesNotExist' }), other, blue, false],
    [expressions({ key: 'x', operator: 'DoesNotExist' }), other, blue, true],
    [{ names: ['sales'], selector: {} }, other, blue, false],
    [{ selector: {} }, other, blue, false],
    ['Everyone', own, blue, false],
  ])('%j', (namespaces, asking, look, allowed) => {
    const denial = namespaceDenial(
      asking,
      asking.spec.serverRef,
      server({ namespaces }),
      () => look,
    )
    expect(denial === undefined).toBe(allowed)
  })

  test('a server of another namespace that is not there is denied in the same words', () => {
    const there = namespaceDenial(other, other.spec.serverRef, server(), () => 'missing')
    expect(namespaceDenial(other, other.spec.serverRef, undefined, () => 'missing')).toEqual(there)
    expect(namespaceDenial(own, own.spec.serverRef, undefined, () => 'missing')).toBeUndefined()
  })

  test.each([
    null,
    1,
    [],
    {},
    'same',
    { names: 'a' },
    { names: [1] },
    { names: [''] },
    { names: Array(257).fill('a') },
    { name: ['a'] },
    { names: ['a'], selector: { matchLabels: { a: 'b' } } },
    { selector: 'a' },
    { selector: { matchLabels: ['a'] } },
    { selector: { matchLabels: { a: 1 } } },
    { selector: { matchLabels: {}, other: {} } },
    { selector: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
    { selector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] } },
    { selector: { matchExpressions: [{ key: 'a', operator: 'Is', values: ['b'] }] } },
    { selector: { matchExpressions: [{ key: '', operator: 'Exists' }] } },
    { selector: { matchExpressions: {} } },
  ])('of a wrong form are told: %j', (value) => {
    expect(namespacesFault(value)).toMatch(/must be|take|empty/)
  })

  test('with a label that is no text say what to quote', () => {
    const labels = { selector: { matchLabels: { a: 'b', tier: 1 } } }
    expect(namespacesFault(labels)).toMatch(/matchLabels must be texts: quote/)
  })
})

test('the guard is the smaller of both, within the longer window', () => {
  const guard = {
    window: '10m',
    deletions: { maxPercent: 100, maxCount: 1_000_000 },
    publications: { maxCount: 5 },
    updates: { maxPercent: 60, maxCount: 8 },
    minCount: 3,
  }
  const ceilings = {
    window: '1h',
    deletions: { maxPercent: 20, maxCount: 7 },
    publications: { maxCount: 9 },
    updates: { maxPercent: 50, maxCount: 9 },
  }
  expect(guardUnder(guard, [server({ guard: { ceilings } })])).toEqual({
    ...ceilings,
    publications: { maxCount: 5 },
    updates: { maxPercent: 50, maxCount: 8 },
    minCount: 3,
  })
  expect(guardUnder({ ...guard, window: '2h' }, [server({ guard: { ceilings } })]).window).toBe(
    '2h',
  )
  expect(guardUnder(guard, [server({ guard: { ceilings: {} } })])).toEqual({
    ...guard,
    window: '1h',
  })
  expect(guardUnder(guard, [server()])).toEqual(guard)
  expect(guardUnder(guard, [])).toEqual(guard)
})

test('Exchange is asked where something is restricted, and only there', () => {
  expect(restrictions(server())).toEqual({ hubs: false, mailboxes: false, folders: true })
  expect(restrictions(server({ folders: ['*'], hubs: [], mailboxes: [] }))).toEqual({
    hubs: true,
    mailboxes: true,
    folders: false,
  })
})
