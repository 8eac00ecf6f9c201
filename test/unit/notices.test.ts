// Notices: what a status says to a receiver, what of it may leave the house, and what is sent, once, in which order, to a
// receiver that is down, slow, or was not heard before a restart. The signature is that of Standard Webhooks.
import { createHmac } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import {
  eventOf,
  groupNotice,
  idOf,
  type Notice,
  serverNotice,
} from '../../controller/api/notices.ts'
import type { SyncGroupStatus } from '../../controller/api/resources.generated.ts'
import { logger } from '../../controller/telemetry/log.ts'
import { Metrics } from '../../controller/telemetry/metrics.ts'
import { Notifier } from '../../controller/telemetry/notify.ts'
import {
  type Letter,
  type Refusal,
  secretsFrom,
  secretsIn,
  signatureOf,
} from '../../controller/telemetry/webhook.ts'

const clients = { kind: 'SyncGroup', namespace: 'sales', name: 'clients', uid: 'u1' } as const
const corp = { kind: 'ExchangeServer', namespace: 'sales', name: 'corp' } as const
const at = '2026-01-01T00:00:00Z'
const anna = 'anna@corp.example'

const condition = (type: string, status: 'True' | 'False' | 'Unknown', reason: string) =>
  ({ type, status, reason, message: `${anna}: Łukasz Gęś`, lastTransitionTime: at }) as const
const ready = [condition('Ready', 'True', 'Succeeded')]
const stalled = (reason: string) => [
  condition('Ready', 'False', reason),
  condition('Stalled', 'True', reason),
]
const guard = (hash: string): NonNullable<SyncGroupStatus['guard']> => ({
  hash,
  refusals: [{ replica: anna, reason: 'Deletions', count: 40, limit: 20 } as never],
})
const guarded = (hash: string, why = 'Guarded'): SyncGroupStatus => ({
  conditions: [...stalled(why), condition('Guarded', 'True', 'Deletions')],
  guard: guard(hash),
})

test.each<[string, SyncGroupStatus, object | undefined]>([
  ['a status that says nothing', {}, undefined],
  ['ready', { conditions: ready }, { state: 'Healed', reason: 'Ready' }],
  [
    'stalled',
    { conditions: stalled('FolderClaimed') },
    { state: 'Stalled', reason: 'FolderClaimed' },
  ],
  [
    'not ready, but it may pass',
    { conditions: [condition('Ready', 'False', 'Unreachable')] },
    undefined,
  ],
  ['under way', { conditions: [condition('Ready', 'Unknown', 'Progressing')] }, undefined],
  ['guarded', guarded('h1'), { state: 'Guarded', reason: 'Guarded', hash: 'h1' }],
  [
    'guarded and invalid',
    guarded('h1', 'InvalidSpec'),
    { state: 'Guarded', reason: 'InvalidSpec', hash: 'h1' },
  ],
  // A failed pass keeps the figures of the guard, not the condition.
  [
    'guarded before',
    { conditions: [condition('Ready', 'False', 'Unreachable')], guard: guard('h1') },
    undefined,
  ],
  ['an odd reason', { conditions: stalled(anna) }, { state: 'Stalled', reason: 'UnknownCode' }],
])('a group that is %s', (_, status, notice) => {
  const found = groupNotice(clients, status)
  if (notice === undefined) expect(found).toBeUndefined()
  else expect(found).toMatchObject({ hash: '', ...notice, since: at })
})

test('an event has names, reasons, numbers and a hash: no address, no text of a condition', () => {
  const problem = (n: number) => ({ mailbox: anna, reason: `R${n % 12}`, message: anna })
  const status: SyncGroupStatus = {
    ...guarded('h1'),
    items: 200,
    members: { total: 4, current: 3, behind: 1, unreachable: 0, summary: '3/4' },
    problems: Array.from({ length: 50 }, (_, n) => problem(n)),
  }
  const notice = groupNotice(clients, status) as Notice
  const event = eventOf(notice, idOf(notice), at)
  expect(event).toMatchObject({
    specversion: '1.0',
    source: '/apis/exchangesync.dev/v1alpha1/namespaces/sales/syncgroups/clients',
    type: 'dev.exchangesync.group.guarded',
    subject: 'sales/clients',
    data: {
      message:
        'the guard blocks 40 deletions (limit 20): undo it in Exchange, or approve exactly this with the annotation exchangesync.dev/approve=h1 on the SyncGroup',
      items: 200,
      members: { total: 4, current: 3, behind: 1, unreachable: 0 },
      guard: {
        hash: 'h1',
        on: 'SyncGroup',
        refusals: [{ reason: 'Deletions', count: 40, limit: 20 }],
      },
    },
  })
  expect(event.data.problems).toHaveLength(10)
  expect(JSON.stringify(event)).not.toMatch(/corp\.example|Gęś/)
  expect(JSON.stringify(event).length).toBeLessThan(4_000)
  // The same change has the same id; another one has another.
  expect(idOf(groupNotice(clients, status) as Notice)).toBe(event.id)
  expect(idOf(groupNotice(clients, guarded('h2')) as Notice)).not.toBe(event.id)
  const server = serverNotice(corp, { conditions: stalled('AuthenticationFailed') }) as Notice
  expect(eventOf(server, 'i', at)).toMatchObject({
    type: 'dev.exchangesync.server.stalled',
    source: '/apis/exchangesync.dev/v1alpha1/namespaces/sales/exchangeservers/corp',
    data: { reason: 'AuthenticationFailed' },
  })
})

