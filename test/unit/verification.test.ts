// What a verification says of one copy: tables of what was agreed, what the baseline notes of the copy, and what is read.
import { describe, expect, test } from 'vitest'
import {
  resultOf,
  type Verification,
  verdictOf,
  verdictOfAbsent,
  verdictOfExtra,
  verifiedOf,
} from '../../controller/api/verification.ts'
import { drifted, shownOf } from '../../controller/core/deviation.ts'
import type { ItemId, LinkId, ReplicaId, Version } from '../../controller/core/id.ts'
import type { Item } from '../../controller/core/item.ts'
import { contact, fieldsNewSince } from '../../controller/core/items/contact.ts'
import type { Copy, Found, Link, Role } from '../../controller/core/model.ts'
import { SyncError } from '../../controller/core/sync-error.ts'

const anna: Role = {
  id: 'anna@corp.example:contacts/company' as ReplicaId,
  hub: false,
  writes: true,
  receives: true,
  drift: 'Revert',
  private: 'Skip',
}
const receiver: Role = { ...anna, writes: false }
const ignored: Role = { ...receiver, drift: 'Ignore' }
const giver: Role = {
  ...anna,
  id: 'hub:/company' as ReplicaId,
  hub: true,
  receives: false,
  private: 'Copy',
}

const agreed: Item = { GivenName: 'Ewa', Surname: 'Żak', JobTitle: '1' }
const earlier: Item = { ...agreed, JobTitle: '0' }
const copyOf = (more: Partial<Copy> = {}): Copy => ({
  id: 'i' as ItemId,
  version: 'v1' as Version,
  revision: 2,
  shown: {},
  codec: contact.codec,
  ...more,
})
const linkOf = (copy: Copy | undefined, role: Role, more: Partial<Link> = {}): Link => ({
  id: 'l' as LinkId,
  revision: 2,
  agreed,
  editedMs: 5,
  bases: new Map([[1, earlier]]),
  copies: new Map(copy === undefined ? [] : [[role.id, copy]]),
  aliases: [],
  declined: new Set(),
  ...more,
})
const found = (item: Item, version = 'v2'): Found => ({
  id: 'i' as ItemId,
  version: version as Version,
  item,
  modifiedMs: 7,
})
const error = (code: string) => new SyncError('terminal', code, 'said')
const spot = (link: Link, role: Role, itemBytes = 1_000) => ({
  type: contact,
  link,
  role,
  itemBytes,
})
const judged = (
  role: Role,
  answer: Parameters<typeof verdictOf>[2],
  copy = copyOf(),
  more: Partial<Link> = {},
  itemBytes = 1_000,
) => verdictOf(spot(linkOf(copy, role, more), role, itemBytes), copy, answer)

const edited = { ...agreed, JobTitle: '2', Department: 'Sales' }
const differs = { kind: 'Differs', fields: ['Department', 'JobTitle'], sinceMs: 7 }
const secret = { ...agreed, Sensitivity: 'Private' }
const behind = copyOf({ revision: 1 })
const [later = ''] = fieldsNewSince(1)
const old = copyOf({ codec: 1 })

describe('a copy that was read', () => {
  const cut = { ...agreed, JobTitle: 'cut' }
  const cutCopy = copyOf({ shown: shownOf(contact, cut, agreed) })
  const fields = ['Department', 'JobTitle']
  const drift = copyOf({ shown: drifted(shownOf(contact, edited, agreed), new Set(fields)) })
  test.each([
    ['shows what is agreed', judged(anna, found(agreed)), 'Proved'],
    ['has other white space', judged(anna, found({ ...agreed, JobTitle: ' 1 ' })), 'Proved'],
    ['shows what its server made of it', judged(anna, found(cut), cutCopy), 'Proved'],
    [
      'shows something else than its server made of it',
      judged(anna, found({ ...agreed, JobTitle: 'cut more' }), cutCopy),
      { kind: 'Differs', fields: ['JobTitle'], sinceMs: 7 },
    ],
    ['was edited', judged(anna, found(edited)), differs],
    ['was edited by one who only receives', judged(receiver, found(edited)), differs],
    ['was edited, where that is ignored', judged(ignored, found(edited)), 'Ignored'],
    ['was edited before, where that is ignored', judged(ignored, found(edited), drift), 'Ignored'],
    ['is reverted from now on', judged(receiver, found(edited), drift), differs],
    ['was edited in a hub that receives nothing', judged(giver, found(edited)), differs],
    ['was marked private', judged(anna, found(secret)), 'Private'],
    [
      'is withheld, and edited',
      judged(anna, found({ ...secret, JobTitle: '2' }), copyOf({ withheld: true })),
      'Private',
    ],
    [
      'is behind',
      judged(anna, found(earlier), behind),
      { kind: 'Behind', fields: ['JobTitle'], sinceMs: 5 },
    ],
    ['is behind by the baseline only', judged(anna, found(agreed), behind), 'Proved'],
    ['is behind with what is too large', judged(anna, found(earlier), behind, {}, 3), 'TooLarge'],
    [
      'is still there after its deletion was agreed',
      judged(anna, found(agreed), copyOf(), { agreed: undefined }),
      { kind: 'Behind', fields: [], sinceMs: 5 },
    ],
    [
      'has a field that came after its codec',
      judged(anna, found({ ...agreed, [later]: 'x' }), old),
      'OlderCodec',
    ],
    ['was edited since an older codec', judged(anna, found(edited), old), differs],
    ['is as it was under an older codec', judged(anna, found(edited, 'v1'), old), 'Proved'],
  ])('that %s', (_what, verdict, expected) => {
    expect(verdict).toEqual(expected)
  })
})

