// When a status is written to the cluster, and what its owner is told of it: tables.

import { describe, expect, test } from 'vitest'
import { isForced, verificationAsked, verifyAnnotation } from '../../controller/api/annotations.ts'
import { heartbeatMs, isNews } from '../../controller/api/conditions.ts'
import { groupStory, releasedStory, suspendedStory } from '../../controller/api/events.ts'
import { waits } from '../../controller/api/reasons.ts'
import type { SyncGroup, SyncGroupStatus } from '../../controller/api/resources.generated.ts'
import { groupWith } from '../support/health.ts'

const at = (ms: number) => new Date(1_700_000_000_000 + ms).toISOString()
const group = groupWith([{ mailbox: 'anna@corp.example' }])
const ready = (status: 'True' | 'False', reason: string, message = 'a message') => ({
  type: 'Ready',
  status,
  reason,
  message,
  lastTransitionTime: at(0),
})
const base: SyncGroupStatus = {
  observedGeneration: 1,
  conditions: [ready('True', 'Succeeded', '3 items')],
  items: 3,
  conflicts: { total: 0 },
  lastPass: { time: at(0), durationMs: 10, created: 0, updated: 0, deleted: 0, kept: 0 },
}
const pass = (time: number, more: object = {}) => ({
  ...base,
  lastPass: {
    time: at(time),
    durationMs: 99,
    created: 0,
    updated: 0,
    deleted: 0,
    kept: 0,
    ...more,
  },
})

describe('a status is written', () => {
  test.each([
    ['when there was none', undefined, base, true],
    ['not for the time of a pass that changed nothing', base, pass(1_000), false],
    ['for it, when the one that is there is old', base, pass(heartbeatMs), true],
    ['for what a pass did', base, pass(1_000, { updated: 2 }), true],
    ['for how far back the history reaches', base, { ...base, history: { since: at(-1) } }, true],
    ['for another reason', base, { ...base, conditions: [ready('False', 'Guarded')] }, true],
    [
      'for a verification',
      base,
      {
        ...base,
        verified: { requestedAt: 'a', time: at(0), copies: 9, deviations: 0, result: 'Proved' },
      },
      true,
    ],
    ['for a token that was handled', base, { ...base, lastHandledReconcileAt: 'x' }, true],
    [
      'not for a condition that is somebody else’s, wherever it stands',
      {
        ...base,
        conditions: [{ ...ready('True', 'Foreign'), type: 'Audited' }, ...(base.conditions ?? [])],
      },
      base,
      false,
    ],
    [
      'to take away what is ours and holds no more',
      {
        ...base,
        conditions: [...(base.conditions ?? []), { ...ready('True', 'X'), type: 'Stalled' }],
      },
      base,
      true,
    ],
  ])('%s', (_when, before, now, news) => {
    expect(isNews(before, now)).toBe(news)
  })
})

describe('the owner is told', () => {
  const guard = {
    hash: 'h1',
    refusals: [
      { replica: 'anna@corp.example', reason: 'Deletions' as const, count: 60, limit: 50 },
    ],
  }
  const because = 'anna@corp.example: gone'
  const verified = {
    requestedAt: 'a',
    time: at(0),
    copies: 9,
    deviations: 1,
    result: 'Deviating' as const,
    first: [{ link: 'l', replica: 'anna@corp.example', kind: 'Differs' as const }],
  }
  const proved = {
    ...verified,
    requestedAt: 'b',
    deviations: 0,
    result: 'Proved' as const,
    first: [],
  }
  test.each<readonly [string, SyncGroupStatus | undefined, SyncGroupStatus, readonly string[]]>([
    ['that it is Ready', undefined, base, ['Succeeded']],
    ['nothing of a pass that changed nothing', base, pass(1), []],
    ['what a pass did', base, pass(1, { created: 4 }), ['Synced']],
    ['that it is not Ready', base, { ...base, conditions: [ready('False', 'X', because)] }, ['X']],
    ['of conflicts', base, { ...base, conflicts: { total: 3 } }, ['Conflict']],
    [
      'of the guard, and how to approve',
      base,
      { ...base, conditions: [ready('False', 'Guarded', because)], guard },
      ['Guarded'],
    ],
    ['that it is over', { ...base, guard }, base, ['GuardReleased']],
    ['that every copy is as agreed', base, { ...base, verified: proved }, ['Verified']],
    ['that one is not', { ...base, verified: proved }, { ...base, verified }, ['NotVerified']],
    ['once of the same verification', { ...base, verified }, { ...base, verified }, []],
    ['once of the same guard', { ...base, guard }, { ...base, guard }, []],
  ])('%s', (_what, before, now, reasons) => {
    const told = groupStory(group, before, now)
    expect(told.map(({ reason }) => reason)).toEqual(reasons)
    for (const { note } of told) expect(note).not.toMatch(/@/)
  })
})

