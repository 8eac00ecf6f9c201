// Scenes at the edges, each of which was a hole once: something was lost, doubled or leaked there.
import { describe, expect, test } from 'vitest'
import type { Literal } from '../exchange/store/literal.ts'
import { dayMs, Scene } from './scene.ts'
import { type Spec, unguarded } from './specs.ts'

const three = ['Ewa:1', 'Jan:1', 'Ola:1']
const five = ['Adam:1', 'Ewa:1', 'Jan:1', 'Ola:1', 'Piotr:1']
const world = { hub: three, anna: [], jan: [] }
const ready = ['Ready=True Succeeded']
const guarded = ['Ready=False Guarded', 'Guarded=True Deletions', 'Stalled=True Guarded']
const mark = { Sensitivity: 'Private' }
const reception: Literal = { GivenName: 'Reception', CompanyName: 'Acme' }
/** In the folder that the group had from the beginning, whatever its hub is called. */
const stay = { anna: { folder: 'Contacts/Company' }, jan: { folder: 'Contacts/Company' } }
const ignoring: Spec = { drift: 'Ignore', members: { anna: { direction: 'OneWay' }, jan: {} } }

/** Everybody has what the hub and the members had last week; then this place is put back to it. */
async function restored(where: 'hub' | 'anna', spec: Spec): Promise<Scene> {
  const scene = await Scene.of({ hub: [...five, 'Zofia:1'], anna: [], jan: [] }, spec)
  await scene.rest()
  const lastWeek = scene.folder(where).backup()
  scene.wait(7 * dayMs)
  for (const each of ['Adam:2', 'Ewa:2', 'Jan:2']) scene.edit('hub', each)
  scene.put('hub', 'Nowy:1')
  scene.remove('hub', 'Zofia')
  await scene.rest()
  lastWeek()
  return scene
}

const since = ['Adam:2', 'Ewa:2', 'Jan:2', 'Nowy:1']
const heldOf = (scene: Scene) => since.filter((each) => scene.holds(each))

// What goes back in place read as an edit: it overwrote everybody, and nothing of it was in the bin.
describe('a place that comes back from last week’s backup, in place', () => {
  for (const direction of ['TwoWay', 'OneWay']) {
    test(`the hub: what was edited since is at least in the bin (${direction})`, async () => {
      const scene = await restored('hub', unguarded({ direction }))
      await scene.rest()
      expect(heldOf(scene)).toEqual(since)
    })
  }

  test('the hub: where it may be written to, it is brought up to date again', async () => {
    const scene = await restored('hub', unguarded())
    await scene.rest()
    const now = ['Adam:2', 'Ewa:2', 'Jan:2', 'Nowy:1', 'Ola:1', 'Piotr:1', 'Zofia:1']
    expect(scene.all('hub', 'anna', 'jan')).toEqual(now)
    expect(scene.says()).toEqual(ready)
  })

  test('a member’s: an audit does not carry last week to everybody', async () => {
    const scene = await restored('anna', unguarded())
    await scene.pass({ audit: true })
    await scene.rest()
    expect(heldOf(scene)).toEqual(since)
    expect(scene.shows('hub')).toContain('Ewa:2')
  })

  test('a member’s: lost sync states do not either', async () => {
    const scene = await restored('anna', unguarded())
    scene.mailbox('anna').loseSyncStates()
    await scene.rest()
    expect(heldOf(scene)).toEqual(since)
    expect(scene.shows('hub')).toContain('Ewa:2')
  })

  test('a member’s: she is brought up to date again by the next audit at the latest', async () => {
    const scene = await restored('anna', unguarded())
    await scene.rest()
    await scene.pass({ audit: true })
    await scene.rest()
    expect(scene.shows('anna')).toContain('Ewa:2')
  })
})

