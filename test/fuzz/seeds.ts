// Histories that once failed under a mutator, as they were shrunk, each with what was wrong. They are lived again
// before any new one. What is printed of a failure can be pasted here.
import type { Tale } from './history.ts'

/** What was wrong, and the history that showed it. */
export const seeds: readonly (readonly [string, Tale])[] = []
