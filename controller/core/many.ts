// Lists of any length: an argument that is spread takes a slot of the stack each, so a long one ends the process.

/** Appends all of `more`. */
export function append<Each>(list: Each[], more: Iterable<Each>): void {
  for (const each of more) list.push(each)
}

/** The greatest of them; -Infinity of none. */
export function greatest(values: Iterable<number>): number {
  let most = Number.NEGATIVE_INFINITY
  for (const value of values) most = Math.max(most, value)
  return most
}

/** The least of them; Infinity of none. */
export function least(values: Iterable<number>): number {
  let fewest = Number.POSITIVE_INFINITY
  for (const value of values) fewest = Math.min(fewest, value)
  return fewest
}
