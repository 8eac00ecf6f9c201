// What people wrote: how answers are read, and what is taken for the same person.
import { mutantsOf } from '../mutant.ts'

export const contents = [
  ...mutantsOf('controller/ews/xml.ts', [
    [
      'tag-damage-passes',
      'damage inside a tag breaks the answer',
      `if (!this.#ended && (inTag || !isOdd)) this`,
      `if (!this.#ended && !isOdd) this`,
    ],
    [
      'reference-is-text',
      'a reference that XML forbids is a character, not its own letters',
      `referred(entity) ?? known.call(parser, entity)`,
      `known.call(parser, entity)`,
    ],
    [
      'damaged-id-is-another',
      'a forbidden character does not vanish from an id',
      `piece.replace(references, allowed('\\ufffd'))`,
      `piece.replace(references, allowed(''))`,
    ],
  ]),
]
