// Stories of who takes part: leaving with or without copies, other names for the same folder, backups.
import { describe, expect, test } from 'vitest'
import { SyncError } from '../../controller/core/sync-error.ts'
import { Stage } from './stage.ts'

const receiver = { writes: false } as const

describe('who leaves, with deletionPolicy: RemoveCopies', () => {
  test('loses our copies, which are kept, and nothing of her own', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1', 'Jan:1'] }, ann: { has: ['Own:1'] }, bob: {} })
    stage.deletionPolicy = 'RemoveCopies'
    await stage.rest()
    stage.edit('ann', 'Jan:unsent')
    stage.leave('ann')
    await stage.rest()
    expect(stage.shows('ann')).toEqual(['Own:1'])
    expect(stage.bin()).toEqual(['ann Removed Ewa:1', 'ann Removed Jan:unsent'])
    for (const who of ['hub', 'bob']) expect(stage.shows(who)).toEqual(['Ewa:1', 'Jan:1', 'Own:1'])
  })

  test('is tried again while her mailbox is away, and gets all of it back when she returns', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1', 'Jan:1'] }, ann: {}, bob: {} })
    stage.deletionPolicy = 'RemoveCopies'
    await stage.rest()
    stage.leave('ann')
    stage.away.add('ann')
    const { problems } = await stage.pass()
    expect(problems).toMatchObject([{ replica: 'ann', reason: 'Away' }])
    expect(stage.shows('ann')).toEqual(['Ewa:1', 'Jan:1'])
    stage.away.clear()
    await stage.rest()
    expect(stage.shows('ann')).toEqual([])
    stage.join('ann')
    await stage.rest()
    expect(stage.shows('ann')).toEqual(['Ewa:1', 'Jan:1'])
  })

  test('a deletion that reached everybody else reaches the copies of who is leaving', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1', 'Jan:1'] }, ann: {}, bob: {} })
    stage.deletionPolicy = 'RemoveCopies'
    await stage.rest()
    stage.leave('ann')
    stage.away.add('ann')
    stage.remove('hub', 'Ewa')
    await stage.pass()
    stage.away.clear()
    await stage.rest()
    expect([stage.shows('ann'), stage.shows('bob')]).toEqual([[], ['Jan:1']])
  })
})

describe('another name for the same folder', () => {
  test.each(['Orphan', 'RemoveCopies'] as const)(
    'a renamed mailbox goes on where it was: %s removes nothing, and unsent edits travel',
    async (policy) => {
      const stage = new Stage({ hub: { has: ['Ewa:1', 'Jan:1'] }, ann: {}, bob: {} })
      stage.deletionPolicy = policy
      await stage.rest()
      stage.edit('ann', 'Ewa:2')
      stage.remove('ann', 'Jan')
      stage.rename('ann', 'anna')
      await stage.rest()
      for (const who of ['hub', 'anna', 'bob']) expect(stage.shows(who)).toEqual(['Ewa:2'])
    },
  )

  test('nothing is removed while the folder of somebody who came in her place was not seen yet', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, ann: {}, bob: {} })
    stage.deletionPolicy = 'RemoveCopies'
    await stage.rest()
    stage.rename('ann', 'anna')
    // The old address still leads to the folder; the new one does not yet.
    const folder = stage.folders.get('anna')
    if (folder !== undefined) stage.folders.set('ann', folder)
    stage.away.add('anna')
    await stage.pass()
    stage.away.clear()
    await stage.rest()
    expect(stage.shows('anna')).toEqual(['Ewa:1'])
  })

  test('a renamed hub goes on where it was', async () => {
    const hub = { hub: true, private: 'Copy' } as const
    const stage = new Stage({ 'hub:old': { ...hub, has: ['Ewa:1', 'Jan:1'] }, ann: {} })
    await stage.rest()
    stage.edit('ann', 'Ewa:2')
    stage.remove('hub:old', 'Jan')
    stage.rename('hub:old', 'hub:new', hub)
    await stage.rest()
    for (const who of ['hub:new', 'ann']) expect(stage.shows(who)).toEqual(['Ewa:2'])
    // What carries the old name in its stamp is still ours: moved, it is no stranger.
    stage.move('ann', 'Ewa')
    await stage.rest()
    for (const who of ['hub:new', 'ann']) expect(stage.shows(who)).toEqual(['Ewa:2'])
  })
})

