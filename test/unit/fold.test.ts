// What a write leaves in the baseline, and when a link is done with.
import { expect, test } from 'vitest'
import { copyAfter, settled, sourceOf } from '../../controller/core/fold.ts'
import type { ItemId, LinkId, ReplicaId, Version } from '../../controller/core/id.ts'
import { contact } from '../../controller/core/items/contact.ts'
import { type Copy, freshLink, type Link, type Role } from '../../controller/core/model.ts'
import { sourceMark } from '../../controller/core/stamp.ts'
import type { Action, Step } from '../../controller/core/step.ts'

const [hub, ann] = ['hub' as ReplicaId, 'ann' as ReplicaId]
const copy = (id: string, revision = 1): Copy => ({
  id: id as ItemId,
  version: 'v' as Version,
  revision,
  shown: {},
})
const link: Link = {
  ...freshLink('link' as LinkId),
  revision: 1,
  agreed: { GivenName: 'Ewa', JobTitle: 'old', Department: 'long' },
  copies: new Map([
    [ann, copy('A')],
    [hub, copy('H')],
  ]),
}
const step: Step = {
  link,
  agreed: { GivenName: 'Ewa', JobTitle: 'new', Department: 'long' },
  revision: 2,
  editedMs: undefined,
  keeps: [],
  replaced: [],
  restores: false,
  confirmed: false,
  actions: [],
  known: new Map(),
  rereads: [],
  dropped: [],
  declined: [],
  conflicts: [],
  deleters: [],
  publisher: undefined,
  later: false,
}
const update: Action = {
  kind: 'update',
  replica: ann,
  id: 'A' as ItemId,
  expect: 'v' as Version,
  patch: { set: { JobTitle: 'new' }, clear: [] },
  shown: { Department: 'cut', JobTitle: 'cut, too' },
  withheld: true,
  overwrites: [],
}
const written = { id: 'A' as ItemId, version: 'w' as Version }

test('a copy that could not be read back shows what it showed, but for what was written', () => {
  const after = copyAfter(contact, step, update, { ...written, stored: undefined })
  expect(after).toEqual({
    ...written,
    revision: 2,
    codec: contact.codec,
    shown: { Department: 'cut' },
    withheld: true,
  })
})

test('a copy that was read back shows what the server made of it', () => {
  const stored = { GivenName: 'Ewa', JobTitle: 'new', Department: 'lo' }
  const { shown } = copyAfter(contact, step, update, { ...written, stored })
  expect(Object.keys(shown)).toEqual(['Department'])
})

test('a new copy names the hub’s item as its source, whoever came first', () => {
  expect(sourceOf(step, hub)).toBe(sourceMark(hub, 'H' as ItemId))
})

const role = (id: ReplicaId, part: Partial<Role> = {}): Role => ({
  id,
  hub: id === hub,
  writes: true,
  receives: true,
  drift: 'Revert',
  private: 'Skip',
  ...part,
})

test('a link is done with when all who receive hold what is agreed', () => {
  const roles = [role(hub), role(ann)]
  const having = (revision: number) => ({ ...link, copies: new Map([[hub, copy('H', revision)]]) })
  expect(settled(link, roles)).toBe(true)
  expect(settled(having(1), roles)).toBe(false)
  expect(settled(having(1), [role(hub)])).toBe(true)
  expect(settled(having(0), [role(hub)])).toBe(false)
  expect(settled(having(0), [role(hub, { receives: false })])).toBe(true)
  expect(settled({ ...having(1), declined: new Set([ann]) }, roles)).toBe(true)
})

test('a deletion is done with when nobody holds a copy any more', () => {
  const deleted = { ...link, agreed: undefined }
  expect(settled(deleted, [role(hub)])).toBe(false)
  expect(settled({ ...deleted, copies: new Map() }, [role(hub)])).toBe(true)
})
