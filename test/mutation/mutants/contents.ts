// What people wrote: how answers are read, and what is taken for the same person.
import { mutantsOf } from '../mutant.ts'

export const contents = [
  ...mutantsOf('controller/ews/xml-reader.ts', [
    [
      'tag-damage-passes',
      'damage inside a tag breaks the answer',
      `if (!this.#ended && (this.#inTag || !isOdd)) this`,
      `if (!this.#ended && !isOdd) this`,
    ],
    [
      'endless-text-taken',
      'a text without end is given up',
      `if (this.#kept + this.#pending > this.#limits.kept) throw`,
      `if (this.#kept + this.#pending < 0) throw`,
    ],
    [
      'nesting-taken',
      'elements nest only so deep',
      `if (this.#open.length + this.#dropped > depthMax)`,
      `if (this.#open.length > depthMax)`,
    ],
    [
      'elements-uncounted',
      'an answer has only so many elements',
      `if (this.#begun > elementsMax)`,
      `if (this.#begun < 0)`,
    ],
    [
      'large-at-once',
      'only so many answers are large at once',
      `if (reader.isLarge) leave ??= await room?.()`,
      ``,
    ],
    [
      'reference-is-text',
      'a reference that XML forbids is a character, not its own letters',
      `referred(entity) ?? known.call(parser, entity)`,
      `known.call(parser, entity)`,
    ],
  ]),
  ...mutantsOf('controller/ews/xml.ts', [
    [
      'damaged-id-is-another',
      'a forbidden character does not vanish from an id',
      `piece.replace(references, allowed('\\ufffd'))`,
      `piece.replace(references, allowed(''))`,
    ],
  ]),
  ...mutantsOf('controller/ews/items/contact.ts', [
    [
      'undefined-value-taken',
      'a value that EWS does not define is not taken over',
      `return text.trim() !== '' && enumerations.get(name)?.has(text) === false`,
      `return false`,
    ],
  ]),
  ...mutantsOf('controller/core/item.ts', [
    [
      'marks-sorted',
      'a long row of marks is not sorted',
      `if (text.length <= marksMax) return`,
      `if (text !== '') return`,
    ],
  ]),
  ...mutantsOf('controller/ews/batch.ts', [
    [
      'large-is-taken',
      'a contact that is too large is left out',
      `return this.#fits(got.item) ? got : this.#tooLarge`,
      `return got`,
    ],
  ]),
  ...mutantsOf('controller/ews/pool.ts', [
    [
      'pool-without-end',
      'one pass holds only so much of items',
      `return (first ? 2 : 1) * this.#most - this.#bytes`,
      `return (first ? 2 : 1) * this.#most`,
    ],
  ]),
  ...mutantsOf('controller/ews/public-folder-listing.ts', [
    [
      'hub-without-end',
      'a public folder that lists more than any folder holds is not listed',
      `if (Math.max(page.total, seen.length) > itemsMax) throw tooMany`,
      ``,
    ],
  ]),
  ...mutantsOf('controller/ews/mailbox-folder-listing.ts', [
    [
      'member-without-end',
      'a mailbox folder that is told of without end is given up',
      `if (seen.size > itemsMax) throw tooMany`,
      ``,
    ],
  ]),
]
