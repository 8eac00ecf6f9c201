// Proxies before a good Exchange. They stop after a while; then everybody must have everything, once.
import type { HttpResponse } from '../../exchange/http/border.ts'
import { type Case, memberOf } from '../case.ts'
import {
  companyOf,
  memberPath,
  oddAnywhere,
  type Passing,
  people,
  person,
  proxied,
} from '../world.ts'

const hubTokens = Array.from({ length: 12 }, (_, n) => `hub-${n}`)

/** A company behind a proxy; a member adds a contact while the proxy does harm, and another one afterwards. */
function behind(name: string, makePass: () => (passing: Passing) => Promise<void>): Case {
  return {
    name,
    open: async () => {
      const pass = makePass()
      const wanted = [...hubTokens]
      const add = (token: string) => {
        const folder = host.exchange.store.mailbox(memberOf(name, 1)).folder(memberPath)
        if (wanted.includes(token) || !folder.exists()) return
        folder.create(person(token))
        wanted.push(token)
      }
      const host = await proxied(
        companyOf(name, people(12), 2),
        async (passing) => {
          if (passing.n > 40) add('meanwhile')
          await pass(passing)
        },
        (exchange) => {
          add('meanwhile')
          const odd = oddAnywhere(name, exchange, wanted, 2)
          return wanted.includes('meanwhile') ? odd : ['the member has no folder yet']
        },
      )
      return host
    },
    members: 2,
    hits: 60,
    group: { interval: '1s', retryInterval: '1s' },
  }
}

// mulberry32: small, and the same everywhere.
function chanceOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export const proxies: readonly Case[] = [
  behind('flips-bytes', () => {
    const chance = chanceOf(7)
    return async ({ ask, reply }) => {
      const answer = await ask()
      const bytes = Buffer.from(answer.body)
      if (chance() < 0.3) {
        const at = Math.floor(chance() * bytes.length)
        bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(chance() * 8))
      }
      reply(answer, bytes)
    }
  }),
  behind('answers-twice', () => async ({ n, ask, reply, raw }) => {
    const answer = await ask()
    if (n % 3 !== 0) return reply(answer)
    const body = Buffer.from(answer.body)
    const head = `HTTP/1.1 ${answer.status} OK\r\nContent-Type: text/xml\r\nContent-Length: ${body.length}\r\n\r\n`
    const whole = Buffer.concat([Buffer.from(head), body])
    raw(Buffer.concat([whole, whole]))
  }),
  behind('swaps-answers', () => {
    let other: { passing: Passing; answer: HttpResponse } | undefined
    return async (passing) => {
      const answer = await passing.ask()
      if (passing.n % 4 !== 0 && other === undefined) return passing.reply(answer)
      if (other === undefined) {
        const held = { passing, answer }
        other = held
        // Where nobody else comes, nothing is swapped.
        setTimeout(() => {
          if (other !== held) return
          other = undefined
          passing.reply(answer)
        }, 500)
        return
      }
      const { passing: first, answer: own } = other
      other = undefined
      first.reply(answer)
      passing.reply(own)
    }
  }),
  behind('answers-from-cache', () => {
    const kept = new Map<string, HttpResponse>()
    return async ({ n, body, ask, reply }) => {
      const old = kept.get(body)
      const answer = old !== undefined && n % 3 !== 0 ? old : await ask()
      kept.set(body, answer)
      reply(answer)
    }
  }),
  behind('drops-every-third', () => async ({ n, ask, reply, drop }) => {
    if (n % 3 !== 0) return reply(await ask())
    if (n % 2 === 0) await ask()
    drop()
  }),
]
