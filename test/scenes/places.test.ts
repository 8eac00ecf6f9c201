// The same stories wherever a participant is: the hub a public folder or a folder of a mailbox, two members in mailboxes or
// in public folders.
import { describe, expect, test } from 'vitest'
import type { Literal } from '../exchange/store/literal.ts'
import { hubPath, memberFolder, Scene } from './scene.ts'
import { type Spec, unguarded } from './specs.ts'

/** Where the three participants are: as a scene names their folders. */
type Places = Readonly<{ hub: string; jan: string; ewa: string }>

const three = ['Ewa:1', 'Jan:1', 'Ola:1']
const ready = ['Ready=True Succeeded']

const hubs = {
  'a public folder': { at: hubPath, spec: { publicFolder: hubPath } },
  'a mailbox': {
    at: `anna/${memberFolder}`,
    spec: { mailbox: 'anna@corp.example', folder: memberFolder },
  },
} as const

const members = {
  mailboxes: (who: string) => ({ at: who, spec: {} }),
  'public folders': (who: string) => ({
    at: `/Of ${who}`,
    spec: { mailbox: '', publicFolder: `/Of ${who}` },
  }),
} as const

describe.each(Object.keys(hubs) as (keyof typeof hubs)[])('the hub is %s', (hubIn) => {
  describe.each(Object.keys(members) as (keyof typeof members)[])('the members %s', (membersIn) => {
    const [jan, ewa] = [members[membersIn]('jan'), members[membersIn]('ewa')]
    const at: Places = { hub: hubs[hubIn].at, jan: jan.at, ewa: ewa.at }
    const everywhere = Object.values(at)
    const specOf = (more: Spec = {}, of: Readonly<Record<string, Literal>> = {}): Spec =>
      unguarded({
        hub: hubs[hubIn].spec,
        members: { jan: { ...jan.spec, ...of.jan }, ewa: { ...ewa.spec, ...of.ewa } },
        ...more,
      })

    const started = async (spec = specOf()) => {
      const scene = await Scene.of({}, unguarded({ members: {} }))
      if (hubIn === 'a mailbox') scene.mailbox('anna').createFolder(memberFolder)
      for (const place of [at.jan, at.ewa]) if (place.startsWith('/')) scene.makeHub(place)
      for (const text of three) scene.put(at.hub, text)
      scene.declare(spec)
      return scene
    }
    const rested = async (spec?: Spec) => {
      const scene = await started(spec)
      await scene.rest()
      return scene
    }

    test('all get what the hub has, and equal entries count once', async () => {
      const scene = await started()
      if (at.jan.startsWith('/')) scene.put(at.jan, 'Ewa:1')
      await scene.rest()
      expect(scene.all(...everywhere)).toEqual(three)
      expect(scene.says()).toEqual(ready)
    })

    test('edits, creates and deletes of each go to all others', async () => {
      const scene = await rested()
      scene.edit(at.jan, 'Ewa:2')
      scene.edit(at.hub, 'Jan:2')
      scene.put(at.ewa, 'Nowy:1')
      scene.remove(at.jan, 'Ola')
      await scene.rest()
      expect(scene.all(...everywhere)).toEqual(['Ewa:2', 'Jan:2', 'Nowy:1'])
      expect(scene.bin().map((each) => each.split(' ').slice(1).join(' '))).toContain(
        'Deleted Ola:1',
      )
    })

    test('edits of different fields merge; of the same field the hub’s wins, and the other is kept', async () => {
      const scene = await rested()
      scene.edit(at.jan, 'Ewa', { CompanyName: 'Acme' })
      scene.edit(at.ewa, 'Ewa:2')
      scene.edit(at.hub, 'Jan:2')
      scene.edit(at.ewa, 'Jan:3')
      await scene.rest()
      expect(scene.all(...everywhere)).toEqual(['Ewa:2', 'Jan:2', 'Ola:1'])
      for (const place of everywhere)
        expect(scene.item(place, 'Ewa').contact.CompanyName).toBe('Acme')
      expect(scene.holds('Jan:3')).toBe(true)
      expect(scene.status().conflicts?.total).toBe(1)
    })

    test('one that only receives gives nothing, and its edits are reverted', async () => {
      const scene = await rested(specOf({}, { ewa: { direction: 'OneWay' } }))
      scene.edit(at.ewa, 'Ewa:2')
      scene.remove(at.ewa, 'Jan')
      await scene.rest()
      expect(scene.all(...everywhere)).toEqual(three)
      expect(scene.holds('Ewa:2')).toBe(true)
    })

    test('the state is lost: nothing is doubled, and an edit of meanwhile is kept', async () => {
      const scene = await rested()
      scene.controller().forget()
      scene.edit(at.jan, 'Ewa:2')
      await scene.rest()
      expect(scene.all(...everywhere)).toEqual(three)
      expect(scene.holds('Ewa:2')).toBe(true)
    })

    test('one that leaves loses our copies, and keeps its own', async () => {
      const scene = await rested(specOf({ deletionPolicy: 'RemoveCopies' }))
      scene.put(at.jan, 'Own:1', { Sensitivity: 'Private' })
      await scene.rest()
      const [spec, { members: both = {} }] = [specOf({ deletionPolicy: 'RemoveCopies' }), specOf()]
      scene.declare({ ...spec, members: { ewa: both.ewa ?? {} } })
      await scene.rest()
      expect(scene.shows(at.jan)).toEqual(['Own:1'])
      expect(scene.all(at.hub, at.ewa)).toEqual(three)
    })

    test('the group ends: our copies go, and the hub keeps everything', async () => {
      const scene = await rested(specOf({ deletionPolicy: 'RemoveCopies' }))
      scene.controller().withdraw()
      await scene.pass()
      expect(scene.shows(at.hub)).toEqual(three)
      expect(scene.all(at.jan, at.ewa)).toEqual([])
    })

    test('a mass delete is blocked, and undone it is as before', async () => {
      const scene = await rested({
        ...specOf(),
        guard: { deletions: { maxCount: 1 }, minCount: 0 },
      })
      for (const name of ['Ewa', 'Jan']) scene.remove(at.jan, name)
      await scene.pass()
      expect(scene.says()).toContain('Guarded=True Deletions')
      expect(scene.all(at.hub, at.ewa)).toEqual(three)
      for (const text of ['Ewa:1', 'Jan:1']) scene.put(at.jan, text)
      await scene.rest()
      expect(scene.all(...everywhere)).toEqual(three)
    })
  })
})
