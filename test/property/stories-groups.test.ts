// Two groups over one hub, and a delete that one of them has not carried out everywhere when the other brings
// the contact back: it is the same contact in both, whoever brings it back, and however often.
import { describe, expect, test } from 'vitest'
import type { ItemId } from '../../controller/core/id.ts'
import { type Part, Stage } from './stage.ts'

type Two = Readonly<{ one: Stage; other: Stage }>

/** One group with ann and eve, another with bob; Ewa is agreed on. */
async function two(has: Readonly<Record<string, readonly string[]>>): Promise<Two> {
  const part = (name: string): Part => ({ has: has[name] ?? [] })
  const one = new Stage({ hub: part('hub'), ann: part('ann'), eve: part('eve') }, 'test/one')
  const other = new Stage({ hub: {}, bob: part('bob') }, 'test/other', one.folders)
  const both = { one, other }
  await rest(both)
  return both
}

async function rest({ one, other }: Two): Promise<void> {
  for (const stage of [one, other, one, other, one, other]) await stage.rest()
}

const shown = ({ one, other }: Two) => [
  ...['hub', 'ann', 'eve'].map((who) => one.shows(who)),
  other.shows('bob'),
]
const everywhere = (...texts: string[]) => ['hub', 'ann', 'eve', 'bob'].map(() => texts)
const fields = (stage: Stage, where: string) =>
  [...(stage.folders.get(where)?.items.values() ?? [])].map(({ item }) => item)

// Deleted in the hub while all members of some groups are away.
async function deleted({ one, other }: Two): Promise<void> {
  for (const who of ['ann', 'eve']) one.away.add(who)
  other.away.add('bob')
  one.remove('hub', 'Ewa')
  for (const stage of [one, other]) await stage.rest()
  for (const stage of [one, other]) stage.away.clear()
}

test.each(['hub', 'ann', 'bob'])(
  'edits of both groups are of one contact, begun by %s',
  async (who) => {
    const both = await two({ [who]: ['Ewa:1'] })
    await deleted(both)
    both.one.edit('ann', 'Ewa:2')
    both.other.edit('bob', 'Ewa:1', { Department: 'x' })
    await rest(both)
    expect(shown(both)).toEqual(everywhere('Ewa:2'))
    expect(fields(both.one, 'hub')).toMatchObject([{ JobTitle: '2', Department: 'x' }])
  },
)

test('one of them brings it back twice before the other hears of it', async () => {
  const both = await two({ hub: ['Ewa:1'] })
  const { one, other } = both
  one.remove('hub', 'Ewa')
  one.edit('ann', 'Ewa:2')
  await one.pass()
  one.remove('hub', 'Ewa')
  one.edit('ann', 'Ewa:3')
  other.edit('bob', 'Ewa:1', { Department: 'x' })
  other.away.add('bob')
  await other.pass()
  await one.pass()
  other.away.clear()
  await rest(both)
  expect(shown(both)).toEqual(everywhere('Ewa:3'))
  expect(fields(one, 'hub')).toMatchObject([{ JobTitle: '3', Department: 'x' }])
})

test('what one of them brings back as it was is not deleted by the other', async () => {
  const both = await two({ hub: ['Ewa:1'] })
  const { one, other } = both
  other.away.add('bob')
  one.away.add('eve')
  one.remove('hub', 'Ewa')
  await rest(both)
  expect(shown(both)).toEqual([[], [], ['Ewa:1'], ['Ewa:1']])
  one.wants('hub Deleted Ewa:1')
  await rest(both)
  for (const stage of [one, other]) stage.away.clear()
  await rest(both)
  expect(shown(both)).toEqual(everywhere('Ewa:1'))
})