describe('a copy that is not there', () => {
  const missing = { kind: 'Missing', fields: [] }
  const absent = (role: Role, more: Partial<Link> = {}, itemBytes = 1_000) =>
    verdictOfAbsent(spot(linkOf(undefined, role, more), role, itemBytes))
  test.each([
    ['and was', judged(anna, undefined), missing],
    ['and was, of one who only receives', judged(receiver, undefined), missing],
    ['and was, where that is ignored', judged(ignored, undefined), 'Declined'],
    ['and was not yet', absent(anna), missing],
    ['and was declined', absent(ignored, { declined: new Set([ignored.id]) }), 'Declined'],
    [
      'and was declined by one who writes now',
      absent(anna, { declined: new Set([anna.id]) }),
      missing,
    ],
    ['and need not be', absent(giver), 'Proved'],
    ['and is too large', absent(anna, {}, 3), 'TooLarge'],
    ['after its deletion was agreed', absent(anna, { agreed: undefined }), 'Proved'],
    [
      'since it cannot be read',
      judged(anna, error('ErrorCorruptData')),
      { kind: 'Unread', fields: [], code: 'ErrorCorruptData' },
    ],
    ['since it is too large to be read', judged(anna, error('ItemTooLarge')), 'TooLarge'],
  ])('%s', (_what, verdict, expected) => {
    expect(verdict).toEqual(expected)
  })
})

test('an item that the baseline does not know is extra, unless it may be there', () => {
  const extra = (role: Role, item: Item) => verdictOfExtra(contact, role, found(item))
  expect(extra(anna, agreed)).toEqual({ kind: 'Extra', fields: [], sinceMs: 7 })
  expect(extra(giver, secret)).toEqual({ kind: 'Extra', fields: [], sinceMs: 7 })
  expect(extra(anna, secret)).toBe('Private')
  expect(extra({ ...anna, private: 'Copy' }, secret)).toMatchObject({ kind: 'Extra' })
  expect(extra(receiver, agreed)).toBe('Own')
  expect(verdictOfExtra(contact, anna, undefined)).toBeUndefined()
  expect(verdictOfExtra(contact, anna, error('OtherKind'))).toBeUndefined()
  expect(verdictOfExtra(contact, anna, error('ErrorCorruptData'))).toMatchObject({ kind: 'Unread' })
})

describe('all in all', () => {
  const whole: Verification = {
    endedMs: 0,
    tookMs: 0,
    replicas: { total: 2, read: 2 },
    copies: 2,
    apart: new Map([['Private', 1]]),
    problems: [],
    deviations: [],
    unfinished: false,
  }
  const deviation = { link: 'l' as LinkId, replica: anna.id, fields: ['JobTitle'] }
  const unread = { ...deviation, kind: 'Unread' as const, code: 'ErrorCorruptData' }
  const other = { ...deviation, kind: 'Differs' as const, sinceMs: 7 }
  const problem = { replica: anna.id, kind: 'transient' as const, reason: 'X', message: 'said' }

  test('only what was read, and is as agreed, is proved', () => {
    expect(resultOf(whole)).toBe('Proved')
    expect(resultOf({ ...whole, unfinished: true })).toBe('Unread')
    expect(resultOf({ ...whole, problems: [problem] })).toBe('Unread')
    expect(resultOf({ ...whole, deviations: [unread] })).toBe('Unread')
    expect(resultOf({ ...whole, problems: [problem], deviations: [other] })).toBe('Deviating')
  })

  test('a status names the first, whatever the words of servers are', () => {
    const fields = Array.from({ length: 40 }, (_, n) => `F${n}`)
    const deviations = Array.from({ length: 30 }, () => ({
      ...other,
      fields,
      sinceMs: Number.NaN,
    }))
    const place = { server: 'sales/corp', kind: 'publicFolder', path: '/Company' } as const
    const hub = { role: giver, place }
    const participants = { hub, members: [], all: [hub], roles: [giver] }
    const status = verifiedOf(
      't'.repeat(999),
      { ...whole, problems: [problem], deviations },
      participants,
    )
    expect(status).toMatchObject({ copies: 2, deviations: 31, result: 'Deviating' })
    expect(status.requestedAt).toHaveLength(256)
    expect(status.first).toHaveLength(20)
    expect(status.first?.[0]).toEqual({ replica: 'anna@corp.example', kind: 'Unread' })
    expect(status.first?.[1]).toMatchObject({ link: 'l', kind: 'Differs' })
    expect(status.first?.[1]?.fields).toHaveLength(20)
  })
})