test('the owner is told what it means that a replica is set aside', () => {
  const noteOf = (replica: string) => {
    const refusals = [{ replica, reason: 'Deletions' as const, count: 60, limit: 50 }]
    return groupStory(group, base, { ...base, guard: { hash: 'h1', refusals } })[0]?.note
  }
  expect(noteOf('anna@corp.example')).toMatch(
    /^blocked by the guard: .*; meanwhile nothing arrives there either; undo it/,
  )
  expect(noteOf('hub')).toMatch(/; meanwhile nothing is synchronised; undo it/)
})

test('the owner is told of edits that are set aside, and of what waits in the bin', () => {
  const refusals = ['anna@corp.example', 'bin'].map((replica) => {
    return { replica, reason: 'Updates' as const, count: 60, limit: 50 }
  })
  const note = groupStory(group, base, { ...base, guard: { hash: 'h1', refusals } })[0]?.note
  expect(note).toMatch(/^blocked by the guard: 60 updates \(limit 50\); 60 updates \(limit 50\); /)
  expect(note).toMatch(
    /; meanwhile nothing arrives there either; meanwhile the requested restores from the bin wait; .*; undo it/,
  )
})

describe('a note says what happened, the remedy and the next command, within 1 kB and without an address', () => {
  const refusalsOf = (count: number, more: object = {}) =>
    Array.from({ length: count }, (_, i) => ({
      ...{ replica: `m${i}@corp.example`, reason: 'Deletions' as const, count: 60, limit: 50 },
      ...more,
    }))
  const guardedBy = (refusals: ReturnType<typeof refusalsOf>) => ({
    ...base,
    conditions: [ready('False', 'Guarded')],
    guard: { hash: 'h1', refusals },
  })
  const failing = (reason: string, ...reasons: readonly string[]): SyncGroupStatus => ({
    ...base,
    conditions: [ready('False', reason, 'anna@corp.example: gone')],
    problems: reasons.map((each, i) => ({
      ...{ mailbox: `m${i}@corp.example`, reason: each, message: 'a message' },
    })),
  })
  const prints =
    "the members and details: kubectl get syncgroup clients -n sales -o jsonpath='{.status.problems}'"
  const approve = (kind: string) =>
    `or approve exactly this: kubectl annotate --overwrite ${kind} -n sales exchangesync.dev/approve=h1`
  test.each<readonly [string, SyncGroupStatus, string]>([
    [
      'a failed pass',
      failing('HubNotFound', 'QuotaExceeded'),
      'not ready: HubNotFound: correct spec.hub, or the account’s permissions; exsync doctor checks them',
    ],
    [
      'one reason of members',
      failing('QuotaExceeded', 'QuotaExceeded', 'QuotaExceeded'),
      `not ready: QuotaExceeded (2 times): the mailbox is full: delete items, or raise its quota; ${prints}`,
    ],
    [
      'several reasons',
      failing('MembersNotReady', 'BinFull', 'ServerBusy'),
      `not ready: BinFull: the bin is full: raise --bin-limit, or shorten --bin-retention; ServerBusy: the server is busy; it is tried again; ${prints}`,
    ],
    ['the guard', guardedBy(refusalsOf(1)), approve('syncgroup clients')],
    [
      'lower limits of a server',
      guardedBy(refusalsOf(50, { above: true })),
      approve('exchangeserver corp'),
    ],
  ])('%s', (_what, now, wanted) => {
    const [note = ''] = groupStory(group, base, now).map((told) => told.note)
    expect(note).toContain(wanted)
    expect(note).not.toContain('@')
    expect(Buffer.byteLength(note)).toBeLessThan(1_000)
  })

  test('as many reasons as there are', () => {
    const all = [...waits.keys()]
    const [note = ''] = groupStory(group, base, failing('MembersNotReady', ...all)).map(
      (told) => told.note,
    )
    expect(note).toContain(`and ${all.length - 5} other reasons; ${prints}`)
    expect(Buffer.byteLength(note)).toBeLessThan(1_000)
  })

  test('a suspension, a verification and an end', () => {
    const resting = { ...group, spec: { ...group.spec, suspend: true } }
    const notes = [
      ...suspendedStory(resting, { ...base, observedGeneration: 0 }, base),
      ...groupStory(group, base, {
        ...base,
        verified: { requestedAt: 'a', time: at(0), copies: 9, deviations: 1, result: 'Deviating' },
      }),
      ...[
        group,
        { ...group, spec: { ...group.spec, deletionPolicy: 'RemoveCopies' as const } },
      ].map(releasedStory),
    ].map(({ reason, note }) => `${reason}: ${note}`)
    expect(notes).toEqual([
      `Suspended: spec.suspend is true; to continue: kubectl patch syncgroup clients -n sales --type=merge -p '{"spec":{"suspend":false}}'`,
      "NotVerified: 9 copies were read again: 1 deviation; the copies: kubectl get syncgroup clients -n sales -o jsonpath='{.status.verified}'",
      'Released: the group has ended: its copies stay in the folders, and are not kept in sync any more',
      'Released: the group has ended: its copies are removed from the folders of its members; the bin has them (exsync bin list)',
    ])
  })
})

