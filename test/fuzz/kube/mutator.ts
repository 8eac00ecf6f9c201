// What a mutator of the API server's answers is: it has the question, what is right, and chance; it answers something
// else, or undefined where it finds nothing to change.

import type { Clock } from '../../../controller/sync/ports.ts'
import type { Objects } from '../../apiserver/objects.ts'
import { json, type Question, type Reply } from '../../apiserver/server.ts'
import type { Chance } from '../chance.ts'

/** All that a mutator may look at. */
export type Scene = Readonly<{
  question: Question
  right: () => Reply
  chance: Chance
  objects: Objects
  clock: Clock
  gone: AbortSignal
  /** Is everything known to the controller already? Before that, some lies cannot be told from the truth. */
  synced: () => boolean
  /** Right answers to the same question, oldest first. */
  former: readonly string[]
}>

/** One way in which an answer may be wrong. */
export type Mutator = Readonly<{
  name: string
  acts: readonly Question['act'][]
  apply: (scene: Scene) => Reply | undefined
}>

export type Fields = Record<string, unknown>
/** A list as it goes over the wire. */
export type List = Fields & { metadata?: Fields; items?: Fields[] }

/** The text of a right answer. */
export function textOf({ parts }: Reply): string {
  return [...(parts as Iterable<string>)].join('')
}

/** A mutator of lists: changes the list in place, or answers another one; undefined where there is nothing to change. */
export function ofLists(name: string, change: (list: List, scene: Scene) => unknown): Mutator {
  return {
    name,
    acts: ['list'],
    apply: (scene) => {
      const right = scene.right()
      if (right.status !== 200) return undefined
      const changed = change(JSON.parse(textOf(right)) as List, scene)
      return changed === undefined ? undefined : json(200, changed)
    },
  }
}

/** Changes one item of a list. */
export function itemOf(
  { chance }: Scene,
  list: List,
  change: (item: Fields & { metadata: Fields }) => unknown,
): List | undefined {
  const { items = [] } = list
  if (items.length === 0) return undefined
  const at = chance.below(items.length)
  items[at] = change(items[at] as Fields & { metadata: Fields }) as Fields
  return list
}

/** A mutator of watches: the events pass through `change`, which may be asked at any of them. */
export function ofWatches(
  name: string,
  change: (scene: Scene, events: AsyncIterable<string>) => AsyncIterable<string | Uint8Array>,
  breaks = false,
): Mutator {
  return {
    name,
    acts: ['watch'],
    apply: (scene) => {
      const right = scene.right()
      if (right.status !== 200) return undefined
      return { ...right, breaks, parts: change(scene, right.parts as AsyncIterable<string>) }
    },
  }
}

/** Events go on until one comes that `odd` makes something else of; nothing follows then where it ends. */
export async function* oddly(
  scene: Scene,
  events: AsyncIterable<string>,
  odd: (event: string) => readonly (string | Uint8Array)[] | 'end' | undefined,
): AsyncIterable<string | Uint8Array> {
  let after = scene.chance.below(3)
  let done = false
  for await (const event of events) {
    const other = done || after > 0 ? undefined : odd(event)
    after -= 1
    if (other === 'end') return
    if (other === undefined) yield event
    else {
      done = true
      yield* other
    }
  }
}
