// Which folder and which item an answer is about: a damaged or foreign id, a folder that the server cannot tell about, a
// change that is not told, a server without a date, and a create whose reply was lost.
import { describe, expect, test } from 'vitest'
import type { Incoming } from '../exchange/http/fault.ts'
import { asks, refXml, telling } from './answers.ts'
import { hubPath, Scene } from './scene.ts'
import { unguarded } from './specs.ts'

const three = ['Ewa:1', 'Jan:1', 'Ola:1']
const ready = ['Ready=True Succeeded']
const world = { hub: three, anna: [], jan: [] }

const flipped = (id: string) => id.slice(0, -6) + (id.at(-6) === 'A' ? 'B' : 'A') + id.slice(-5)

describe('a damaged id', () => {
  test.each([
    ['a NUL in it', (id: string) => `${id.slice(0, 9)}\0${id.slice(10)}`],
    ['a reference to NUL in it', (id: string) => `${id.slice(0, 9)}&#0;${id.slice(9)}`],
    ['another letter', flipped],
  ])('of a folder (%s) doubles nothing', async (_what, damaged) => {
    for (const who of ['sync', 'jan']) {
      const scene = await Scene.of(world, unguarded())
      await scene.rest()
      let times = 0
      scene.exchange.inject((request) => {
        if (!asks(request, 'GetFolder', who) || times > 0) return undefined
        times += 1
        const change = (body: string) =>
          body.replace(/(<t:FolderId Id=")([^"]+)/, (_, start, id) => start + damaged(id))
        return { kind: 'rewrite', as: change }
      })
      await scene.pass()
      scene.exchange.inject(undefined)
      await scene.rest()
      expect(scene.all('hub', 'anna', 'jan')).toEqual(three)
      expect([scene.bin(), scene.says()]).toEqual([[], ready])
    }
  })

  test('of a new copy leaves one copy, which is known', async () => {
    for (const who of ['sync', 'jan']) {
      const scene = await Scene.of(world, unguarded())
      await scene.rest()
      scene.put('anna', 'Piotr:1')
      scene.exchange.inject((request) =>
        asks(request, 'CreateItem', who)
          ? {
              kind: 'rewrite',
              as: (body) =>
                body.replace(/(<t:ItemId Id=")([^"]+)/, (_, start, id) => start + flipped(id)),
            }
          : undefined,
      )
      await scene.pass()
      scene.exchange.inject(undefined)
      await scene.rest()
      expect(scene.all('hub', 'anna', 'jan')).toEqual([...three, 'Piotr:1'])
      expect([scene.bin(), scene.says()]).toEqual([[], ready])
      scene.edit('jan', 'Piotr:2')
      await scene.rest()
      expect(scene.all('hub', 'anna', 'jan')).toEqual([...three, 'Piotr:2'])
    }
  })
})

test('an item that is answered under another id is named, and the others go on', async () => {
  const scene = await Scene.of(world, unguarded())
  await scene.rest()
  for (const each of ['Adam:1', 'Iza:1']) scene.put('hub', each)
  const { id } = scene.item('hub', 'Adam')
  scene.exchange.inject(({ operation, body }) =>
    operation === 'GetItem' && body.includes(id)
      ? { kind: 'rewrite', as: (answer) => answer.replaceAll(id, flipped(id)) }
      : undefined,
  )
  await scene.rest()
  expect(scene.all('anna', 'jan')).toEqual(['Ewa:1', 'Iza:1', 'Jan:1', 'Ola:1'])
  expect(scene.status().problems).toMatchObject([{ reason: 'OtherItem' }])
  scene.exchange.inject(undefined)
  await scene.pass({ audit: true })
  await scene.rest()
  expect(scene.all('hub', 'anna', 'jan')).toEqual(['Adam:1', 'Ewa:1', 'Iza:1', 'Jan:1', 'Ola:1'])
})

describe('another folder, told once', () => {
  const other = async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    scene.mailbox('jan').createFolder('Contacts/Old')
    scene.edit('anna', 'Ewa:2')
    return scene
  }
  const asBefore = async (scene: Scene) => {
    await scene.pass()
    scene.exchange.inject(undefined)
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:2', 'Jan:1', 'Ola:1'])
    expect(scene.shows('jan/Contacts/Old')).toEqual([])
    expect([scene.bin(), scene.says()]).toEqual([[], ready])
  }

  test('in the place of the one that was asked for is not believed', async () => {
    const scene = await other()
    const [company, old] = ['Company', 'Old'].map((name) =>
      scene.folder(`jan/Contacts/${name}`).id(),
    )
    let times = 0
    scene.exchange.inject((request) => {
      if (!asks(request, 'GetFolder', 'jan') || times > 0) return undefined
      times += 1
      return { kind: 'rewrite', as: (body) => body.replaceAll(company ?? '', old ?? '') }
    })
    await asBefore(scene)
  })

  test('at the end of the path is not believed', async () => {
    const scene = await other()
    let [denied, renamed] = [0, 0]
    scene.exchange.inject((request) => {
      if (asks(request, 'GetFolder', 'jan') && denied === 0) {
        denied += 1
        return { kind: 'code', code: 'ErrorFolderNotFound', at: 'each' }
      }
      if (!asks(request, 'FindFolder', 'jan') || renamed > 0) return undefined
      renamed += 1
      const as = (body: string) => body.replace('>Company<', '>New<').replace('>Old<', '>Company<')
      return { kind: 'rewrite', as }
    })
    await asBefore(scene)
    expect([denied, renamed]).toEqual([1, 1])
  })
})

