// What a copy makes of an API server that answers something else than there is: nothing is taken for deleted, nothing is
// taken for what it is not, and no answer is read without an end. Against the server in memory (test/apiserver).
import { expect, onTestFinished, test } from 'vitest'
import { kinds } from '../../controller/kube/kinds.ts'
import { jsonLinesIn, lineBytesMax } from '../../controller/kube/runtime/body.ts'
import { Reflector } from '../../controller/kube/runtime/reflector.ts'
import type { KubeObject } from '../../controller/kube/runtime/resource.ts'
import { shownOf } from '../apiserver/objects.ts'
import { reach } from '../apiserver/reach.ts'
import { ApiServer, json, line, type Question, type Reply, refusal } from '../apiserver/server.ts'
import { QuickClock } from '../support/quick.ts'

type Odd = (question: Question, right: () => Reply, gone: AbortSignal) => Reply | undefined
type Metadata = Readonly<Record<string, unknown>>

/** A copy of the groups `one` and `two`, and what it was told; `odd` answers what it wants to. */
async function copied() {
  const clock = new QuickClock(500)
  const asked: string[] = []
  let odd: Odd = () => undefined
  const server = new ApiServer(clock, (question, right, gone) => {
    asked.push(`${question.act} ${question.name ?? ''}`.trim())
    return odd(question, right, gone) ?? right()
  })
  const spec = { serverRef: { name: 'corp' }, hub: { publicFolder: '/Company' } }
  for (const name of ['one', 'two'])
    server.objects.create('syncgroups', 'a', { metadata: { name }, spec })
  const { client, close } = reach(await server.open(), clock)
  const [end, told, troubles]: [AbortController, string[], string[]] = [
    new AbortController(),
    [],
    [],
  ]
  let stirred = () => {}
  const reflector = new Reflector<KubeObject>({
    client,
    kind: kinds.syncGroup,
    clock,
    chance: () => 0.5,
    changed: (now, before) => {
      told.push(`${before?.metadata.name ?? '-'} ${now?.metadata.name ?? '-'}`)
      stirred()
    },
    synced: () => stirred(),
    onError: (code) => {
      troubles.push(code)
      stirred()
    },
  })
  const running = reflector.run(end.signal)
  onTestFinished(async () => {
    end.abort()
    await running
    await close()
    await server.close()
    clock.stop()
  })
  /** Waits until it is so. */
  const until = async (so: () => boolean) => {
    while (!so()) {
      const { promise, resolve } = Promise.withResolvers<void>()
      stirred = resolve
      await Promise.race([promise, clock.sleep(1_000, end.signal)])
    }
  }
  await until(() => reflector.synced)
  told.length = 0
  const names = () => reflector.values().map(({ metadata }) => metadata.name)
  return {
    ...{ server, reflector, told, troubles, asked, until, names },
    be: (next: Odd) => {
      odd = next
    },
  }
}

/** Ends what is watched now, so that the next answers are given. */
const expire = ({ objects }: ApiServer) => {
  objects.create('syncgroups', 'a', { metadata: { name: `x${objects.version}` } })
  objects.compact()
}

const list = (change: (list: { items?: unknown; metadata: Metadata }) => unknown): Odd => {
  return ({ act }, right) => {
    if (act !== 'list') return undefined
    return json(200, change(JSON.parse([...(right().parts as string[])].join(''))))
  }
}

const { apiVersion } = kinds.syncGroup
const empty = { apiVersion, kind: 'SyncGroupList', items: [] }

test.each<readonly [string, Odd, string]>([
  ['without items', list(({ items: _, ...rest }) => rest), 'ApiAnswerInvalid'],
  ['with null for items', list((all) => ({ ...all, items: null })), 'ApiAnswerInvalid'],
  ['of what is no object', list((all) => ({ ...all, items: [5] })), 'ApiAnswerInvalid'],
  ['of objects without metadata', list((all) => ({ ...all, items: [{}] })), 'ApiAnswerInvalid'],
  ['of another kind', list((all) => ({ ...all, kind: 'SecretList' })), 'ApiAnswerInvalid'],
  ['without a version', list((all) => ({ ...all, metadata: {} })), 'ApiAnswerInvalid'],
  ['with no items', list((all) => ({ ...all, items: [] })), 'ApiListShort'],
  [
    'whose token comes again',
    list(() => ({ ...empty, metadata: { resourceVersion: '9', continue: 'x' } })),
    'ApiListEndless',
  ],
  [
    'that is a web page',
    ({ act }) => (act === 'list' ? { status: 200, parts: ['<html>'] } : undefined),
    'ApiAnswerInvalid',
  ],
])('a list %s is told, and takes nothing away', async (_, odd, code) => {
  const { be, server, troubles, names, told, until } = await copied()
  be(odd)
  expire(server)
  await until(() => troubles.includes(code))
  expect(names()).toEqual(['one', 'two'])
  be(() => undefined)
  await until(() => names().length === 3)
  expect(told).toEqual([`- x${server.objects.version - 1}`])
})

const stored = ({ objects }: ApiServer, name: string) =>
  shownOf(objects.get('syncgroups', 'a', name))
const watched = (event: () => string): Odd => {
  let times = 0
  return ({ act }, right) => {
    times += act === 'watch' ? 1 : 0
    if (act !== 'watch' || times > 1) return undefined
    const rest = right().parts as AsyncIterable<string>
    const parts = async function* () {
      yield event()
      yield* rest
    }
    return { status: 200, parts: parts() }
  }
}

