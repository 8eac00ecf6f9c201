// A wrong password is sent once, whoever asks; a 401 among good answers is asked once more. Counted at an HTTP
// server before the embedded Exchange.

import { expect, test } from 'vitest'
import { lockoutMs } from '../../controller/api/duration.ts'
import { hubAccess } from '../../controller/api/references.ts'
import { plan } from '../../controller/cli/plan.ts'
import { SyncError } from '../../controller/core/sync-error.ts'
import { SignIn } from '../../controller/ews/sign-in.ts'
import type { Declared } from '../../controller/sync/ports.ts'
import { once } from '../../controller/sync/schedule.ts'
import type { HttpRequest } from '../exchange/http/border.ts'
import { account, groupOn, type Office, officeOf, status } from './sign-in-office.ts'

const { signal } = new AbortController()
const members = 16
const is = (request: HttpRequest, what: string) => String(request.body).includes(what)
const refusalsIn = ({ answers }: Office) => answers.filter((answer) => answer.status === 401).length
const passes = ({ site }: Office, ...groups: readonly Declared[]) =>
  once(site(groups), signal, signal)
const reasonIn = ({ statuses }: Office, name = 'company') =>
  statuses.get(`sales/${name}`)?.conditions?.find(({ type }) => type === 'Ready')?.reason

test('a wrong password is one sign-in: for 16 members, other groups, other servers, looks and plans', async () => {
  const office = await officeOf(members)
  const wrong = { password: 'wrong' }
  const first = groupOn(office.url, members, wrong)
  const second = groupOn(office.url, members, { ...wrong, name: 'second' })
  const elsewhere = groupOn(office.url.replace('EWS/E', 'ews/e'), members, {
    ...wrong,
    name: 'third',
    server: 'other',
  })
  expect(await passes(office, first, second, elsewhere)).toBe(false)
  expect(reasonIn(office)).toBe('AuthenticationFailed')
  expect(reasonIn(office, 'third')).toBe('AuthenticationFailed')
  const looks = [first, elsewhere].map((each) =>
    office.connections.probe(hubAccess(each), false, signal),
  )
  for (const each of looks)
    await expect(each).rejects.toMatchObject({ code: 'AuthenticationFailed', kind: 'terminal' })
  expect(await plan(office.site([first, elsewhere]), 'json', () => {}, signal)).toBe(1)
  expect(refusalsIn(office)).toBe(1)
  office.time.ms += lockoutMs - 1
  await passes(office, first, elsewhere)
  expect(refusalsIn(office), 'until a lockout can be over').toBe(1)
  office.time.ms += 1
  await passes(office, first, elsewhere)
  expect(refusalsIn(office), 'then once more').toBe(2)
})

test('a plan alone makes one sign-in', async () => {
  const office = await officeOf(members)
  const groups = ['company', 'second'].map((name) =>
    groupOn(office.url, members, { name, password: 'wrong' }),
  )
  expect(await plan(office.site(groups), 'json', () => {}, signal)).toBe(1)
  expect(refusalsIn(office)).toBe(1)
})

test('all who ask for a pass at once get one more try', async () => {
  const office = await officeOf(1)
  await passes(office, groupOn(office.url, 1, { password: 'wrong' }))
  office.time.ms += 60_000
  const annotations = {
    'exchangesync.dev/requestedAt': '1',
    'exchangesync.dev/forceAt': '1',
  }
  const asking = ['company', 'second', 'third'].map((name) =>
    groupOn(office.url, 1, { name, password: 'wrong', annotations }),
  )
  await passes(office, ...asking)
  expect(refusalsIn(office)).toBe(2)
  const [one] = asking as [Declared, ...Declared[]]
  office.time.ms += 60_000
  await expect(office.connections.probe(hubAccess(one), true, signal)).rejects.toThrow()
  await expect(office.connections.probe(hubAccess(one), true, signal)).rejects.toThrow()
  expect(refusalsIn(office)).toBe(3)
})

