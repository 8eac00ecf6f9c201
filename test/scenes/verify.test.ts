// A verification reads every copy again: it proves that all show what is agreed, or names each that does not. It writes
// nothing, and what the server, a private mark or ignored drift makes of a copy is no deviation.
import { describe, expect, test } from 'vitest'
import { resultOf, type Verification } from '../../controller/api/verification.ts'
import { Scene } from './scene.ts'
import { unguarded } from './specs.ts'

const three = ['Ewa:1', 'Jan:1', 'Ola:1']
const world = { hub: three, anna: [], jan: [] }
const [nothing, proved] = [
  { problems: [], deviations: [] },
  { result: 'Proved', copies: 9, apart: {}, problems: [], deviations: [] },
]

/** What a verification says: `anna Differs JobTitle`. */
function said(verification: Verification) {
  const { copies, apart, problems, deviations } = verification
  const who = (replica: string) => replica.split(/[@:]/)[0]
  return {
    result: resultOf(verification),
    copies,
    apart: Object.fromEntries(apart),
    problems: problems.map(({ replica, reason }) => `${who(replica)} ${reason}`),
    deviations: deviations
      .map(({ replica, kind, fields }) => [who(replica), kind, ...fields].join(' '))
      .sort(),
  }
}

const writes = /^(Create|Update|Delete|Move|Copy|Empty|Send|Mark)/

/** Verifies, and sees that nothing is written to Exchange; the state is opened only to be read. */
async function verified(scene: Scene): Promise<ReturnType<typeof said>> {
  const [before, counts] = [scene.versions(), { ...scene.exchange.counts }]
  const result = await scene.controller().verify()
  const written = Object.entries(scene.exchange.counts).filter(
    ([operation, count]) => writes.test(operation) && count !== counts[operation],
  )
  expect(written).toEqual([])
  expect(scene.versions()).toEqual(before)
  return said(result)
}

async function settled(spec = unguarded()): Promise<Scene> {
  const scene = await Scene.of(world, spec)
  await scene.rest()
  return scene
}

describe('a verification proves', () => {
  test('that all show what is agreed, reading every copy', async () => {
    const scene = await settled()
    const before = scene.exchange.counts.GetItem ?? 0
    const verification = await scene.controller().verify()
    expect(said(verification)).toEqual(proved)
    expect(verification.replicas).toEqual({ total: 3, read: 3 })
    expect((scene.exchange.counts.GetItem ?? 0) - before).toBe(3)
  })

  test('that nothing deviates where the server rewrites what it is given', async () => {
    const titled = { GivenName: 'Iga', Surname: 'Żak', DisplayNamePrefix: 'Dr' }
    const scene = await Scene.of({ hub: three, anna: [], jan: [] }, unguarded())
    await scene.rest()
    scene.put('anna', titled)
    scene.put('hub', {
      GivenName: 'Zoë',
      Body: { type: 'HTML', text: '<p>Hello <b>there</b></p>' },
      EmailAddresses: { EmailAddress1: 'zoe@corp.example' },
    })
    await scene.rest()
    expect(await verified(scene)).toEqual({ ...proved, copies: 15 })
  })

  test('that a copy marked private, and what is written into it since, is meant to differ', async () => {
    const scene = await settled()
    scene.edit('anna', 'Ewa:mine', { Sensitivity: 'Private' })
    scene.put('anna', 'Own:1', { Sensitivity: 'Private' })
    const before = await verified(scene)
    expect(before).toMatchObject({ result: 'Proved', apart: { Private: 2 }, ...nothing })
    await scene.rest()
    const after = await verified(scene)
    expect(after).toMatchObject({ result: 'Proved', apart: { Private: 2 }, ...nothing })
  })

  test('that drift is ignored, and a copy declined, also before a pass has seen it', async () => {
    const scene = await settled(unguarded({ direction: 'OneWay', drift: 'Ignore' }))
    scene.edit('anna', 'Ewa:mine')
    scene.remove('anna', 'Jan')
    scene.put('anna', 'Own:1')
    const apart = { Ignored: 1, Declined: 1, Own: 1 }
    const expected = { ...proved, copies: 8, apart }
    expect(await verified(scene)).toEqual(expected)
    await scene.rest()
    expect(await verified(scene)).toEqual(expected)
  })

  test('where copies were read last under an older codec, all that it knew', async () => {
    const scene = await settled()
    scene.edit('hub', 'Ewa', { Hobbies: 'Chess' })
    scene.controller().downgrade(scene.versions())
    const apart = { OlderCodec: 1 }
    expect(await verified(scene)).toMatchObject({ result: 'Proved', apart, ...nothing })
  })
})

