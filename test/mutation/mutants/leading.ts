// Who may write, and when a server is tried.
import { mutantsOf } from '../mutant.ts'

export const leading = [
  ...mutantsOf('controller/store/statements.ts', [
    [
      'unfenced-writer',
      'who was taken over writes nothing more',
      `if (Number(now) === this.#epoch) return`,
      `if (now !== undefined) return`,
    ],
    ['unasked-permit', 'who may not write is refused', `        this.#permit()\n`, ``],
  ]),
  ...mutantsOf('controller/ews/network.ts', [
    [
      'unasked-send',
      'a request that waited is not sent by one who does not lead any more',
      `          permit()\n`,
      ``,
    ],
  ]),
  ...mutantsOf('controller/store/changes.ts', [
    [
      'claim-by-both',
      'of two groups that meet a folder at once, one has it',
      `if (holder === undefined) return`,
      `if (holder !== undefined) return`,
    ],
  ]),
  ...mutantsOf('controller/sync/servers.ts', [
    [
      'all-at-once',
      'while one tries a server that is ill, the others wait',
      `(waitMs > 0 || ill.trying)`,
      `waitMs > 0`,
    ],
    [
      'no-lockout',
      'a wrong password is not tried again before a lockout can be over',
      `error.code === 'AuthenticationFailed' ? lockoutMs : (error.backOffMs ?? 0)`,
      `(error.backOffMs ?? 0)`,
    ],
    [
      'mailbox-is-server',
      'what is one mailbox’s matter leaves the server well',
      `if (error === undefined || !codes.has(error.code)) {`,
      `if (error === undefined) {`,
    ],
  ]),
  ...mutantsOf('controller/sync/hindrance.ts', [
    [
      'foreign-server',
      'a server of another namespace is not used unless that is allowed',
      `if (isForeign(group) && !referred.crossNamespace) {`,
      `if (isForeign(group) && referred.crossNamespace) {`,
    ],
  ]),
  ...mutantsOf('controller/sync/queue.ts', [
    [
      'twice-at-once',
      'no key is handed out while it is worked on',
      `if (dueMs > nowMs || dueMs >= firstMs || this.#working.has(key)) continue`,
      `if (dueMs > nowMs || dueMs >= firstMs) continue`,
    ],
    [
      'later-wins',
      'the earliest of several due times wins',
      `if (before !== undefined && before <= dueMs) return`,
      `if (before !== undefined && before < 0) return`,
    ],
  ]),
]
