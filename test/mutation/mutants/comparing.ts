// What counts as the same: fields, items, and what a copy showed when it was written down.
import { mutantsOf } from '../mutant.ts'

export const comparing = [
  ...mutantsOf('controller/core/fields.ts', [
    [
      'space-counts',
      'white space around a text is no edit',
      `return composed(legal(text).replace(/\\r\\n?/g, '\\n').trim())`,
      `return composed(legal(text).replace(/\\r\\n?/g, '\\n'))`,
    ],
    [
      'accent-counts',
      'how an accent is composed is no edit',
      `return composed(legal(text)`,
      `return String(legal(text)`,
    ],
    [
      'line-end-counts',
      'a line end’s notation is no edit',
      `.replace(/\\r\\n?/g, '\\n').trim()`,
      `.trim()`,
    ],
    [
      'illegal-counts',
      'characters that XML cannot carry are no edit',
      `return composed(legal(text).`,
      `return composed(text.`,
    ],
    [
      'date-notation-counts',
      'a date’s notation is no edit',
      `return Number.isNaN(ms) ? time`,
      `return ms !== 0 ? time`,
    ],
    [
      'evening-before-counts',
      'midnight where a client is, and 11:59Z, are one day',
      `Math.floor(ms / dayMs + 0.5)`,
      `Math.floor(ms / dayMs)`,
    ],
    [
      'local-day-ignored',
      'the day that a client wrote beside the time decides',
      `return localDay(parts.local ?? '') || dayOf`,
      `return dayOf`,
    ],
    [
      'set-order-counts',
      'the order of a set is no edit',
      `.filter(Boolean).sort().join(`,
      `.filter(Boolean).join(`,
    ],
    [
      'address-case-counts',
      'the case of an address is no edit',
      `=== 'SMTP' ? address.toLowerCase() : address`,
      `=== 'SMTP' ? address : address`,
    ],
    [
      'address-as-name-counts',
      'an address as its own display name is no edit',
      `=== address.toLowerCase() ? '' : name`,
      `=== '' ? '' : name`,
    ],
    [
      'wrapper-counts',
      'the wrapper around HTML is no edit',
      `without(without(text, comments), wrappers)`,
      `without(text, comments)`,
    ],
    [
      'markup-is-nothing',
      'markup counts',
      `if (!/<[a-z/]/i.test(bare)) return plain(decoded(bare))`,
      `return plain(decoded(bare.replace(/<[^>]*>/g, '')))`,
    ],
    [
      'empty-paragraph-counts',
      'markup around nothing is no note',
      `return isEmpty ? '' : `,
      `return `,
    ],
    [
      'picture-is-nothing',
      'a note that is a picture counts',
      `!shownTags.test(bare) && plain`,
      `plain`,
    ],
  ]),
  ...mutantsOf('controller/core/item.ts', [
    [
      'derived-tells-apart',
      'what a server derives does not make two items different',
      ` && !type.derived(field, item)) lines`,
      `) lines`,
    ],
  ]),
  ...mutantsOf('controller/core/deviation.ts', [
    [
      'rewritten-stays-shut',
      'an edit of a field that the server rewrote counts',
      `return noted !== undefined && noted.replace(marks, '') === digestOf(text)`,
      `return noted !== undefined`,
    ],
    [
      'drift-never-counts-again',
      'ignored drift counts as soon as it is not ignored any more',
      `.filter(([, digest]) => !digest.startsWith(own)))`,
      `)`,
    ],
  ]),
  ...mutantsOf('controller/core/merge.ts', [
    [
      'base-ignored',
      'an edit is what differs from what its own copy held',
      `if (same(rule, value, base[field])) continue`,
      ``,
    ],
    [
      'shown-ignored',
      'what a server makes of a text is no edit',
      `if (shows(shown, field, text)) continue`,
      ``,
    ],
    [
      'nothing-clears',
      'an item never seen before says nothing about what it lacks',
      `if (firstTime && text === '') continue`,
      ``,
    ],
  ]),
  ...mutantsOf('controller/core/edit.ts', [
    [
      'mark-of-others-holds-back',
      'what was left to its user travels, also of what others marked private',
      `role.writes ? held : role.drift`,
      `role.writes ? isPrivate : role.drift`,
    ],
    [
      'revived-as-agreed-once',
      'what the hub has again counts against others’ edits, also where it was agreed once',
      `past.stands || revives ? all`,
      `past.stands ? all`,
    ],
    [
      'withheld-forgotten',
      'what its owner marked private first stays, whoever marks it later',
      `(copy?.withheld || (!type.private(past.base) && edits.size > 0))`,
      `(!type.private(past.base) && edits.size > 0)`,
    ],
    [
      'giving-hub-clears-nothing',
      'what a hub that only gives lacks is gone',
      `isAuthoritative(role) && link.revision > 0`,
      `isAuthoritative(role) && link.revision < 0`,
    ],
    [
      'own-write-is-edit',
      'our own write, whose reply was lost, is no edit',
      `past.stands || revives ? all : withoutAgreed(type, link, copy, all)`,
      `all`,
    ],
    [
      'backup-is-edit',
      'what a backup holds is no edit',
      `const aged = rewound && role.receives &&`,
      `const aged = rewound && !role.receives &&`,
    ],
    [
      'newest-base',
      'who is behind is compared with what her copy held',
      `base: baseOf(link, copy) ?? {}`,
      `base: link.agreed ?? {}`,
    ],
    [
      'newcomer-clears',
      'an item without a history clears nothing',
      `return changesOf(type, found, last, {}, true)`,
      `return changesOf(type, found, last, {}, false)`,
    ],
    [
      'stray-copy-revives',
      'an unedited copy of a deleted item goes with it',
      `link.agreed ?? link.bases.get(link.revision - 1) ?? {}`,
      `link.agreed ?? {}`,
      'what was agreed before the deletion is no edit anyway (withoutAgreed)',
    ],
    [
      'rewritten-view',
      'what a server made of a copy is not what its user has',
      `past.isNew ? found.item : changed(past.base, isOfOlderCodec(type, copy) ? changes : all)`,
      `found.item`,
    ],
    [
      'receivers-write',
      'a receive-only member’s edit does not travel',
      `role.writes &&
    !aged &&`,
      `!aged &&`,
    ],
    [
      'private-edits-travel',
      'edits of a copy that its owner marked private stay',
      `!aged &&
    !(isPrivate && (copy?.withheld || (!type.private(past.base) && edits.size > 0)))`,
      `!aged`,
    ],
    [
      'agreed-private-stuck',
      'what is private for all travels on',
      `!(isPrivate && (copy?.withheld || (!type.private(past.base) && edits.size > 0)))`,
      `!isPrivate`,
    ],
    [
      'drift-ignored-forever',
      'ignored drift is reverted when the member’s part says so',
      `ignoring ? shown : withoutDrift(shown)`,
      `shown`,
    ],
  ]),
]
