// A plan for many items gives way while it is made: how much is done between two breaths does not grow with the number of
// items, and all of it grows no faster than they do. Counted is what the planner asks of a kind of item.
import { expect, test } from 'vitest'
import { guarded, type Judgement } from '../../controller/core/guard.ts'
import type { GroupId, ItemId, LinkId, ReplicaId, Version } from '../../controller/core/id.ts'
import type { Item, ItemType } from '../../controller/core/item.ts'
import { contact } from '../../controller/core/items/contact.ts'
import type { Found, Observation, Role } from '../../controller/core/model.ts'
import type { View } from '../../controller/core/rows.ts'
import { groupMark, hubMark, type Stamp } from '../../controller/core/stamp.ts'
import { orphansOf } from '../../controller/core/unclaimed.ts'
import { breathing, inParts } from '../../controller/sync/breathe.ts'
import { free } from '../support/limits.ts'

const [group, hub] = ['ns/g' as GroupId, 'hub:/Company' as ReplicaId]
const roles: readonly Role[] = [hub, 'ann' as ReplicaId, 'bob' as ReplicaId].map((id) => ({
  id,
  hub: id === hub,
  writes: true,
  receives: true,
  drift: 'Revert',
  private: 'Skip',
}))

const limits = free
const judgement: Judgement = {
  limits,
  items: 0,
  caused: new Map(),
  approved: new Set<string>(),
  epoch: 0,
}

type Of = (who: string, n: number) => Readonly<{ item: Item; stamp?: Stamp }>

const copied: Stamp = {
  group: groupMark(group),
  link: 'l' as LinkId,
  source: 's',
  hub: hubMark(hub),
}
const shapes: Readonly<Record<string, Of>> = {
  'the same contacts everywhere': (_who, n) => ({ item: { GivenName: `Ewa${n}`, Surname: 'Żak' } }),
  'other contacts everywhere': (who, n) => ({ item: { GivenName: `${who}${n}`, Surname: 'Żak' } }),
  'equal contacts': () => ({ item: { GivenName: 'Ewa', Surname: 'Żak' } }),
  'contacts of one name': (who, n) => ({ item: { GivenName: 'Ewa', JobTitle: `${who}${n}` } }),
  'copies of one copy': (who, n) => ({ item: { GivenName: `${who}${n}` }, stamp: copied }),
  'large contacts': (_who, n) => ({ item: { GivenName: `Ewa${n}`, Profession: 'a'.repeat(9000) } }),
}

function viewOf(of: Of, count: number): View {
  const seen = ({ id }: Role): [ReplicaId, Observation] => {
    const changed = Array.from({ length: count }, (_, n): Found => {
      return { id: `${id}${n}` as ItemId, version: 'v' as Version, ...of(id, n) }
    })
    return [id, { state: 'seen', changed, gone: [] }]
  }
  return { links: [], observations: new Map(roles.map(seen)) }
}

/** The questions of a plan: all of them, and the most between two turns of the event loop. */
async function questions(of: Of, count: number): Promise<Readonly<{ all: number; most: number }>> {
  let [all, since, most, isOver] = [0, 0, 0, false]
  const asked = () => {
    all += 1
    since += 1
    most = Math.max(most, since)
  }
  const turn = () => {
    since = 0
    if (!isOver) setImmediate(turn)
  }
  const type: ItemType = {
    ...contact,
    field: (name) => {
      asked()
      return contact.field(name)
    },
    naturalKeys: (item) => {
      asked()
      return contact.naturalKeys(item)
    },
  }
  const view = viewOf(of, count)
  setImmediate(turn)
  const rules = { group, type, roles, policy: 'HubWins' } as const
  const { plan, observations } = await breathing(guarded(rules, view, judgement))
  await breathing(orphansOf(rules, view, observations, plan))
  isOver = true
  return { all, most }
}

test.each(Object.entries(shapes))('%s', async (_what, of) => {
  const [few, many] = [await questions(of, 150), await questions(of, 600)]
  expect(many.all).toBeLessThan(5 * few.all)
  expect(many.most).toBeLessThan(3000)
  expect(many.most).toBeLessThan(many.all / 2)
})

test('a state is asked part by part, and everything is answered in order', async () => {
  const items = Array.from({ length: 1234 }, (_, n) => n)
  const sizes: number[] = []
  const answers = await inParts(items, async (part) => {
    sizes.push(part.length)
    return part.flatMap((n) => [n, -n])
  })
  expect(answers).toEqual(items.flatMap((n) => [n, -n]))
  expect(Math.max(...sizes)).toBeLessThanOrEqual(200)
})
