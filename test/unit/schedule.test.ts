// When which group gets its pass, on a clock that the test turns: never two at once, a changed
// declaration at once, and after an error as long as its kind asks for.

import { expect, test } from 'vitest'
import type {
  ExchangeServer,
  SyncGroup,
  SyncGroupStatus,
} from '../../controller/api/resources.generated.ts'
import { participantsOf } from '../../controller/api/topology.ts'
import type { GroupId } from '../../controller/core/id.ts'
import { SyncError } from '../../controller/core/sync-error.ts'
import { openState } from '../../controller/store/state.ts'
import { ChangeSignal } from '../../controller/sync/change-signal.ts'
import type { Environment, Mode } from '../../controller/sync/environment.ts'
import type { Clock, Declared } from '../../controller/sync/ports.ts'
import { reconcile } from '../../controller/sync/reconcile.ts'
import { schedule } from '../../controller/sync/schedule.ts'
import { Servers } from '../../controller/sync/server-health.ts'
import { readResources } from '../../controller/validation/resources.ts'
import { calm, Hand } from '../support/clock.ts'
import { accessesOf } from '../support/declaration.ts'
import { Folder, FolderReplica } from '../support/folder.ts'

const signal = new AbortController().signal
const text = (interval: string) => `
apiVersion: exchangesync.dev/v1alpha1
kind: ExchangeServer
metadata: { name: corp }
spec: { url: 'https://mail.corp.example/EWS/Exchange.asmx', auth: { type: Basic, secretRef: { name: s } } }
---
apiVersion: exchangesync.dev/v1alpha1
kind: SyncGroup
metadata: { name: group }
spec: { serverRef: { name: corp }, hub: { publicFolder: /Company }, interval: ${interval}, retryInterval: 30s }`

function declared(interval = '1m', fingerprint = 'one'): Declared {
  const { documents } = readResources([{ name: 'x', text: text(interval) }], {
    externalSecrets: true,
  })
  const [server, group] = documents.map(({ resource }) => resource)
  return {
    id: 'default/group' as GroupId,
    group: group as SyncGroup,
    access: accessesOf(group as SyncGroup, [server as ExchangeServer], {
      username: 'u',
      password: 'p',
    }),
    generation: 1,
    fingerprint,
    invalid: undefined,
    previous: undefined,
  }
}

function siteOf(
  clock: Clock,
  groups: () => readonly Declared[],
  replicas: Environment['replicas'],
): Environment {
  const state = openState(':memory:')
  return {
    declarations: {
      groups: async () => groups(),
      changed: (until) =>
        new Promise((resolve) => until.addEventListener('abort', () => resolve(), { once: true })),
      hold: async () => {},
      report: async () => {},
      released: async () => {},
    },
    replicas,
    former: () => [],
    baseline: (group) => state.baseline(group),
    recent: async () => [],
    clock,
    servers: new Servers(clock, { leastMs: 1_000, mostMs: 900_000 }),
    onEnded: () => {},
  }
}

const failing = (error: SyncError) => () => {
  throw error
}

test.each([
  ['a transient error: retryInterval', new SyncError('transient', 'X', ''), 30_000],
  ['a terminal one: the interval', new SyncError('terminal', 'X', ''), 60_000],
  [
    'a wrong password: long enough not to lock the account',
    new SyncError('terminal', 'AuthenticationFailed', ''),
    900_000,
  ],
  [
    'a server that asks for more: as long as it asks',
    new SyncError('transient', 'X', '', { backOffMs: 120_000 }),
    120_000,
  ],
])('after %s', async (_what, error, againMs) => {
  const mode: Mode = { sliceMs: undefined, audit: false, stopping: () => false, claimed: undefined }
  const done = await reconcile(
    declared(),
    siteOf(new Hand(), () => [], failing(error)),
    mode,
    signal,
  )
  expect([done.ready, done.againMs]).toEqual([false, againMs])
})

