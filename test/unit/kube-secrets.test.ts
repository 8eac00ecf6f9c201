// Credentials come only from Secrets whose owners allow it by a label. Against an API server that holds a few objects, lists
// and watches them by name, and lets a test change one.

import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { KubeDeclarations } from '../../controller/kube/declarations.ts'
import { kinds } from '../../controller/kube/kinds.ts'
import { Recorder } from '../../controller/kube/runtime/events.ts'
import { builtIn } from '../../controller/kube/runtime/resource.ts'
import { contracts } from '../../controller/validation/schemas.ts'
import { reach } from '../apiserver/reach.ts'
import { realClock as clock } from '../support/clock.ts'
import { hubOf } from '../support/declaration.ts'
import { judge } from '../support/judge.ts'

type Labels = Readonly<Record<string, string>>
const allowed: Labels = { 'exchangesync.dev/credentials': 'true' }
const pem = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----'
const base64 = (text: string) => Buffer.from(text).toString('base64')

const ours = (kind: string, name: string, spec: object) => ({
  ...(contracts()
    .find((each) => each.kind === kind)
    ?.defaulted({ metadata: { name, namespace: 'sales' }, spec }) as object),
  ...kinds[kind === 'SyncGroup' ? 'syncGroup' : 'exchangeServer'],
  metadata: { name, namespace: 'sales', uid: name, resourceVersion: '1', generation: 1 },
})
const secret = (name: string, labels: Labels, data: Labels, resourceVersion = '1') => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: 'sales', uid: name, resourceVersion, labels },
  data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)])),
})
const login = (labels: Labels, resourceVersion?: string) =>
  secret('login', labels, { username: 'sync', password: 'geheim' }, resourceVersion)

/** The declarations of a cluster with one group; `edit` changes the Secret as its owner would. */
async function started(labels: Labels, unlabelled?: (key: string) => void) {
  const server = ours('ExchangeServer', 'corp', {
    url: 'https://mail.corp.example/',
    auth: { type: 'Basic', secretRef: { name: 'login' } },
    tls: { caSecretRef: { name: 'authority' } },
  })
  const hub = { publicFolder: '/Company/Contacts' }
  const group = ours('SyncGroup', 'all', { serverRef: { name: 'corp' }, hub, members: [] })
  const there: Readonly<Record<string, readonly unknown[]>> = {
    exchangeservers: [server],
    syncgroups: [group],
    'name=login': [login(labels)],
    'name=authority': [secret('authority', {}, { 'ca.crt': pem })],
  }
  const watches: ServerResponse[] = []
  const asked: string[] = []
  const api = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
    const by = searchParams.get('fieldSelector')?.replace('metadata.', '')
    if (pathname.endsWith('secrets')) asked.push(by ?? 'all')
    if (!searchParams.has('watch')) {
      const plural = pathname.split('/').at(-1)
      const items = there[by ?? plural ?? ''] ?? []
      const kind = Object.values({ ...builtIn, ...kinds }).find((each) => each.plural === plural)
      const list = { apiVersion: kind?.apiVersion, kind: `${kind?.kind}List` }
      response.end(JSON.stringify({ ...list, metadata: { resourceVersion: '1' }, items }))
    } else if (by === 'name=login') watches.push(response)
  })
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
  const { port } = api.address() as AddressInfo
  const { client, close } = reach(`http://127.0.0.1:${port}`, clock, Math.random)
  const end = new AbortController()
  onTestFinished(async () => {
    end.abort()
    await close()
    api.closeAllConnections()
    api.close()
  })
  const onError = () => {}
  const recorder = new Recorder({ client, clock, controller: 'c', instance: 'i', onError })
  const rest = { chance: () => 0, namespaces: [], crossNamespace: false, recorder, onError }
  const declarations = new KubeDeclarations(
    { client, clock, unlabelled, judge, ...rest },
    end.signal,
  )
  await declarations.settled(end.signal)
  const edit = async (object: object) => {
    const news = declarations.changed(end.signal)
    await expect.poll(() => watches.length).toBeGreaterThan(0)
    watches.at(-1)?.write(`${JSON.stringify({ type: 'MODIFIED', object })}\n`)
    await news
  }
  return { declarations, edit, asked }
}

const username = { username: 'sync' }

test('without the label the group and its server are refused, with the line that allows it', async () => {
  const { declarations, edit, asked } = await started({ team: 'sales' })
  const [before] = await declarations.groups()
  expect(hubOf(before).credentials).toBeUndefined()
  expect(hubOf(before).hindrance).toMatchObject({ kind: 'terminal', code: 'SecretNotLabelled' })
  expect(hubOf(before).hindrance?.message).toMatch(
    /: kubectl label secret -n sales login exchangesync\.dev\/credentials=true$/,
  )
  expect(declarations.servers()[0]?.access).toMatchObject({ error: { code: 'SecretNotLabelled' } })

  await edit(login(allowed, '2'))
  const [after] = await declarations.groups()
  expect([hubOf(after).hindrance, hubOf(after).credentials]).toEqual([
    undefined,
    expect.objectContaining(username),
  ])
  expect(after?.fingerprint).not.toBe(before?.fingerprint)

  await edit(login({ ...allowed, 'exchangesync.dev/credentials': 'false' }, '3'))
  const [last] = await declarations.groups()
  expect([hubOf(last).hindrance?.code, hubOf(last).credentials]).toEqual([
    'SecretNotLabelled',
    undefined,
  ])
  // Never all Secrets, nor any that no server names.
  expect(new Set(asked)).toEqual(new Set(['name=login', 'name=authority']))
})

test('where it is allowed for now, they are taken, and each Secret is named once', async () => {
  const named: string[] = []
  const { declarations, edit } = await started({}, (key) => void named.push(key))
  const [before] = await declarations.groups()
  expect(hubOf(before).hindrance).toBeUndefined()
  expect(hubOf(before).credentials).toMatchObject(username)
  await edit(login({ team: 'sales' }, '2'))
  expect(hubOf((await declarations.groups())[0]).credentials).toMatchObject(username)
  expect(named).toEqual(['sales/login'])
})
