// Answers that are wrong as a whole, whatever was asked: statuses, web pages, pieces, silence, floods.
import { gzipSync } from 'node:zlib'
import { json, type Question, type Reply, refusal } from '../../apiserver/server.ts'
import { type Mutator, type Scene, textOf } from './mutator.ts'

const reads: readonly Question['act'][] = ['list', 'watch', 'get']
const every: readonly Question['act'][] = [...reads, 'write']
const page = '<!doctype html><html><body>Sign in</body></html>'
const html = (status: number): Reply => ({
  status,
  headers: { 'content-type': 'text/html' },
  parts: [page],
})

const statuses: readonly (readonly [number, string])[] = [
  [500, 'InternalError'],
  [503, 'ServiceUnavailable'],
  [504, 'Timeout'],
  [400, 'BadRequest'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [409, 'Conflict'],
  [410, 'Expired'],
  [422, 'Invalid'],
  [429, 'TooManyRequests'],
  [500, 'constructor'],
  [500, 'x '.repeat(2_000)],
  [302, '__proto__'],
]

/** Something that never ends, until the client hangs up. */
export async function* endless(gone: AbortSignal, part: string): AsyncGenerator<string> {
  while (!gone.aborted) {
    yield part
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function* silent({ gone }: Scene, first = ''): AsyncGenerator<string> {
  if (first !== '') yield first
  await new Promise<void>((resolve) => {
    if (gone.aborted) resolve()
    gone.addEventListener('abort', () => resolve(), { once: true })
  })
}

const flat = (scene: Scene) =>
  scene.question.act === 'watch' ? '{"type":"ADDED"' : textOf(scene.right())
const part = (text: string, { chance }: Scene) => text.slice(0, 1 + chance.below(text.length - 1))

/** The mutators. */
export const answers: readonly Mutator[] = [
  {
    name: 'status',
    acts: every,
    apply: ({ chance, question }) => {
      const [status, reason] = chance.of(statuses) ?? [500, 'InternalError']
      // One who may not read does not know, and says so: that is no error of the answer.
      const known = status === 403 && question.act !== 'write' ? 500 : status
      return refusal(known, reason, question)
    },
  },
  {
    name: 'busy',
    acts: every,
    apply: ({ question }) => ({
      ...refusal(429, 'TooManyRequests', question),
      headers: { 'retry-after': '99999999999' },
    }),
  },
  {
    name: 'webPage',
    acts: every,
    apply: ({ chance }) => html(chance.of([200, 404, 500, 502]) ?? 200),
  },
  {
    name: 'notServed',
    acts: every,
    apply: () => ({ status: 404, parts: ['404 page not found\n'] }),
  },
  { name: 'empty', acts: every, apply: () => ({ status: 200, parts: [] }) },
  {
    name: 'null',
    acts: every,
    apply: ({ chance }) => ({
      status: 200,
      parts: [chance.of(['null', '{}', '[]', '7', '"x"']) ?? ''],
    }),
  },
  {
    name: 'cut',
    acts: reads,
    apply: (scene) => ({ status: 200, parts: [part(flat(scene), scene)] }),
  },
  {
    name: 'broken',
    acts: every,
    apply: (scene) => ({ status: 200, parts: [part(flat(scene), scene)], breaks: true }),
  },
  { name: 'hangs', acts: every, apply: (scene) => ({ status: 200, parts: silent(scene) }) },
  {
    name: 'trickles',
    acts: reads,
    apply: (scene) => ({ status: 200, parts: silent(scene, part(flat(scene), scene)) }),
  },
  {
    name: 'gzip',
    acts: reads,
    apply: () => ({
      status: 200,
      headers: { 'content-encoding': 'gzip' },
      parts: [gzipSync(Buffer.alloc(1_000_000, ' '))],
    }),
  },
  {
    name: 'binary',
    acts: reads,
    apply: () => ({ status: 200, parts: [Buffer.from([0xff, 0, 10, 0xfe, 10])] }),
  },
  {
    name: 'endless',
    acts: reads,
    apply: ({ gone }) => ({ status: 200, parts: endless(gone, ' '.repeat(1_000_000)) }),
  },
  {
    name: 'otherObject',
    acts: ['get', 'write'],
    apply: ({ right, chance }) => {
      const reply = right()
      if (reply.status >= 300) return undefined
      const object = JSON.parse(textOf(reply))
      const field = chance.of(['name', 'namespace', 'uid']) ?? 'name'
      object.metadata[field] = chance.of(['other', undefined, 7, null])
      return json(200, object)
    },
  },
  {
    name: 'otherKindOfObject',
    acts: ['get', 'write'],
    apply: ({ right }) => {
      const reply = right()
      if (reply.status >= 300) return undefined
      return json(200, { ...JSON.parse(textOf(reply)), kind: 'Status' })
    },
  },
  {
    name: 'lostReply',
    acts: ['write'],
    apply: ({ right, chance, question }) => {
      right()
      return chance.of([
        refusal(500, 'InternalError', question),
        html(502),
        { status: 200, parts: [], breaks: true },
      ])
    },
  },
]
