// The programs that deploy resources read each reason as docs/conditions.md says: kstatus as a library, as Helm and Flux
// use it; the healthCheckExprs of examples/gitops/flux, evaluated by Flux's own package; and the health checks of
// examples/gitops/argocd, run in Argo CD's Lua interpreter. tools/health has all three.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { type Result, statusOf } from '../../controller/api/group-status.ts'
import { waits } from '../../controller/api/reasons.ts'
import type { Problem, Report } from '../../controller/api/report.ts'
import type { ExchangeServer } from '../../controller/api/resources.generated.ts'
import { type ServerResult, serverStatusOf } from '../../controller/api/server-status.ts'
import { participantsOf } from '../../controller/api/topology.ts'
import { SyncError } from '../../controller/core/sync-error.ts'
import { groupWith } from '../support/health.ts'
import type { Json } from './control-plane.ts'

const gitops = join(import.meta.dirname, '../../examples/gitops')
const flux = parseAllDocuments(
  readFileSync(join(gitops, 'flux/clusters/production/exchange-sync.yaml'), 'utf8'),
).flatMap((each): Json[] => each.toJS().spec.healthCheckExprs ?? [])
const argo = parse(readFileSync(join(gitops, 'argocd/argocd-cm.yaml'), 'utf8')).data

type Judged = Readonly<{ kstatus: string; flux: string; argo: string; message: string }>

