// Every mutator, by name. `test/README.md` says what they are for.
import type { Mutator } from './mutator.ts'
import { answers } from './mutators/answers.ts'
import { bytes } from './mutators/bytes.ts'
import { content } from './mutators/content.ts'
import { errors } from './mutators/errors.ts'
import { ids } from './mutators/ids.ts'
import { pages } from './mutators/pages.ts'
import { wire } from './mutators/wire.ts'

/** All mutators. */
export const mutators: readonly Mutator[] = [
  ...wire,
  ...bytes,
  ...errors,
  ...pages,
  ...ids,
  ...answers,
  ...content,
]

/** The mutators of these names. Throws for a name that is not one of a mutator. */
export function mutatorsNamed(names: readonly string[]): readonly Mutator[] {
  return names.map((name) => {
    const found = mutators.find((each) => each.name === name)
    if (found !== undefined) return found
    const all = mutators.map((each) => each.name).join(', ')
    throw new Error(`there is no mutator ${name}; there are ${all}`)
  })
}
