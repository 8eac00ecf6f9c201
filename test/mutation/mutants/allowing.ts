// What an ExchangeServer allows.
import { mutantsOf } from '../mutant.ts'

export const allowing = [
  ...mutantsOf('controller/api/allowed.ts', [
    [
      'half-a-name',
      'a hub is allowed by whole names',
      `folded(name) === folded(names[index] ?? '')`,
      `folded(names[index] ?? '').startsWith(folded(name))`,
    ],
    [
      'private-for-all',
      'private items are copied only where the server allows it',
      `if (policy === 'Copy' && !copies)`,
      `if (policy === 'Copy' && copies === undefined)`,
    ],
    [
      'any-namespace',
      'another namespace must be allowed by the server',
      `      return own === namespace ? undefined : deny(usual)
    case 'names':`,
      `      return undefined
    case 'names':`,
    ],
    [
      'blind-selector',
      'labels that may not be read allow nothing',
      `if (labels === 'unreadable') return deny(own === namespace ? unreadable(name) : usual)`,
      `if (labels === 'unreadable') return undefined`,
    ],
    [
      'tells-what-is-not-there',
      'a server of another namespace is denied alike, there or not',
      `return own === namespace ? undefined : deny(usual)
  const allowed`,
      `return undefined
  const allowed`,
    ],
  ]),
  ...mutantsOf('controller/api/pattern.ts', [
    [
      'star-of-none',
      'Contacts/* does not allow Contacts itself',
      `deep ? path.length > names.length`,
      `deep ? path.length >= names.length`,
    ],
    [
      'open-end',
      'a pattern matches to the end',
      `!whole.startsWith(first) || !whole.endsWith(last)`,
      `!whole.startsWith(first)`,
    ],
  ]),
  ...mutantsOf('controller/api/selector.ts', [
    [
      'inherited-label',
      'what every object has is no label',
      `Object.hasOwn(labels, key) ? labels[key] : undefined`,
      `labels[key]`,
    ],
  ]),
  ...mutantsOf('controller/ews/premises.ts', [
    [
      'alias-slips',
      'the primary address is what is allowed',
      `if (!allowsMailbox(server, tops.primary))`,
      `if (!allowsMailbox(server, mailbox))`,
    ],
    [
      'declared-place',
      'where a folder lies by now is what is allowed',
      `    const names = await this.#walked(state, signal)
    if (names !== undefined) return names
`,
      `    const names = namesIn(path)
    if (known !== undefined) return names
`,
    ],
    [
      'unknown-place',
      'a folder of which the place is not told is not used',
      `    if (names === undefined) throw placeUnknown(server, isPublic)
`,
      `    if (names === undefined) return
`,
    ],
  ]),
  ...mutantsOf('controller/ews/places.ts', [
    [
      'echoed-owner',
      'an address that is only repeated is none',
      `mailbox.toLowerCase() !== placeholder`,
      `mailbox !== ''`,
    ],
  ]),
  ...mutantsOf('controller/ews/connections.ts', [
    [
      'denied-asks',
      'a member that is not allowed is not asked about',
      `if (access.state === 'blocked') return new Denied(role, place, access.error)`,
      `if (access.state === 'blocked') throw access.error`,
    ],
  ]),
  ...mutantsOf('controller/ews/missing-folder.ts', [
    [
      'tells-siblings',
      'messages list no folder outside of what is allowed',
      `const nearest = allows(above) ? `,
      `const nearest = above !== undefined ? `,
    ],
  ]),
  ...mutantsOf('controller/api/claims.ts', [
    [
      'claims-across-namespaces',
      'a group that only names a folder keeps it from no other namespace',
      `JSON.stringify([namespaceOf(group), folder])`,
      `JSON.stringify([folder])`,
    ],
    [
      'member-of-a-hub',
      'a hub of one group is no member of another',
      `return !(holder.hub && hub)`,
      `return !holder.hub`,
    ],
  ]),
  ...mutantsOf('controller/api/guard-ceilings.ts', [
    [
      'short-window',
      'a short window does not evade the server’s ceilings',
      `checkedMs(window) > checkedMs(guard.window) ? window : guard.window`,
      `guard.window`,
    ],
  ]),
  ...mutantsOf('controller/sync/schedule.ts', [
    [
      'claims-denied',
      'what a group may not have it keeps from nobody',
      `hasNoRight(access) ? undefined : access.server?.spec.url`,
      `access.server?.spec.url`,
    ],
  ]),
  ...mutantsOf('controller/sync/continuity.ts', [
    [
      'moved-with-its-server',
      'a member that moves to another server is another place',
      `(hub || serverOf(old) === server)`,
      `(hub || serverOf(old) !== server)`,
    ],
  ]),
  ...mutantsOf('controller/sync/trying.ts', [
    [
      'members-server-unheard',
      'a member’s server that fails is left alone by itself',
      `servers.record(key, all ? first : undefined)`,
      `servers.record(key, undefined)`,
    ],
  ]),
]