/** The health of each resource, as the three programs see it. */
function judged(objects: readonly Json[]): readonly Judged[] {
  const input = objects.map((object) => {
    const { kind } = object
    const exprs = flux.find((each) => each.kind === kind)
    const lua = argo[`resource.customizations.health.exchangesync.dev_${kind}`]
    return JSON.stringify({ object, exprs, lua })
  })
  const program = join(process.env.KUBEBUILDER_ASSETS ?? '', 'health')
  const run = spawnSync(program, { input: input.join('\n'), encoding: 'utf8' })
  expect([run.status, run.stderr]).toEqual([0, ''])
  return run.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

const briefly = (each: Judged | undefined) => `${each?.kstatus} ${each?.flux} ${each?.argo}`

const group = groupWith([{ mailbox: 'anna@corp.example' }, { mailbox: 'jan@corp.example' }])
const [anna, jan] = participantsOf(group).members.map(({ role }) => role.id)
const server = {
  apiVersion: 'exchangesync.dev/v1alpha1',
  kind: 'ExchangeServer',
  metadata: { name: 'corp', namespace: 'sales', generation: 1 },
  spec: { suspend: false },
} as unknown as ExchangeServer

type Outcome = Exclude<Result, { kind: 'released' }>

// A resource with the status after a result; `suspended`: and then suspended.
function groupAfter(result: Outcome | undefined, suspended = false): Json {
  const first = result && statusOf({ group, generation: 1, previous: undefined, nowMs: 0, result })
  if (!suspended) return { ...group, status: first ?? { observedGeneration: -1 } }
  const metadata = { ...group.metadata, generation: 2 }
  const status = statusOf({
    ...{ group, generation: 2, previous: first, nowMs: 0, result: { kind: 'suspended' } },
  })
  return { ...group, metadata, spec: { ...group.spec, suspend: true }, status }
}

function serverAfter(result: ServerResult | undefined, suspended = false): Json {
  const first = result && serverStatusOf(server, result, 0)
  if (!suspended) return { ...server, status: first ?? { observedGeneration: -1 } }
  const metadata = { ...server.metadata, generation: 2 }
  const again = { ...server, metadata, ...(first && { status: first }) } as ExchangeServer
  const status = serverStatusOf(again, { kind: 'suspended' }, 0)
  return { ...again, spec: { ...server.spec, suspend: true }, status }
}

function passed(problems: readonly Problem[], more: Partial<Report> = {}): Outcome {
  const late = problems.length
  const report = {
    ...{ startMs: 0, durationMs: 1, items: 3, created: 0, updated: 0, deleted: 0, kept: 0 },
    conflicts: { total: 0, lastMs: undefined },
    members: { total: 2, current: 2 - late, behind: 0, unreachable: late },
    ...{ problems, refusals: [], unfinished: false },
    ...more,
  }
  return { kind: 'passed', report, recent: [] }
}

const reasons = [...waits].map(([reason, wait]) => {
  const kind = wait === 'time' ? 'transient' : 'terminal'
  const error = new SyncError(kind, reason, `the message of ${reason}`)
  return { reason, wait, kind, error } as const
})
const failed = ({ error }: (typeof reasons)[number]) => ({ kind: 'failed', error }) as const
const problemOf = (
  { reason, kind, error }: (typeof reasons)[number],
  replica = anna as Problem['replica'],
): Problem => ({ replica, kind, reason, message: error.message })

// As docs/conditions.md has it.
function wanted({ reason, wait }: (typeof reasons)[number]): string {
  if (reason === 'ServerSuspended') return 'Failed Current Suspended'
  if (reason === 'Progressing') return 'InProgress InProgress Progressing'
  return wait === 'time' ? 'InProgress InProgress Degraded' : 'Failed Failed Degraded'
}

describe('over all reasons', () => {
  const expected = reasons.map((each) => `${each.reason}: ${wanted(each)}`)
  const shown = (objects: readonly Json[]) =>
    judged(objects).map((each, i) => `${reasons[i]?.reason}: ${briefly(each)}`)

  test('of a group that failed', () => {
    expect(shown(reasons.map((each) => groupAfter(failed(each))))).toEqual(expected)
  })

  test('of a member', () => {
    expect(shown(reasons.map((each) => groupAfter(passed([problemOf(each)]))))).toEqual(expected)
  })

  test('of a server', () => {
    expect(shown(reasons.map((each) => serverAfter(failed(each))))).toEqual(expected)
  })

  test('of a member beside one that is busy: nothing has failed', () => {
    const busy = reasons.find(({ reason }) => reason === 'ServerBusy')
    if (busy === undefined) throw new Error('no ServerBusy')
    const mixed = (each: (typeof reasons)[number]) =>
      groupAfter(passed([problemOf(each), problemOf(busy, jan)]))
    const seen = judged(reasons.filter((each) => each !== busy).map(mixed))
    expect(new Set(seen.map(briefly))).toEqual(new Set(['InProgress InProgress Degraded']))
  })

  test('then suspended: kstatus sees what was, the examples see that it is suspended', () => {
    const groups = judged(reasons.map((each) => groupAfter(failed(each), true)))
    const servers = judged(reasons.map((each) => serverAfter(failed(each), true)))
    // The spec is valid now, and has had no result.
    const passes = ({ reason, wait }: (typeof reasons)[number]) =>
      wait === 'time' || reason === 'InvalidSpec'
    const before = reasons.map((each) => (passes(each) ? 'InProgress' : 'Failed'))
    for (const all of [groups, servers]) {
      expect(all.map(({ kstatus }) => kstatus)).toEqual(before)
      expect(new Set(all.map((each) => `${each.flux} ${each.argo}`))).toEqual(
        new Set(['Current Suspended']),
      )
    }
  })
})

const refusal = {
  ...{ replica: anna, reason: 'Deletions', count: 9, limit: 5, hash: 'abc' },
} as Report['refusals'][number]
const late = { total: 2, current: 1, behind: 1, unreachable: 0 }
const ready = { kind: 'answered', version: '15.2' } as const

test.each<readonly [string, Json, string]>([
  ['a new group', groupAfter(undefined), 'InProgress InProgress Progressing'],
  ['a new server', serverAfter(undefined), 'InProgress InProgress Progressing'],
  ['a current group', groupAfter(passed([])), 'Current Current Healthy'],
  ['a server that answers', serverAfter(ready), 'Current Current Healthy'],
  [
    'a group that goes on at once',
    groupAfter(passed([], { unfinished: true })),
    'InProgress InProgress Progressing',
  ],
  [
    'a guard that waits',
    groupAfter(passed([], { refusals: [refusal], members: late })),
    'Failed Failed Degraded',
  ],
  ['a current group, suspended', groupAfter(passed([]), true), 'Current Current Suspended'],
  ['a server that answers, suspended', serverAfter(ready, true), 'Current Current Suspended'],
  [
    'a group, suspended from the first',
    groupAfter(undefined, true),
    'InProgress Current Suspended',
  ],
  [
    'a server, suspended from the first',
    serverAfter(undefined, true),
    'InProgress Current Suspended',
  ],
  [
    'an edited group',
    { ...groupAfter(passed([])), metadata: { ...group.metadata, generation: 2 } },
    'InProgress InProgress Progressing',
  ],
  [
    'a group that is suspended, and was not looked at since',
    {
      ...groupAfter(passed([])),
      metadata: { ...group.metadata, generation: 2 },
      spec: { ...group.spec, suspend: true },
    },
    'InProgress InProgress Progressing',
  ],
  [
    'a group that version 0.1 suspended',
    {
      ...groupAfter(passed([])),
      spec: { ...group.spec, suspend: true },
      status: {
        observedGeneration: 1,
        conditions: [{ type: 'Ready', status: 'False', reason: 'Suspended', message: 'x' }],
      },
    },
    'InProgress Current Suspended',
  ],
])('%s', (_what, object, health) => {
  const [seen] = judged([object])
  expect(briefly(seen)).toBe(health)
})

test('Argo CD shows the members that wait', () => {
  const claimed = reasons.find(({ reason }) => reason === 'FolderClaimed')
  if (claimed === undefined) throw new Error('no FolderClaimed')
  const [seen] = judged([groupAfter(passed([problemOf(claimed)]))])
  expect(seen?.message).toMatch(/^waits for a person: anna@corp\.example \(FolderClaimed\); /)
})
