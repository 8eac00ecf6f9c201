// Paths of folders as people write them: names between slashes. A slash in a name is written `\/`, a backslash `\\`.
// A backslash before any other character, or at the end of the path, is itself: so `R\D` names the folder R\D.
import { composed } from '../core/item.ts'

/** The names of the folders that a path leads through, outermost first, as Exchange has them. */
export function namesIn(path: string): readonly string[] {
  const written = path.match(/(?:\\[\\/]|[^/])+/g) ?? []
  return written.map((name) => name.replace(/\\([\\/])/g, '$1'))
}

/**
 * The path through these names, without a slash at its ends; `namesIn` reads it back. A backslash is written twice only
 * where it would mean something else, so that a folder has one path and old paths stay as they are.
 */
export function pathOf(names: readonly string[]): string {
  return names.map((name) => name.replace(/\\(?=[\\/]|$)|\//g, '\\$&')).join('/')
}

/** The last folder's own name; empty for a path without names. */
export function lastName(path: string): string {
  return namesIn(path).at(-1) ?? ''
}

/** The one spelling of a path, by which folders are told apart. Upper and lower case stay as they are. */
export function canonicalPath(path: string): string {
  return `${path.startsWith('/') ? '/' : ''}${pathOf(namesIn(path))}`
}

/** A name of a folder, or an address, as it is compared: Exchange keeps upper and lower case, and compares without it. */
export function folded(name: string): string {
  return composed(name).toLowerCase()
}
