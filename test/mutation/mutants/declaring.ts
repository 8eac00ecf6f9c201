// What is declared: what a directory says and does not say.
import { mutantsOf } from '../mutant.ts'

export const declaring = [
  ...mutantsOf('controller/api/topology.ts', [
    [
      'two-spellings-two-folders',
      'a folder is one, however its path is spelled',
      `folded(canonicalPath(pathIn(place)))`,
      `folded(pathIn(place))`,
    ],
  ]),
  ...mutantsOf('controller/api/references.ts', [
    [
      'stray-is-sent',
      'a Secret with a stray character is no password to try, and locks no account',
      `for (const key of keys) {`,
      `for (const key of keys.slice(keys.length)) {`,
    ],
  ]),
  ...mutantsOf('controller/local/taken.ts', [
    [
      'missing-stops',
      'what is missing beside a file that says nothing goes on as it was',
      `if (doubt !== undefined) next.set(key, { ...last, invalid: problemText(doubt) })`,
      ``,
    ],
  ]),
  ...mutantsOf('controller/local/declarations.ts', [
    [
      'missing-is-deleted',
      'what is missing beside a file that says nothing was not deleted',
      `this.#ended.missing(doubt === undefined ? missing : new Map(),`,
      `this.#ended.missing(missing,`,
    ],
  ]),
]