describe('a verification names', () => {
  test('an edit, by its fields and by when it was made', async () => {
    const scene = await settled()
    scene.edit('anna', 'Ewa:2', { Department: 'Sales' })
    const { deviations } = await scene.controller().verify()
    expect(deviations).toHaveLength(1)
    expect(deviations[0]?.sinceMs).toBe(scene.time.ms)
    expect(await verified(scene)).toEqual({
      ...proved,
      result: 'Deviating',
      deviations: ['anna Differs Department JobTitle'],
    })
    await scene.rest()
    expect(await verified(scene)).toEqual(proved)
  })

  test('drift that the next pass reverts', async () => {
    const scene = await settled(unguarded({ direction: 'OneWay' }))
    scene.edit('anna', 'Ewa:mine')
    expect((await verified(scene)).deviations).toEqual(['anna Differs JobTitle'])
    await scene.rest()
    expect(await verified(scene)).toEqual(proved)
  })

  test('an edit of a hub that receives nothing', async () => {
    const scene = await settled(unguarded({ direction: 'OneWay' }))
    scene.edit('hub', 'Ewa:2')
    scene.remove('hub', 'Jan')
    expect((await verified(scene)).deviations).toEqual(['hub Differs JobTitle', 'hub Missing'])
  })

  test('a copy that was deleted, and items that the group does not know', async () => {
    const scene = await settled()
    scene.remove('jan', 'Ola')
    scene.put('hub', 'Nowy:1')
    scene.put('anna', 'Obcy:1')
    expect(await verified(scene)).toEqual({
      ...proved,
      result: 'Deviating',
      copies: 8,
      deviations: ['anna Extra', 'hub Extra', 'jan Missing'],
    })
  })

  test('a copy that is behind, and one that a new member has not got yet; and makes no folder', async () => {
    const scene = await settled()
    scene.exchange.inject(({ operation, mailbox }) =>
      operation === 'UpdateItem' && mailbox?.startsWith('anna')
        ? { kind: 'code', code: 'ErrorItemSave', at: 'each' }
        : undefined,
    )
    scene.edit('hub', 'Ewa:2')
    await scene.pass()
    scene.exchange.inject(undefined)
    scene.declare(unguarded({ members: { anna: {}, jan: {}, ewa: {} } }))
    const missing = ['ewa Missing', 'ewa Missing', 'ewa Missing']
    expect((await verified(scene)).deviations).toEqual(['anna Behind JobTitle', ...missing])
    expect(scene.folder('ewa').exists()).toBe(false)
    await scene.rest()
    expect(await verified(scene)).toEqual({ ...proved, copies: 12 })
  })

  test.each([
    ['is gone', (scene: Scene) => scene.folder('anna').remove()],
    [
      'was moved away, with all that is in it',
      (scene: Scene) => scene.folder('anna').moveTo(scene.mailbox('anna').folder('Inbox')),
    ],
  ])('every copy of a folder that %s', async (_how, lose) => {
    const scene = await settled()
    lose(scene)
    const gone = ['anna Missing', 'anna Missing', 'anna Missing']
    expect(await verified(scene)).toMatchObject({ result: 'Deviating', deviations: gone })
    expect(scene.folder('anna').exists()).toBe(false)
  })

  test('a mailbox that cannot be reached, which is no proof', async () => {
    const scene = await settled()
    scene.mailbox('anna').deny('ErrorMailboxStoreUnavailable')
    const verification = await scene.controller().verify()
    expect(said(verification)).toEqual({
      ...proved,
      result: 'Unread',
      copies: 6,
      problems: ['anna ErrorMailboxStoreUnavailable'],
    })
    expect(verification.replicas).toEqual({ total: 3, read: 2 })
    scene.edit('jan', 'Ewa:2')
    expect(await verified(scene)).toMatchObject({
      result: 'Deviating',
      deviations: ['jan Differs JobTitle'],
    })
  })

  test('no edit that a pass brings along meanwhile', async () => {
    const scene = await settled()
    scene.edit('hub', 'Ewa:2')
    let reads = 0
    scene.exchange.inject(async ({ operation }) => {
      if (operation !== 'GetItem') return undefined
      reads += 1
      // The listing has read what moved; now the links are held, and their copies are asked for.
      if (reads !== 2) return undefined
      scene.exchange.inject(undefined)
      await scene.pass()
      return undefined
    })
    expect(said(await scene.controller().verify())).toEqual(proved)
    expect(reads).toBe(2)
    expect(scene.shows('jan')).toContain('Ewa:2')
  })
})

test('an annotation has the next pass verify, once for each value', async () => {
  const scene = await settled()
  const ask = (token: string) =>
    scene.declare(unguarded({ annotations: { 'exchangesync.dev/verifyAt': token } }))
  expect(scene.status().verified).toBeUndefined()
  ask('a')
  await scene.pass()
  const first = scene.status().verified
  expect(first).toMatchObject({ requestedAt: 'a', copies: 9, deviations: 0, result: 'Proved' })
  await scene.pass()
  expect(scene.status().verified).toEqual(first)
  scene.mailbox('anna').deny('ErrorMailboxStoreUnavailable')
  ask('b')
  await scene.pass()
  expect(scene.status().verified).toMatchObject({
    requestedAt: 'b',
    deviations: 1,
    result: 'Unread',
    first: [{ replica: 'anna@corp.example', kind: 'Unread' }],
  })
})

test('what a verification has not read when its time is over is not proved; one that is stopped is made again', async () => {
  const scene = await settled()
  const ask = (token: string, spec = {}) =>
    scene.declare(unguarded({ annotations: { 'exchangesync.dev/verifyAt': token }, ...spec }))
  ask('a')
  await scene.pass({ stops: true })
  expect(scene.status().verified).toBeUndefined()
  await scene.pass()
  expect(scene.status().verified).toMatchObject({ requestedAt: 'a', result: 'Proved' })
  ask('b', { timeout: '1s' })
  scene.exchange.inject(({ operation }) => {
    if (operation === 'FindItem') scene.wait(2000)
    return undefined
  })
  await scene.pass()
  const expected = { requestedAt: 'b', result: 'Unread', copies: 0, deviations: 0 }
  expect(scene.status().verified).toMatchObject(expected)
})
