// What the ExchangeServer does not allow (spec.allowed): a tenant's group gets nothing and reaches nobody, an alias and a moved
// folder are seen through, and what is forbidden for a while was never left.
import { describe, expect, test } from 'vitest'
import type { Incoming } from '../exchange/http/fault.ts'
import { dayMs, Scene } from './scene.ts'
import { unguarded } from './specs.ts'

const three = ['Ewa:1', 'Jan:1', 'Ola:1']
const ready = ['Ready=True Succeeded']

/** What is asked of Exchange from now on. */
function listening(scene: Scene): readonly Incoming[] {
  const asked: Incoming[] = []
  scene.exchange.inject((request) => void asked.push(request))
  return asked
}

function problems(scene: Scene): readonly string[] {
  return (scene.status().problems ?? []).map(({ mailbox, reason }) => `${mailbox} ${reason}`)
}

describe('a tenant’s group', () => {
  const spec = (more: object = {}) => ({
    hub: { publicFolder: '/Lunch' },
    private: 'Copy',
    members: { ewa: { folder: 'Contacts' }, jan: {} },
    guard: {
      deletions: { maxPercent: 100, maxCount: 1_000_000 },
      publications: { maxCount: 1_000_000 },
    },
    ...more,
  })

  const office = async () => {
    const scene = await Scene.of({ hub: three }, unguarded({ members: {} }))
    scene.makeHub('/Lunch')
    scene.put('ewa/Contacts', 'Board:secret')
    scene.put('ewa/Contacts', 'Spouse:secret', { Sensitivity: 'Private' })
    return scene
  }

  test('with an executive’s contacts and private: Copy does nothing at all', async () => {
    const scene = await office()
    scene.declare(spec())
    const asked = listening(scene)
    await scene.rest()
    expect(asked).toEqual([])
    expect(scene.says()).toEqual(['Ready=False NotAllowed', 'Stalled=True NotAllowed'])
    expect(scene.status().conditions?.[0]?.message).toMatch(
      /spec\.private .* spec\.allowed\.private/,
    )
  })

  test('without private: Copy has the tenant only; deletes reach nobody', async () => {
    const scene = await office()
    scene.declare(spec({ private: 'Skip' }))
    const asked = listening(scene)
    await scene.rest()
    expect(problems(scene)).toEqual(['ewa@corp.example NotAllowed'])
    expect(asked.filter(({ mailbox }) => mailbox?.startsWith('ewa'))).toEqual([])
    scene.put('/Lunch', 'Soup:1')
    await scene.rest()
    expect(scene.shows('jan/Contacts/Lunch')).toEqual(['Soup:1'])
    for (const { id } of scene.folder('/Lunch').items()) scene.folder('/Lunch').delete(id)
    await scene.rest()
    expect(scene.shows('ewa/Contacts')).toEqual(['Board:secret', 'Spouse:secret'])
    expect(scene.shows('/Lunch')).toEqual([])
    expect(scene.bin().join()).not.toContain('secret')
  })

  test('that may not have its hub is told the same, whether it is there or not', async () => {
    const scene = await office()
    scene.makeHub('/Board')
    const told = async (publicFolder: string) => {
      scene.allow({ hubs: ['/Lunch'] }, spec({ private: 'Skip', hub: { publicFolder } }))
      const asked = listening(scene)
      await scene.pass()
      expect(asked).toEqual([])
      return scene.status().conditions?.[0]?.message.replace(publicFolder, '')
    }
    expect(await told('/Board')).toBe(await told('/Nothing'))
  })

  test('that misspells its hub is told of no folder outside of what is allowed', async () => {
    const scene = await office()
    for (const path of ['/Board', '/Lunch/Guests', '/Lunch/Menu']) scene.makeHub(path)
    const said = async (hubs: readonly string[], publicFolder: string) => {
      scene.allow({ hubs }, spec({ private: 'Skip', hub: { publicFolder } }))
      await scene.pass()
      return scene.status().conditions?.[0]
    }
    const inside = await said(['/Lunch'], '/Lunch/Nobody')
    expect(inside?.reason).toBe('HubNotFound')
    expect(inside?.message).toMatch(/nearest existing one is \/Lunch; it holds "Guests", "Menu"/)
    const outside = await said(['/Lunch/Nobody', '/Lunch/Menu'], '/Lunch/Nobody')
    expect(outside?.reason).toBe('HubNotFound')
    expect(outside?.message).not.toMatch(/nearest|Guests|Menu|Board/)
  })
})

