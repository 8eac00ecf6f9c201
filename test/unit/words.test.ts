// The words of servers in reasons, messages and labels: whatever they are, a status can be written, an Event can be
// made, and metrics stay few.

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { reasonOf } from '../../controller/api/conditions.ts'
import { type Facts, statusOf } from '../../controller/api/group-status.ts'
import type { Report } from '../../controller/api/report.ts'
import type { ExchangeServer, SyncGroup } from '../../controller/api/resources.generated.ts'
import { serverStatusOf } from '../../controller/api/server-status.ts'
import { cut, cutBytes } from '../../controller/core/cut.ts'
import type { LinkId, ReplicaId } from '../../controller/core/id.ts'
import { isReason, SyncError } from '../../controller/core/sync-error.ts'
import { faultOf } from '../../controller/ews/response-codes.ts'
import { ExchangeMetrics } from '../../controller/telemetry/exchange-metrics.ts'
import { Metrics } from '../../controller/telemetry/metrics.ts'
import { checkOf, type Schema } from '../../controller/validation/schema.ts'
import { groupOf, serverOf } from '../e2e/support.ts'

type Crd = { spec: { versions: { schema: { openAPIV3Schema: Schema } }[] } }
function statusChecker(plural: string) {
  const file = new URL(`../../crds/exchangesync.dev_${plural}.yaml`, import.meta.url)
  const crd = parse(readFileSync(file, 'utf8')) as Crd
  const schema = crd.spec.versions[0]?.schema.openAPIV3Schema.properties?.status ?? {}
  const check = checkOf(schema, { quiet: false })
  // As it goes over the wire.
  return (status: unknown) => check(JSON.parse(JSON.stringify(status)))
}
const [ofGroup, ofServer] = [statusChecker('syncgroups'), statusChecker('exchangeservers')]

const odd = ['constructor', '__proto__', 'toString', '', 'a b', 'É', '\u0000', 'Error', 'x:', ':x']
const word = fc.oneof(
  fc.constantFrom(...odd, 'X'.repeat(5_000), 'ErrorServerBusy', '𝔘'.repeat(3_000)),
  fc.string({ unit: 'binary', maxLength: 3_000 }),
)
const anyNumber = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-1, Number.NaN, 1e300))
const count = fc.nat()
const kind = fc.constantFrom('stale' as const, 'transient' as const, 'terminal' as const)
const replica = fc.constantFrom(
  'hub:/company/contacts',
  'anna@corp.example:contacts',
) as fc.Arbitrary<ReplicaId>
const problem = fc.record({ replica, kind, reason: word, message: word })
const report: fc.Arbitrary<Report> = fc.record({
  startMs: anyNumber,
  durationMs: anyNumber,
  items: count,
  created: count,
  updated: count,
  deleted: count,
  kept: count,
  conflicts: fc.record({ total: count, lastMs: fc.option(anyNumber, { nil: undefined }) }),
  members: fc.record({ total: count, current: count, behind: count, unreachable: count }),
  problems: fc.array(problem, { maxLength: 60 }),
  refusals: fc.constant([]),
  unfinished: fc.boolean(),
})
const recent = fc.array(
  fc.record({
    link: word as fc.Arbitrary<LinkId>,
    field: word,
    replica: word as fc.Arbitrary<ReplicaId>,
    timeMs: anyNumber,
  }),
  { maxLength: 20 },
)
const failed = fc.record({ kind, code: word, message: word }).map(({ kind, code, message }) => ({
  kind: 'failed' as const,
  error: new SyncError(kind, code, message),
}))
const group = groupOf({
  members: [{ mailbox: 'anna@corp.example' }],
  spec: {},
}) as unknown as SyncGroup

