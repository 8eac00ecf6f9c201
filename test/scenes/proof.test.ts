// A delete, a new copy and a folder need a second witness: what a server answers once, and untruly, costs nobody a
// contact; and what cannot be read costs the others nothing.
import { describe, expect, test } from 'vitest'
import type { Fault } from '../exchange/http/fault.ts'
import { asks, indexIn, refXml, telling } from './answers.ts'
import { Scene } from './scene.ts'
import { unguarded } from './specs.ts'

const three = ['Ewa:1', 'Jan:1', 'Ola:1']
const ready = ['Ready=True Succeeded']
const world = { hub: three, anna: [], jan: [] }

/** The listing of a folder without this item, and not counting it. */
function unlisted(id: string): Fault {
  const as = (body: string) =>
    body
      .replace(/<t:Contact>.*?<\/t:Contact>/gs, (item) => (item.includes(id) ? '' : item))
      .replace(/TotalItemsInView="(\d+)"/, (_, n) => `TotalItemsInView="${Number(n) - 1}"`)
  return { kind: 'rewrite', as }
}

for (const direction of ['TwoWay', 'OneWay'] as const) {
  test(`what is told deleted and is there stays, ${direction}`, async () => {
    const scene = await Scene.of(world, unguarded({ direction }))
    await scene.rest()
    const told = `<t:Delete>${refXml(scene, 'jan', 'Ewa')}</t:Delete>`
    scene.exchange.inject((request) =>
      asks(request, 'SyncFolderItems', 'jan') ? telling(told) : undefined,
    )
    await scene.pass()
    scene.exchange.inject(undefined)
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(three)
    expect([scene.bin(), scene.says()]).toEqual([[], ready])
  })
}

test('a Delete before a Create of the same item is not its end', async () => {
  const scene = await Scene.of(world, unguarded())
  await scene.rest()
  const ref = refXml(scene, 'jan', 'Ewa')
  const told = `<t:Delete>${ref}</t:Delete><t:Create><t:Contact>${ref}</t:Contact></t:Create>`
  scene.exchange.inject((request) =>
    asks(request, 'SyncFolderItems', 'jan') ? telling(told) : undefined,
  )
  await scene.pass()
  scene.exchange.inject(undefined)
  await scene.rest()
  expect(scene.all('hub', 'anna', 'jan')).toEqual(three)
  expect(scene.bin()).toEqual([])
})