describe('an alias', () => {
  const asDelegate = async () => {
    const scene = await Scene.of({ hub: three, anna: [] }, unguarded())
    scene.controller().access = 'Delegate'
    scene.mailbox('ewa').createFolder('Contacts/Company')
    for (const path of ['Contacts', 'Contacts/Company'])
      scene.folder(`ewa/${path}`).setPermission('sync@corp.example', 'Owner')
    return scene
  }
  const alias = unguarded({ members: { ewa: { mailbox: 'sales-ewa@corp.example' } } })

  test('does not slip through a pattern: nothing of the mailbox is read', async () => {
    const scene = await asDelegate()
    scene.allow({ mailboxes: ['sales-*@corp.example'] }, alias)
    const asked = listening(scene)
    await scene.rest()
    expect(problems(scene)).toEqual(['sales-ewa@corp.example NotAllowed'])
    expect(JSON.stringify(scene.status())).not.toMatch(/[^-]ewa@corp/)
    expect(scene.shows('ewa')).toEqual([])
    const there = asked.filter(({ mailbox }) => mailbox === 'sales-ewa@corp.example')
    expect(new Set(there.map(({ operation }) => operation))).toEqual(new Set(['GetFolder']))
  })

  test('of a mailbox that is allowed takes part', async () => {
    const scene = await asDelegate()
    scene.allow({ mailboxes: ['corp.example'] }, alias)
    await scene.rest()
    expect(scene.says()).toEqual(ready)
    expect(scene.shows('ewa')).toEqual(three)
  })

  test('of a mailbox of which a delegate sees no folder is told what right to grant', async () => {
    const scene = await asDelegate()
    for (const path of ['Contacts', 'Contacts/Company'])
      scene.folder(`ewa/${path}`).setPermission('sync@corp.example', 'None')
    scene.allow({ mailboxes: ['corp.example'] }, alias)
    await scene.pass()
    const [problem] = scene.status().problems ?? []
    expect(problem?.reason).toBe('MailboxUnknown')
    expect(problem?.message).toMatch(/sees no folder of the mailbox.* grant it Folder visible/)
  })

  test('whose primary address is not told takes no part for now', async () => {
    const scene = await asDelegate()
    scene.allow({ mailboxes: ['corp.example'] }, alias)
    const echo = 'unknown@mailbox.invalid'
    scene.exchange.inject(({ operation }) =>
      operation === 'ConvertId'
        ? { kind: 'rewrite', as: (body) => body.replace(/Mailbox="[^"]*"/, `Mailbox="${echo}"`) }
        : undefined,
    )
    await scene.rest()
    expect(problems(scene)).toEqual(['sales-ewa@corp.example MailboxUnknown'])
    scene.exchange.inject(() => undefined)
    await scene.rest()
    expect(scene.shows('ewa')).toEqual(three)
  })

  test('is asked about once, and again after a while: the address may be another one by then', async () => {
    const scene = await Scene.of({ hub: three, anna: [] }, unguarded())
    scene.allow({ mailboxes: ['corp.example'] }, unguarded())
    const asked = listening(scene)
    await scene.rest()
    await scene.rest()
    const converted = () => asked.filter(({ operation }) => operation === 'ConvertId').length
    expect(converted()).toBe(1)
    scene.wait(600_000)
    await scene.pass()
    expect(converted()).toBe(2)
  })
})

describe('a folder’s actual place', () => {
  const deep = unguarded({ members: { anna: { folder: 'Contacts/Team/Company' } } })

  test('counts, not the one by which it was declared: an outer folder was moved out of Contacts', async () => {
    const scene = await Scene.of({ hub: three }, deep)
    await scene.rest()
    expect(scene.says()).toEqual(ready)
    scene.folder('anna/Contacts/Team').moveTo(scene.mailbox('anna').folder('Inbox'))
    scene.edit('anna/Inbox/Team/Company', 'Ewa:2')
    scene.put('anna/Inbox/Team/Company', 'Mine:1')
    scene.edit('hub', 'Jan:2')
    await scene.rest()
    expect(problems(scene)).toEqual(['anna@corp.example NotAllowed'])
    expect(scene.shows('hub')).toEqual(['Ewa:1', 'Jan:2', 'Ola:1'])
    expect(scene.shows('anna/Inbox/Team/Company')).toEqual(['Ewa:2', 'Jan:1', 'Mine:1', 'Ola:1'])
    scene.folder('anna/Inbox/Team').moveTo(scene.mailbox('anna').folder('Contacts'))
    await scene.rest()
    const all = ['Ewa:2', 'Jan:2', 'Mine:1', 'Ola:1']
    expect([scene.says(), scene.shows('hub')]).toEqual([ready, all])
    expect(scene.shows('anna/Contacts/Team/Company')).toEqual(all)
  })

  test('a renamed folder is followed as far as it is allowed', async () => {
    const scene = await Scene.of({ hub: three, anna: [] }, unguarded())
    scene.allow({ folders: ['Contacts/Comp*'] }, unguarded())
    await scene.rest()
    scene.folder('anna').rename('Companions')
    scene.edit('hub', 'Jan:2')
    await scene.rest()
    expect(scene.says()).toEqual(ready)
    scene.folder('anna/Contacts/Companions').rename('Friends')
    scene.edit('hub', 'Jan:3')
    await scene.rest()
    expect(problems(scene)).toEqual(['anna@corp.example NotAllowed'])
    expect(scene.shows('anna/Contacts/Friends')).toContain('Jan:2')
  })

  test('a hub under another public folder is not looked into', async () => {
    const scene = await Scene.of({ hub: three }, { members: {} })
    scene.makeHub('/Dept/Lunch')
    scene.makeHub('/Board')
    const spec = unguarded({ hub: { publicFolder: '/Dept/Lunch' }, members: { jan: {} } })
    scene.allow({ hubs: ['/Dept'] }, spec)
    scene.put('/Dept/Lunch', 'Soup:1')
    await scene.rest()
    expect(scene.shows('jan/Contacts/Lunch')).toEqual(['Soup:1'])
    scene.folder('/Dept').moveTo(scene.folder('/Board'))
    scene.put('/Board/Dept/Lunch', 'Secret:1')
    await scene.rest()
    expect(scene.shows('jan/Contacts/Lunch')).toEqual(['Soup:1'])
    expect(scene.says()).toEqual(['Ready=False NotAllowed', 'Stalled=True NotAllowed'])
    expect(JSON.stringify(scene.status())).not.toContain('Board')
  })

  test('that the server does not tell from below is found from the top', async () => {
    const scene = await Scene.of({ hub: three, anna: [] }, deep)
    const untold = (body: string) => body.replace(/<t:ParentFolderId[^>]*>/g, '')
    scene.exchange.inject(({ operation }) =>
      operation === 'GetFolder' ? { kind: 'rewrite', as: untold } : undefined,
    )
    await scene.rest()
    expect(scene.says()).toEqual(ready)
    scene.folder('anna/Contacts/Team').moveTo(scene.mailbox('anna').folder('Inbox'))
    scene.edit('hub', 'Jan:2')
    await scene.rest()
    expect(problems(scene)).toEqual(['anna@corp.example PlaceUnknown'])
    expect(scene.shows('anna/Inbox/Team/Company')).toEqual(three)
  })

  test('of the usual folder costs one question, and then none', async () => {
    const scene = await Scene.of({ hub: three, anna: [] }, unguarded())
    const asked = listening(scene)
    await scene.rest()
    const tops = () => asked.filter(({ body }) => body.includes('Id="msgfolderroot"><t:Mailbox'))
    const first = tops().filter(({ operation }) => operation === 'GetFolder').length
    await scene.rest()
    expect([first, tops().filter(({ operation }) => operation === 'GetFolder').length]).toEqual([
      1, 1,
    ])
  })
})

describe('an allow-list that tightens', () => {
  const members = { anna: {}, jan: {} }
  const spec = (more: object = {}) =>
    unguarded({ members, deletionPolicy: 'RemoveCopies', ...more })
  const narrow = { mailboxes: ['anna@corp.example'] }

  const settled = async () => {
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, spec())
    await scene.rest()
    return scene
  }

  test('makes a member unreachable, never left; loosened, it catches up', async () => {
    const scene = await settled()
    scene.allow(narrow, spec())
    scene.edit('jan', 'Ewa:2')
    scene.remove('hub', 'Ola')
    scene.put('anna', 'New:1')
    await scene.rest()
    expect(problems(scene)).toEqual(['jan@corp.example NotAllowed'])
    expect(scene.shows('jan')).toEqual(['Ewa:2', 'Jan:1', 'Ola:1'])
    expect(scene.all('hub', 'anna')).toEqual(['Ewa:1', 'Jan:1', 'New:1'])
    scene.allow({}, spec())
    await scene.rest()
    expect(scene.says()).toEqual(ready)
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:2', 'Jan:1', 'New:1'])
    expect(scene.bin().filter((line) => line.includes('Removed'))).toEqual([])
  })

  test('keeps the copies of one who leaves meanwhile, until it is loosened', async () => {
    const scene = await settled()
    scene.allow(narrow, spec({ members: { anna: {} } }))
    const asked = listening(scene)
    await scene.rest()
    expect(asked.filter(({ mailbox }) => mailbox?.startsWith('jan'))).toEqual([])
    expect(scene.shows('jan')).toEqual(three)
    expect(problems(scene)).toEqual(['jan@corp.example NotAllowed'])
    scene.allow({}, spec({ members: { anna: {} } }))
    await scene.rest()
    expect([scene.shows('jan'), scene.says()]).toEqual([[], ready])
  })

  test.each([
    ['hubs', { hubs: ['/Elsewhere'] }, {}],
    ['private', {}, { private: 'Copy' }],
  ])(
    'for the group as a whole (%s) leaves everything as it is, also at its end',
    async (_what, allowed, more) => {
      const scene = await settled()
      scene.allow(allowed, spec(more))
      scene.edit('jan', 'Ewa:2')
      scene.controller().withdraw()
      const asked = listening(scene)
      await scene.pass()
      expect(asked).toEqual([])
      expect(scene.says()[0]).toBe('Ready=False NotAllowed')
      expect(scene.status().conditions?.[0]?.message).toContain('deletionPolicy: Orphan')
      scene.allow({}, spec())
      await scene.rest()
      expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:2', 'Jan:1', 'Ola:1'])
    },
  )

  test('lets nobody else have the folder', async () => {
    const own = spec({ members: { anna: { direction: 'OneWay' }, jan: {} } })
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, own)
    await scene.rest()
    scene.makeHub('/Other')
    const jan = { folder: 'Contacts/Company', direction: 'OneWay' }
    const other = unguarded({ hub: { publicFolder: '/Other' }, members: { jan } })
    scene.allow({ directions: ['OneWay'] }, own)
    scene.declare(other, 'other')
    await scene.rest()
    expect(problems(scene)).toEqual(['jan@corp.example NotAllowed'])
    expect(scene.status('other').problems?.[0]?.reason).toBe('FolderClaimed')
    scene.allow({}, own)
    scene.declare(other, 'other')
    await scene.rest()
    expect([scene.says(), scene.status('other').conditions?.[0]?.reason]).toEqual([
      ready,
      'FolderClaimed',
    ])
    expect(scene.all('hub', 'anna', 'jan')).toEqual(three)
  })
})