describe('a status can always be written', () => {
  test('of a group', () => {
    const passed = fc
      .record({ report, recent })
      .map((each) => ({ kind: 'passed' as const, ...each }))
    const facts: fc.Arbitrary<Facts> = fc.record({
      group: fc.record({ at: word }).map(({ at }) => ({
        ...group,
        metadata: {
          ...group.metadata,
          annotations: { 'exchangesync.dev/requestedAt': at, 'exchangesync.dev/forceAt': at },
        },
      })),
      generation: fc.integer({ min: -3 }),
      result: fc.oneof(passed, failed),
      invalid: fc.option(word, { nil: undefined }),
      deleted: fc.boolean(),
      previous: fc.constant(undefined),
      nowMs: anyNumber,
    })
    fc.assert(
      fc.property(facts, (each) => {
        const status = statusOf(each)
        expect(ofGroup(status)).toEqual([])
        // What follows on it as well.
        expect(ofGroup(statusOf({ ...each, previous: status }))).toEqual([])
        const text = JSON.stringify(status)
        expect(text).not.toMatch(/\p{Cc}|\p{Bidi_Control}/u)
        expect(Buffer.byteLength(text)).toBeLessThan(1_000_000)
      }),
      { numRuns: 60 },
    )
  })

  test('of a server', () => {
    const server = serverOf(
      'https://mail.corp.example/EWS/Exchange.asmx',
    ) as unknown as ExchangeServer
    const answered = word.map((version) => ({ kind: 'answered' as const, version }))
    fc.assert(
      fc.property(fc.oneof(answered, failed), anyNumber, (result, nowMs) => {
        const time = Number.isFinite(nowMs) ? Math.min(Math.abs(nowMs), 1e13) : 0
        expect(ofServer(serverStatusOf(server, result, time))).toEqual([])
      }),
    )
  })
})

test.each(odd)('the word %j of a server is no code of ours, and has no remedy', (said) => {
  const { code, message } = faultOf(said)
  expect(code).toBe('SoapFault')
  expect(typeof message).toBe('string')
  expect(isReason(reasonOf(said))).toBe(true)
})

test('a word of ours from a server is not taken for ours', () => {
  expect(faultOf('LeadershipLost').code).toBe('SoapFault')
  expect(faultOf('ErrorServerBusy').code).toBe('ErrorServerBusy')
  expect(new SyncError('terminal', 'x y', 'z').code).toBe('UnknownCode')
})

test('two thousand words are one series', async () => {
  const metrics = new Metrics(() => 0, '1')
  const exchange = new ExchangeMetrics(metrics)
  for (let n = 0; n < 2_000; n += 1)
    exchange.asked('ns/corp', 'GetItem', faultOf(`ErrorX${n}`).code, 1)
  for (const said of odd) exchange.asked('ns/corp', 'GetItem', faultOf(said).code, 1)
  exchange.asked('ns/corp', 'GetItem', 'ErrorServerBusy', 1)
  exchange.asked('ns/corp', 'GetItem', 'ok', 1)
  const lines = (await metrics.text()).split('\n')
  const series = lines.filter((line) => line.startsWith('exsync_ews_requests_total{'))
  expect(series.map((line) => /result="(\w+)"/.exec(line)?.[1]).sort()).toEqual([
    'ErrorServerBusy',
    'SoapFault',
    'ok',
    'other',
  ])
})

test('a cut text has whole characters, counted as a server counts them, or bytes', () => {
  expect(cut('a𝔘b', 2)).toBe('a𝔘')
  expect(cut('𝔘'.repeat(10), 3)).toBe('𝔘𝔘𝔘')
  expect(cutBytes('aé𝔘', 3)).toBe('aé')
  expect(cutBytes('aé𝔘', 6)).toBe('aé')
  expect(cutBytes('aé𝔘', 7)).toBe('aé𝔘')
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, max) => {
      expect(text.startsWith(cutBytes(text, max))).toBe(true)
      expect(Buffer.byteLength(cutBytes(text, max))).toBeLessThanOrEqual(max)
    }),
  )
})
