// What every baseline does: one suite for the Baseline port. What several groups of one state have to do with each other
// is in state.ts, and what a user asks back in bin.ts.
import { expect, test } from 'vitest'
import type { ReplicaId, Version } from '../../controller/core/id.ts'
import type { Baseline } from '../../controller/sync/ports.ts'
import {
  agreement,
  ann,
  attempt,
  bob,
  commit,
  copy,
  deleted,
  everythingOf,
  group,
  hub,
  idOf,
  impossible,
  linkAs,
  linkOf,
  memory,
  type Writes,
} from './changes.ts'

/** An empty baseline of `group`, in a test's hands. */
export type BaselinePlace = Readonly<{
  baseline: Baseline
  /** The same baseline after its process has ended and another one has opened it. */
  reopened: () => Promise<Baseline>
  close: () => Promise<void>
}>

/** Everything that one group can write at once. */
const everything: Writes = {
  identity: { uid: 'u', server: 'ns/corp', url: 'https://mail/' },
  agreements: [
    agreement('one', {
      revision: 3,
      editedMs: 7,
      source: 'mark',
      aliases: ['old'],
      base: { revision: 2, item: { GivenName: 'before' } },
      copies: new Map([
        [ann, copy('A', { revision: 3 })],
        [bob, copy('B', { revision: 2, shown: { Body: 'digest' }, withheld: true, codec: 2 })],
      ]),
      declined: [hub],
    }),
    agreement('two'),
  ],
  kept: [deleted({ GivenName: 'lost' })],
  conflicts: [{ link: linkOf('one'), replica: bob, field: 'Body', version: 'v' }],
  caused: new Map([
    [
      ann,
      {
        deletions: 1,
        publications: 2,
        updates: [linkOf('one')],
        approved: { deletions: 3, publications: 0, updates: [] },
      },
    ],
  ]),
  approvals: ['hash'],
  memories: new Map([
    [
      ann,
      memory({
        checkpoint: { folder: 'f', adapter: { any: ['thing', null] } },
        recheck: [idOf('A')],
        codec: 3,
      }),
    ],
    [hub, memory({ checkpoint: { folder: 'public' }, seenAs: undefined, rewound: true })],
    [
      bob,
      memory({
        relist: true,
        unread: [{ id: idOf('B'), code: 'X', sinceMs: 4, again: true }],
      }),
    ],
  ]),
  attempts: [{ link: linkOf('two'), replica: bob, attempt: attempt('two', { code: 'Lost' }) }],
  entries: [{ link: linkOf('one'), replica: ann, action: 'create', result: 'Done' }],
}