test('… nor what one of them changed back to what it had been long before', async () => {
  const both = await two({ hub: ['Ewa:1'] })
  const { one, other } = both
  one.edit('hub', 'Ewa:2')
  other.away.add('bob')
  for (const stage of [one, other]) await stage.rest()
  for (const who of ['ann', 'eve']) one.away.add(who)
  one.remove('hub', 'Ewa')
  for (const stage of [one, other]) await stage.rest()
  one.away.clear()
  other.away.clear()
  one.edit('ann', 'Ewa:1')
  other.edit('bob', 'Ewa:3')
  other.policy = 'MemberWins'
  await rest(both)
  expect(shown(both)).toEqual(everywhere('Ewa:3'))
  expect(other.bin()).toContain('hub Conflict Ewa:1')
})

test('a member who edited and moved hers, and only then hears of it, has no second one', async () => {
  const both = await two({ bob: ['Ewa:1'] })
  await deleted(both)
  both.one.edit('ann', 'Ewa:2')
  both.other.edit('bob', 'Ewa:1', { Department: 'x' })
  both.other.move('bob', 'Ewa')
  await rest(both)
  expect(shown(both)).toEqual(everywhere('Ewa:2'))
  expect(fields(both.one, 'hub')).toMatchObject([{ JobTitle: '2', Department: 'x' }])
})

test('two contacts that look alike stay two, each with its own edits', async () => {
  const both = await two({ hub: ['Ewa:1', 'Ewa:2'] })
  const { one, other } = both
  for (const who of ['ann', 'eve']) one.away.add(who)
  other.away.add('bob')
  for (const _time of [1, 2]) one.remove('hub', 'Ewa')
  for (const stage of [one, other]) await stage.rest()
  const edit = (stage: Stage, where: string, title: string, more: Record<string, string>) => {
    const folder = stage.folders.get(where)
    for (const [id, { item }] of folder?.items ?? [])
      if (item.JobTitle === title) folder?.edit(id, { ...item, ...more })
  }
  for (const title of ['1', '2']) {
    edit(one, 'ann', title, { Department: `ann${title}` })
    edit(other, 'bob', title, { 'Phone:MobilePhone': `bob${title}` })
  }
  one.away.clear()
  await one.rest()
  other.away.clear()
  await rest(both)
  expect(shown(both)).toEqual(everywhere('Ewa:1', 'Ewa:2'))
  const people = fields(one, 'hub').sort((a, b) =>
    String(a.JobTitle) < String(b.JobTitle) ? -1 : 1,
  )
  expect(people).toMatchObject(
    ['1', '2'].map((n) => ({ JobTitle: n, Department: `ann${n}`, 'Phone:MobilePhone': `bob${n}` })),
  )
})

// A pass of one group before the nth request of the other's; answers whether there was one.
async function met(first: Stage, second: Stage, moment: number): Promise<boolean> {
  let requests = 0
  first.gate = async () => {
    requests += 1
    if (requests === moment) await second.pass()
  }
  await first.pass()
  first.gate = async () => {}
  return requests >= moment
}

