// A pass under way is visible: what its counts say, in whose status, and how often; on a clock that is turned by hand.
import { expect, test } from 'vitest'
import type { Moment } from '../../controller/api/progress.ts'
import type { SyncGroupStatus } from '../../controller/api/resources.generated.ts'
import { follow } from '../../controller/cli/follow.ts'
import type { ReplicaId } from '../../controller/core/id.ts'
import { SyncError } from '../../controller/core/sync-error.ts'
import { openState } from '../../controller/store/state.ts'
import type { Environment, Mode } from '../../controller/sync/environment.ts'
import type { Declared, Replica } from '../../controller/sync/ports.ts'
import { Counts } from '../../controller/sync/progress.ts'
import { reconcile } from '../../controller/sync/reconcile.ts'
import { Servers } from '../../controller/sync/server-health.ts'
import { logger } from '../../controller/telemetry/log.ts'
import { Metrics } from '../../controller/telemetry/metrics.ts'
import { ProgressMetrics } from '../../controller/telemetry/progress.ts'
import { calm, Hand } from '../support/clock.ts'
import { groupOn } from './sign-in-office.ts'

const url = 'http://127.0.0.1:9/EWS/Exchange.asmx'
const mode: Mode = { sliceMs: undefined, audit: false, stopping: () => false, claimed: undefined }
const [hub, anna, jan] = ['hub:/C', 'a@x', 'j@x'] as unknown as [ReplicaId, ReplicaId, ReplicaId]

/** A controller whose passes wait in the listing of the hub, until they are let go. */
function siteOf(report: (status: SyncGroupStatus) => Promise<void> = async () => {}) {
  const clock = new Hand()
  const state = openState(':memory:')
  const said: SyncGroupStatus[] = []
  const moments: (Moment | undefined)[] = []
  const waiting: (() => void)[] = []
  const hubReplica = {
    role: { id: hub, hub: true },
    observe: async () => {
      await new Promise<void>((resolve) => waiting.push(resolve))
      throw new SyncError('transient', 'Unreachable', 'gone')
    },
  } as unknown as Replica
  const site: Environment = {
    declarations: {
      groups: async () => [],
      changed: async () => {},
      hold: async () => {},
      report: async (_, status) => {
        said.push(status)
        await report(status)
      },
      released: async () => {},
    },
    replicas: () => [hubReplica],
    former: () => [],
    baseline: (group) => state.baseline(group),
    recent: async () => [],
    clock,
    servers: new Servers(clock, { leastMs: 1_000, mostMs: 1_000 }),
    progress: {
      firstMs: 1_000,
      everyMs: 10_000,
      onProgress: (_, now) => void moments.push(now),
    },
    onEnded: () => {},
  }
  const letGo = () => {
    for (const each of waiting.splice(0)) each()
  }
  return { site, clock, said, moments, letGo }
}

const { signal } = new AbortController()
const fresh = groupOn(url, 1)
const ready = {
  type: 'Ready',
  status: 'True',
  reason: 'Succeeded',
  message: '3 items',
  lastTransitionTime: '2020-01-01T00:00:00Z',
} as const
const passed: SyncGroupStatus = { observedGeneration: fresh.generation, conditions: [ready] }
const known: Declared = { ...fresh, previous: passed }
const states = (status: SyncGroupStatus | undefined) =>
  status?.conditions?.map(({ type, status: holds, reason }) => `${type}=${holds} ${reason}`)