const folders: string[] = []
afterEach(() => {
  for (const each of folders.splice(0)) rmSync(each, { recursive: true, force: true })
})

type Got = Readonly<{ type: string; subject: string; id: string; reason: string; time: string }>

function gotOf(body: string): Got {
  const { type, subject, id, time, data } = JSON.parse(body)
  return { type: type.replace('dev.exchangesync.', ''), subject, id, reason: data.reason, time }
}

/** A receiver, the controller's part before it, and its files; time passes when the notifier sleeps. */
function site(waitingMax = 1_000) {
  const folder = mkdtempSync(join(tmpdir(), 'exsync-notices-'))
  folders.push(folder)
  let nowMs = Date.parse(at)
  const clock = {
    now: () => nowMs,
    sleep: async (delayMs: number, signal: AbortSignal) => {
      signal.throwIfAborted()
      nowMs += delayMs
    },
  }
  const got: Got[] = []
  const metrics = new Metrics(clock.now, '0')
  const lines: string[] = []
  let leads = true
  let answer = async (_: AbortSignal): Promise<Refusal> => undefined
  let receiver = 'one'
  const started = async (fresh = metrics) => {
    const notifier = new Notifier({
      clock,
      chance: () => 0,
      host: 'receiver.example',
      receiver,
      file: join(folder, 'notified.json'),
      leads: () => leads,
      metrics: fresh,
      log: logger('info', (line) => lines.push(line)),
      waitingMax,
      post: async ({ body }: Letter, _, signal) => {
        got.push(gotOf(body))
        return answer(signal)
      },
    })
    await notifier.load()
    const stop = new AbortController()
    const ended = notifier.run(stop.signal)
    const end = async () => {
      stop.abort()
      await ended
    }
    return { notifier, ended, end }
  }
  return {
    ...{ clock, got, metrics, started, lines, folder },
    types: () => got.map(({ type }) => type),
    follow: () => {
      leads = false
    },
    moved: () => {
      receiver = 'another'
    },
    answerBy: (by: typeof answer) => {
      answer = by
    },
    restarted: () => started(new Metrics(clock.now, '0')),
    gets: async (count: number) => {
      while (got.length < count) await turn()
    },
  }
}

const settled = (notifier: Notifier) => notifier.drained(new AbortController().signal)

/** A receiver that gives no answer until the attempt is given up. */
const silent = (signal: AbortSignal) =>
  new Promise<Refusal>((resolve) => {
    signal.addEventListener('abort', () => resolve({ reason: 'UND_ERR_ABORTED' }), { once: true })
  })

const offer = (notifier: Notifier, status: SyncGroupStatus) =>
  notifier.offer(groupNotice(clients, status))

test('each change is sent once: not at each pass, and not after a restart', async () => {
  const { started, restarted, types, got, moved } = site()
  const { notifier, end } = await started()
  const statuses: SyncGroupStatus[] = [
    { conditions: ready },
    { conditions: stalled('FolderClaimed') },
    { conditions: stalled('FolderClaimed') },
    // For a while it looks as if it may pass; then it is as before.
    { conditions: [condition('Ready', 'False', 'Unreachable')] },
    { conditions: stalled('FolderClaimed') },
    guarded('h1'),
    guarded('h1'),
    guarded('h2'),
  ]
  for (const status of statuses) {
    offer(notifier, status)
    await settled(notifier)
  }
  expect(types()).toEqual(['group.stalled', 'group.guarded', 'group.guarded'])
  await end()
  const again = await restarted()
  offer(again.notifier, guarded('h2'))
  offer(again.notifier, { conditions: ready })
  await settled(again.notifier)
  offer(again.notifier, { conditions: ready })
  await settled(again.notifier)
  expect(types().slice(3)).toEqual(['group.healed'])
  expect(new Set(got.map(({ id }) => id)).size).toBe(4)
  await again.end()
  const third = await restarted()
  offer(third.notifier, { conditions: ready })
  await settled(third.notifier)
  expect(types()).toHaveLength(4)
  offer(third.notifier, guarded('h2'))
  await settled(third.notifier)
  await third.end()
  // Another receiver knows of nothing yet.
  moved()
  const fourth = await restarted()
  offer(fourth.notifier, guarded('h2'))
  await settled(fourth.notifier)
  expect(types().slice(4)).toEqual(['group.guarded', 'group.guarded'])
  await fourth.end()
})

