// Watches that tell what did not happen, in another order, of something else, or do not end.

import { shownOf } from '../../apiserver/objects.ts'
import { line } from '../../apiserver/server.ts'
import { endless } from './answers.ts'
import { type Fields, type Mutator, oddly, ofWatches, type Scene } from './mutator.ts'

type Event = { type: string; object: Fields & { metadata: Fields } }
const read = (event: string) => JSON.parse(event) as Event
const isNews = (event: string) => /^\{"type":"(ADDED|MODIFIED|DELETED)"/.test(event)

// An event that something is made of, with the event itself after it.
const before = (
  name: string,
  make: (scene: Scene, event: Event) => readonly (string | Uint8Array)[] | undefined,
) =>
  ofWatches(name, (scene, events) =>
    oddly(scene, events, (event) => {
      const made = isNews(event) ? make(scene, read(event)) : undefined
      return made && [...made, event]
    }),
  )

// At once, without waiting for any event.
const first = (
  name: string,
  make: (scene: Scene) => readonly (string | Uint8Array)[] | undefined,
) =>
  ofWatches(name, async function* (scene, events) {
    yield* make(scene) ?? []
    yield* events
  })

const living = ({ objects, question, chance }: Scene) => {
  const found = chance.of(objects.list(question.plural))
  return found && (structuredClone(shownOf(found)) as Event['object'])
}

/** A living object, told of as if `change` had become of it. */
const forged = (name: string, type: string, change: (metadata: Fields) => Fields) =>
  first(name, (scene) => {
    const object = living(scene)
    if (object === undefined) return undefined
    const own = { ...object.metadata, resourceVersion: String(scene.objects.version) }
    return [line(type, { ...object, metadata: { ...own, ...change(own) } })]
  })

/** The mutators. */
export const watches: readonly Mutator[] = [
  forged('forgedDeleted', 'DELETED', () => ({})),
  forged('formerDeleted', 'DELETED', () => ({ uid: 'former' })),
  forged('forgedEnd', 'MODIFIED', () => ({ deletionTimestamp: '2026-01-01T00:00:00Z' })),
  forged('forgedAnew', 'ADDED', () => ({ uid: 'another' })),
  before('unknownType', (_, { object }) => [line('RENAMED', object)]),
  before('noObject', ({ chance }) => [line('ADDED', chance.of([null, 5, 'x', [], {}]))]),
  before('bareObject', ({ chance }, { type, object }) => {
    const field = chance.of(['name', 'namespace', 'uid', 'resourceVersion']) ?? 'uid'
    return [line(type, { ...object, metadata: { ...object.metadata, [field]: undefined } })]
  }),
  before('otherKind', (_, { type, object }) => [line(type, { ...object, kind: 'ConfigMap' })]),
  before('twice', (_, { type, object }) => [line(type, object), line(type, object)]),
  before('garbage', () => ['garbage\n']),
  before('blankLines', () => ['\n\n\n']),
  before('brokenText', () => [Buffer.from([0xff, 0xfe, 10])]),
  before('errorEvent', ({ chance }) => [
    line('ERROR', chance.of<unknown>([{ kind: 'Status', code: 410 }, { code: 500 }, null, 'x'])),
  ]),
  before('older', ({ objects, question, chance }, { object }) => {
    const changes = objects.since(question.plural, 0)
    const old = chance.of(
      changes.filter(({ version }) => version < Number(object.metadata.resourceVersion)),
    )
    return old && [line(old.type, shownOf(old.object))]
  }),
  ofWatches('swapped', async function* (_scene, events) {
    let held: string | undefined
    for await (const event of events) {
      if (held !== undefined) {
        yield event
        yield held
        held = undefined
      } else if (isNews(event)) held = event
      else yield event
    }
    // What is left out altogether nobody can know.
    if (held !== undefined) yield held
  }),
  first('oddBookmark', ({ chance, question }) => {
    const metadata = chance.of<unknown>([
      {},
      null,
      { resourceVersion: 7 },
      { resourceVersion: 'new' },
    ])
    const kind = chance.of([question.plural, 'SyncGroup', 'Secret'])
    return [line('BOOKMARK', { apiVersion: 'exchangesync.dev/v1alpha1', kind, metadata })]
  }),
  // From a version that is still to come, and then has come, events would be left out: nobody can know of them.
  first('lateBookmark', ({ objects, question, chance }) => {
    const [object] = objects.list(question.plural)
    const { apiVersion, kind } = object ?? {}
    const metadata = { resourceVersion: String(objects.version + 1_000 + chance.below(1_000)) }
    return kind === undefined ? undefined : [line('BOOKMARK', { apiVersion, kind, metadata })]
  }),
  ofWatches('endsAtOnce', async function* () {}),
  ofWatches('endsWithin', (scene, events) => oddly(scene, events, () => 'end')),
  ofWatches('breaksWithin', (scene, events) => oddly(scene, events, () => 'end'), true),
  ofWatches('halfLine', async function* (scene, events) {
    yield* oddly(scene, events, (event) => [event.slice(0, 20)])
  }),
  ofWatches('pieces', async function* (_scene, events) {
    for await (const event of events)
      for (let at = 0; at < event.length; at += 7) yield event.slice(at, at + 7)
  }),
  ofWatches('longLine', async function* ({ gone }) {
    yield* endless(gone, 'x'.repeat(500_000))
  }),
  ofWatches('sameForEver', async function* (scene, events) {
    const object = living(scene)
    if (object === undefined) yield* events
    else yield* endless(scene.gone, line('MODIFIED', object).repeat(200))
  }),
]