// An edit that stays where it is (withheld, or an ignored drift) was overwritten without a copy in the bin.
describe('what stays with its user is in the bin before it is overwritten', () => {
  async function withheld(): Promise<Scene> {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    scene.edit('anna', 'Ewa:secret', mark)
    await scene.rest()
    return scene
  }
  const kept = async (scene: Scene) => {
    await scene.rest()
    expect(scene.holds('Ewa:secret')).toBe(true)
    expect(JSON.stringify(scene.all('hub', 'jan'))).not.toContain('secret')
  }

  test('her private words, when the hub edits the same field', async () => {
    const scene = await withheld()
    scene.edit('hub', 'Ewa:2')
    await kept(scene)
  })

  test('her private words, when her mailbox is moved', async () => {
    const scene = await withheld()
    scene.mailbox('anna').restore()
    await kept(scene)
  })

  test('her private words, when she was no member for a while', async () => {
    const scene = await withheld()
    scene.declare(unguarded({ members: { jan: {} } }))
    await scene.rest()
    scene.declare(unguarded())
    await kept(scene)
  })

  test('her private words, when the state is lost', async () => {
    const scene = await withheld()
    scene.controller().forget()
    await kept(scene)
  })

  const ways: readonly (readonly [string, (scene: Scene) => void])[] = [
    ['the hub edits the same field', (scene) => scene.edit('hub', 'Ewa:2')],
    ['her mailbox is moved', (scene) => scene.mailbox('anna').restore()],
    ['the state is lost', (scene) => scene.controller().forget()],
  ]
  for (const [what, act] of ways) {
    test(`an ignored drift, when ${what}`, async () => {
      const scene = await Scene.of(world, unguarded(ignoring))
      await scene.rest()
      scene.edit('anna', 'Ewa:mine')
      await scene.rest()
      act(scene)
      await scene.rest()
      expect(scene.holds('Ewa:mine')).toBe(true)
    })
  }
})

// Stamps of another group counted for nothing: another hub's contacts leaked, those of the same hub were doubled.
describe('a member’s folder that another group had', () => {
  test('over another hub: nothing of the old hub reaches the new one', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    scene.makeHub('/Other')
    scene.put('/Other', 'Inny:1')
    scene.declare(unguarded({ members: { jan: {} } }))
    await scene.pass()
    const members = { anna: { folder: 'Contacts/Company' } }
    scene.declare(unguarded({ hub: { publicFolder: '/Other' }, members }), 'second')
    await scene.rest()
    expect(scene.shows('/Other')).toEqual(['Inny:1'])
  })

  test('over another hub, in another controller: nothing of one reaches the other', async () => {
    const scene = await Scene.of(world, unguarded())
    scene.makeHub('/Other')
    scene.put('/Other', 'Inny:1')
    await scene.rest()
    const members = { anna: { folder: 'Contacts/Company' } }
    scene.declare(unguarded({ hub: { publicFolder: '/Other' }, members }), 'second', 'other')
    await scene.pass()
    await scene.pass()
    expect(scene.shows('/Other')).toEqual(['Inny:1'])
    expect(scene.shows('hub')).toEqual(three)
  })

  test('over the same hub: her copies find their items again, and nothing is doubled', async () => {
    const scene = await Scene.of(
      { hub: [...three, reception, reception], anna: [], jan: [] },
      unguarded(),
    )
    await scene.rest()
    scene.declare(unguarded({ members: { jan: {} } }))
    scene.edit('hub', 'Reception', { MobilePhone: '+48 5' })
    scene.edit('anna', 'Reception', { MobilePhone: '+48 6' })
    scene.edit('hub', 'Ola', { Surname: 'Nowa' })
    await scene.pass()
    scene.declare(unguarded({ members: { anna: {} } }), 'second')
    await scene.rest()
    expect(scene.shows('hub')).toHaveLength(5)
    expect(scene.all('hub', 'jan')).toEqual(scene.shows('anna'))
  })

  test('of a group that is declared under another name: its claim ends, nothing is doubled', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    scene.edit('anna', 'Ewa:2')
    scene.controller().withdraw()
    await scene.pass()
    scene.declare(unguarded(), 'firma')
    await scene.rest()
    expect(scene.says('firma')).toEqual(ready)
    expect(scene.all('hub', 'anna')).toEqual(scene.shows('jan'))
    expect(scene.shows('hub')).toHaveLength(3)
    expect(scene.holds('Ewa:2')).toBe(true)
  })

  test('of a group that is withdrawn, over another hub: its claim ends, nothing of it travels', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    scene.makeHub('/Other')
    scene.put('/Other', 'Inny:1')
    scene.controller().withdraw()
    await scene.pass()
    scene.declare(unguarded({ hub: { publicFolder: '/Other' }, members: stay }), 'second')
    await scene.rest()
    expect(scene.says('second')).toEqual(ready)
    expect(scene.shows('/Other')).toEqual(['Inny:1'])
  })
})