describe('a group that may not have a folder', () => {
  test('keeps it from nobody, although it is older', async () => {
    const scene = await Scene.of({ hub: three, jan: [] }, { members: {} })
    scene.makeHub('/Lunch')
    const folder = 'Contacts/Company'
    scene.allow({ directions: ['OneWay'] }, unguarded({ members: { jan: { folder } } }), 'aaa')
    scene.declare(unguarded({ members: { jan: { folder, direction: 'OneWay' } } }), 'bbb')
    await scene.rest()
    expect(scene.status('aaa').problems?.[0]?.reason).toBe('NotAllowed')
    expect(scene.says('bbb')).toEqual(ready)
    expect(scene.shows('jan')).toEqual(three)
  })
})

test('the server’s ceilings bound a group’s guard, whatever window it has', async () => {
  const spec = unguarded({ members: { anna: {} } })
  const scene = await Scene.of({ hub: three, anna: [] }, spec)
  const ceilings = { deletions: { maxCount: 1 } }
  scene.allow(
    { guard: { ceilings } },
    { ...spec, guard: { ...(spec.guard as object), window: '1s' } },
  )
  await scene.rest()
  scene.remove('anna', 'Ewa')
  await scene.rest()
  expect(scene.shows('hub')).toEqual(['Jan:1', 'Ola:1'])
  scene.remove('anna', 'Jan')
  await scene.rest()
  expect(scene.shows('hub')).toEqual(['Jan:1', 'Ola:1'])
  expect(scene.says()[0]).toBe('Ready=False Guarded')
  scene.controller().approve()
  await scene.rest()
  expect(scene.shows('hub')).toEqual(['Jan:1', 'Ola:1'])
  expect(scene.status().guard?.refusals?.[0]?.above).toBe(true)
})

