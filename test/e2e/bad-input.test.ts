// What people and servers get wrong, one line each. Whatever it is: the program says in the status what to
// do about it, under a reason that stays, shows neither content nor secrets nor its own insides, and writes
// nothing. Where one member is bad, the others are served.

import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { remedyOf } from '../../controller/api/remedy.ts'
import { startExchange } from '../exchange/exchange.ts'
import {
  account,
  anna,
  answering,
  type Case,
  cases,
  contact,
  good,
  jan,
  password,
  secrets,
  worldWith,
} from './bad-input-cases.ts'
import {
  type Ended,
  faultsOf,
  groupOf,
  holdingsOf,
  Place,
  type Resource,
  readyOf,
  secretOf,
  serverOf,
  two,
} from './support.ts'

describe.concurrent('is said, and harms nothing:', () => {
  test.each(cases)('$title', (each) => two(() => harmless(each)), 120_000)
})

async function harmless(each: Case): Promise<void> {
  const exchange = await startExchange(each.world ?? good)
  const stranger = each.answers && (await answering(...each.answers))
  try {
    const url = typeof each.url === 'function' ? each.url(exchange) : each.url
    using place = new Place(declared(each, url ?? stranger?.url ?? exchange.url))
    const before = holdingsOf(exchange.store)
    const ended = await place.once()
    const status = place.status('company-contacts')
    silent(ended, place)
    expect(ended.code).toBe(1)
    // A group that was never valid has no pass whose line says it.
    if (each.reason !== 'InvalidSpec') expect(ended.stdout).toContain(remedyOf(each.reason))
    expect(faultsOf(status)).toEqual([])
    expect(readyOf(status)).toMatchObject({ status: 'False', reason: each.reason })
    expect(readyOf(status)?.message).toMatch(each.message)
    if (each.bad === undefined) {
      expect(holdingsOf(exchange.store)).toEqual(before)
      return
    }
    expect(status?.problems).toMatchObject([{ mailbox: each.bad, reason: each.reason }])
    expect(status?.members).toMatchObject({ total: 2, current: 1, unreachable: 1 })
    const served = exchange.store.mailbox(jan.mailbox).folder('Contacts/Contacts')
    expect(served.items().map((item) => item.contact.Surname)).toEqual([contact.Surname])
    const elsewhere = (line: string) => !line.startsWith(jan.mailbox)
    expect(holdingsOf(exchange.store).filter(elsewhere)).toEqual(before.filter(elsewhere))
  } finally {
    await stranger?.close()
    await exchange.close()
  }
}

test('reading is enough where all members are OneWay', async () => {
  const exchange = await startExchange(worldWith('Reviewer', 'all'))
  using place = new Place(declared({ spec: { direction: 'OneWay' }, members: [jan] }, exchange.url))
  const ended = await place.once()
  silent(ended, place)
  expect(ended.code).toBe(0)
  expect(readyOf(place.status('company-contacts'))).toMatchObject({ status: 'True' })
  await exchange.close()
})

test('a certificate is refused until its authority is trusted', async () => {
  using tls = new Place([])
  const exchange = await startExchange(good, { tls: join(tls.local, 'tls') })
  using place = new Place(declared({}, exchange.url))
  const before = holdingsOf(exchange.store)
  const refused = await place.once()
  silent(refused, place)
  expect(refused.code).toBe(1)
  const ready = readyOf(place.status('company-contacts'))
  expect(ready).toMatchObject({ status: 'False', reason: 'TlsNotTrusted' })
  expect(ready?.message).toMatch(/put the certificate of its authority into a Secret .* spec\.tls/)
  expect(holdingsOf(exchange.store)).toEqual(before)

  const server = { tls: { caSecretRef: { name: 'corp-ca', key: 'ca.crt' } } }
  const more = [secretOf('corp-ca', { 'ca.crt': exchange.ca ?? '' })]
  place.declare(declared({ server, more }, exchange.url))
  const trusted = await place.once()
  silent(trusted, place)
  expect(readyOf(place.status('company-contacts'))).toMatchObject({ status: 'True' })
  expect(trusted.code).toBe(0)
  await exchange.close()
})

/** The declarations of a case. */
function declared(each: Omit<Case, 'title' | 'reason' | 'message'>, url: string): Resource[] {
  return [
    groupOf({ members: each.members ?? [anna, jan], ...(each.spec && { spec: each.spec }) }),
    serverOf(url, each.server),
    secretOf(each.secret ?? 'account', {
      username: each.username ?? account,
      password: each.password ?? password,
    }),
    ...(each.more ?? []),
  ]
}

/** Nothing that anybody can read shows content, a secret, or the program's insides. */
function silent({ stdout, stderr }: Ended, place: Place): void {
  const shown = stdout + stderr + place.statusText('company-contacts')
  expect(secrets.filter((secret) => shown.includes(secret))).toEqual([])
  expect(shown).not.toMatch(/^\s+at .*:\d+/m)
  expect(shown).not.toMatch(/"stack"|node:internal|\.ts:\d+/)
}