describe('a hub whose contacts were copied to another path', () => {
  test('equal contacts are not doubled on the phones, and nothing of the old hub travels', async () => {
    const hub = { hub: true, private: 'Copy' } as const
    const stage = new Stage({ 'hub:old': { ...hub, has: ['Ewa:1', 'Jan:1', 'Ola:1'] }, ann: {} })
    await stage.rest()
    stage.leave('hub:old')
    stage.join('hub:new', { ...hub, has: ['Ewa:1', 'Jan:1'] })
    await stage.rest()
    expect(stage.shows('hub:new')).toEqual(['Ewa:1', 'Jan:1'])
    expect(stage.shows('ann')).toEqual(['Ewa:1', 'Jan:1', 'Ola:1'])
    stage.edit('ann', 'Jan:2')
    stage.edit('ann', 'Ola:2')
    await stage.rest()
    expect(stage.shows('hub:new')).toEqual(['Ewa:1', 'Jan:2'])
  })
})

describe('a folder that is restored from last week’s backup', () => {
  // Ewa is edited, Jan deleted, Ola made after the backup.
  async function restored(where: 'hub' | 'ann', roles: { receives?: boolean } = {}) {
    const writes = roles.receives === undefined
    const stage = new Stage({
      hub: { has: ['Ewa:1', 'Jan:1'], ...roles },
      ann: { writes },
      bob: { writes },
    })
    await stage.rest()
    const backup = stage.folders.get(where)?.backup()
    const editor = writes ? 'bob' : 'hub'
    stage.edit(editor, 'Ewa:2')
    stage.remove(editor, 'Jan')
    stage.put(editor, 'Ola:1')
    await stage.rest()
    if (backup !== undefined) stage.folders.get(where)?.restore(backup)
    return stage
  }

  test.each(['hub', 'ann'] as const)(
    '%s is brought up to date: no edit of the week is undone, no new contact deleted',
    async (where) => {
      const stage = await restored(where)
      await stage.rest()
      // What was deleted since is there again, as with any backup.
      for (const who of ['hub', 'ann', 'bob'])
        expect(stage.shows(who)).toEqual(['Ewa:2', 'Jan:1', 'Ola:1'])
      expect(stage.bin()).toContain(`${where} Backup Ewa:1`)
    },
  )

  test('also when the first attempt fails half-way', async () => {
    const stage = await restored('hub')
    stage.during = (_who, operation, when) => {
      if (operation === 'update' && when === 'before')
        throw new SyncError('transient', 'Failing', 'failing')
    }
    await stage.pass()
    stage.during = () => {}
    await stage.rest()
    for (const who of ['hub', 'ann', 'bob'])
      expect(stage.shows(who)).toEqual(['Ewa:2', 'Jan:1', 'Ola:1'])
  })

  test('a hub that only gives cannot be: it says what there is, and what it overwrites is kept', async () => {
    const stage = await restored('hub', { receives: false })
    await stage.rest()
    for (const who of ['hub', 'ann', 'bob']) expect(stage.shows(who)).toEqual(['Ewa:1', 'Jan:1'])
    expect(stage.bin()).toEqual(expect.arrayContaining(['hub Backup Ewa:2', 'hub Deleted Ola:1']))
  })
})

describe('direction', () => {
  test('an edit made before she became receive-only is reverted and kept; made after she may write, it travels', async () => {
    const stage = new Stage({ hub: { has: ['Ewa:1'] }, ann: {}, bob: {} })
    await stage.rest()
    stage.edit('ann', 'Ewa:ann')
    stage.put('ann', 'Own:1')
    stage.join('ann', receiver)
    await stage.rest()
    expect([stage.shows('hub'), stage.shows('ann')]).toEqual([['Ewa:1'], ['Ewa:1', 'Own:1']])
    expect(stage.bin()).toEqual(['ann Drift Ewa:ann'])
    stage.join('ann', { writes: true })
    await stage.rest()
    for (const who of ['hub', 'ann', 'bob']) expect(stage.shows(who)).toEqual(['Ewa:1', 'Own:1'])
    stage.edit('ann', 'Ewa:2')
    await stage.rest()
    expect(stage.shows('bob')).toEqual(['Ewa:2', 'Own:1'])
  })
})