// Another path was another hub, even when it was the same folder or a copy of it: everybody had everything twice.
describe('another path of the hub', () => {
  for (const direction of ['TwoWay', 'OneWay']) {
    test(`to the same folder, renamed: nothing is doubled (${direction})`, async () => {
      const scene = await Scene.of(world, unguarded({ direction, members: stay }))
      await scene.rest()
      scene.folder('hub').rename('Firma')
      scene.declare(unguarded({ direction, hub: { publicFolder: '/Firma' }, members: stay }))
      scene.edit('/Firma', 'Jan:2')
      await scene.rest()
      expect(scene.all('/Firma', 'anna', 'jan')).toEqual(three.with(1, 'Jan:2'))
      expect(scene.says()).toEqual(ready)
    })

    test(`to a copy of it: what is equal is one (${direction})`, async () => {
      const scene = await Scene.of(world, unguarded({ direction, members: stay }))
      await scene.rest()
      const [old, copy] = [scene.folder('hub'), scene.makeHub('/Copy')]
      for (const { id } of old.items()) old.copy(id, copy)
      scene.declare(unguarded({ direction, hub: { publicFolder: '/Copy' }, members: stay }))
      await scene.rest()
      expect(scene.all('/Copy', 'anna', 'jan')).toEqual(three)
      expect(scene.shows('hub')).toEqual(three)
    })
  }

  test('to another folder: a member’s own contact, which others have copies of, is not doubled', async () => {
    const scene = await Scene.of({ ...world, anna: ['Mine:1'] }, unguarded({ members: stay }))
    await scene.rest()
    scene.makeHub('/Other')
    scene.declare(unguarded({ hub: { publicFolder: '/Other' }, members: stay }))
    await scene.rest()
    expect(scene.shows('jan').filter((each) => each === 'Mine:1')).toHaveLength(1)
  })
})

// An approval outlived what it approved.
test('an approval is used once: emptied, approved, restored with the same ids, it waits when emptied again', async () => {
  const scene = await Scene.of({ hub: five, anna: [], jan: [] })
  await scene.rest()
  const undo = scene.folder('hub').backup()
  scene.folder('hub').clear()
  await scene.pass()
  scene.controller().approve()
  await scene.rest()
  undo()
  scene.edit('hub', 'Ewa')
  await scene.rest()
  expect(scene.all('hub', 'anna', 'jan')).toEqual(five)
  scene.wait(30 * dayMs)
  scene.folder('hub').clear()
  await scene.pass()
  expect(scene.says()).toEqual(guarded)
  expect(scene.all('anna', 'jan')).toEqual(five)
})

// The server's DisplayName of a contact that is nothing but an address is that address; it was taken for a name.
for (const nameless of ['hub', 'anna']) {
  test(`an address without a name is one with the same address with a name (${nameless})`, async () => {
    const [bare, named]: Literal[] = [
      { EmailAddress1: 'ewa@acme.example', JobTitle: '2' },
      { GivenName: 'Ewa', Surname: 'Żak', EmailAddress1: 'ewa@acme.example' },
    ]
    const [hub, anna] = nameless === 'hub' ? [bare, named] : [named, bare]
    const scene = await Scene.of({ hub: [hub ?? {}], anna: [anna ?? {}], jan: [] }, unguarded())
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:2 ewa@acme.example'])
  })
}

// A folder under another name had no history: an edit lost against nothing.
describe('an edit that was pending travels', () => {
  const ways: readonly (readonly [string, string, (scene: Scene) => void])[] = [
    [
      'her mailbox got another address',
      'nowak',
      (scene) => {
        scene.mailbox('anna').rename('nowak@corp.example')
        scene.declare(unguarded({ members: { nowak: {}, jan: {} } }))
      },
    ],
    [
      'her folder was renamed, and declared so',
      'anna/Contacts/Firma',
      (scene) => {
        scene.folder('anna').rename('Firma')
        scene.declare(unguarded({ members: { anna: { folder: 'Contacts/Firma' }, jan: {} } }))
      },
    ],
  ]
  for (const [what, where, act] of ways) {
    test(`when ${what}`, async () => {
      const scene = await Scene.of(world, unguarded())
      await scene.rest()
      scene.edit('anna', 'Ewa:2')
      act(scene)
      await scene.rest()
      expect(scene.all('hub', 'jan', where)).toEqual(three.with(0, 'Ewa:2'))
      expect(scene.bin()).toEqual([])
    })
  }
})

