// Passes within the back-off of several servers: a member's server that fails stops its members, and the hub's the group.
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { shownResult } from '../../controller/api/discreet.ts'
import type { Report } from '../../controller/api/report.ts'
import type { ExchangeServer, SyncGroup } from '../../controller/api/resources.generated.ts'
import { participantsOf } from '../../controller/api/topology.ts'
import type { GroupId } from '../../controller/core/id.ts'
import { SyncError } from '../../controller/core/sync-error.ts'
import type { Resting } from '../../controller/sync/environment.ts'
import type { Declared } from '../../controller/sync/ports.ts'
import { Servers } from '../../controller/sync/server-health.ts'
import { trying } from '../../controller/sync/trying.ts'
import { readResources } from '../../controller/validation/resources.ts'
import { VirtualClock } from '../support/clock.ts'
import { accessesOf } from '../support/declaration.ts'

const apiVersion = 'exchangesync.dev/v1alpha1'
const serverOf = (name: string) => ({
  apiVersion,
  kind: 'ExchangeServer',
  metadata: { name, namespace: 'sales' },
  spec: { url: `https://${name}/`, auth: { type: 'Basic', secretRef: { name: 's' } } },
})
const groupText = {
  apiVersion,
  kind: 'SyncGroup',
  metadata: { name: 'g', namespace: 'sales' },
  spec: {
    serverRef: { name: 'corp' },
    hub: { publicFolder: '/A' },
    members: [
      { mailbox: 'anna@corp.example' },
      { mailbox: 'jan@corp.example', serverRef: { name: 'other' } },
      { publicFolder: '/B', serverRef: { name: 'other' } },
    ],
  },
}

function declared(): Declared {
  const text = [serverOf('corp'), serverOf('other'), groupText]
    .map((each) => stringify(each))
    .join('---\n')
  const { documents } = readResources([{ name: 'x', text }], { externalSecrets: true })
  const [corp, other, group] = documents.map(({ resource }) => resource)
  const login = { username: 'u', password: 'p' }
  return {
    id: 'sales/g' as GroupId,
    group: group as SyncGroup,
    access: accessesOf(
      group as SyncGroup,
      [corp as ExchangeServer, other as ExchangeServer],
      login,
    ),
    generation: 1,
    fingerprint: '',
    invalid: undefined,
    previous: undefined,
  }
}

const { signal } = new AbortController()

/** Passes of the group in which these members fail so; what the last one was told of servers that are left alone. */
function office() {
  const clock = new VirtualClock(0)
  const servers = new Servers(clock, { leastMs: 1_000, mostMs: 900_000 })
  const of = declared()
  const { members } = participantsOf(of.group)
  const report = (...failing: readonly (readonly [number, string])[]): Report =>
    ({
      problems: failing.map(([at, reason]) => ({
        replica: members[at]?.role.id,
        kind: 'transient',
        reason,
        message: 'x',
      })),
    }) as unknown as Report
  const passed = async (made: Report): Promise<Resting> => {
    let rests: Resting = new Map()
    const work = async (resting: Resting) => {
      rests = resting
      return made
    }
    await trying(of, { servers } as never, work, (done) => done, signal)
    return rests
  }
  return { clock, servers, of, report, passed }
}

test('one server on which every member failed by it is left alone, and no other', async () => {
  const { clock, report, passed } = office()
  expect([...(await passed(report([1, 'RequestTimeout'], [2, 'RequestTimeout']))).keys()]).toEqual(
    [],
  )
  const resting = await passed(report())
  expect([...resting.keys()]).toEqual(['sales/other'])
  expect(resting.get('sales/other')).toMatchObject({ code: 'RequestTimeout' })
  await clock.until(clock.sleep(2_000, signal))
  expect([...(await passed(report())).keys()]).toEqual([])
  expect([...(await passed(report())).keys()]).toEqual([])
})

test('one that answered for one of its members is well', async () => {
  const { report, passed } = office()
  await passed(report([1, 'RequestTimeout']))
  await passed(report([1, 'ErrorNonExistentMailbox'], [2, 'HubNotFound']))
  expect([...(await passed(report())).keys()]).toEqual([])
})

test('while the hub’s server is left alone, nothing is tried', async () => {
  const { servers, of, report, passed } = office()
  const failing = () => Promise.reject(new SyncError('transient', 'ConnectionRefused', 'x'))
  await expect(
    trying(of, { servers } as never, failing, () => undefined, signal),
  ).rejects.toMatchObject({ code: 'ConnectionRefused' })
  await expect(passed(report())).rejects.toMatchObject({ code: 'ConnectionRefused' })
})

test('a status tells no more of a member’s server than of the hub’s, where its reader may name any host', () => {
  const { report } = office()
  const made = report([0, 'ConnectionRefused'], [1, 'ConnectionRefused'], [2, 'NotAllowed'])
  const shown = shownResult(true, { kind: 'passed', report: made })
  expect(shown.report.problems.map(({ reason }) => reason)).toEqual([
    'ConnectionRefused',
    'Unreachable',
    'NotAllowed',
  ])
  expect(shownResult(false, { kind: 'passed', report: made }).report).toBe(made)
})
