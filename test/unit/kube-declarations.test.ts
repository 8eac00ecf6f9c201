// What a cluster declares: before its API server has answered nothing, and whoever waits for news waits; and where what is
// stored does not fit its definition, as under an older one.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { stringify } from 'yaml'
import { statusOf } from '../../controller/api/group-status.ts'
import type { GroupId } from '../../controller/core/id.ts'
import { SyncError } from '../../controller/core/sync-error.ts'
import { KubeDeclarations } from '../../controller/kube/declarations.ts'
import { kinds } from '../../controller/kube/kinds.ts'
import { Client } from '../../controller/kube/runtime/client.ts'
import { Recorder } from '../../controller/kube/runtime/events.ts'
import { Cluster } from '../../controller/kube/runtime/kubeconfig.ts'
import type { Declared } from '../../controller/sync/ports.ts'
import { reach } from '../apiserver/reach.ts'
import { ApiServer } from '../apiserver/server.ts'
import { realClock as clock } from '../support/clock.ts'
import { hubOf } from '../support/declaration.ts'
import { judge } from '../support/judge.ts'
import { QuickClock } from '../support/quick.ts'

/** A kubeconfig for an API server that answers no list before it is told to; then all are empty. */
async function slowServer() {
  const waiting: (() => void)[] = []
  const server = createServer((request, response) => {
    const watch = request.url?.includes('watch=')
    const { kind, apiVersion } = request.url?.includes('/syncgroups')
      ? kinds.syncGroup
      : kinds.exchangeServer
    const metadata = { resourceVersion: '1' }
    const list = JSON.stringify({ apiVersion, kind: `${kind}List`, metadata, items: [] })
    if (!watch) waiting.push(() => response.end(list))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const folder = mkdtempSync(join(tmpdir(), 'exsync-slow-'))
  const kubeconfig = join(folder, 'kubeconfig')
  const { port } = server.address() as AddressInfo
  const config = {
    clusters: [{ name: 'slow', cluster: { server: `http://127.0.0.1:${port}` } }],
    users: [{ name: 'slow', user: { token: 'x' } }],
    contexts: [{ name: 'slow', context: { cluster: 'slow', user: 'slow' } }],
    'current-context': 'slow',
  }
  writeFileSync(kubeconfig, stringify(config))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
    rmSync(folder, { recursive: true })
  })
  const answer = async () => {
    while (waiting.length < 2) await turn()
    for (const each of waiting) each()
  }
  return { kubeconfig, answer }
}

// A leader asked for the groups again and again, without end, and so never heard the answer.
test('before the lists are complete, news is waited for; their end is news', async () => {
  const { kubeconfig, answer } = await slowServer()
  const cluster = new Cluster(kubeconfig)
  const end = new AbortController()
  onTestFinished(async () => {
    end.abort()
    await cluster.close()
  })
  const onError = () => {}
  const client = new Client(cluster, clock, Math.random)
  const recorder = new Recorder({ client, clock, controller: 'c', instance: 'i', onError })
  const declarations = new KubeDeclarations(
    {
      client,
      clock,
      chance: () => 0,
      namespaces: [],
      crossNamespace: false,
      judge,
      recorder,
      onError,
    },
    end.signal,
  )
  expect(await declarations.groups()).toEqual([])
  const news = declarations.changed(end.signal).then(() => 'news')
  expect(await Promise.race([news, turn('quiet')])).toBe('quiet')
  await answer()
  expect(await news).toBe('news')
})

/** Declarations over a server in memory, with one sound group. */
async function declared() {
  const quick = new QuickClock(500)
  const server = new ApiServer(quick)
  const { objects } = server
  const base64 = Buffer.from('x').toString('base64')
  const data = { username: base64, password: base64 }
  const labels = { 'exchangesync.dev/credentials': 'true' }
  objects.create('secrets', 'a', { metadata: { name: 'account', labels }, data })
  const auth = { type: 'Basic', secretRef: { name: 'account' } }
  const url = 'https://mail.corp.example/EWS/Exchange.asmx'
  objects.create('exchangeservers', 'a', { metadata: { name: 'corp' }, spec: { url, auth } })
  objects.create('syncgroups', 'a', { metadata: { name: 'sound' }, spec: sound })
  const { client, close } = reach(await server.open(), quick)
  const end = new AbortController()
  const recorder = new Recorder({ client, clock: quick, controller: 'c', instance: 'i' })
  const options = { client, clock: quick, chance: () => 0.5, namespaces: [], recorder, judge }
  const declarations = new KubeDeclarations(
    { ...options, crossNamespace: false, onError: () => {} },
    end.signal,
  )
  onTestFinished(async () => {
    end.abort()
    await close()
    await server.close()
    quick.stop()
  })
  const until = async (so: (groups: readonly Declared[]) => boolean) => {
    for (;;) {
      const groups = await declarations.groups()
      if (so(groups)) return groups
      const news = declarations.changed(end.signal)
      await Promise.race([news, quick.sleep(1_000, end.signal)])
    }
  }
  return { objects, declarations, until, signal: end.signal }
}

