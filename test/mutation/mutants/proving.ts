// Mutants of the second witness: what is told deleted, made, changed or replaced must be seen before it counts.
import { type Mutant, mutantsOf } from '../mutant.ts'

export const proving: readonly Mutant[] = [
  ...mutantsOf('controller/ews/envelope.ts', [
    [
      'other-answer-taken',
      'the answer to another operation proves nothing',
      `if (answer.name === \`\${operation}Response\`) return answer`,
      'if (answer.name !== operation) return answer',
    ],
  ]),
  ...mutantsOf('controller/sync/turn.ts', [
    [
      'read-back-unproved',
      'a user’s edit right after our write is not taken for the server’s doing',
      `const stored = found.version === answer.version ? found.item : undefined`,
      `const stored = found.item`,
    ],
    [
      'update-believed',
      'an update counts once it is read back at its version',
      `const certain = !failed && found?.version === answer.version`,
      `const certain = !failed`,
    ],
    [
      'create-believed',
      'a new copy counts once it is seen with our stamp',
      `if (found?.stamp?.link !== job.step.link.id) return undefined`,
      `if (found === undefined) return copyAfter(this.#site.type, job.step, job.action, { ...answer, stored: undefined })`,
    ],
    [
      'create-sent-again',
      'a create of unknown outcome is not sent again in the same pass',
      `if (!isRefused(error)) {`,
      `if (!isRefused(error) && some.length > 1) {`,
    ],
  ]),
  ...mutantsOf('controller/core/fold.ts', [
    [
      'tombstone-too-early',
      'a deletion does not end while a lost create may still turn up',
      `link.copies.size === 0 && !roles.some(open)`,
      `link.copies.size === 0`,
    ],
  ]),
  ...mutantsOf('controller/core/attempt.ts', [
    [
      'tries-without-end',
      'a create without a result is tried less and less often',
      `return nowMs < attempt.sentMs + waitMs`,
      `return false`,
    ],
    [
      'batch-stays',
      'a request that failed is sent again with half of its items',
      `Math.max(1, Math.ceil(attempt.batch / 2))`,
      `Math.max(1, attempt.batch)`,
    ],
  ]),
  ...mutantsOf('controller/ews/listing.ts', [
    [
      'unread-is-gone',
      'what cannot be read is not gone',
      `gone: answers.missing,`,
      `gone: [...answers.missing, ...answers.failed.keys()],`,
    ],
  ]),
  ...mutantsOf('controller/ews/batch.ts', [
    [
      'other-item-believed',
      'an answer about another item says nothing of the one that was asked for',
      `if (got.id !== asked) return otherItem`,
      `if (got.id === '') return otherItem`,
    ],
  ]),
  ...mutantsOf('controller/ews/operations.ts', [
    [
      'damaged-id-believed',
      'a damaged id is not an id',
      `text.length <= idMax && /^[A-Za-z0-9+/=_-]+$/.test(text)`,
      `text.length <= idMax`,
    ],
  ]),
  ...mutantsOf('controller/ews/mailbox-folder.ts', [
    [
      'told-deleted-believed',
      'what is told deleted is asked for',
      `const verdict = await confirmedGone(this.#items, asked, known, signal)`,
      `const verdict: Verdict = told.whole ? await confirmedGone(this.#items, asked, known, signal) : { gone: asked, there: [], unsure: [], forgotten: [] }`,
    ],
    [
      'endless-proves',
      'a listing without an end proves nothing about what it lacks',
      `told.whole && told.odd.length > 0 ?`,
      `told.whole && told.odd.length > 9 ?`,
    ],
    [
      'mark-ignored',
      'a folder whose mark moved while nothing was told is listed whole',
      `const suspected = !told.whole && told.count === 0 && moves`,
      `const suspected = !told.whole && told.count === 0 && moves && told.whole`,
    ],
  ]),
  ...mutantsOf('controller/ews/folder-identity.ts', [
    [
      'path-believed-once',
      'another folder counts when the path says so twice',
      `if (again !== state?.id) throw incomplete('the folder’s path')`,
      `if (again === '') throw incomplete('the folder’s path')`,
    ],
    [
      'doubt-believed-once',
      'where the server fails oddly, the path decides when two looks agree',
      `if (memory.notes.doubt === doubt) return state`,
      `if (memory.notes.doubt !== 'x') return state`,
    ],
    [
      'other-folder-believed',
      'an answer about another folder does not count once',
      `if (state.id === folder) return state`,
      `if (state.id !== '') return state`,
    ],
  ]),
  ...mutantsOf('controller/ews/public-folder.ts', [
    [
      'tag-trusted-early',
      'without the server’s date a tag counts when it has stood for a while',
      `return this.#site.now() - tag.firstMs >= tagMs`,
      `return this.#site.now() - tag.firstMs >= 0`,
    ],
  ]),
  ...mutantsOf('controller/core/edit.ts', [
    [
      'upgrade-is-edit',
      'at an unchanged version a new codec finds no edits',
      `added.has(field) ? travels && value !== undefined : version !== copy.version`,
      `added.has(field) ? travels && value !== undefined : true`,
    ],
  ]),
  ...mutantsOf('controller/core/action.ts', [
    [
      'outdated-overwritten',
      'a copy that was read last under an older codec is read again before it is written',
      `if (agreed !== undefined && isOfOlderCodec(spot.type, cell.copy)) {`,
      `if (agreed !== undefined && cell.copy.id === '') {`,
    ],
  ]),
  {
    id: 'odd-listing-proves',
    file: 'controller/ews/public-folder.ts',
    drops: 'a listing that does not add up proves nothing about what it lacks',
    changes: [
      ['same && odd.length === 0 ?', 'same ?'],
      ['if (again.odd.length > 0) return nothingLacks', ''],
    ],
  },
]
