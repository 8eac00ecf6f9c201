// What happens on each replica, and what the baseline says of it.
import { mutantsOf } from '../mutant.ts'

export const placing = [
  ...mutantsOf('controller/core/placement.ts', [
    [
      'left-drift-not-kept',
      'what was left to its user is kept before it is overwritten',
      `overwrites: driftIn(shown).filter((field) => fields.includes(field))`,
      `overwrites: []`,
    ],
    [
      'declined-forgotten',
      'with drift: Ignore a deleted copy stays away',
      `return link.declined.has(role.id) && !role.writes`,
      `return link.declined.size < 0 && !role.writes`,
    ],
    [
      'declined-for-ever',
      'a deleted copy comes back when the member’s part says so',
      `link.declined.has(role.id) && !role.writes && role.drift === 'Ignore'`,
      `link.declined.has(role.id)`,
    ],
    [
      'drift-delete-stands',
      'with drift: Revert a deleted copy comes back',
      `role.writes || role.drift === 'Revert' || restored`,
      `role.writes || restored`,
    ],
    [
      'gives-only-recreated',
      'what does not receive gets nothing back that it deleted',
      `if (role.receives) draft.actions.push({ kind: 'create', replica: role.id })`,
      `draft.actions.push({ kind: 'create', replica: role.id })`,
    ],
    [
      'gives-only-created',
      'what does not receive gets no new items',
      `agreed !== undefined && role.receives && !declines`,
      `agreed !== undefined && !declines`,
    ],
    [
      'gives-only-deleted',
      'what does not receive loses nothing',
      `if (role.receives) draft.actions.push({ kind: 'delete'`,
      `if (role.id !== '') draft.actions.push({ kind: 'delete'`,
    ],
    [
      'gives-only-updated',
      'what does not receive is not changed',
      `} else if (role.receives) {`,
      `} else {`,
    ],
    [
      'gives-only-overwritten',
      'what does not receive keeps its own edit',
      `if (empty(patch) || !role.receives) {`,
      `if (empty(patch)) {`,
    ],
    [
      'current-not-noted',
      'who has what is agreed is not behind',
      `if (copy.revision !== revision || link.revision !== revision)`,
      `if (copy.revision < 0)`,
    ],
    [
      'drift-not-kept',
      'reverted drift is kept, and ignored drift that is overwritten',
      `if (!travels && own.some((field) => fields.includes(field)))`,
      `if (!travels && own.length < 0)`,
    ],
    [
      'drift-reverted',
      'with drift: Ignore edits stay',
      `!travels && !aged && (role.writes || role.drift === 'Ignore')`,
      `!travels && !aged && role.writes`,
    ],
    [
      'withheld-reverted',
      'edits of a copy marked private are not undone',
      `!travels && !aged && (role.writes || role.drift === 'Ignore')`,
      `!travels && !aged && !role.writes && role.drift === 'Ignore'`,
    ],
    [
      'withheld-not-noted',
      'edits that a private mark holds back travel when it goes',
      `const withheld = role.writes && !travels && !aged`,
      `const withheld = role.writes && travels && !travels`,
    ],
    [
      'hub-held-up-by-drift',
      'what the hub changes arrives in spite of ignored drift',
      `ignored ? agreedSince(type, base, agreed, view) : view`,
      `ignored ? agreed : view`,
    ],
    [
      'drift-not-marked',
      'ignored drift is noted as the user’s own',
      `new Set(mine))`,
      `new Set<string>(mine.filter(() => false)))`,
    ],
    [
      'copies-not-noted',
      'a copy is noted before anything can fail',
      `note(spot, cell.copy, cell.found, draft)`,
      ``,
    ],
    [
      'moved-id-not-noted',
      'a moved copy’s new id is noted before anything can fail',
      `else if (copy.id !== found.id)`,
      `else if (copy.id < '')`,
    ],
    [
      'noted-as-read',
      'a copy that is noted is read again until it is dealt with',
      `version: unread, revision: 0`,
      `version: found.version, revision: 0`,
      'what is to be changed is read again anyway, and so noted twice',
    ],
  ]),
  ...mutantsOf('controller/core/fold.ts', [
    [
      'bases-dropped',
      'what copies that are behind still hold is remembered',
      `base: moved ? { revision: link.revision, item: link.agreed } : undefined`,
      `base: undefined`,
    ],
    [
      'settled-though-behind',
      'a link is not done with while somebody is behind',
      `return copy.revision === link.revision || !receives`,
      `return true`,
    ],
    [
      'settled-though-lacking',
      'a link is not done with while somebody lacks a copy',
      `return !receives || link.declined.has(id)`,
      `return true`,
    ],
    [
      'deletion-ends-early',
      'a deletion is remembered until it has reached everybody',
      `return link.copies.size === 0`,
      `return true`,
    ],
    [
      'stored-unread',
      'what the server made of a write is noted',
      `if (stored !== undefined && step.agreed !== undefined) {`,
      `if (stored !== undefined && step.agreed !== undefined && stored === before) {`,
    ],
    [
      'revision-written-late',
      'a written copy holds the revision that was written',
      `revision: step.revision, shown`,
      `revision: step.link.revision, shown`,
    ],
    [
      'withheld-after-write',
      'an update does not forget what is withheld',
      `const withheld = action.kind === 'update' && action.withheld`,
      `const withheld = action.kind === 'delete'`,
    ],
    [
      'drift-after-write',
      'an update does not forget what is drift',
      `new Set(driftIn(before))`,
      `new Set()`,
    ],
    [
      'shown-after-write',
      'an update does not forget what the server made of other fields',
      `const shown: Record<string, string> = { ...action.shown }`,
      `const shown: Record<string, string> = {}`,
    ],
    [
      'source-is-any',
      'a stamp names the hub’s item',
      `copies.find(([id]) => id === hub) ?? copies[0]`,
      `copies[0]`,
    ],
  ]),
]