test('changed credentials go alone first, also those that were used before', async () => {
  const office = await officeOf(members)
  const passWith = async (password: string) => {
    office.most.atOnce = 0
    let wrong = 0
    office.front.answer = async ({ headers }) => {
      const sent = Buffer.from(String(headers.authorization).slice(6), 'base64').toString()
      if (sent !== `${account}:${password}`) wrong += 1
      return undefined
    }
    const ready = await passes(office, groupOn(office.url, members, { password }))
    expect(wrong, 'requests with another password').toBe(0)
    return ready
  }
  expect(await passWith('right')).toBe(true)
  expect(office.most.atOnce, 'they do not stay alone').toBeGreaterThan(1)
  expect(await passWith('wrong')).toBe(false)
  expect(office.most.atOnce).toBe(1)
  expect(refusalsIn(office)).toBe(1)
  expect(await passWith('right')).toBe(true)
  // What was right an hour ago need not be so now.
  expect(await passWith('wrong')).toBe(false)
  expect(refusalsIn(office)).toBe(2)
  office.front.answer = async () => status(401)
  office.most.atOnce = 0
  expect(await passes(office, groupOn(office.url, members))).toBe(false)
  expect([refusalsIn(office), office.most.atOnce]).toEqual([3, 1])
})

test.each(['SyncFolderItems', 'FindItem'])(
  'one 401 among good answers, to %s, is asked once more, and nothing is done twice',
  async (operation) => {
    const office = await officeOf(4)
    let refused = 0
    office.front.answer = async (request) => {
      if (refused > 0 || !is(request, `<m:${operation}`)) return undefined
      refused += 1
      return status(401)
    }
    expect(await passes(office, groupOn(office.url, 4))).toBe(true)
    expect([refused, reasonIn(office)]).toEqual([1, 'Succeeded'])
    for (const who of ['m1', 'm2', 'm3', 'm4']) {
      const folder = office.exchange.store.mailbox(`${who}@corp.example`).folder('Contacts/company')
      expect(folder.size()).toBe(2)
    }
  },
)

test.each([
  ['CreateItem', 'before'],
  ['CreateItem', 'after'],
  ['CreateFolder', 'before'],
  ['CreateFolder', 'after'],
])(
  'a 401 for one %s, %s it was done, is looked into by the next pass, and nothing is done twice',
  async (operation, when) => {
    const office = await officeOf(4)
    let refused = 0
    office.front.answer = async (request) => {
      if (refused > 0 || !is(request, `<m:${operation}`)) return undefined
      refused += 1
      if (when === 'after') await office.exchange.handle(request)
      return status(401)
    }
    await passes(office, groupOn(office.url, 4))
    expect(refused).toBe(1)
    expect(await passes(office, groupOn(office.url, 4))).toBe(true)
    expect(reasonIn(office)).toBe('Succeeded')
    expect(office.exchange.store.publicFolder('/Company').size()).toBe(2)
    for (const who of ['m1', 'm2', 'm3', 'm4']) {
      const folder = office.exchange.store.mailbox(`${who}@corp.example`).folder('Contacts/company')
      expect(folder.size()).toBe(2)
    }
  },
)

test.each([
  ['a write', false, 'SignInLost'],
  ['a read', true, 'ServerBusy'],
])('%s that is refused, where the check fails as well', async (_, reads, code) => {
  const signIn = new SignIn({ now: () => 0, sleep: async () => {} })
  await signIn.run(
    async (answered) => answered(),
    async () => {},
    reads,
    signal,
  )
  const fails = (reason: string) => async () => {
    throw new SyncError('transient', reason, '')
  }
  // A write may have been done: no error of the check may deny that.
  const outcome = signIn.run(fails('AuthenticationFailed'), fails('ServerBusy'), reads, signal)
  await expect(outcome).rejects.toMatchObject({ code })
})