describe('a new contact whose copy is acknowledged and is not there', () => {
  for (const where of ['hub', 'jan'] as const) {
    test(`is made again, once, in ${where}, and its original stays`, async () => {
      const scene = await Scene.of(world, unguarded())
      await scene.rest()
      scene.put('anna', 'Piotr:1')
      let lost = 0
      scene.exchange.inject((request) => {
        const there = where === 'hub' ? 'sync' : where
        if (!asks(request, 'CreateItem', there) || lost > 1) return undefined
        lost += 1
        const change = (body: string) => {
          scene.remove(where, 'Piotr')
          return body
        }
        return { kind: 'rewrite', as: change }
      })
      await scene.pass()
      expect(scene.shows('anna')).toEqual([...three, 'Piotr:1'])
      await scene.rest()
      expect(lost).toBe(2)
      expect(scene.all('hub', 'anna', 'jan')).toEqual([...three, 'Piotr:1'])
      expect([scene.bin(), scene.says()]).toEqual([[], ready])
    })
  }

  test('under an id that is none, of a request that never arrived, is named and made in the end', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    scene.put('anna', 'Piotr:1')
    let forged = 0
    scene.exchange.inject((request) => {
      if (!asks(request, 'CreateItem', 'jan')) return undefined
      forged += 1
      const as = (body: string) => {
        scene.remove('jan', 'Piotr')
        return body.replace(/(<t:ItemId Id=")[^"]+/, '$1Zm9yZ2Vk')
      }
      return { kind: 'rewrite', as }
    })
    for (let pass = 0; pass < 6; pass += 1) await scene.pass()
    expect(forged).toBe(3)
    expect(scene.status().problems).toMatchObject([{ reason: 'CopyNotSeen' }])
    scene.exchange.inject(undefined)
    scene.wait(3_600_000)
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual([...three, 'Piotr:1'])
    expect(scene.says()).toEqual(ready)
  })

  test('is named after some tries, and tried less often then', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    scene.put('anna', 'Piotr:1')
    let made = 0
    scene.exchange.inject((request) => {
      if (!asks(request, 'CreateItem', 'jan')) return undefined
      made += 1
      return {
        kind: 'rewrite',
        as: (body) => {
          scene.remove('jan', 'Piotr')
          return body
        },
      }
    })
    for (let pass = 0; pass < 8; pass += 1) await scene.pass()
    expect(made).toBe(3)
    expect(scene.status().problems).toMatchObject([
      { mailbox: 'jan@corp.example', reason: 'CopyNotSeen' },
    ])
    expect(scene.all('hub', 'anna')).toEqual([...three, 'Piotr:1'])
    scene.exchange.inject(undefined)
    scene.wait(3_600_000)
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual([...three, 'Piotr:1'])
    expect(scene.says()).toEqual(ready)
  })

  test('and that turns up late is removed, into the bin', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    scene.put('anna', 'Piotr:1')
    let hidden = ''
    scene.exchange.inject((request) => {
      const { operation, body } = request
      if (asks(request, 'CreateItem', 'jan') && hidden === '')
        return { kind: 'rewrite', as: (answer) => noteFirst(answer) }
      if (hidden === '' || request.mailbox !== 'jan@corp.example') return undefined
      if (operation === 'GetItem' && body.includes(hidden))
        return { kind: 'code', code: 'ErrorItemNotFound', at: indexIn(body, hidden) }
      return operation === 'SyncFolderItems' ? { kind: 'rewrite', as: without } : undefined
    })
    const noteFirst = (answer: string) => {
      hidden = /<t:ItemId Id="([^"]+)"/.exec(answer)?.[1] ?? ''
      return answer
    }
    const without = (answer: string) =>
      answer.replace(/<t:(Create|Update)>.*?<\/t:\1>/gs, (change) =>
        change.includes(hidden) ? '' : change,
      )
    for (let pass = 0; pass < 6; pass += 1) await scene.pass()
    expect(hidden).not.toBe('')
    expect(scene.shows('jan').filter((each) => each === 'Piotr:1')).toHaveLength(2)
    scene.exchange.inject(undefined)
    await scene.pass({ audit: true })
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual([...three, 'Piotr:1'])
    expect(scene.bin()).toEqual(['jan Deleted Piotr:1'])
    expect(scene.says()).toEqual(ready)
  })
})

test('a hub and its members’ folders that are emptied at once wait for approval', async () => {
  const scene = await Scene.of({ hub: [...three, 'Adam:1', 'Iza:1'], anna: [], jan: [] })
  await scene.rest()
  scene.folder('hub').clear()
  for (const who of ['anna', 'jan']) scene.folder(who).remove()
  await scene.pass()
  expect(scene.says()).toEqual([
    'Ready=False Guarded',
    'Guarded=True Deletions',
    'Stalled=True Guarded',
  ])
  expect(scene.status().guard?.refusals).toMatchObject([{ replica: 'hub', count: 5 }])
})

