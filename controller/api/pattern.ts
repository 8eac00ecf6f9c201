// Patterns with `*`, matched without regular expressions, so that the cost is linear in pattern and text.
import { folded, namesIn } from './path.ts'

/** A parsed pattern: the texts between its stars. Case does not matter. */
export type Pattern = readonly string[]

/** Parses a pattern. */
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
  // Taking the first match of each part leaves the most room for the next one.
  let at = first.length
  for (const part of rest) {
    const found = whole.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return at <= whole.length - last.length
}

/** A pattern for a path: one per name; `deep`: for one or more further names. */
export type PathPattern = Readonly<{ names: readonly Pattern[]; deep: boolean }>

/** The pattern of a path with stars. A star as the last name means one or more names. */
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
