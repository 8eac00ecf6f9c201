// What a verification proves, and what it names.
import { type Mutant, mutantsOf } from '../mutant.ts'

export const verifying = [
  ...mutantsOf('controller/api/verification.ts', [
    [
      'unread-is-proved',
      'what could not be read is no proof',
      `deviations.length + problems.length > 0 || unfinished`,
      `deviations.length > 0 || unfinished`,
    ],
    [
      'missing-is-declined',
      'only where drift is ignored a copy may be missing',
      `const ignores = !role.writes && role.drift === 'Ignore'`,
      `const ignores = !role.writes`,
    ],
    [
      'private-is-extra',
      'a member’s own private item is not named',
      `if (!role.hub && role.private === 'Skip' && type.private(item)) return 'Private'`,
      `if (role.hub) return 'Private'`,
    ],
  ]),
  ...mutantsOf('controller/sync/inventory.ts', [
    [
      'moved-away-is-there',
      'what lies in a folder that was moved away is not there',
      `absent: observed.replaced.includes(role.id)`,
      `absent: false`,
    ],
  ]),
  ...mutantsOf('controller/sync/verify.ts', [
    [
      'verified-for-ever',
      'a verification that a stopping controller cuts short is made again',
      `return stopping() ? undefined : verifiedOf`,
      `return verifiedOf`,
    ],
  ]),
  {
    id: 'named-at-first-sight',
    file: 'controller/sync/verify.ts',
    drops: 'a deviation is looked at once more before it is named',
    changes: [
      [
        `suspects.get(link)?.has(replica) ?? false, judge)`,
        `suspects.get(link)?.has(replica) === undefined, judge)`,
      ],
      [`if (this.unfinished || this.#failed.has(replica))`, `if (replica !== undefined)`],
    ],
  } satisfies Mutant,
]