describe('what cannot be read', () => {
  const eight = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'].map((name) => `${name}:1`)

  for (const where of ['hub', 'jan'] as const) {
    for (const code of [
      'ErrorInternalServerError',
      'ErrorMimeContentInvalid',
      'ErrorItemCorrupt',
      'HTTP 500',
      'reset',
    ]) {
      test(`in ${where} (${code}) is named, and costs no other contact a thing`, async () => {
        const scene = await Scene.of(world, unguarded())
        await scene.rest()
        for (const each of eight) scene.put(where, each)
        const poison = scene.item(where, 'C').id
        scene.exchange.inject(({ operation, body }) => {
          if (operation !== 'GetItem' || !body.includes(poison)) return undefined
          if (code === 'HTTP 500') return { kind: 'http', status: 500 }
          if (code === 'reset') return { kind: 'drop', when: 'before' }
          return { kind: 'code', code, at: indexIn(body, poison) }
        })
        await scene.rest()
        const others = eight.filter((each) => each !== 'C:1')
        const everybody = [...others, ...three].sort()
        expect(scene.all('anna', where === 'hub' ? 'jan' : 'hub')).toEqual(everybody)
        scene.edit('anna', 'A:2')
        await scene.rest()
        expect(scene.shows(where)).toContain('A:2')
        const problem = scene.status().problems?.[0]
        expect(problem?.message).toMatch(/one item \([\w-]{22}\): /)
        expect(problem?.mailbox).toBe(where === 'hub' ? undefined : 'jan@corp.example')
        // It is read again when it changes.
        scene.exchange.inject(undefined)
        scene.edit(where, 'C:2')
        await scene.rest()
        expect(scene.shows('anna')).toContain('C:2')
        expect([scene.says(), scene.status().problems]).toEqual([ready, []])
      })
    }
  }

  test('is tried again at an audit', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    scene.put('hub', 'Piotr:1')
    const poison = scene.item('hub', 'Piotr').id
    scene.exchange.inject(({ operation, body }) =>
      operation === 'GetItem' && body.includes(poison)
        ? { kind: 'code', code: 'ErrorItemCorrupt', at: indexIn(body, poison) }
        : undefined,
    )
    for (let look = 0; look < 3; look += 1) await scene.pass()
    expect(scene.status().problems).toMatchObject([{ reason: 'ItemCorrupt' }])
    scene.exchange.inject(undefined)
    await scene.pass()
    expect(scene.status().problems).toMatchObject([{ reason: 'ItemCorrupt' }])
    await scene.pass({ audit: true })
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual([...three, 'Piotr:1'])
    expect(scene.says()).toEqual(ready)
  })

  test('is not asked for again while nothing changes', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    scene.put('hub', 'Piotr:1')
    const poison = scene.item('hub', 'Piotr').id
    let asked = 0
    scene.exchange.inject(({ operation, body }) => {
      if (operation !== 'GetItem' || !body.includes(poison)) return undefined
      asked += 1
      return { kind: 'code', code: 'ErrorInternalServerError', at: indexIn(body, poison) }
    })
    for (let pass = 0; pass < 8; pass += 1) await scene.pass()
    expect(asked).toBe(3)
    expect(scene.status().problems).toMatchObject([{ reason: 'InternalServerError' }])
  })
})

describe('a create that a server cannot carry out', () => {
  test.each([
    ['HTTP 500', { kind: 'http', status: 500 }],
    ['a reset after it was carried out', { kind: 'drop', when: 'after' }],
    ['a reset before', { kind: 'drop', when: 'before' }],
  ] as const)('costs the others nothing, and is sent once a pass: %s', async (_what, fault) => {
    const names = Array.from({ length: 60 }, (_, n) => `P${n}`)
    const scene = await Scene.of({ hub: names.map((name) => `${name}:1`), anna: [] }, unguarded())
    const sent: string[][] = []
    scene.exchange.inject(({ operation, body }) => {
      if (operation !== 'CreateItem') return undefined
      sent.push([...body.matchAll(/<t:GivenName>(P\d+)</g)].map(([, name]) => name ?? ''))
      return body.includes('>P7<') ? fault : undefined
    })
    for (let pass = 0; pass < 12; pass += 1) {
      sent.length = 0
      await scene.pass()
      const all = sent.flat()
      expect(new Set(all).size, `pass ${pass}`).toBe(all.length)
    }
    const shown = scene.shows('anna')
    const others = names.filter((name) => name !== 'P7').map((name) => `${name}:1`)
    expect(shown.filter((each) => each !== 'P7:1')).toEqual(others.sort())
    expect(shown.filter((each) => each === 'P7:1').length).toBeLessThan(2)
  })
})