// Both passes look before either writes, or one of them begins at any later request of the other.
describe('both bring it back in the same moment', () => {
  const departments = ({ one, other }: Two) =>
    [fields(one, 'hub'), fields(one, 'ann'), fields(other, 'bob')].map((items) =>
      items.map(({ JobTitle, Department }) => [JobTitle, Department].join()),
    )

  async function meeting(
    edits: (both: Two) => void,
    began: 'one' | 'other',
    proves: (both: Two, moment: number) => void,
  ): Promise<void> {
    for (let turn = 2; ; turn += 1) {
      const moment = Math.floor(turn / 2)
      const both = await two({ hub: ['Ewa:1', 'Jan:1'] })
      both.one.remove('hub', 'Ewa')
      edits(both)
      const [first, second] = began === 'one' ? [both.one, both.other] : [both.other, both.one]
      const reached = await met(first, second, moment)
      // Either may be the first that looks again, and needs nothing of the other.
      if (turn % 2 === 1) {
        await second.pass()
        expect(second.shows('hub'), `met at ${moment}`).toHaveLength(2)
      }
      await rest(both)
      proves(both, moment)
      if (!reached) return
    }
  }

  test.each(['one', 'other'] as const)(
    'it is there once, with what both wrote, begun by %s',
    async (began) => {
      const edits = ({ one, other }: Two) => {
        one.edit('ann', 'Ewa:2')
        other.edit('bob', 'Ewa:1', { Department: 'x' })
      }
      await meeting(edits, began, (both, moment) => {
        expect(shown(both), `met at ${moment}`).toEqual(everywhere('Ewa:2', 'Jan:1'))
        expect(departments(both)).toEqual([0, 1, 2].map(() => expect.arrayContaining(['2,x'])))
      })
    },
  )

  test.each(['one', 'other'] as const)(
    'of two edits of one field the loser is in a bin, begun by %s',
    async (began) => {
      const edits = ({ one, other }: Two) => {
        one.edit('ann', 'Ewa:2')
        other.edit('bob', 'Ewa:3')
      }
      await meeting(edits, began, (both, moment) => {
        const [[, ewa] = []] = [shown(both)[0]?.toReversed() ?? []]
        expect(['Ewa:2', 'Ewa:3'], `met at ${moment}`).toContain(ewa)
        expect(shown(both), `met at ${moment}`).toEqual(everywhere(String(ewa), 'Jan:1'))
        const bins = [...both.one.bin(), ...both.other.bin()].join('\n')
        expect(bins, `met at ${moment}`).toContain(ewa === 'Ewa:2' ? 'Ewa:3' : 'Ewa:2')
      })
    },
  )

  test('both find that it is there twice in the same moment', async () => {
    for (let moment = 1; ; moment += 1) {
      const both = await two({ hub: ['Ewa:1', 'Jan:1'] })
      const { one, other } = both
      one.remove('hub', 'Ewa')
      one.edit('ann', 'Ewa:2')
      other.edit('bob', 'Ewa:1', { Department: 'x' })
      await met(one, other, 4)
      expect(one.shows('hub')).toHaveLength(3)
      const reached = await met(one, other, moment)
      await rest(both)
      expect(shown(both), `met at ${moment}`).toEqual(everywhere('Ewa:2', 'Jan:1'))
      if (!reached) return
    }
  })

  test('what a user copied stays a contact of its own', async () => {
    const both = await two({ hub: ['Ewa:1'] })
    const { one, other } = both
    one.remove('hub', 'Ewa')
    one.edit('ann', 'Ewa:2')
    other.edit('bob', 'Ewa:1', { Department: 'x' })
    await met(one, other, 4)
    const hub = one.folders.get('hub')
    const made = [...(hub?.items ?? [])].map(([id, { stamp }]) => ({ id, group: stamp?.group }))
    expect(made).toHaveLength(2)
    const [stays] = made.sort((a, b) => (String(a.group) < String(b.group) ? -1 : 1))
    hub?.copy(stays?.id as ItemId)
    hub?.copy(stays?.id as ItemId)
    await rest(both)
    expect(shown(both).map((all) => all.length)).toEqual([3, 3, 3, 3])
  })

  test('what a member copied before the state was lost is not taken for what was made again', async () => {
    const both = await two({ hub: ['Ewa:1'] })
    const { one, other } = both
    const bobs = other.folders.get('bob')
    const [id] = [...(bobs?.items.keys() ?? [])]
    const copied = bobs?.copy(id as ItemId)
    bobs?.edit(copied as ItemId, { ...bobs.items.get(copied as ItemId)?.item, GivenName: 'Eva' })
    other.forget()
    await rest(both)
    expect(shown(both)).toEqual(everywhere('Eva:1', 'Ewa:1'))
    one.remove('hub', 'Ewa')
    one.edit('ann', 'Ewa:2')
    await one.rest()
    await rest(both)
    expect(shown(both)).toEqual(everywhere('Eva:1', 'Ewa:2'))
  })
})