test('a receiver that is down gets the last state of each, with growing pauses; one failure stops no other', async () => {
  const { started, types, got, answerBy, clock, metrics, lines } = site()
  const { notifier, end } = await started()
  const refused = { reason: 'HTTP 503' }
  const answers = [refused, refused, { reason: 'HTTP 429', retryMs: 60_000 }, refused]
  answerBy(async () => answers.shift())
  offer(notifier, { conditions: stalled('FolderClaimed') })
  notifier.offer(serverNotice(corp, { conditions: stalled('SecretNotFound') }))
  const beganMs = clock.now()
  await settled(notifier)
  // One after the other, from the end of the line: 1 s, 2 s, the pause that the receiver asked for, 8 s.
  expect(types()).toEqual([1, 2, 3].flatMap(() => ['group.stalled', 'server.stalled']))
  expect(clock.now() - beganMs).toBe(1_000 + 2_000 + 60_000 + 8_000)
  expect(new Set(got.map(({ id }) => id)).size).toBe(2)
  const text = await metrics.text()
  expect(text).toContain('exsync_notifications_total{result="sent"} 2')
  expect(text).toContain('exsync_notifications_total{result="failed"} 4')
  expect(text).toContain('exsync_notifications_waiting 0')
  expect(lines.filter((line) => line.includes('notice not sent'))).toHaveLength(1)
  await end()
})

test('an attempt without an answer counts as heard and unheard: the end of it is sent, also after a restart', async () => {
  const { started, restarted, types, got, answerBy, gets, clock } = site()
  const first = await started()
  answerBy(silent)
  offer(first.notifier, { conditions: stalled('FolderClaimed') })
  await gets(1)
  await first.end()
  await clock.sleep(60_000, new AbortController().signal)
  const second = await restarted()
  offer(second.notifier, { conditions: stalled('FolderClaimed') })
  await gets(2)
  // The same notice again: the id and the time tell the receiver so.
  expect(types()).toEqual(['group.stalled', 'group.stalled'])
  expect(got[1]).toEqual(got[0])
  await second.end()
  answerBy(async () => undefined)
  const third = await restarted()
  offer(third.notifier, { conditions: ready })
  await settled(third.notifier)
  expect(types().slice(2)).toEqual(['group.healed'])
  await third.end()
})

test('an attempt is under way: what comes meanwhile is sent after it, or not at all if it says the same', async () => {
  const { started, types, answerBy, gets, metrics } = site()
  const { notifier, end } = await started()
  const { promise, resolve } = Promise.withResolvers<Refusal>()
  answerBy(() => promise)
  offer(notifier, { conditions: stalled('FolderClaimed') })
  await gets(1)
  offer(notifier, { conditions: stalled('FolderClaimed') })
  offer(notifier, { conditions: ready })
  answerBy(async () => undefined)
  resolve(undefined)
  await settled(notifier)
  expect(types()).toEqual(['group.stalled', 'group.healed'])
  expect(await metrics.text()).toContain('exsync_notifications_total{result="superseded"} 0')
  // A stall that no attempt has reached, and that is over, needs neither.
  offer(notifier, { conditions: stalled('FolderClaimed') })
  offer(notifier, { conditions: ready })
  await settled(notifier)
  expect(types()).toHaveLength(2)
  expect(await metrics.text()).toContain('exsync_notifications_total{result="superseded"} 1')
  await end()
})

test('a failed attempt gives way to what came meanwhile', async () => {
  const { started, types, answerBy, gets } = site()
  const { notifier, end } = await started()
  const { promise, resolve } = Promise.withResolvers<Refusal>()
  answerBy(() => promise)
  offer(notifier, { conditions: stalled('FolderClaimed') })
  await gets(1)
  offer(notifier, { conditions: ready })
  answerBy(async () => undefined)
  resolve({ reason: 'ECONNRESET' })
  await settled(notifier)
  // The receiver may have got the stall, so it gets its end; and then nothing more.
  expect(types()).toEqual(['group.stalled', 'group.healed'])
  await end()
})

