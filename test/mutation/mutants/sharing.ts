// Whose turn it is, and how long a server is waited for.
import { mutantsOf } from '../mutant.ts'

export const sharing = [
  ...mutantsOf('controller/sync/line.ts', [
    [
      'first-come-first-served',
      'who holds fewer places is next',
      `more < 0 || (more === 0 && one.turns[kind] < other.turns[kind])`,
      `one.turns[kind] < other.turns[kind] || more < -1000`,
    ],
    [
      'no-turns',
      'of those that hold equally many the one is next whose last turn is longest ago',
      `    first.turns[kind] = this.#turn += 1\n`,
      `    this.#turn += 1\n`,
    ],
  ]),
  ...mutantsOf('controller/sync/shares.ts', [
    [
      'silent-keeps-worker',
      'who waits for a server gives the worker to one who waits for another',
      `if (!this.#setAside()) return undefined`,
      `return undefined`,
    ],
    [
      'more-for-the-silent',
      'nothing more begins on a server that does not answer',
      ` && !this.#silent.has(serverOf(party))`,
      ``,
    ],
    [
      'all-try',
      'a server that is ill or new is tried by one at a time',
      `return !this.#tried.has(serverOf(party)) && this`,
      `return this`,
    ],
    [
      'one-fills-aside',
      'one tenant has a quarter of the places aside at most',
      `has(serverOf(party)) && this.#aside.of(party.tenant) < this.#tenantMax`,
      `has(serverOf(party))`,
    ],
    [
      'never-given-up',
      'who is aside without an answer is given up when others need the place',
      `    seat?.giveUp(serverSlow)\n`,
      ``,
    ],
    [
      'on-without-worker',
      'who was aside waits for a worker to go on',
      `    if (seat.state === 'waiting') await seat.back.promise\n`,
      ``,
    ],
    [
      'ill-before-new',
      'a server that was never tried comes before those that are ill',
      `['first', 'again'] as const`,
      `['again', 'first'] as const`,
    ],
  ]),
  ...mutantsOf('controller/sync/party.ts', [
    [
      'ill-by-workers',
      'a server that is ill is tried outside of the workers',
      `'half-open': 'again'`,
      `'half-open': 'worker'`,
    ],
    [
      'server-by-url',
      'a server is one by its origin',
      `new URL(url).origin : url`,
      `new URL(url).href : url`,
    ],
  ]),
  ...mutantsOf('controller/sync/server-health.ts', [
    [
      'a-look-heals',
      'who answers small questions and lets passes hang stays ill',
      `open !== undefined && probe && hangs.has(open.error.code)`,
      `open !== undefined && probe && !hangs.has(open.error.code)`,
    ],
    [
      'asking-locks',
      'who asks for a pass does not try a refused password',
      `(asked === 'pause' && !refusals.has(error.code))`,
      `asked === 'pause'`,
    ],
  ]),
  ...mutantsOf('controller/sync/ceilings.ts', [
    [
      'any-crowd',
      'a group with too many members is refused',
      `length <= ceilings.members`,
      `length >= 0`,
    ],
    [
      'endless-pass',
      'a pass that takes far too long is given up',
      `return deadline(clock, 2 * ceilings.passMs, passTimeout, others)`,
      `return { signal: AbortSignal.any(others), end: () => {} }`,
    ],
  ]),
  ...mutantsOf('controller/ews/sign-in.ts', [
    [
      'asked-for-ever',
      'a refused password is not tried so often that the account is locked',
      `    if (this.#asks.length >= asksMax) return\n`,
      ``,
    ],
  ]),
  ...mutantsOf('controller/core/sync-error.ts', [
    [
      'as-long-as-asked',
      'no server is left alone for longer than a quarter of an hour',
      `Math.min(ms, backOffMaxMs)`,
      `ms`,
    ],
  ]),
  ...mutantsOf('controller/ews/pause.ts', [
    [
      'deaf-to-messages',
      'a busy server may say so in one message of an answer',
      `if (error?.code === 'ErrorServerBusy') this`,
      `if (error?.code === 'ServerBusy') this`,
    ],
  ]),
  ...mutantsOf('controller/ews/rate.ts', [
    [
      'trickle',
      'an answer that trickles is cut',
      `return sum < this.#rate.leastBytes`,
      `return sum < 0`,
    ],
    [
      'hurried',
      'an answer that we do not read is not the server’s fault',
      `receiving ? !now.unread : now.sending`,
      `receiving || now.sending`,
    ],
  ]),
  ...mutantsOf('controller/store/keep.ts', [
    [
      'bin-of-one-for-all',
      'a full bin stops only who holds more than their share',
      ` || !isOverShare(store)`,
      ``,
    ],
    [
      'share-of-all',
      'each namespace has its share of the bin, not all of it',
      `binMaxBytes / namespaces.size`,
      `binMaxBytes`,
    ],
  ]),
  ...mutantsOf('controller/sync/control-loop.ts', [
    [
      'gone-too-early',
      'what the work on a resource records ends with the resource',
      `if (this.#working.has(key)) this.#going.add(key)`,
      `if (false as boolean) this.#going.add(key)`,
    ],
  ]),
  ...mutantsOf('controller/sync/waiting.ts', [
    [
      'late-waiting',
      'nothing that says a group waits comes after its pass has begun',
      `if (this.#writing?.id === id) await this.#writing.ended`,
      ``,
    ],
  ]),
  ...mutantsOf('controller/telemetry/exchange-metrics.ts', [
    [
      'series-of-the-gone',
      'a request for a deleted server has no series of its own',
      `this.#declared === undefined || this.#declared.has(server) ? server : ''`,
      `server`,
    ],
  ]),
]