test('the counts say how much is done, per phase', () => {
  const counts = new Counts((id) => id !== hub, 100)
  expect(counts.sample()).toBeUndefined()
  counts.reading([hub, anna, jan])
  counts.listed(anna)
  expect(counts.sample()).toMatchObject({ phase: 'Reading', membersDone: 1, members: 2 })
  counts.planned(
    'Writing',
    new Map([
      [hub, 1],
      [anna, 2],
    ]),
  )
  counts.dealtWith(anna, 1)
  const sample = { phase: 'Writing', done: 101, planned: 103, membersDone: 0, members: 2 }
  expect(counts.sample()).toEqual(sample)
  counts.dealtWith(anna, 1)
  // A folder that could not be listed is not done, whatever is planned there.
  expect(counts.sample()).toEqual({ ...sample, done: 102, membersDone: 1 })
  counts.dealtWith(anna, 9)
  expect(counts.sample()).toMatchObject({ done: 111, planned: 111 })
  counts.planned(
    'Removing',
    new Map([
      [anna, 2],
      [jan, 0],
    ]),
  )
  expect(counts.sample()).toMatchObject({ done: 100, planned: 102, membersDone: 1, members: 2 })
})

test('a new group is Unknown and Reconciling after a second, and then every ten', async () => {
  const { site, clock, said, moments, letGo } = siteOf()
  const work = reconcile(fresh, site, mode, signal)
  await clock.turn(999)
  expect(said).toEqual([])
  await clock.turn(1)
  expect(states(said[0])).toEqual(['Ready=Unknown Progressing', 'Reconciling=True Progressing'])
  expect(said[0]).toMatchObject({
    observedGeneration: -1,
    progress: { phase: 'Reading', startTime: '1970-01-01T00:00:00Z' },
  })
  await clock.turn(9_999)
  expect(said).toHaveLength(1)
  await clock.turn(1)
  expect(said).toHaveLength(2)
  letGo()
  const { status } = await work
  expect(moments.at(-2), 'the last counts').toMatchObject({ sample: { phase: 'Writing' } })
  expect(moments).toHaveLength(4)
  expect(status).toBe(said[2])
  expect(status).not.toHaveProperty('progress')
  expect(states(status)).toEqual(['Ready=False Unreachable'])
  expect(moments.at(-1)).toBeUndefined()
  await clock.turn(60_000)
  expect(said).toHaveLength(3)
})

test('a routine pass of a ready group stays ready, and shows itself after ten seconds', async () => {
  const { site, clock, said, letGo } = siteOf()
  const work = reconcile(known, site, mode, signal)
  await clock.turn(9_999)
  expect(said).toEqual([])
  await clock.turn(1)
  expect(said[0]).toMatchObject({ ...passed, progress: { phase: 'Reading', members: 0 } })
  letGo()
  await work
})

test('a group that is Reconciling because something else may pass is passed in routine', async () => {
  const { site, clock, said, letGo } = siteOf()
  const waiting = { ...ready, type: 'Reconciling', reason: 'MembersNotReady' } as const
  const conditions = [{ ...ready, status: 'False', reason: 'MembersNotReady' } as const, waiting]
  const mixed = { ...known, previous: { ...passed, conditions } }
  const work = reconcile(mixed, site, mode, signal)
  await calm()
  await clock.turn(9_999)
  expect(said).toEqual([])
  letGo()
  const { status } = await work
  expect(status?.progress).toBeUndefined()
})

const asked = { 'exchangesync.dev/requestedAt': 'now' }
const metadata = { ...fresh.group.metadata, annotations: asked }
const unfinished = { ...ready, type: 'Reconciling', reason: 'Progressing' } as const
test.each<readonly [string, Declared]>([
  ['edited', { ...known, generation: known.generation + 1 }],
  ['requested', { ...known, group: { ...fresh.group, metadata } }],
  [
    'unfinished',
    {
      ...known,
      previous: {
        ...passed,
        conditions: [{ ...ready, status: 'False', reason: 'Progressing' }, unfinished],
      },
    },
  ],
])('a group that is %s is not ready while it is passed', async (_, declared) => {
  const { site, clock, said, letGo } = siteOf()
  const work = reconcile(declared, site, mode, signal)
  await calm()
  await clock.turn(1_000)
  expect(states(said[0])).toEqual(['Ready=False Progressing', 'Reconciling=True Progressing'])
  expect(said[0]?.observedGeneration).toBe(known.generation)
  letGo()
  await work
})