test('too many wait: the oldest is dropped, counted, and offered again by the next pass', async () => {
  const { started, got, metrics } = site(3)
  const { notifier, end } = await started()
  const offerAll = () => {
    for (let n = 0; n < 6; n += 1)
      notifier.offer(
        groupNotice({ ...clients, name: `g${n}` }, { conditions: stalled('FolderClaimed') }),
      )
  }
  const names = () => got.map(({ subject }) => subject.slice(-2)).join(' ')
  offerAll()
  expect(await metrics.text()).toContain('exsync_notifications_total{result="dropped"} 3')
  await settled(notifier)
  expect(names()).toBe('g3 g4 g5')
  offerAll()
  await settled(notifier)
  expect(names()).toBe('g3 g4 g5 g0 g1 g2')
  await end()
})

test('a flood is sent one a second after the first sixty; a process that leads no more sends nothing', async () => {
  const { started, got, clock, follow } = site()
  const { notifier, ended } = await started()
  const beganMs = clock.now()
  for (let n = 0; n < 70; n += 1)
    notifier.offer(
      groupNotice({ ...clients, name: `g${n}` }, { conditions: stalled('FolderClaimed') }),
    )
  await settled(notifier)
  expect(got).toHaveLength(70)
  expect(clock.now() - beganMs).toBe(10_000)
  follow()
  offer(notifier, { conditions: stalled('FolderClaimed') })
  await ended
  expect(got).toHaveLength(70)
})

test('what is not declared any more is well, for those who know of its trouble', async () => {
  const { started, got } = site()
  const { notifier, end } = await started()
  notifier.gone(corp)
  offer(notifier, { conditions: stalled('FolderClaimed') })
  await settled(notifier)
  notifier.gone(clients)
  notifier.gone(clients)
  await settled(notifier)
  expect(got.map(({ type, reason }) => [type, reason])).toEqual([
    ['group.stalled', 'FolderClaimed'],
    ['group.healed', 'Removed'],
  ])
  await end()
})

test('a memory that is damaged, or cannot be written, costs a repetition only', async () => {
  const { started, restarted, got, folder, lines } = site()
  const first = await started()
  offer(first.notifier, { conditions: stalled('FolderClaimed') })
  await settled(first.notifier)
  await first.end()
  const file = join(folder, 'notified.json')
  const whole = readFileSync(file, 'utf8')
  const known = { ...JSON.parse(whole).known, 'SyncGroup a/b': { state: 'Odd' }, x: null }
  const texts = ['', '{', '[]', 'null', '{"known":3}', JSON.stringify({ receiver: 'one', known })]
  for (const [n, text] of texts.entries()) {
    writeFileSync(file, text)
    const { notifier, end } = await restarted()
    offer(notifier, { conditions: stalled('FolderClaimed') })
    await settled(notifier)
    await end()
    // The last text knows it.
    expect(got).toHaveLength(Math.min(n + 2, texts.length))
  }
  expect(new Set(got.map(({ id }) => id)).size).toBe(1)
  rmSync(folder, { recursive: true })
  const last = await restarted()
  offer(last.notifier, { conditions: stalled('InvalidSpec') })
  await settled(last.notifier)
  expect(got).toHaveLength(texts.length + 1)
  expect(lines.filter((line) => line.includes('NotifyMemoryUnwritable'))).toHaveLength(1)
  await last.end()
})

test('the signature is that of Standard Webhooks, for each secret', async () => {
  // The example of the specification's own libraries.
  const [secret] = secretsIn('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n') as [Buffer]
  const letter = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', body: '{"test": 2432232314}' }
  const expected = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
  expect(signatureOf([secret], letter, 1_614_265_330)).toBe(expected)
  const own = 'a secret of its own, long enough'
  const both = signatureOf(
    secretsIn(`whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\r\n${own}`),
    letter,
    1_614_265_330,
  )
  const digest = createHmac('sha256', own).update(`${letter.id}.1614265330.${letter.body}`)
  expect(both).toBe(`${expected} v1,${digest.digest('base64')}`)
  for (const text of ['', 'short', 'whsec_c2hvcnQ=', `${own}\n`.repeat(5)])
    expect(() => secretsIn(text)).toThrow(/one to four lines/)
  const { folder } = site()
  const file = join(folder, 'secret')
  const code = () =>
    secretsFrom(file).then(
      () => 'read',
      ({ code, message }) => [code, message].join(' '),
    )
  expect(await code()).toMatch(/^NotifySecretInvalid .*cannot be read/)
  writeFileSync(file, own, { mode: 0o600 })
  expect(await code()).toBe('read')
  chmodSync(file, 0o604)
  expect(await code()).toMatch(/chmod 600/)
  writeFileSync(file, own.repeat(200))
  expect(await code()).toMatch(/longer than/)
})