test('a group is passed at its interval, never twice at once, and at once when it changes', async () => {
  const hand = new Hand()
  const stop = new AbortController()
  let group = declared()
  let begun = 0
  let inside = 0
  let most = 0
  const gate: (() => void)[] = []
  const site = siteOf(
    hand,
    () => [group],
    () => [],
  )
  const slow: Environment = {
    ...site,
    declarations: {
      ...site.declarations,
      report: async () => {
        begun += 1
        inside += 1
        most = Math.max(most, inside)
        await new Promise<void>((resolve) => gate.push(resolve))
        inside -= 1
      },
    },
  }
  const running = schedule(
    slow,
    { auditMs: 3_600_000, sliceMs: 60_000, concurrency: 4 },
    stop.signal,
    signal,
  )
  await calm()
  expect(begun).toBe(1)
  await hand.turn(600_000)
  expect(begun, 'the first has not ended').toBe(1)
  gate.shift()?.()
  await calm()
  await hand.turn(59_000)
  expect(begun, 'the interval has not passed').toBe(1)
  await hand.turn(1_000)
  expect(begun).toBe(2)
  group = declared('1m', 'two')
  gate.shift()?.()
  await calm()
  await hand.turn(60_000)
  expect(begun, 'changed while it ran').toBe(3)
  gate.shift()?.()
  await calm()
  stop.abort()
  await running
  expect(most).toBe(1)
})

test('a status that cannot be written is told, tried again soon, and ends nothing', async () => {
  const hand = new Hand()
  const stop = new AbortController()
  const site = siteOf(
    hand,
    () => [declared('10m')],
    () => [],
  )
  let tries = 0
  const told: (SyncError | undefined)[] = []
  const mute: Environment = {
    ...site,
    onEnded: ({ unreported }) => told.push(unreported),
    declarations: {
      ...site.declarations,
      report: async () => {
        tries += 1
        if (tries === 1) throw new Error('EROFS')
      },
    },
  }
  const options = { auditMs: 3_600_000, sliceMs: 60_000, concurrency: 4 }
  const running = schedule(mute, options, stop.signal, signal)
  await calm()
  await hand.turn(30_000)
  expect(tries).toBe(2)
  expect(told).toMatchObject([{ code: 'Unexpected' }, undefined])
  stop.abort()
  await running
})

/** A group with a member, the hub's 60 contacts, and the replicas. */
function office() {
  const { group, ...rest } = declared()
  const members = [
    {
      mailbox: 'anna@corp.example',
      publicFolder: '',
      direction: 'TwoWay' as const,
      folder: 'Contacts/X',
    },
  ]
  const whole = { ...rest, group: { ...group, spec: { ...group.spec, members } } } as Declared
  const folders = [new Folder('hub'), new Folder('anna')] as const
  for (let n = 0; n < 60; n += 1) folders[0].put({ GivenName: `Ewa${n}` })
  const replicas = participantsOf(whole.group).roles.map(
    (role, n) => new FolderReplica(role, folders[n] as Folder),
  )
  return { whole, replicas }
}