/** The suite. `open` answers an empty baseline. */
export function conformsToBaseline(open: () => Promise<BaselinePlace>): void {
  const on = (title: string, body: (baseline: Baseline, place: BaselinePlace) => Promise<void>) =>
    test(title, async () => {
      const place = await open()
      try {
        await body(place.baseline, place)
      } finally {
        await place.close()
      }
    })
  const linkIn = async (baseline: Baseline, id: string) => (await baseline.links([linkOf(id)]))[0]

  on('a group that nothing is known of answers everything, emptily', async (baseline) => {
    expect(baseline.group).toBe(group)
    expect(await everythingOf(baseline)).toEqual({
      links: [],
      unsettled: [],
      memories: [],
      known: [],
      deviating: [],
      outdated: [],
      identity: {},
      count: 0,
      caused: [],
      approvals: 0,
      conflicts: { total: 0, lastMs: undefined },
      attempts: [],
      claims: [],
      restorations: [],
      historySince: undefined,
    })
    expect(await baseline.known(ann).versions([idOf('A')])).toEqual(new Map())
    expect(await baseline.linksOf(ann, [idOf('A')])).toEqual([])
    expect(await baseline.linksNamed(['mark'])).toEqual([])
    expect(await baseline.links([linkOf('one')])).toEqual([])
  })

  on('what was committed is answered, and outlives the process', async (baseline, place) => {
    await commit(baseline, everything, 10)
    const before = await everythingOf(baseline)
    expect(before).toMatchObject({
      identity: everything.identity,
      count: 2,
      approvals: 1,
      conflicts: { total: 1, lastMs: 10 },
      attempts: [attempt('two', { code: 'Lost' })],
      unsettled: ['one', 'two'],
    })
    expect(new Map(await baseline.memories())).toEqual(everything.memories)
    expect(await everythingOf(await place.reopened())).toEqual(before)
  })

  on('a commit that fails at its end has written nothing', async (baseline, place) => {
    await commit(baseline, { agreements: [agreement('one')], memories: new Map([[ann, memory()]]) })
    const before = await everythingOf(baseline)
    await expect(commit(baseline, { ...everything, ...impossible })).rejects.toThrow()
    await expect(
      commit(baseline, { reset: true, left: [ann], unsettle: true, ...impossible }),
    ).rejects.toThrow()
    expect(await everythingOf(baseline)).toEqual(before)
    expect(await everythingOf(await place.reopened())).toEqual(before)
  })

  on('a link is answered whole, in the order that was asked for', async (baseline) => {
    await commit(baseline, everything)
    const [two, one] = await baseline.links([linkOf('two'), linkOf('none'), linkOf('one')])
    expect(two).toEqual(linkAs('two'))
    expect(one).toEqual(
      linkAs('one', {
        revision: 3,
        editedMs: 7,
        source: 'mark',
        aliases: ['old'],
        bases: new Map([[2, { GivenName: 'before' }]]),
        copies: new Map([
          [ann, copy('A', { revision: 3 })],
          [bob, copy('B', { revision: 2, shown: { Body: 'digest' }, withheld: true, codec: 2 })],
        ]),
        declined: new Set([hub]),
      }),
    )
  })

  on(
    'an agreement replaces what was agreed, adds copies and declined ones, and drops',
    async (baseline) => {
      await commit(baseline, {
        agreements: [agreement('one', { declined: [hub], aliases: ['a'] })],
      })
      const next = agreement('one', {
        revision: 2,
        agreed: undefined,
        copies: new Map([[bob, copy('B')]]),
        dropped: [ann],
        declined: [bob],
      })
      await commit(baseline, { agreements: [next] })
      const now = await linkIn(baseline, 'one')
      expect(now).toMatchObject({ revision: 2, agreed: undefined })
      expect(now?.copies).toEqual(new Map([[bob, copy('B')]]))
      expect(now?.declined).toEqual(new Set([hub, bob]))
      expect(now?.aliases, 'the aliases are those of the first agreement').toEqual(['a'])
      expect(await baseline.count(), 'a link whose deletion is agreed does not count').toBe(0)
      expect(await baseline.everything()).toEqual(['one'])
    },
  )

  on(
    'old content is held until the link is settled, the first of each revision',
    async (baseline) => {
      const base = (revision: number, GivenName: string) => ({ revision, item: { GivenName } })
      await commit(baseline, { agreements: [agreement('one')] })
      for (const [revision, name] of [
        [1, 'first'],
        [1, 'second'],
        [2, 'third'],
      ] as const) {
        const next = { revision: revision + 1, base: base(revision, name), copies: new Map() }
        await commit(baseline, { agreements: [agreement('one', next)] })
      }
      expect((await linkIn(baseline, 'one'))?.bases).toEqual(
        new Map([
          [1, { GivenName: 'first' }],
          [2, { GivenName: 'third' }],
        ]),
      )
      await commit(baseline, { settled: [linkOf('one')] })
      expect((await linkIn(baseline, 'one'))?.bases).toEqual(new Map())
      expect(await baseline.unsettled()).toEqual([])
    },
  )

  on(
    'within one change: copies are written after agreements, and what is settled or ends comes last',
    async (baseline) => {
      await commit(baseline, {
        agreements: [agreement('one'), agreement('two'), agreement('three')],
        copies: [
          { link: linkOf('one'), replica: ann, copy: copy('A2') },
          { link: linkOf('two'), replica: ann, copy: undefined },
        ],
        attempts: [{ link: linkOf('three'), replica: bob, attempt: attempt('three') }],
        settled: [linkOf('one')],
        ended: [linkOf('three')],
      })
      expect(await baseline.known(ann).all()).toEqual(new Map([[idOf('A2'), 'v-A2']]))
      expect(await baseline.unsettled()).toEqual(['two'])
      expect(await baseline.everything()).toEqual(['one', 'two'])
      expect(await baseline.attempts(), 'the attempts of an ended link end').toEqual([])
    },
  )

  on(
    'within one change: what is reset, renamed, left or forgotten goes before anything is written',
    async (baseline) => {
      await commit(baseline, {
        agreements: [agreement('old')],
        memories: new Map([[ann, memory()]]),
      })
      const memories = new Map([[bob, memory({ relist: true })]])
      await commit(baseline, { reset: true, agreements: [agreement('new')], memories })
      expect(await baseline.everything()).toEqual(['new'])
      expect([...(await baseline.memories()).keys()]).toEqual([bob])

      // The id that a copy had is another link's now.
      const other = agreement('other', { copies: new Map([[ann, copy('new')]]) })
      const forgotten = new Map([[ann, new Set([idOf('new')])]])
      await commit(baseline, { forgotten, agreements: [other] })
      expect(await baseline.linksOf(ann, [idOf('new')])).toEqual(['other'])

      const renames = new Map([['cem' as ReplicaId, ann]])
      const again = agreement('again', { copies: new Map([[ann, copy('N')]]) })
      await commit(baseline, { renames, left: [bob], unsettle: true, agreements: [again] })
      expect(await baseline.linksOf('cem' as ReplicaId, [idOf('new')])).toEqual(['other'])
      expect(await baseline.linksOf(ann, [idOf('N')])).toEqual(['again'])
      expect([...(await baseline.memories()).keys()]).toEqual([])
    },
  )

  on('writes are carried out in the order that they have', async (baseline) => {
    const at = { timeMs: 1, pass: 'p' }
    const agreements = [agreement('one')]
    const [agree, reset] = [{ write: 'agreements', agreements }, { write: 'reset' }] as const
    await baseline.commit({ at, writes: [agree, reset] })
    expect(await baseline.everything()).toEqual([])
    await baseline.commit({ at, writes: [reset, agree] })
    expect(await baseline.everything()).toEqual(['one'])
  })

  on(
    'a group that begins again or ends forgets links, memories, attempts and its identity, and not what was counted',
    async (baseline) => {
      await commit(baseline, everything)
      await commit(baseline, { reset: true })
      expect(await baseline.everything()).toEqual([])
      expect(await baseline.memories()).toEqual(new Map())
      expect(await baseline.attempts()).toEqual([])
      expect(await baseline.identity()).toEqual({})
      expect(await baseline.approvals()).toBe(1)
      expect((await baseline.conflicts()).total).toBe(1)
      expect((await baseline.causedSince(0)).get(ann)).toMatchObject({ deletions: 1 })
    },
  )

  on('a replica that is renamed keeps all it has', async (baseline) => {
    await commit(baseline, everything)
    const eve = 'eve' as ReplicaId
    await commit(baseline, {
      renames: new Map([
        [eve, bob],
        ['hub:/new' as ReplicaId, hub],
      ]),
    })
    const one = await linkIn(baseline, 'one')
    expect(one?.copies.get(eve)).toMatchObject({ id: 'B', shown: { Body: 'digest' } })
    expect(one?.declined).toEqual(new Set(['hub:/new']))
    expect((await baseline.memories()).get(eve)).toEqual(everything.memories?.get(bob))
    expect(await baseline.attempts()).toMatchObject([{ link: 'two', replica: eve }])
    const amy = 'amy' as ReplicaId
    await commit(baseline, { renames: new Map([[amy, ann]]), left: [amy] })
    expect((await baseline.causedSince(0)).get(amy)).toMatchObject({ deletions: 1 })
  })

  on('a replica that left has no copies, no memory and no attempts', async (baseline) => {
    await commit(baseline, everything)
    await commit(baseline, { left: [bob] })
    expect((await linkIn(baseline, 'one'))?.copies).toEqual(
      new Map([[ann, copy('A', { revision: 3 })]]),
    )
    expect([...(await baseline.memories()).keys()].sort()).toEqual([ann, hub])
    expect(await baseline.attempts()).toEqual([])
  })

  on(
    'copies are found by replica and id, and ids that differ only in case are two',
    async (baseline) => {
      const more = {
        copies: new Map([
          [ann, copy('ONE')],
          [bob, copy('one')],
        ]),
      }
      await commit(baseline, { agreements: [agreement('one'), agreement('two', more)] })
      expect(await baseline.linksOf(ann, [idOf('ONE'), idOf('none'), idOf('one')])).toEqual([
        'two',
        'one',
      ])
      expect(await baseline.linksOf(bob, [idOf('one')])).toEqual(['two'])
      const known = baseline.known(ann)
      expect(await known.versions([idOf('one'), idOf('none')])).toEqual(new Map([['one', 'v-one']]))
      expect(await known.all()).toEqual(
        new Map([
          ['one', 'v-one'],
          ['ONE', 'v-ONE'],
        ]),
      )
    },
  )

  on('links are found by their source and by each alias, each once', async (baseline) => {
    await commit(baseline, {
      agreements: [
        agreement('one', { source: 'mark', aliases: ['mark', 'old'] }),
        agreement('two', { aliases: ['x', 'old'] }),
        agreement('three'),
      ],
    })
    expect([...(await baseline.linksNamed(['mark', 'old']))].sort()).toEqual(['one', 'two'])
    expect(await baseline.linksNamed(['x'])).toEqual(['two'])
    expect(await baseline.linksNamed([])).toEqual([])
  })

  on('copies that show something else, are withheld or behind deviate', async (baseline) => {
    const of = (id: string, more: Parameters<typeof copy>[1]) =>
      agreement(id, { revision: 2, copies: new Map([[ann, copy(id, { revision: 2, ...more })]]) })
    await commit(baseline, {
      agreements: [
        of('equal', {}),
        of('shown', { shown: { Body: 'x' } }),
        of('withheld', { withheld: true }),
        of('behind', { revision: 1 }),
      ],
    })
    const deviating = await baseline.deviating(ann)
    expect([...deviating].sort()).toEqual(['behind', 'shown', 'withheld'])
    expect(await baseline.deviating(bob)).toEqual([])
  })

  on(
    'copies that were read under an older codec come oldest first, at most so many',
    async (baseline) => {
      for (const [id, codec] of [
        ['z', 1],
        ['y', 2],
        ['x', 1],
        ['w', 3],
      ] as const)
        await commit(baseline, {
          agreements: [agreement(id, { copies: new Map([[ann, copy(id, { codec })]]) })],
        })
      expect(await baseline.outdated(ann, 3, 9)).toEqual(['z', 'y', 'x'])
      expect(await baseline.outdated(ann, 3, 2)).toEqual(['z', 'y'])
      expect(await baseline.outdated(ann, 1, 9)).toEqual([])
    },
  )

  on('every link can be made to be looked at again', async (baseline) => {
    const both = [agreement('one'), agreement('two')]
    await commit(baseline, { agreements: both, settled: [linkOf('one'), linkOf('two')] })
    expect(await baseline.unsettled()).toEqual([])
    await commit(baseline, { unsettle: true, settled: [linkOf('two')] })
    expect(await baseline.unsettled()).toEqual(['one'])
  })

  on('what replicas caused is added up from a moment on, each update once', async (baseline) => {
    const updates = (...ids: string[]) => ({
      deletions: 1,
      publications: 0,
      updates: ids.map(linkOf),
    })
    await commit(baseline, { caused: new Map([[ann, updates('old')]]) }, 10)
    await commit(
      baseline,
      {
        caused: new Map([
          [ann, updates('one', 'two')],
          [bob, updates()],
        ]),
      },
      20,
    )
    const approved = { ...updates('three'), approved: updates('four') }
    await commit(baseline, { caused: new Map([[ann, approved]]) }, 30)
    const since = await baseline.causedSince(20)
    expect(since.get(ann)).toMatchObject({ deletions: 2, approved: { updates: ['four'] } })
    expect([...(since.get(ann)?.updates ?? [])].sort()).toEqual(['one', 'three', 'two'])
    expect(since.get(bob)).toEqual(updates())
    expect((await baseline.causedSince(31)).size).toBe(0)
  })

  on('a conflict that is met again is the same one; approvals add up', async (baseline) => {
    const note = { link: linkOf('one'), replica: ann, field: 'Body', version: 'v1' }
    for (const timeMs of [10, 20])
      await commit(baseline, { conflicts: [note], approvals: ['same'] }, timeMs)
    expect(await baseline.conflicts()).toEqual({ total: 1, lastMs: 10 })
    expect(await baseline.approvals()).toBe(2)
    await commit(
      baseline,
      {
        conflicts: [
          { ...note, version: 'v2' },
          { ...note, replica: bob },
        ],
      },
      30,
    )
    expect(await baseline.conflicts()).toEqual({ total: 3, lastMs: 30 })
  })

  on('an attempt is there as it was written last, until it is known', async (baseline) => {
    const at = { link: linkOf('one'), replica: bob }
    const items = [{ id: idOf('B'), version: 'v' as Version }]
    await commit(baseline, { attempts: [{ ...at, attempt: attempt('one') }] })
    const later = attempt('one', { tries: 2, batch: 7, items, seen: true, code: 'CopyNotSeen' })
    await commit(baseline, { attempts: [{ ...at, attempt: later }] })
    expect(await baseline.attempts()).toEqual([later])
    await commit(baseline, { attempts: [{ ...at, attempt: undefined }] })
    expect(await baseline.attempts()).toEqual([])
  })

  on('an identity is replaced as a whole', async (baseline) => {
    await commit(baseline, { identity: { uid: 'u', server: 'ns/corp', url: 'https://mail/' } })
    await commit(baseline, { agreements: [agreement('one')] })
    expect(await baseline.identity()).toMatchObject({ uid: 'u', url: 'https://mail/' })
    await commit(baseline, { identity: { uid: 'v' } })
    expect(await baseline.identity()).toEqual({
      uid: 'v',
      server: undefined,
      url: undefined,
      kind: 'Contacts',
    })
  })
}
