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
      `      this.#permit()\n`,
      ``,
    ],
  ]),
  ...mutantsOf('controller/store/changes.ts', [
    [
      'claim-by-both',
      'of two groups that meet a folder at once, one has it',
      `if (holder === undefined) return`,
      `if (holder === undefined || group !== undefined) return`,
    ],
  ]),
  ...mutantsOf('controller/sync/server-health.ts', [
    [
      'all-at-once',
      'while one tries a server that is ill, the others wait',
      `(waitMs > 0 || open.trying)`,
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
      `if (error === undefined || !isServers(error)) this`,
      `if (error === undefined || error.local) this`,
    ],
  ]),
  ...mutantsOf('controller/ews/sign-in.ts', [
    [
      'all-sign-in-at-once',
      'the first request with a password goes alone',
      `if (state.kind === 'accepted') return false`,
      `if (state.kind === 'accepted' || this.#state.kind !== 'refused') return false`,
    ],
    [
      'refused-sends-on',
      'a password that was refused is not sent again before a lockout can be over',
      `if (state.kind === 'refused' && waitMs > 0)`,
      `if (state.kind === 'refused' && waitMs > lockoutMs)`,
    ],
    [
      'unchecked-password',
      'after a 401 among good answers the password is checked, alone, before anything else is sent',
      `    await this.#confirmed(check, signal).catch(`,
      `    await Promise.resolve().catch(`,
    ],
    [
      'asked-by-all',
      'all who ask for a pass at once get one try of a password that was refused',
      `nowMs - state.sinceMs < askedMs`,
      `nowMs - state.sinceMs < 0`,
    ],
  ]),
  ...mutantsOf('controller/ews/connections.ts', [
    [
      'sign-in-per-server',
      'ExchangeServers with one URL and account share one sign-in',
      `const account = JSON.stringify([new URL(endpoint.url)`,
      `const account = JSON.stringify([nameOfServer(server), new URL(endpoint.url)`,
    ],
    [
      'old-connection-again',
      'credentials that come back begin anew',
      `if (before !== undefined) this.#release(before)`,
      ``,
    ],
  ]),
  ...mutantsOf('controller/kube/runtime/reflector.ts', [
    [
      'list-is-news',
      'a watch that expires at once is made later each time, though its list can be had',
      `      if (old) continue\n`,
      `      if (old) this.#news = true\n      if (old) continue\n`,
    ],
    [
      'one-witness',
      'an end that only an event tells is not believed',
      `if (sure) return this.#set(key, gone ? undefined : object)`,
      `if (sure || key) return this.#set(key, gone ? undefined : object)`,
    ],
    ['older-event', 'an event that is out of order is not taken', `      if (old) continue\n`, ``],
  ]),
  ...mutantsOf('controller/kube/runtime/witness.ts', [
    [
      'short-list',
      'a list that lacks what is there empties nothing',
      `else if (now !== undefined) throw short(kind.kind)\n`,
      `else if (now !== undefined) continue\n`,
    ],
  ]),
  ...mutantsOf('controller/kube/runtime/api-error.ts', [
    [
      'any-404',
      'a page that says 404 is no proof that a resource is gone',
      `isStatus(error, 404) && error.reason === 'NotFound' && error.named === name`,
      `isStatus(error, 404)`,
    ],
  ]),
  ...mutantsOf('controller/kube/sound.ts', [
    [
      'last-valid',
      'of a resource whose spec is not valid the last valid spec goes on',
      `const last = this.#last.get(uid)`,
      `const last = invalid === undefined ? this.#last.get(uid) : undefined`,
    ],
  ]),
  ...mutantsOf('controller/api/references.ts', [
    [
      'foreign-server',
      'a server of another namespace is not used unless that is allowed',
      `if (isForeign(group, ref) && !crossNamespace) {`,
      `if (isForeign(group, ref) && crossNamespace) {`,
    ],
  ]),
  ...mutantsOf('controller/sync/queue.ts', [
    [
      'twice-at-once',
      'no key is handed out while it is worked on',
      `if (this.#ready.has(key) || this.#working.has(key)) continue`,
      `if (this.#ready.has(key)) continue`,
    ],
    [
      'later-wins',
      'the earliest of several due times wins',
      `if (before === undefined || before > dueMs) this.#due`,
      `this.#due`,
    ],
  ]),
]
