// What a mutant is.

/** A small wrong change: a rule that somebody relies on, dropped or turned round. */
export type Mutant = Readonly<{
  id: string
  file: string
  /** Text that occurs exactly once, and what takes its place. */
  changes: readonly (readonly [find: string, replacement: string])[]
  /** The rule that is gone. */
  drops: string
  /** Why no test can tell it from the original, where that is so. */
  equivalent?: string | undefined
}>

type Line = readonly [
  id: string,
  drops: string,
  find: string,
  replacement: string,
  equivalent?: string,
]

/** Mutants of one file, one change each. */
export function mutantsOf(file: string, lines: readonly Line[]): readonly Mutant[] {
  return lines.map(([id, drops, find, replacement, equivalent]) => ({
    id,
    file,
    drops,
    changes: [[find, replacement]],
    equivalent,
  }))
}