describe('a listing that does not add up', () => {
  test('of a hub, in every pass: deletes are withheld and all else goes on', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    scene.exchange.inject(({ operation }) =>
      operation === 'FindItem'
        ? {
            kind: 'rewrite',
            as: (body) =>
              body.replace(
                /TotalItemsInView="(\d+)"/,
                (_, n) => `TotalItemsInView="${Number(n) + 1}"`,
              ),
          }
        : undefined,
    )
    scene.edit('anna', 'Ewa:2')
    scene.put('hub', 'Piotr:1')
    scene.remove('hub', 'Ola')
    await scene.pass()
    await scene.pass()
    expect(scene.shows('jan')).toEqual(['Ewa:2', 'Jan:1', 'Ola:1', 'Piotr:1'])
    expect(scene.status().problems).toMatchObject([{ reason: 'ListingIncomplete' }])
    scene.exchange.inject(undefined)
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:2', 'Jan:1', 'Piotr:1'])
    expect(scene.says()).toEqual(ready)
  })

  test('of a member, without a last page: it ends, and the others do not wait', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    let pages = 0
    scene.exchange.inject((request) => {
      if (!asks(request, 'SyncFolderItems', 'jan')) return undefined
      pages += 1
      return {
        kind: 'rewrite',
        as: (body) => body.replace(/(IncludesLastItemInRange>)true/, '$1false'),
      }
    })
    scene.edit('anna', 'Ewa:2')
    scene.edit('jan', 'Jan:2')
    await scene.pass()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:2', 'Jan:2', 'Ola:1'])
    expect(pages).toBeLessThan(30)
    expect(scene.status().problems).toMatchObject([
      { mailbox: 'jan@corp.example', reason: 'ListingIncomplete' },
    ])
  })

  test('of a hub that lacks what can be read: it is left as it is and named', async () => {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    const { id } = scene.item('hub', 'Ola')
    scene.exchange.inject(({ operation }) => (operation === 'FindItem' ? unlisted(id) : undefined))
    scene.put('hub', 'Piotr:1')
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual([...three, 'Piotr:1'])
    expect(scene.status().problems).toMatchObject([{ reason: 'NotListed' }])
    scene.exchange.inject(undefined)
    scene.put('hub', 'Iza:1')
    await scene.rest()
    expect(scene.says()).toEqual(ready)
  })
})

test('a copy whose server keeps what is cleared is named, until it is taken', async () => {
  const scene = await Scene.of(world, unguarded())
  await scene.rest()
  const { id } = scene.item('jan', 'Ewa')
  scene.exchange.inject((request) => {
    if (!asks(request, 'UpdateItem', 'jan') || !request.body.includes(id)) return undefined
    const as = (body: string) => {
      const { changeKey } = scene.folder('jan').update(id, { JobTitle: '1' })
      return body.replace(/ChangeKey="[^"]+"/, `ChangeKey="${changeKey}"`)
    }
    return { kind: 'rewrite', as }
  })
  scene.edit('anna', 'Ewa', { JobTitle: null })
  await scene.rest()
  expect(scene.all('hub', 'anna')).toEqual(['Ewa', 'Jan:1', 'Ola:1'])
  const named = [{ mailbox: 'jan@corp.example', reason: 'NotTaken' }]
  expect(scene.status().problems).toMatchObject(named)
  await scene.pass({ audit: true })
  expect(scene.status().problems).toMatchObject(named)
  scene.exchange.inject(undefined)
  scene.edit('anna', 'Ewa:2')
  await scene.rest()
  expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:2', 'Jan:1', 'Ola:1'])
  expect(scene.says()).toEqual(ready)
})

test('a delete that is acknowledged and not done is done again', async () => {
  for (const who of ['sync', 'jan']) {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    const where = who === 'sync' ? 'hub' : who
    let times = 0
    scene.exchange.inject((request) => {
      if (!asks(request, 'DeleteItem', who) || times > 0) return undefined
      times += 1
      const undo = scene.folder(where).backup()
      const as = (body: string) => {
        undo()
        return body
      }
      return { kind: 'rewrite', as }
    })
    scene.remove('anna', 'Ola')
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:1', 'Jan:1'])
    expect(scene.says()).toEqual(ready)
  }
})