test('an invalid edit keeps its conditions', async () => {
  const { site, clock, said, letGo } = siteOf()
  const work = reconcile({ ...known, generation: 9, invalid: 'no' }, site, mode, signal)
  await calm()
  await clock.turn(10_000)
  expect(said[0]?.conditions).toEqual([ready])
  letGo()
  await work
})

test('what a dead process left is gone after the next pass, however short', async () => {
  const { site, said, letGo } = siteOf()
  const time = '2020-01-01T00:00:00Z'
  const counts = { done: 1, planned: 2, membersDone: 0, members: 1, startTime: time, time }
  const previous = { ...passed, progress: { phase: 'Writing', ...counts } } as const
  const work = reconcile({ ...fresh, previous }, site, mode, signal)
  await calm()
  letGo()
  await work
  expect(said).toHaveLength(1)
  expect(said[0]).not.toHaveProperty('progress')
})

test('a write that fails or hangs does not stop the pass, and none comes after its end', async () => {
  let free = () => {}
  let hangs = true
  const { site, clock, said, letGo } = siteOf(async () => {
    if (!hangs) return
    await new Promise<void>((resolve) => {
      free = resolve
    })
    throw new SyncError('transient', 'StatusUnwritable', 'no room')
  })
  const work = reconcile(fresh, site, mode, signal)
  await calm()
  await clock.turn(1_000)
  await clock.turn(60_000)
  expect(said).toHaveLength(1)
  letGo()
  await calm()
  // The pass is over; its status waits for the write before.
  expect(said).toHaveLength(1)
  hangs = false
  free()
  const { status } = await work
  expect(said).toHaveLength(2)
  expect(said[1]).toBe(status)
})

test('a pass that is aborted, as by a lost leadership, writes no more', async () => {
  const { site, clock, said, letGo } = siteOf()
  const lost = new AbortController()
  const work = reconcile(fresh, site, mode, lost.signal)
  await calm()
  await clock.turn(1_000)
  lost.abort(new Error('lost'))
  letGo()
  await expect(work).rejects.toThrow('lost')
  await clock.turn(60_000)
  expect(said).toHaveLength(1)
})

test('the metrics of a pass under way end with it, and the copies are counted', async () => {
  const metrics = new Metrics(() => 0, '0')
  const lines: string[] = []
  const progress = new ProgressMetrics(
    metrics,
    logger('info', (line) => void lines.push(line)),
  )
  const sample = { phase: 'Writing', done: 1, planned: 9, membersDone: 0, members: 1 } as const
  progress.record(fresh.id, { sample, startMs: 0, endMs: undefined, carried: 0 })
  progress.record(fresh.id, {
    sample: { ...sample, done: 4 },
    startMs: 0,
    endMs: 60_000,
    carried: 0,
  })
  const figures = async () =>
    (await metrics.text()).split('\n').flatMap((line) => {
      const [, what, figure] = /^exsync_group_progress_(\w+){.*} (\d+)$/.exec(line) ?? []
      return what === undefined ? [] : [`${what} ${figure}`]
    })
  expect(await figures()).toEqual([
    'planned 9',
    'done 4',
    'estimated_end_timestamp_seconds 60',
    'copies_total 4',
  ])
  expect(lines).toHaveLength(1)
  progress.record(fresh.id, undefined)
  expect(await figures()).toEqual(['copies_total 4'])
  progress.forget(fresh.id)
  expect(await figures()).toEqual([])
})

test('what is followed is printed again when it has changed, until the end', async () => {
  const clock = new Hand()
  const ending = new AbortController()
  const lines: string[] = []
  let now = 'one'
  const show = async (out: (line: string) => Promise<boolean>) => {
    await out(now)
    return now === 'two' ? 0 : 1
  }
  const print = async (line: string) => {
    lines.push(line)
    return true
  }
  const code = follow(show, print, clock, ending.signal)
  await calm()
  await clock.turn(1_000)
  now = 'two'
  await clock.turn(1_000)
  ending.abort()
  expect(await code).toBe(0)
  expect(lines).toEqual(['one', '', 'two'])
})