const condition = (type: string, status: 'True' | 'False', reason: string) => ({
  ...{ type, status, reason, message: '60 items', lastTransitionTime: '2020-01-01T00:00:00Z' },
})
const continued = { phase: 'Writing' as const, done: 1, planned: 2, membersDone: 0, members: 1 }
test.each<readonly [string, Declared['previous'], string]>([
  ['Ready', { conditions: [condition('Ready', 'True', 'Succeeded')] }, 'Ready=True Succeeded'],
  ['new', undefined, 'Ready=Unknown Suspended'],
  [
    'not through its first pass',
    {
      conditions: [
        condition('Ready', 'False', 'Progressing'),
        condition('Reconciling', 'True', 'Progressing'),
      ],
      progress: { ...continued, startTime: '2020-01-01T00:00:00Z', time: '2020-01-01T00:00:00Z' },
    },
    'Ready=Unknown Suspended',
  ],
])(
  'a group that is %s stays so when it is suspended during a pass',
  async (_what, before, after) => {
    const { whole, replicas } = office()
    const [hand, stop, changes] = [new Hand(), new AbortController(), new ChangeSignal()]
    const previous = before && { ...before, observedGeneration: 1 }
    let group: Declared = { ...whole, previous }
    const said: SyncGroupStatus[] = []
    const site = siteOf(
      hand,
      () => {
        changes.clear()
        return [group]
      },
      () => replicas,
    )
    const member = replicas[1] as FolderReplica
    const { create } = member
    member.create = async (...asked) => {
      const spec = { ...whole.group.spec, suspend: true }
      group = { ...group, group: { ...whole.group, spec }, generation: 2, fingerprint: 'two' }
      changes.notify()
      await calm()
      return create.apply(member, asked)
    }
    const declarations: Environment['declarations'] = {
      ...site.declarations,
      changed: (until) => changes.changed(until),
      report: async (_, status) => {
        said.push(status)
        group = { ...group, previous: status }
      },
    }
    const options = { auditMs: 3_600_000, sliceMs: 60_000, concurrency: 4 }
    const running = schedule({ ...site, declarations }, options, stop.signal, signal)
    for (let turn = 0; turn < 100 && said.length < 2; turn += 1) await calm()
    stop.abort()
    await running
    const states = said.map(({ conditions = [] }) =>
      conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`),
    )
    expect(states.at(-1)).toEqual([after])
    expect(states.at(-2)).toEqual(
      (before?.conditions ?? []).map(({ type, status, reason }) => `${type}=${status} ${reason}`),
    )
    expect(said.map(({ observedGeneration }) => observedGeneration)).toEqual([before ? 1 : -1, 2])
    expect(said.at(-1)).not.toHaveProperty('progress')
  },
)

test('a group that waits for its first pass says so, once, and nothing is written for it when its turn has come', async () => {
  const [hand, stop, changes] = [new Hand(), new AbortController(), new ChangeSignal()]
  const named = (name: string, previous?: Declared['previous']): Declared => {
    const one = declared()
    const metadata = { ...one.group.metadata, name }
    return { ...one, id: `default/${name}` as GroupId, group: { ...one.group, metadata }, previous }
  }
  const known = { observedGeneration: 1, conditions: [condition('Ready', 'True', 'Succeeded')] }
  let groups = [named('first'), named('known', known), named('second'), named('third')]
  const said: string[] = []
  const writes: (() => void)[] = []
  const passes: (() => void)[] = []
  const held = (gates: (() => void)[]) => new Promise<void>((resolve) => gates.push(resolve))
  const site = siteOf(
    hand,
    () => {
      changes.clear()
      return groups
    },
    () => [],
  )
  const waits: Environment = {
    ...site,
    progress: { firstMs: 1_000, everyMs: 3_600_000, onProgress: () => {} },
    declarations: {
      ...site.declarations,
      changed: (until) => changes.changed(until),
      hold: async ({ id }) => {
        said.push(`${id} begins`)
        await held(passes)
        throw new SyncError('transient', 'ServerBusy', 'busy')
      },
      report: async ({ id }, { conditions = [], observedGeneration }) => {
        const [ready] = conditions
        said.push(`${id} ${ready?.status} ${ready?.reason} ${observedGeneration}`)
        if (ready?.reason === 'Progressing') await held(writes)
      },
    },
  }
  const options = { auditMs: 3_600_000, sliceMs: 60_000, concurrency: 1 }
  const running = schedule(waits, options, stop.signal, signal)
  await calm()
  expect(said.splice(0)).toEqual(['default/first begins'])
  await hand.turn(999)
  expect(said).toEqual([])
  await hand.turn(1)
  expect(said.splice(0)).toEqual(['default/second Unknown Progressing -1'])
  changes.notify()
  await calm()
  for (let n = 0; n < 3; n += 1) {
    passes.shift()?.()
    await calm()
  }
  // The turn of the second one waits until its write has ended.
  expect(said.filter((each) => each.startsWith('default/second'))).toEqual([])
  writes.shift()?.()
  await calm()
  passes.shift()?.()
  await calm()
  const second = said.filter((each) => each.startsWith('default/second'))
  expect(second[0]).toBe('default/second begins')
  expect(said.filter((each) => / Unknown Progressing /.test(each)).length).toBeLessThan(2)
  groups = []
  changes.notify()
  for (const gate of [...passes, ...writes]) gate()
  stop.abort()
  for (let n = 0; n < 9; n += 1) {
    await calm()
    for (const gate of [...passes.splice(0), ...writes.splice(0)]) gate()
  }
  await running
})

test('a pass whose time is over before its first write makes one batch in each folder all the same', async () => {
  const hand = new Hand()
  const { whole, replicas } = office()
  for (const replica of replicas) {
    const { observe } = replica
    replica.observe = async (...asked) => {
      await hand.turn(61_000)
      return observe.apply(replica, asked)
    }
  }
  const site = siteOf(
    hand,
    () => [],
    () => replicas,
  )
  const mode: Mode = { sliceMs: undefined, audit: false, stopping: () => false, claimed: undefined }
  const spec = { ...whole.group.spec, timeout: '1m' }
  const hasty = { ...whole, group: { ...whole.group, spec } }
  const late = await reconcile(hasty, site, mode, signal)
  expect(late.result).toMatchObject({ kind: 'passed', report: { unfinished: true, created: 50 } })
  expect(late.againMs).toBe(0)
  const done = await reconcile(hasty, site, mode, signal)
  expect(done.result).toMatchObject({ report: { unfinished: false, created: 10 } })
})
