// What happens to requests and replies on their way, and in what stands before the server: connections that
// break, proxies that answer, servers that are busy. Nothing of it may do harm.
import { forsaken, type Reply } from '../../simulation/life.ts'
import { faulting, type Mutator, type Scene, writes } from '../mutator.ts'

const page =
  '<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>Please wait<br></body>'
const soundPage = '<html xmlns="http://www.w3.org/1999/xhtml"><body><p>Sign in</p></body></html>'
const waits = ['3', '90', '0', '-1', 'soon', 'Mon, 05 Jan 2026 09:00:00 GMT']

/** Response codes of a whole request. */
// biome-ignore format: a list
const faults = [
  'ErrorServerBusy', 'ErrorInternalServerError', 'ErrorInternalServerTransientError', 'ErrorTimeoutExpired',
  'ErrorMailboxStoreUnavailable', 'ErrorMailboxMoveInProgress', 'ErrorADUnavailable', 'ErrorExceededConnectionCount',
  'ErrorInsufficientResources', 'ErrorImpersonateUserDenied', 'ErrorAccessDenied', 'ErrorInvalidRequest',
  'ErrorSchemaValidation', 'ErrorNobodyKnowsThisOne',
]

const answers = (status: number, body: string, headers: Record<string, string> = {}): Reply => ({
  status,
  headers: { 'content-type': 'text/html', ...headers },
  body,
})

async function page200({ ask, chance }: Scene) {
  const reply = await ask()
  return { reply: reply && { ...reply, body: chance.of([page, soundPage, '']) ?? '' }, met: true }
}

/** All of them. */
export const wire: readonly Mutator[] = [
  {
    name: 'lostRequest',
    kind: 'damage',
    apply: faulting(() => ({ kind: 'drop', when: 'before' })),
  },
  {
    name: 'lostReply',
    kind: 'damage',
    apply: faulting(() => ({ kind: 'drop', when: 'after' })),
  },
  {
    name: 'lostWriteReply',
    kind: 'damage',
    of: writes,
    apply: faulting(() => ({ kind: 'drop', when: 'after' })),
  },
  {
    name: 'cut',
    kind: 'damage',
    apply: async ({ ask, chance }) => {
      const reply = await ask()
      if (reply === undefined) return { reply, met: false }
      const bytes = Buffer.from(reply.body)
      const lost = chance.below(2) === 0
      return {
        reply: { ...reply, body: bytes.subarray(0, chance.below(bytes.length)), lost },
        met: true,
      }
    },
  },
  {
    name: 'status',
    kind: 'damage',
    apply: async ({ chance }) => {
      // biome-ignore format: a list
      const status = chance.of([204, 301, 302, 400, 401, 403, 404, 407, 408, 413, 429, 500, 502, 503, 504]) ?? 500
      const wait = chance.below(2) === 0 ? { 'retry-after': chance.of(waits) ?? '' } : {}
      return { reply: answers(status, chance.of(['', page, soundPage]) ?? '', wait), met: true }
    },
  },
  {
    name: 'gateway',
    kind: 'damage',
    of: writes,
    // It was carried out; what stands before the server did not wait for that.
    apply: async ({ ask, chance }) => {
      await ask()
      return {
        reply: answers(chance.of([500, 502, 503, 504]) ?? 504, chance.of(['', page]) ?? ''),
        met: true,
      }
    },
  },
  { name: 'webPage', kind: 'damage', apply: page200 },
  {
    name: 'late',
    kind: 'damage',
    apply: async ({ ask, chance, enough }) => {
      if (chance.below(2) === 0) await ask()
      return forsaken(enough)
    },
  },
  {
    name: 'slow',
    kind: 'damage',
    lasts: true,
    apply: async ({ ask, chance, wait }) => {
      wait(chance.of([100, 5000, 50_000]) ?? 0)
      return { reply: await ask(), met: true }
    },
  },
  {
    name: 'pieces',
    kind: 'damage',
    lasts: true,
    apply: async ({ ask, chance }) => {
      const reply = await ask()
      return { reply: reply && { ...reply, piece: chance.of([1, 2, 7, 1000]) ?? 1 }, met: true }
    },
  },
  {
    name: 'refused',
    kind: 'damage',
    apply: async () => ({
      reply: answers(401, page, { 'www-authenticate': 'Basic realm="corp.example"' }),
      met: true,
    }),
  },
  {
    name: 'fault',
    kind: 'damage',
    apply: async ({ ask, chance }) => {
      const code = chance.of(faults) ?? ''
      const backOffMs = chance.of([undefined, 3000, 120_000])
      const reply = await ask(undefined, {
        kind: 'soap',
        code,
        ...(backOffMs === undefined ? {} : { backOffMs }),
      })
      const status = chance.below(4) === 0 ? 200 : 500
      return { reply: reply && { ...reply, status }, met: true }
    },
  },
  {
    name: 'noDate',
    kind: 'damage',
    lasts: true,
    apply: async ({ ask, chance }) => {
      const reply = await ask()
      if (reply === undefined) return { reply, met: false }
      const { date: _date, ...headers } = reply.headers
      const odd = chance.of([undefined, 'yesterday', '', 'Thu, 01 Jan 1970 00:00:00 GMT'])
      return {
        reply: { ...reply, headers: odd === undefined ? headers : { ...headers, date: odd } },
        met: true,
      }
    },
  },
  {
    name: 'otherClock',
    kind: 'damage',
    lasts: true,
    apply: async ({ ask, chance, nowMs }) => {
      const reply = await ask()
      if (reply === undefined) return { reply, met: false }
      const byMs = chance.of([-86_400_000, -3_600_000, -2000, 2000, 3_600_000, 86_400_000]) ?? 0
      const date = new Date(nowMs + byMs).toUTCString()
      return { reply: { ...reply, headers: { ...reply.headers, date } }, met: true }
    },
  },
  {
    name: 'sentTwice',
    kind: 'hidden',
    why: 'a proxy that sends a request again makes what a user makes who copies an item',
    of: writes,
    apply: async ({ ask }) => {
      await ask()
      return { reply: await ask(), met: true }
    },
  },
]
