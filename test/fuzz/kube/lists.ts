// Lists that are not what there is: incomplete, of something else, of another time, without an end.
import { json } from '../../apiserver/server.ts'
import { type Fields, itemOf, type Mutator, ofLists } from './mutator.ts'

const deep = (): unknown => {
  let value: unknown = 1
  for (let n = 0; n < 2_000; n += 1) value = [value]
  return value
}

/** The mutators. */
export const lists: readonly Mutator[] = [
  ofLists('noItems', ({ items: _, ...list }) => list),
  ofLists('oddItems', (list, { chance }) => ({ ...list, items: chance.of([null, {}, 'none', 0]) })),
  ofLists('oddItem', (list, scene) =>
    itemOf(scene, list, () => scene.chance.of([null, 5, 'x', [], {}])),
  ),
  ofLists('bareItem', (list, scene) =>
    itemOf(scene, list, (item) => {
      const field = scene.chance.of(['name', 'namespace', 'uid', 'resourceVersion']) ?? 'uid'
      return {
        ...item,
        metadata: { ...item.metadata, [field]: scene.chance.of([undefined, 1, '']) },
      }
    }),
  ),
  ofLists('oddMetadata', (list, scene) =>
    itemOf(scene, list, (item) => {
      const odd: Fields =
        scene.chance.of<Fields>([
          { finalizers: 'x' },
          { annotations: [1] },
          { labels: { a: {} } },
          { deletionTimestamp: 5 },
          { generation: 'x' },
        ]) ?? {}
      return { ...item, metadata: { ...item.metadata, ...odd } }
    }),
  ),
  ofLists('otherItem', (list, scene) =>
    itemOf(scene, list, (item) => ({ ...item, kind: 'ConfigMap' })),
  ),
  ofLists('deepItem', (list, scene) => itemOf(scene, list, (item) => ({ ...item, spec: deep() }))),
  ofLists('otherList', (list, { chance }) => ({
    ...list,
    kind: chance.of(['Table', 'Status', 'ConfigMapList', 5]),
  })),
  ofLists('otherGroup', (list) => ({ ...list, apiVersion: 'example.com/v1' })),
  ofLists('noVersion', ({ metadata, ...list }, { chance }) =>
    chance.of<unknown>([
      list,
      { ...list, metadata: {} },
      { ...list, metadata: { ...metadata, resourceVersion: 7 } },
    ]),
  ),
  ofLists('double', (list, { chance }) => {
    const one = chance.of(list.items ?? [])
    return one && { ...list, items: [...(list.items ?? []), one] }
  }),
  // That something is missing that was never told, nobody can know.
  ofLists('short', (list, { chance, synced, former, question }) => {
    const last = former.at(-1) ?? ''
    const isKnown = ({ metadata }: Fields) =>
      question.plural === 'secrets' || last.includes(`"${(metadata as Fields).uid}"`)
    const left = (list.items ?? []).filter((item) => !isKnown(item) || chance.below(3) === 0)
    if (!synced() || left.length === list.items?.length) return undefined
    return { ...list, items: left }
  }),
  ofLists('ending', (list, scene) =>
    scene.synced()
      ? itemOf(scene, list, (item) => ({
          ...item,
          metadata: { ...item.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
        }))
      : undefined,
  ),
  ofLists('madeAnew', (list, scene) =>
    scene.synced()
      ? itemOf(scene, list, (item) => ({ ...item, metadata: { ...item.metadata, uid: 'another' } }))
      : undefined,
  ),
  ofLists('sameToken', (list) => ({ ...list, metadata: { ...list.metadata, continue: 'same' } })),
  ofLists('oddToken', (list) => ({ ...list, metadata: { ...list.metadata, continue: { a: 1 } } })),
  {
    name: 'former',
    acts: ['list'],
    apply: ({ former, chance, synced }) => {
      const text = chance.of(former)
      return text === undefined || !synced() ? undefined : json(200, JSON.parse(text))
    },
  },
]
