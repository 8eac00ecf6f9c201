// Undoing: what comes back of which entry, what stays, and what an approval covers.
import { type Mutant, mutantsOf } from '../mutant.ts'

export const undoing: readonly Mutant[] = [
  ...mutantsOf('controller/core/undo.ts', [
    [
      'newest-counts',
      'of several entries of a contact the oldest counts',
      `const newestFirst = chosen.toSorted((one, other) => other.n - one.n)`,
      `const newestFirst = chosen.toSorted((one, other) => one.n - other.n)`,
    ],
    [
      'others-overwritten',
      'what others edited since is left as it is',
      `const fields = entry.fields.filter((field) => !later.some((each) => each.fields.includes(field)))`,
      `const fields = entry.fields.filter(() => later.length >= 0)`,
    ],
    [
      'others-delete-undone',
      'a contact that others deleted since is left deleted',
      `if (newest === undefined || (by?.n ?? 0) > newest.n)`,
      `if (newest === undefined)`,
    ],
    [
      'one-source',
      'each field comes from an entry that has it',
      `const its = open.filter((field) => same(type.field(field), entry.item[field], target[field]))`,
      `const its = open.filter((field) => entry.item !== target && field !== '')`,
    ],
    [
      'revived-by-newest',
      'a contact that is brought back begins with the oldest of its entries',
      `entries.find((each) => empty(differs(each))) ?? entries[0] ?? newest`,
      `entries.find((each) => empty(differs(each))) ?? newest`,
    ],
    [
      'derived-undone',
      'fields that servers make anew are no reason to undo',
      `return fields.every((field) => type.derived(field, target))`,
      `return fields.every((field) => field === target.Culture)`,
    ],
    [
      'any-plan-approved',
      'a hash covers what is agreed of each contact now',
      `JSON.stringify([each.n, each.link, each.revision, each.fields])`,
      `JSON.stringify([each.n, each.link, each.fields])`,
    ],
  ]),
  ...mutantsOf('controller/cli/undo.ts', [
    [
      'other-plan-asked',
      'an approval of another plan asks for nothing',
      `(approve === undefined || approve === plan.hash)`,
      `(approve === undefined || approve !== '')`,
    ],
    [
      'always-confirmed',
      'without an approval the guard counts what comes back',
      `const confirmed = approve !== undefined`,
      `const confirmed = approve !== ''`,
    ],
    [
      'some-of-the-numbers',
      'when one of the numbers cannot come back, none does',
      `task.wholly ? plan.lines.find(isRefused)`,
      `task.wholly ? plan.lines.find((line) => isRefused(line) && line.n < 0)`,
    ],
    [
      'undone-one-way',
      'nothing is asked for where the hub receives nothing',
      `for (const group of groups) await refuseGroup(state.bin, directory, group, 'exsync bin show N')`,
      ``,
    ],
  ]),
  ...mutantsOf('controller/cli/undo-plan.ts', [
    [
      'entered-again-goes-back',
      'a rollback done twice changes nothing the second time',
      `if (manner === 'Back' && entered.has(source.link)) continue`,
      ``,
    ],
    [
      'private-undone',
      'what its owner marked private does not come back to everybody',
      `sources: full.filter((source) => mayReturn(roles, source))`,
      `sources: full.filter((source) => source.n > 0)`,
    ],
  ]),
  ...mutantsOf('controller/cli/rollback.ts', [
    [
      'before-the-history',
      'a rollback to a time that the history does not reach is refused',
      `Math.max((await bin.goneUntil(group)) ?? 0, place.nowMs - retentionMs)`,
      `Math.max(0, place.nowMs - retentionMs)`,
    ],
    [
      'rolled-to-the-newest',
      'a rollback brings back what the oldest entry since then holds',
      `oldest.set(entry.link, entry)`,
      `oldest.set(entry.link, oldest.get(entry.link) ?? entry)`,
    ],
  ]),
  ...mutantsOf('controller/cli/history.ts', [
    [
      'names-in-a-pipe',
      'names of contacts are in no pipe',
      `const { terminal = false, name } = listing`,
      `const { terminal = true, name } = listing`,
    ],
  ]),
  ...mutantsOf('controller/core/guard.ts', [
    [
      'confirmed-set-aside',
      'the guard sets nothing aside that was confirmed',
      `restorations: confirmed,`,
      `restorations: confirmed.slice(0, 0),`,
    ],
  ]),
]
