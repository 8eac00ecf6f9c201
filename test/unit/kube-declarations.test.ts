// What a cluster declares before its API server has answered: nothing, and whoever waits for news waits.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { stringify } from 'yaml'
import { Client } from '../../controller/kube/client.ts'
import { Cluster } from '../../controller/kube/cluster.ts'
import { KubeDeclarations } from '../../controller/kube/declarations.ts'
import { Recorder } from '../../controller/kube/events.ts'
import { kinds } from '../../controller/kube/resource.ts'
import { realClock as clock } from '../support/clock.ts'
import { judge } from '../support/judge.ts'

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
  const troubled = () => {}
  const client = new Client(cluster, clock, Math.random)
  const recorder = new Recorder({ client, clock, controller: 'c', instance: 'i', troubled })
  const declarations = new KubeDeclarations(
    {
      client,
      clock,
      chance: () => 0,
      namespaces: [],
      crossNamespace: false,
      judge,
      recorder,
      troubled,
    },
    end.signal,
  )
  expect(await declarations.groups()).toEqual([])
  const news = declarations.changed(end.signal).then(() => 'news')
  expect(await Promise.race([news, turn('quiet')])).toBe('quiet')
  await answer()
  expect(await news).toBe('news')
})