test('what a group approves itself counts towards the server’s ceilings', async () => {
  const guard = { deletions: { maxCount: 0 }, publications: { maxCount: 0 } }
  const spec = { guard, members: { anna: {} } }
  const scene = await Scene.of({ hub: three, anna: [] }, spec)
  const ceilings = { deletions: { maxCount: 1 }, publications: { maxCount: 1 }, window: '24h' }
  scene.allow({ guard: { ceilings } }, spec)
  await scene.rest()
  const approved = async () => {
    await scene.rest()
    scene.controller().approve()
    await scene.rest()
    return scene.shows('hub')
  }
  scene.remove('anna', 'Ewa')
  expect(await approved()).toEqual(['Jan:1', 'Ola:1'])
  scene.remove('anna', 'Jan')
  expect(await approved()).toEqual(['Jan:1', 'Ola:1'])
  expect(scene.status().guard?.refusals).toMatchObject([{ reason: 'Deletions', above: true }])
  scene.wait(dayMs)
  await scene.rest()
  expect(scene.shows('hub')).toEqual(['Ola:1'])
  scene.put('anna', 'New:1')
  expect(await approved()).toEqual(['New:1', 'Ola:1'])
  scene.put('anna', 'Next:1')
  expect(await approved()).toEqual(['New:1', 'Ola:1'])
  expect(scene.status().guard?.refusals).toMatchObject([{ reason: 'Publications', above: true }])
})