test('an update that is acknowledged and not done is no edit of its member’s', async () => {
  for (const who of ['sync', 'jan']) {
    const scene = await Scene.of(world, unguarded())
    await scene.rest()
    const where = who === 'sync' ? 'hub' : who
    let times = 0
    scene.exchange.inject((request) => {
      if (!asks(request, 'UpdateItem', who) || times > 0) return undefined
      times += 1
      const undo = scene.folder(where).backup()
      const as = (body: string) => {
        undo()
        return body
      }
      return { kind: 'rewrite', as }
    })
    scene.edit('anna', 'Ola:2')
    await scene.rest()
    expect(scene.all('hub', 'anna', 'jan')).toEqual(['Ewa:1', 'Jan:1', 'Ola:2'])
    expect(scene.bin()).toEqual([])
  }
})

test('a hub that cannot be listed says so, and is no reason to leave its server alone', async () => {
  const scene = await Scene.of(world, unguarded())
  scene.makeHub('/Other')
  scene.put('/Other', 'Adam:1')
  scene.declare(unguarded({ hub: { publicFolder: '/Other' }, members: { ewa: {} } }), 'other')
  await scene.rest()
  const folder = scene.folder('hub').id()
  scene.exchange.inject(({ operation, body }) =>
    operation === 'FindItem' && body.includes(folder) ? { kind: 'http', status: 500 } : undefined,
  )
  scene.edit('hub', 'Ewa:2')
  scene.put('ewa/Contacts/Other', 'Iza:1')
  await scene.pass()
  expect(scene.says()[0]).toBe('Ready=False HttpError')
  expect(scene.all('/Other', 'ewa/Contacts/Other')).toEqual(['Adam:1', 'Iza:1'])
  expect(scene.says('other')).toEqual(ready)
})

test('what a listing lacks and cannot be read is not gone', async () => {
  const scene = await Scene.of(world, unguarded())
  await scene.rest()
  const hub = scene.item('hub', 'Ola').id
  const jan = scene.item('jan', 'Ewa').id
  const told = `<t:Delete>${refXml(scene, 'jan', 'Ewa')}</t:Delete>`
  scene.exchange.inject((request) => {
    const { operation, body } = request
    const id = [hub, jan].find((each) => body.includes(each))
    if (operation === 'GetItem' && id !== undefined)
      return { kind: 'code', code: 'ErrorInternalServerError', at: indexIn(body, id) }
    if (asks(request, 'SyncFolderItems', 'jan')) return telling(told)
    return operation === 'FindItem' ? unlisted(hub) : undefined
  })
  scene.put('hub', 'Piotr:1')
  for (let pass = 0; pass < 3; pass += 1) await scene.pass()
  expect(scene.all('hub', 'anna', 'jan')).toEqual([...three, 'Piotr:1'])
  expect(scene.bin()).toEqual([])
  expect(scene.status().problems?.map(({ reason }) => reason)).toContain('InternalServerError')
})

test('a listing without an end proves nothing, even where an item is denied', async () => {
  const scene = await Scene.of(world, unguarded())
  await scene.rest()
  const { id } = scene.item('jan', 'Ewa')
  scene.exchange.inject((request) => {
    const { operation, body } = request
    if (operation === 'GetItem' && body.includes(id))
      return { kind: 'code', code: 'ErrorItemNotFound', at: indexIn(body, id) }
    if (!asks(request, 'SyncFolderItems', 'jan')) return undefined
    const as = (answer: string) =>
      answer
        .replace(/<t:Create>.*?<\/t:Create>/gs, (change) => (change.includes(id) ? '' : change))
        .replace(/(IncludesLastItemInRange>)true/, '$1false')
    return { kind: 'rewrite', as }
  })
  await scene.pass({ audit: true })
  scene.exchange.inject(undefined)
  await scene.rest()
  expect(scene.all('hub', 'anna', 'jan')).toEqual(three)
  expect(scene.bin()).toEqual([])
})
