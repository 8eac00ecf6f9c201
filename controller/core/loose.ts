// Items that nobody has linked yet, and what becomes of them.
import type { LinkId, ReplicaId } from './id.ts'
import type { Found, Role } from './model.ts'

/**
 * An item that no link knows. `only`: what alone it may be matched with: a copy of another hub's item with its
 * equal, what its owner marked private with her own copy that is gone.
 */
export type Loose = Readonly<{
  role: Role
  found: Found
  only?: 'its equal' | 'her own' | undefined
}>

/** A loose item that belongs to a link; `moved`: it is the copy that the link had there, under a new id. */
export type Adopted = Loose & Readonly<{ link: LinkId; moved: boolean }>

/** Loose items that are one and get a new link; hub first. */
export type Family = readonly Loose[]

/** The same, replica by replica, in the order in which they come. */
export function byReplica(loose: readonly Loose[]): readonly (readonly Loose[])[] {
  const groups = new Map<ReplicaId, Loose[]>()
  for (const one of loose) into(groups, one.role.id, one)
  return [...groups.values()]
}

/** Adds to what an index holds under a key. */
export function into<Key, Value>(index: Map<Key, Value[]>, key: Key, value: Value): void {
  const values = index.get(key)
  if (values === undefined) index.set(key, [value])
  else values.push(value)
}