test('a pass is forced by two annotations with one token, once', () => {
  const group = (annotations: Record<string, string>) =>
    ({ metadata: { annotations } }) as unknown as SyncGroup
  const [asked, force] = ['exchangesync.dev/requestedAt', 'exchangesync.dev/forceAt']
  expect(isForced(group({ [asked]: 'a' }), undefined)).toBe(false)
  expect(isForced(group({ [force]: 'a' }), undefined)).toBe(false)
  expect(isForced(group({ [asked]: 'b', [force]: 'a' }), undefined)).toBe(false)
  expect(isForced(group({ [asked]: 'a', [force]: 'a' }), undefined)).toBe(true)
  expect(isForced(group({ [asked]: 'a', [force]: 'a' }), { lastHandledForceAt: 'a' })).toBe(false)
})

test('a verification is asked for once for each value, of which as much counts as a status holds', () => {
  const asking = (token?: string) =>
    ({
      metadata: { annotations: token === undefined ? {} : { [verifyAnnotation]: token } },
    }) as unknown as SyncGroup
  const verified = { time: at(0), copies: 9, deviations: 0, result: 'Proved' as const }
  const after = (requestedAt: string) => ({ verified: { ...verified, requestedAt } })
  const long = 'x'.repeat(5_000)
  expect(verificationAsked(asking(), undefined)).toBeUndefined()
  expect(verificationAsked(asking(), after('a'))).toBeUndefined()
  expect(verificationAsked(asking('a'), undefined)).toBe('a')
  expect(verificationAsked(asking('a'), after('a'))).toBeUndefined()
  expect(verificationAsked(asking('b'), after('a'))).toBe('b')
  expect(verificationAsked(asking(long), undefined)).toBe(long.slice(0, 256))
  expect(verificationAsked(asking(long), after(long.slice(0, 256)))).toBeUndefined()
})