const sound = { serverRef: { name: 'corp' }, hub: { publicFolder: '/Company' } }
const idsOf = (groups: readonly Declared[]) => groups.map(({ id }) => id).sort()

test.each([
  ['no spec', undefined],
  ['null', null],
  ['a text', 'x'],
  ['no hub', { serverRef: { name: 'corp' } }],
  ['members of another type', { ...sound, members: 'anna' }],
  ['a member that is none', { ...sound, members: [null] }],
  ['an interval that is none', { ...sound, interval: 'soon' }],
  [
    'a member twice',
    { ...sound, members: [{ mailbox: 'a@b.example' }, { mailbox: 'A@b.example' }] },
  ],
])('a stored group with %s is its own problem', async (_, spec) => {
  const { objects, declarations, until } = await declared()
  objects.create('syncgroups', 'a', { metadata: { name: 'odd' }, spec })
  const groups = await until((all) => all.length === 2 && all.every(({ id }) => id !== ''))
  const [odd, other] = [
    groups.find(({ id }) => id === 'a/odd'),
    groups.find(({ id }) => id === 'a/sound'),
  ]
  expect(hubOf(odd).hindrance).toMatchObject({ kind: 'terminal', code: 'InvalidSpec' })
  expect([hubOf(other).hindrance, hubOf(other).credentials?.username]).toEqual([undefined, 'x'])
  if (odd === undefined) throw new Error('it is not told')
  // Nothing of it is held; its status says what is wrong.
  await declarations.hold(odd)
  const result = {
    kind: 'failed',
    error: hubOf(odd).hindrance ?? new SyncError('stale', 'X', ''),
  } as const
  await declarations.report(odd, statusOf({ ...odd, result, nowMs: 0 }))
  const stored = objects.get('syncgroups', 'a', 'odd')
  expect(stored.metadata.finalizers).toBeUndefined()
  expect(stored.status).toMatchObject({
    conditions: [{ reason: 'InvalidSpec' }, { type: 'Stalled' }],
  })
})

test('of a group whose spec is not valid any more the last valid one goes on', async () => {
  const { objects, until } = await declared()
  await until((all) => all.length === 1)
  objects.merge('syncgroups', 'a', 'sound', { spec: { members: 'x' }, status: 5 })
  const [group] = await until(([first]) => first?.invalid !== undefined)
  expect(group).toMatchObject({
    broken: undefined,
    invalid: expect.stringMatching(/^spec\.members: must be a list/),
    group: { spec: { members: [] } },
  })
  objects.merge('syncgroups', 'a', 'sound', { spec: { members: [] } })
  await until(([first]) => first?.invalid === undefined)
})

test('a server whose spec is not valid is told to its groups, and to nobody else', async () => {
  const { objects, declarations, until } = await declared()
  objects.create('exchangeservers', 'a', { metadata: { name: 'odd' }, spec: null })
  const serverRef = { name: 'odd' }
  objects.create('syncgroups', 'a', { metadata: { name: 'poor' }, spec: { ...sound, serverRef } })
  const groups = await until(
    (all) =>
      all.length === 2 && all.some((each) => hubOf(each).hindrance?.code === 'InvalidServer'),
  )
  expect(idsOf(groups)).toEqual(['a/poor', 'a/sound'])
  expect(hubOf(groups.find(({ id }) => id === 'a/sound')).hindrance).toBeUndefined()
  const servers = declarations
    .servers()
    .map(({ server, broken }) => [server.metadata.name, broken?.code])
  expect(servers.sort()).toEqual([
    ['corp', undefined],
    ['odd', 'InvalidSpec'],
  ])
})

test('that a group is gone is believed of the API server itself only', async () => {
  const { declarations, until, signal } = await declared()
  await until((all) => all.length === 1)
  const ids = ['a/sound', 'a/none'] as unknown as readonly GroupId[]
  const gone = await Promise.all(ids.map((id) => declarations.isGone(id, signal)))
  expect(gone).toEqual([false, true])
})
