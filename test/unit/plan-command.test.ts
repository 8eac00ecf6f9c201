// Around `exsync plan`: names only where they are asked for and may be shown, files of changed resources, and the flags that
// go together.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { SyncGroup } from '../../controller/api/resources.generated.ts'
import {
  againstIn,
  changeNote,
  changesOf,
  refuseOtherHosts,
} from '../../controller/cli/plan/against.ts'
import { planning } from '../../controller/cli/plan/command.ts'
import { type PlanForm, plan } from '../../controller/cli/plan.ts'
import { configOf } from '../../controller/config.ts'
import { Proposed } from '../../controller/kube/proposed.ts'
import { readResources } from '../../controller/validation/resources.ts'
import { groupOf, secretOf, serverOf } from '../e2e/support.ts'
import { VirtualClock } from '../support/clock.ts'
import { groupOn, officeOf } from './sign-in-office.ts'

const { signal } = new AbortController()
const top = mkdtempSync(join(tmpdir(), 'exsync-plan-'))
afterAll(() => rmSync(top, { recursive: true, force: true }))
const file = (name: string, ...resources: readonly object[]) => {
  const path = join(top, name)
  writeFileSync(path, resources.map((each) => stringify(each)).join('---\n'))
  return path
}

test('names are shown in a table and in wide output if they are asked for, and nowhere else', async () => {
  const office = await officeOf(2)
  const folder = office.exchange.store.publicFolder('/Company')
  for (const { id } of folder.items()) folder.update(id, { GivenName: 'Geheim', Surname: 'Nowak' })
  const shown = async (form: PlanForm, names: boolean) => {
    const lines: string[] = []
    const out = (line: string) => lines.push(line)
    const code = await plan(office.site([groupOn(office.url, 2)]), form, out, signal, { names })
    expect(code).toBe(2)
    return lines.join('\n')
  }
  expect(await shown('table', true)).toMatch(/^ {4}create {2}.*Geheim/m)
  expect(await shown('wide', true)).toMatch(/^ {4}create \S+ \(.*Geheim/m)
  for (const form of ['table', 'wide', 'json', 'markdown'] as const)
    expect(await shown(form, false)).not.toContain('Geheim')
  for (const form of ['json', 'markdown'] as const)
    expect(await shown(form, true)).not.toContain('Geheim')
})

describe('changed resources', () => {
  test.each([
    ['invalid', { ...groupOf({ members: [] }), spec: {} }, /nothing is planned: correct .*invalid/],
    ['empty', { apiVersion: 'v1', kind: 'ConfigMap' }, /empty holds no SyncGroup, ExchangeServer/],
  ])('%s files are refused', async (name, resource, message) => {
    const notes: string[] = []
    const read = againstIn([file(name, resource)], (note) => notes.push(note))
    await expect(read).rejects.toThrow(message)
    expect(notes.length > 0).toBe(name === 'invalid')
  })

  test('replace those of the same kind, namespace and name, keep their identity, and add others', async () => {
    const uid = '7'
    const declared = {
      ...groupOf({ members: [] }),
      metadata: { name: 'g', namespace: 'sales', uid },
    }
    const [server, secret] = [serverOf('http://localhost/EWS'), secretOf('account', {})]
    const text = [declared, server, secret].map((each) => stringify(each)).join('---\n')
    const changed = groupOf({ name: 'g', members: [{ mailbox: 'ewa@corp.example' }] })
    const path = file('changed.yaml', changed, groupOf({ name: 'new', members: [] }), secret)
    const against = await againstIn([path], () => {})
    const base = { name: 'base.yaml', text }
    const { documents } = readResources([base, ...against.sources])
    const groups = documents.flatMap(({ resource }) =>
      resource?.kind === 'SyncGroup' ? [resource as SyncGroup] : [],
    )
    expect(
      groups.map(({ metadata, spec }) => [metadata.name, metadata.uid, spec.members.length]),
    ).toEqual([
      ['g', uid, 1],
      ['new', undefined, 0],
    ])
    const before = readResources([base]).documents
    const changes = changesOf(against.documents, ({ kind, name }) => {
      return before.find(({ ref }) => ref.kind === kind && ref.name === name)?.resource
    })
    expect(changes.map(changeNote)).toEqual([
      'SyncGroup sales/g changes: spec.members',
      'SyncGroup sales/new is new',
      'Secret sales/account is as declared',
    ])
    // Two changed files with one resource contradict each other.
    const twice = file('twice.yaml', changed)
    await expect(againstIn([path, twice], () => {})).rejects.toThrow(/nothing is planned/)
  })

  test.each([
    ['Changed', ['spec.url'], true],
    ['Changed', ['spec.limits', 'spec.tls'], true],
    ['Changed', ['spec.limits'], false],
    ['Added', [], true],
  ] as const)(
    'an ExchangeServer that is %s (%j) gets credentials only by name: %j',
    (change, fields, refused) => {
      const changes = [{ kind: 'ExchangeServer', namespace: 'sales', name: 'corp', change, fields }]
      const refuse = () => refuseOtherHosts(changes, [])
      if (refused) expect(refuse).toThrow(/^nothing is planned: .*--allowed-server-hosts$/)
      else expect(refuse).not.toThrow()
      expect(() => refuseOtherHosts(changes, ['mail.corp.example'])).not.toThrow()
      expect(() =>
        refuseOtherHosts([{ ...changes[0], kind: 'SyncGroup' }] as typeof changes, []),
      ).not.toThrow()
    },
  )

  test('over a cluster keep what the cluster holds of a resource, and never its age for a new one', () => {
    const [one, other] = ['g', 'new'].map(
      (name) => groupOf({ name, members: [], annotations: { b: '2' } }) as unknown as SyncGroup,
    )
    if (one === undefined || other === undefined) throw new Error('there are two')
    const metadata = { ...one.metadata, uid: '7', generation: 3, annotations: { a: '1' } }
    const stored = { ...one, metadata, spec: { ...one.spec, suspend: true }, status: { items: 5 } }
    const proposed = new Proposed([one, other], 86_400_000)
    const [first, second] = proposed.all('SyncGroup', [stored as unknown as SyncGroup])
    expect(first).toMatchObject({
      metadata: { uid: '7', generation: 4, annotations: { a: '1', b: '2' } },
      status: { items: 5 },
    })
    expect(first?.spec.suspend).toBe(one.spec.suspend)
    expect(second?.metadata).toMatchObject({
      name: 'new',
      creationTimestamp: '1970-01-02T00:00:00.000Z',
    })
    const again = proposed.one('SyncGroup', 'sales/g', stored as unknown as SyncGroup)
    expect(again).toEqual(first)
    expect(proposed.one('SyncGroup', 'sales/none', undefined)).toBeUndefined()
  })
})

test.each<readonly [readonly string[], NodeJS.ProcessEnv, boolean, RegExp]>([
  [['--kubeconfig', 'k', '-f', 'f', '--show-names'], {}, true, /plan of a controller has counts/],
  [
    [],
    {},
    true,
    /^plan needs --local DIR, -f FILE, or a cluster: --kubeconfig FILE or KUBECONFIG$/,
  ],
  [['--local', 'd'], {}, true, /^--state DIR is missing: name the directory/],
  [
    ['--kubeconfig', 'k'],
    {},
    true,
    /^--state DIR is missing: the state of a cluster is in the pod/,
  ],
  [[], { KUBERNETES_SERVICE_HOST: 'h' }, true, /^--state DIR is missing: the state of a cluster/],
  [
    ['--local', 'd', '-f', 'f', '--state', 's'],
    {},
    true,
    /^plan takes --local DIR or -f FILE, not both$/,
  ],
  [['--local', 'd', '--kubeconfig', 'k', '--state', 's'], {}, true, /^plan takes --kubeconfig or/],
  [['--local', 'd', '--state', 's', '--show-names'], {}, false, /refused without a terminal/],
  [
    ['--local', 'd', '--state', 's', '--show-names', '-o', 'markdown'],
    {},
    true,
    /refused with -o markdown/,
  ],
  [
    ['--local', 'd', '--state', 's', '--against', '/none.yaml'],
    {},
    true,
    /cannot read \/none\.yaml/,
  ],
])('plan %j is refused', async (args, environment, terminal, message) => {
  const edges = {
    clock: new VirtualClock(0),
    hard: new AbortController(),
  } as unknown as Parameters<typeof planning>[1]
  const streams = { out: async () => true, note: () => {}, terminal, rows: undefined }
  await expect(planning(configOf(['plan', ...args], environment), edges, streams)).rejects.toThrow(
    message,
  )
})
