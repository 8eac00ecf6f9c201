// Patterns with `*`, compared without regular expressions: a pattern and a text cost no more than their lengths.
import { folded, namesIn } from './path.ts'

/** A pattern that is taken apart: what stands between its stars. Upper and lower case are the same. */
export type Pattern = readonly string[]

/** Takes a pattern apart. */
export function patternOf(text: string): Pattern {
  return folded(text).split('*')
}

/** Does the pattern match the whole text? */
export function matches(pattern: Pattern, text: string): boolean {
  const [first = '', ...rest] = pattern
  const whole = folded(text)
  const last = rest.pop()
  if (last === undefined) return whole === first
  if (whole.length < first.length + last.length) return false
  if (!whole.startsWith(first) || !whole.endsWith(last)) return false
  // The leftmost place of each part leaves the most room for the next one.
  let at = first.length
  for (const part of rest) {
    const found = whole.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return at <= whole.length - last.length
}

/** A pattern of a path: one for each name; `deep`: for one name or more below them. */
export type PathPattern = Readonly<{ names: readonly Pattern[]; deep: boolean }>

/** The pattern that a path with stars stands for. As the last name a star stands for one name or more. */
export function pathPatternOf(path: string): PathPattern {
  const names = namesIn(path)
  const deep = names.at(-1) === '*'
  return { names: (deep ? names.slice(0, -1) : names).map(patternOf), deep }
}

/** Does the pattern match the path through these names? */
export function matchesPath({ names, deep }: PathPattern, path: readonly string[]): boolean {
  const fits = deep ? path.length > names.length : path.length === names.length
  return fits && names.every((pattern, index) => matches(pattern, path[index] ?? ''))
}