test.each<readonly [string, (server: ApiServer) => string]>([
  ['that one is deleted which lives', (server) => line('DELETED', stored(server, 'one'))],
  [
    'that one is being deleted which is not',
    (server) => {
      const { metadata, ...rest } = stored(server, 'one')
      const ending = { ...(metadata as Metadata), deletionTimestamp: '2026-01-01T00:00:00Z' }
      return line('MODIFIED', { ...rest, metadata: ending })
    },
  ],
  [
    'that one was made anew which was not',
    (server) => {
      const { metadata, ...rest } = stored(server, 'one')
      return line('ADDED', { ...rest, metadata: { ...(metadata as Metadata), uid: 'new' } })
    },
  ],
])('an event %s ends nothing', async (_, event) => {
  const { be, server, troubles, names, told, until } = await copied()
  // Later than all that is known.
  const later = () => {
    server.objects.merge('syncgroups', 'a', 'two', { metadata: { annotations: { a: 'b' } } })
    const text = event(server).replace(
      /"resourceVersion":"\d+"/,
      `"resourceVersion":"${server.objects.version}"`,
    )
    return text
  }
  be(watched(later))
  expire(server)
  await until(() => troubles.includes('ApiWatchDisordered'))
  await until(() => names().length === 3)
  expect(names()).toContain('one')
  expect(told.filter((each) => each === 'one -')).toEqual([])
})

test('a write of ours that is answered with what a user wrote meanwhile tells of it, and of our own status nothing', async () => {
  const { reflector, told } = await copied()
  const known = reflector.get('a/one')
  if (known === undefined) throw new Error('there is no a/one')
  const { metadata } = known
  const answered = (resourceVersion: string, annotations?: Record<string, string>): KubeObject => ({
    ...known,
    metadata: { ...metadata, resourceVersion, ...(annotations && { annotations }) },
  })
  reflector.applyLocal(answered('900'))
  expect(told).toEqual([])
  reflector.applyLocal(answered('901', { 'exchangesync.dev/requestedAt': 'now' }))
  expect(told).toEqual(['one one'])
  reflector.applyLocal(answered('902', { 'exchangesync.dev/requestedAt': 'now' }))
  reflector.applyLocal(answered('800', { 'exchangesync.dev/requestedAt': 'before' }))
  expect(told).toEqual(['one one'])
  expect(reflector.get('a/one')?.metadata.resourceVersion).toBe('902')
})

test('what is deleted is told as deleted, once the API server itself says that it is not there', async () => {
  const { be, server, names, told, asked, until } = await copied()
  let right = false
  be(({ act, name }) => {
    if (act !== 'get' || right) return undefined
    // A page of a proxy says nothing.
    return name === 'one'
      ? { status: 404, parts: ['<html>'] }
      : refusal(404, 'NotFound', { name: 'other' })
  })
  server.objects.remove('syncgroups', 'a', 'one')
  await until(() => asked.filter((each) => each === 'get one').length > 1)
  expect(names()).toEqual(['one', 'two'])
  right = true
  await until(() => names().length === 1)
  expect(told).toEqual(['one -'])
})

test('where one may not be read by itself, two lists that lack it count', async () => {
  const { be, server, names, asked, until } = await copied()
  be(({ act }) => (act === 'get' ? refusal(403, 'Forbidden') : undefined))
  const before = asked.filter((each) => each === 'list').length
  server.objects.remove('syncgroups', 'a', 'one')
  await until(() => names().length === 1)
  expect(asked.filter((each) => each === 'list').length - before).toBe(2)
})

test('events that say the same without an end are listed instead', async () => {
  const { be, server, troubles, until } = await copied()
  const same = line('MODIFIED', stored(server, 'one'))
  let lines = 0
  be(({ act }, _right, gone) => {
    if (act !== 'watch') return undefined
    const parts = async function* () {
      for (; !gone.aborted; lines += 100) yield same.repeat(100)
    }
    return { status: 200, parts: parts() }
  })
  expire(server)
  await until(() => troubles.includes('ApiWatchDisordered'))
  expect(lines).toBeGreaterThan(900)
})

test('a line is put together once, however small its pieces, and one that is too long is refused', async () => {
  let looked = 0
  // Counts what is looked at: as many bytes as there are.
  class Counted extends Uint8Array {
    override indexOf(value: number, from = 0): number {
      const found = super.indexOf(value, from)
      looked += (found < 0 ? this.length : found + 1) - from
      return found
    }
  }
  const pieces = async function* (bytes: number) {
    for (let n = 0; n < bytes; n += 1_000) yield new Counted(1_000).fill(0x20)
    yield new Counted(3).fill(10)
  }
  const read = async (bytes: number) => {
    looked = 0
    for await (const _ of jsonLinesIn(pieces(bytes), () => {})) throw new Error('a line of blanks')
  }
  await expect(read(1_000_000)).rejects.toMatchObject({ code: 'ApiAnswerInvalid' })
  expect(looked).toBeLessThanOrEqual(1_000_003)
  await expect(read(4 * lineBytesMax)).rejects.toMatchObject({ code: 'ApiAnswerTooLarge' })
  expect(looked).toBeLessThanOrEqual(lineBytesMax + 2_000)
})
