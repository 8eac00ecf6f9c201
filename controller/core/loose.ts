// Items that no link knows, and the links that they are assigned to.
import type { LinkId, ReplicaId } from './id.ts'
import type { Found, Role } from './model.ts'

/**
 * An item that no link knows. `only` limits its matches: `its equal`, for a copy of another hub's item; `own copy`, for
 * an item that its owner marked private, which may only be a missing copy in the same folder.
 */
export type Loose = Readonly<{
  role: Role
  found: Found
  only?: 'its equal' | 'own copy' | undefined
}>

/** A loose item that belongs to a link; `moved`: it is the copy that the link had there, under a new id. */
export type Adopted = Loose & Readonly<{ link: LinkId; moved: boolean }>

/** Loose items that become one new link; hub first. */
export type Family = readonly Loose[]

/** Groups the items by replica, and keeps their order. */
export function byReplica(loose: readonly Loose[]): readonly (readonly Loose[])[] {
  const groups = new Map<ReplicaId, Loose[]>()
  for (const one of loose) into(groups, one.role.id, one)
  return [...groups.values()]
}

/** Adds a value to the list of a key. */
export function into<Key, Value>(index: Map<Key, Value[]>, key: Key, value: Value): void {
  const values = index.get(key)
  if (values === undefined) index.set(key, [value])
  else values.push(value)
}