describe('the folder in which an item says that it lies', () => {
  const lying =
    (id: (parent: string) => string, only = '') =>
    (body: string) =>
      body.replace(/<t:Contact>.*?<\/t:Contact>/gs, (item) =>
        item.includes(only)
          ? item.replace(
              /(<t:ParentFolderId Id=")([^"]+)/,
              (_, start, parent) => start + id(parent),
            )
          : item,
      )

  test('may have another id there than elsewhere', async () => {
    const scene = await Scene.of(world, unguarded())
    scene.exchange.inject(({ operation }) =>
      operation === 'GetItem' ? { kind: 'rewrite', as: lying(flipped) } : undefined,
    )
    await scene.rest()
    scene.edit('anna', 'Ewa:2')
    scene.put('jan', 'Piotr:1')
    scene.remove('hub', 'Ola')
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:2', 'Jan:1', 'Piotr:1'])
    expect(scene.says()).toEqual(ready)
  })

  test('is another one when it answers for itself: then the item is gone from this one', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    const old = scene.mailbox('jan').createFolder('Contacts/Old').id()
    const { id } = scene.item('jan', 'Ewa')
    const told = `<t:Delete>${refXml(scene, 'jan', 'Ewa')}</t:Delete>`
    scene.exchange.inject((request) => {
      if (asks(request, 'SyncFolderItems', 'jan')) return telling(told)
      const read = asks(request, 'GetItem', 'jan')
      return read ? { kind: 'rewrite', as: lying(() => old, id) } : undefined
    })
    await scene.pass()
    await scene.pass()
    expect(scene.all('hub', 'anna')).toEqual(['Jan:1', 'Ola:1'])
  })
})

describe('a folder that the server cannot tell about', () => {
  const failing = (who: string, folder: string, code: string) => (request: Incoming) =>
    asks(request, 'GetFolder', who) && request.body.includes(folder)
      ? ({ kind: 'code', code, at: 'each' } as const)
      : undefined

  test.each(['ErrorCorruptData', 'ErrorInternalServerError', 'ErrorNotListedAnywhere'])(
    'is replaced when two looks agree on the path: %s',
    async (code) => {
      const scene = await Scene.of(world, unguarded())
      await scene.rest()
      const old = scene.folder('jan').id()
      scene.folder('jan').remove()
      scene.exchange.inject(failing('jan', old, code))
      await scene.pass()
      expect(scene.status().members?.unreachable).toBe(1)
      await scene.rest()
      expect(scene.all('hub', 'anna', 'jan')).toEqual(three)
      expect(scene.says()).toEqual(ready)
    },
  )

  test('that is the hub is replaced likewise', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    const old = scene.folder('hub').id()
    scene.folder('hub').rename('Old')
    scene.makeHub(hubPath)
    scene.exchange.inject(failing('sync', old, 'ErrorCorruptData'))
    await scene.pass()
    expect(scene.says()[0]).toMatch(/^Ready=False/)
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(three)
  })

  test.each(['ErrorMailboxMoveInProgress', 'ErrorTimeoutExpired', 'ErrorAccessDenied'])(
    'and is busy, moving or denied stays unreachable: %s',
    async (code) => {
      const scene = await Scene.of(world, unguarded())
      await scene.rest()
      scene.exchange.inject(failing('jan', scene.folder('jan').id(), code))
      scene.edit('anna', 'Ewa:2')
      for (let pass = 0; pass < 3; pass += 1) await scene.pass()
      expect(scene.status().members?.unreachable).toBe(1)
      expect(scene.shows('jan')).toEqual(three)
      scene.exchange.inject(undefined)
      await scene.rest()
      expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:2', 'Jan:1', 'Ola:1'])
    },
  )
})

describe('an edit that SyncFolderItems does not tell', () => {
  test('is found at once by the folder’s own tag', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    scene.edit('jan', 'Ewa:2')
    let silent = 0
    scene.exchange.inject((request) => {
      if (!asks(request, 'SyncFolderItems', 'jan') || silent > 0) return undefined
      silent += 1
      const change = (body: string) => body.replace(/<m:Changes>.*<\/m:Changes>/s, '<m:Changes/>')
      return { kind: 'rewrite', as: change }
    })
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:2', 'Jan:1', 'Ola:1'])
  })

  test('is not looked for in every pass when a tag moves for nothing', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    let [moves, whole] = [0, 0]
    scene.exchange.inject((request) => {
      if (asks(request, 'SyncFolderItems', 'jan') && !request.body.includes('m:SyncState'))
        whole += 1
      if (!asks(request, 'GetFolder', 'jan')) return undefined
      moves += 1
      const change = (body: string) =>
        body.replace(/(0x3602.*?<t:Value>)\d+/s, (_, start) => `${start}${1000 + moves}`)
      return { kind: 'rewrite', as: change }
    })
    for (let pass = 0; pass < 32; pass += 1) await scene.pass()
    expect(whole).toBeLessThan(8)
    expect(scene.says()).toEqual(ready)
  })
})

