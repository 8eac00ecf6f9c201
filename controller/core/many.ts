// Functions for lists of any length, and for lists by key. Each spread argument takes a slot of the stack, so a long
// spread list ends the process.

/** Appends all of `more`. */
export function append<Each>(list: Each[], more: Iterable<Each>): void {
  for (const each of more) list.push(each)
}

/** Adds a value to the list of a key. */
export function into<Key, Value>(index: Map<Key, Value[]>, key: Key, value: Value): void {
  const values = index.get(key)
  if (values === undefined) index.set(key, [value])
  else values.push(value)
}

/** The greatest value; -Infinity for an empty list. */
export function greatest(values: Iterable<number>): number {
  let most = Number.NEGATIVE_INFINITY
  for (const value of values) most = Math.max(most, value)
  return most
}

/** The least value; Infinity for an empty list. */
export function least(values: Iterable<number>): number {
  let fewest = Number.POSITIVE_INFINITY
  for (const value of values) fewest = Math.min(fewest, value)
  return fewest
}