// With delegate access a folder that we may no longer see read as one that is still to be made.
test('a folder that a delegate may no longer see is unreachable, not new', async () => {
  const scene = await Scene.of(world, unguarded())
  const give = (hidden: boolean) => {
    for (const { box, name, permissions } of scene.exchange.store.state.folders.values()) {
      const hers = hidden && box.address.startsWith('anna') && name === 'Company'
      if (box.scope === 'mailbox') permissions.set('sync@corp.example', hers ? 'None' : 'Owner')
    }
  }
  scene.controller().access = 'Delegate'
  scene.declare(unguarded())
  for (let n = 0; n < 3; n += 1) {
    give(false)
    await scene.pass()
  }
  give(true)
  scene.edit('anna', 'Ewa:2')
  scene.remove('anna', 'Ola')
  await scene.pass()
  expect(scene.status().members?.unreachable).toBe(1)
  give(false)
  await scene.rest()
  expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:2', 'Jan:1'])
})

test('a guard that waits is not Reconciling', async () => {
  const guard = { publications: { maxCount: 3 } }
  const scene = await Scene.of({ ...world, anna: ['P1', 'P2', 'P3', 'P4'] }, { guard })
  await scene.pass()
  await scene.pass()
  expect(scene.says()).toEqual([
    'Ready=False Guarded',
    'Guarded=True Publications',
    'Stalled=True Guarded',
  ])
})

// Under new ids a moved mailbox looks like one that was restored from a backup: its edits must not undo others'.
test('an edit that was pending when her mailbox was moved is in the bin', async () => {
  const scene = await Scene.of(world, unguarded())
  await scene.rest()
  scene.edit('anna', 'Ewa:2')
  scene.mailbox('anna').restore()
  await scene.rest()
  expect(scene.all('hub', 'anna', 'jan')).toEqual(three)
  expect(scene.holds('Ewa:2')).toBe(true)
  expect(scene.status().conflicts?.total).toBe(1)
})

// 11. Expected of deletionPolicy: RemoveCopies, which is not built yet. That a group is deleted is said here by
// withdrawing it; whoever builds it may have to say it otherwise.
describe('a group that is deleted with RemoveCopies', () => {
  async function deleted(act: (scene: Scene) => void): Promise<Scene> {
    const has = { hub: three, anna: ['Ewa:1', 'Mine:1'], jan: [] }
    const scene = await Scene.of(has, unguarded({ deletionPolicy: 'RemoveCopies' }))
    await scene.rest()
    act(scene)
    scene.controller().withdraw()
    await scene.rest()
    return scene
  }

  test('takes the copies that we made, and leaves what was hers, and the hub', async () => {
    const scene = await deleted(() => {})
    expect(scene.shows('anna')).toEqual(['Ewa:1', 'Mine:1'])
    expect(scene.shows('jan')).toEqual([])
    expect(scene.shows('hub')).toEqual(['Ewa:1', 'Jan:1', 'Mine:1', 'Ola:1'])
  })

  test('keeps in the bin what she edited and nobody had seen, and private words', async () => {
    const scene = await deleted((each) => {
      each.edit('jan', 'Ola:late')
      each.edit('jan', 'Jan:secret', mark)
    })
    expect(scene.shows('jan')).toEqual([])
    expect([scene.holds('Ola:late'), scene.holds('Jan:secret')]).toEqual([true, true])
    expect(JSON.stringify(scene.shows('hub'))).not.toContain('secret')
  })

  test('takes neither what she put there since, nor her copy of a copy', async () => {
    const scene = await deleted((each) => {
      each.put('jan', 'New:1')
      each.folder('jan').copy(each.item('jan', 'Ola').id, each.folder('jan'))
    })
    expect(scene.shows('jan')).toContain('New:1')
    expect(scene.shows('jan').filter((text) => text === 'Ola:1').length).toBeLessThanOrEqual(1)
    expect(scene.shows('hub')).toContain('Ola:1')
  })

  test('ends only when everybody was reached, and takes nothing twice', async () => {
    const scene = await deleted((each) => each.mailbox('jan').deny('ErrorMailboxMoveInProgress'))
    expect(scene.shows('jan')).toHaveLength(4)
    scene.mailbox('jan').deny(undefined)
    await scene.rest()
    expect(scene.shows('jan')).toEqual([])
  })

  test('with Orphan takes nothing, and a group declared later finds the copies again', async () => {
    const scene = await Scene.of(world, unguarded({ deletionPolicy: 'Orphan' }))
    await scene.rest()
    scene.controller().withdraw()
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(three)
    scene.declare(unguarded({}), 'firma')
    await scene.rest()
    expect(scene.says('firma')).toEqual(ready)
    expect(scene.all('hub', 'anna', 'jan')).toEqual(three)
  })
})