test('a hub whose server tells no date is not listed in every pass', async () => {
  const scene = await Scene.of(world, unguarded())
  let listings = 0
  scene.exchange.inject(({ operation }) => {
    if (operation === 'FindItem') listings += 1
    return { kind: 'undated' }
  })
  await scene.rest()
  await scene.pass()
  listings = 0
  for (let pass = 0; pass < 4; pass += 1) await scene.pass()
  expect(listings).toBe(0)
  scene.edit('hub', 'Ewa:2')
  await scene.rest()
  expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:2', 'Jan:1', 'Ola:1'])
})

test('a hub whose server tells no date hides no edit of the very moment in which it was listed', async () => {
  const scene = await Scene.of(world, unguarded())
  await scene.rest()
  scene.folder('hub').update(scene.item('hub', 'Ewa').id, { JobTitle: '2' })
  let edited = false
  scene.exchange.inject(({ operation }) => {
    if (operation !== 'FindItem' || edited) return { kind: 'undated' }
    const as = (body: string) => {
      // After the listing, and within the same millisecond as the last commit: the tag stays as it is.
      if (!edited) scene.folder('hub').update(scene.item('hub', 'Jan').id, { JobTitle: '2' })
      edited = true
      return body
    }
    return { kind: 'rewrite', as }
  })
  await scene.controller().pass()
  scene.exchange.inject(() => ({ kind: 'undated' }))
  await scene.rest()
  expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:2', 'Jan:2', 'Ola:1'])
})

describe('a copy with our stamp and without a link', () => {
  const deleters = ['hub', 'anna'] as const
  const replies = ['after', 'before'] as const
  const law = deleters.flatMap((who) =>
    replies.flatMap((when) => [0, 1, 3].map((away) => [who, when, away] as const)),
  )
  test.each(law)(
    'of a create whose reply was lost goes with its contact: deleted by %s, lost %s it was done, away for %d passes',
    async (who, when, away) => {
      const scene = await Scene.of(world, unguarded())
      await scene.rest()
      scene.put('hub', 'Piotr:1')
      scene.exchange.inject((request) =>
        asks(request, 'CreateItem', 'jan') ? { kind: 'drop', when } : undefined,
      )
      await scene.pass()
      scene.exchange.inject(undefined)
      expect(scene.shows('jan').includes('Piotr:1')).toBe(when === 'after')
      scene.remove(who, 'Piotr')
      scene.mailbox('jan').deny(away > 0 ? 'ErrorMailboxMoveInProgress' : undefined)
      for (let pass = 0; pass < away; pass += 1) await scene.pass()
      scene.mailbox('jan').deny(undefined)
      await scene.rest()
      expect(scene.all('hub', 'anna', 'jan')).toEqual(three)
      expect(scene.bin()).toContain(`${who} Deleted Piotr:1`)
      expect(scene.says()).toEqual(ready)
    },
  )

  test('that its user edited meanwhile is brought back to everybody', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    scene.put('hub', 'Piotr:1')
    scene.exchange.inject((request) =>
      asks(request, 'CreateItem', 'jan') ? { kind: 'drop', when: 'after' } : undefined,
    )
    await scene.pass()
    scene.exchange.inject(undefined)
    scene.remove('hub', 'Piotr')
    scene.edit('jan', 'Piotr:2')
    scene.mailbox('jan').deny('ErrorMailboxMoveInProgress')
    for (let pass = 0; pass < 3; pass += 1) await scene.pass()
    scene.mailbox('jan').deny(undefined)
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual([...three, 'Piotr:2'])
  })

  test('that is taken back out of Deleted Items is there for everybody again', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    const undo = scene.folder('jan').backup()
    scene.remove('hub', 'Ola')
    await scene.rest()
    expect(scene.shows('jan')).toEqual(['Ewa:1', 'Jan:1'])
    undo()
    await scene.pass()
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(three)
  })

  test('of a member who was taken out and comes back is compared as if never seen', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    scene.declare(unguarded({ members: { anna: {} } }))
    await scene.rest()
    scene.remove('hub', 'Ola')
    await scene.rest()
    scene.declare(unguarded({ members: { anna: {}, jan: {} } }))
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(three)
    expect(scene.says()).toEqual(ready)
  })

  test('in a folder that goes to another group over the same hub is that group’s copy', async () => {
    const scene = await Scene.of(world, unguarded({ members: { anna: {}, jan: {} } }))
    await scene.rest()
    scene.declare(unguarded({ members: { anna: {} } }))
    scene.declare(unguarded({ members: { jan: {} } }), 'second')
    await scene.rest()
    scene.edit('jan', 'Ewa:2')
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:2', 'Jan:1', 'Ola:1'])
  })
})