test('a password that is changed while it is used is checked once, alone, and then left', async () => {
  const office = await officeOf(1)
  const group = groupOn(office.url, 1)
  expect(await passes(office, group)).toBe(true)
  office.front.answer = async () => status(401)
  office.most.atOnce = 0
  await expect(office.connections.probe(hubAccess(group), false, signal)).rejects.toMatchObject({
    code: 'AuthenticationFailed',
    backOffMs: lockoutMs,
  })
  expect(refusalsIn(office)).toBe(2)
  expect(await passes(office, group)).toBe(false)
  expect(refusalsIn(office)).toBe(2)
})

test('a mailbox that is always refused is that mailbox’s matter; the others are served', async () => {
  const office = await officeOf(4)
  office.front.answer = async (request) =>
    is(request, 'PrimarySmtpAddress>m2@') ? status(401) : undefined
  expect(await passes(office, groupOn(office.url, 4))).toBe(false)
  const { problems = [], members: counted } = office.statuses.get('sales/company') ?? {}
  expect(problems).toMatchObject([{ mailbox: 'm2@corp.example', reason: 'MailboxSignInRefused' }])
  expect(counted).toMatchObject({ current: 3 })
})

test.each([
  ['a ban from EWS', 403, 'Forbidden', 'terminal'],
  ['a proxy with a sign-in of its own', 407, 'ProxyAuthenticationRequired', 'terminal'],
])(
  '%s is not met by each mailbox, and says nothing of the password',
  async (_, code, reason, kind) => {
    const office = await officeOf(members)
    const group = groupOn(office.url, members)
    office.front.answer = async () => status(code)
    await expect(office.connections.probe(hubAccess(group), false, signal)).rejects.toMatchObject({
      code: reason,
      kind,
    })
    const before = office.answers.length
    expect(await passes(office, group)).toBe(false)
    expect(reasonIn(office)).toBe(reason)
    // One for as many as may be under way at once.
    expect(office.answers.length - before).toBeLessThanOrEqual(Math.ceil((members + 1) / 8))
    office.front.answer = async () => undefined
    office.time.ms += 60_000
    expect(await passes(office, group)).toBe(true)
  },
)

test.each([200, 500])('an expired password, told with HTTP %i, is one request', async (code) => {
  const office = await officeOf(members)
  const group = groupOn(office.url, members)
  const body =
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>a:ErrorPasswordExpired</faultcode><faultstring/></s:Fault></s:Body></s:Envelope>'
  office.front.answer = async () => ({ ...status(code), body })
  expect(await passes(office, group)).toBe(false)
  await passes(office, groupOn(office.url, members, { name: 'second', server: 'other' }))
  expect([reasonIn(office), office.answers.length]).toEqual(['PasswordExpired', 1])
})

test('when the one that goes alone is given up, the next goes alone', async () => {
  const office = await officeOf(1)
  const group = groupOn(office.url, 1)
  const [begun, end] = [Promise.withResolvers<void>(), new AbortController()]
  office.front.answer = async () => {
    begun.resolve()
    return new Promise(() => {})
  }
  const first = office.connections.probe(hubAccess(group), false, end.signal)
  await begun.promise
  office.front.answer = async () => status(401)
  const waiting = [1, 2, 3].map(() => office.connections.probe(hubAccess(group), false, signal))
  const gone = AbortSignal.abort(new Error('enough'))
  await expect(office.connections.probe(hubAccess(group), false, gone)).rejects.toThrow('enough')
  end.abort(new Error('enough'))
  await expect(first).rejects.toThrow('enough')
  for (const each of waiting)
    await expect(each).rejects.toMatchObject({ code: 'AuthenticationFailed' })
  expect(refusalsIn(office)).toBe(1)
})

test('while a server does not answer, those that wait hear so at once, and nothing is known', async () => {
  const office = await officeOf(members)
  const group = groupOn(office.url, members)
  office.front.answer = async () => status(502)
  expect(await passes(office, group)).toBe(false)
  expect(office.answers.length).toBeLessThanOrEqual(Math.ceil((members + 1) / 8))
  office.front.answer = async () => undefined
  office.time.ms += 60_000
  expect(await passes(office, group)).toBe(true)
})
