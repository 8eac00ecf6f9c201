// Paths of folders in declarations: names between slashes. A slash in a name is written `\/`, a backslash `\\`. A backslash
// before any other character, or at the end of the path, stays itself: `R\D` names the folder R\D.
import { composed } from '../core/item.ts'

/** The folder names of a path, outermost first, as in Exchange. */
export function namesIn(path: string): readonly string[] {
  const written = path.match(/(?:\\[\\/]|[^/])+/g) ?? []
  return written.map((name) => name.replace(/\\([\\/])/g, '$1'))
}

/**
 * The path through these names, without a slash at its ends; `namesIn` reads it back. A backslash is doubled only if it
 * would mean something else otherwise, so that each folder has one path and old paths stay valid.
 */
export function pathOf(names: readonly string[]): string {
  return names.map((name) => name.replace(/\\(?=[\\/]|$)|\//g, '\\$&')).join('/')
}

/** The name of the last folder; '' for a path without names. */
export function lastName(path: string): string {
  return namesIn(path).at(-1) ?? ''
}

/** The canonical spelling of a path, for comparing folders. Case is kept. */
export function canonicalPath(path: string): string {
  return `${path.startsWith('/') ? '/' : ''}${pathOf(namesIn(path))}`
}

/** A folder name or an address for comparisons: Exchange keeps case, but compares without it. */
export function folded(name: string): string {
  return composed(name).toLowerCase()
}
