// What an ExchangeServer allows, on a real API server: which forms of spec.allowed it takes, and that labels of namespaces
// count at once, with the rights of the chart's ServiceAccount alone.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KubeDeclarations } from '../../controller/kube/declarations.ts'
import { Client } from '../../controller/kube/runtime/client.ts'
import { Recorder } from '../../controller/kube/runtime/events.ts'
import { Cluster as Way } from '../../controller/kube/runtime/kubeconfig.ts'
import { groupOf, secretOf, serverOf } from '../e2e/support.ts'
import { realClock } from '../support/clock.ts'
import { hubOf } from '../support/declaration.ts'
import { judge } from '../support/judge.ts'
import { until } from './controller.ts'
import { Cluster, home, release } from './fixture.ts'

const url = 'https://mail.corp.example/EWS/Exchange.asmx'
const corp = (allowed: object) => serverOf(url, { allowed })
const tenants = ['blue', 'red']

let cluster: Cluster
const ends: (() => Promise<void>)[] = []

beforeAll(async () => {
  cluster = await Cluster.start()
  for (const namespace of ['sales', ...tenants])
    await cluster.kubectl('create', 'namespace', namespace)
  await cluster.kubectl('label', 'namespace', 'blue', 'team=blue')
})
afterAll(async () => {
  for (const end of ends) await end()
  await cluster?.[Symbol.asyncDispose]()
})

async function declarations(namespaces: readonly string[]): Promise<KubeDeclarations> {
  const token = await cluster.token(`${release}-exchange-sync-controller`)
  const kubeconfig = join(cluster.folder(), 'kubeconfig')
  writeFileSync(kubeconfig, cluster.plane.kubeconfig(token, home))
  const way = new Way(kubeconfig)
  const base = { clock: realClock, client: new Client(way, realClock, Math.random) }
  const recorder = new Recorder({ ...base, controller: 'test', instance: 'test' })
  const end = new AbortController()
  ends.push(async () => {
    end.abort()
    await way.close()
  })
  const options = { ...base, chance: Math.random, namespaces, crossNamespace: true, recorder }
  return new KubeDeclarations({ ...options, judge, onError: () => {} }, end.signal)
}

describe('an API server', () => {
  test.each([
    ['Same'],
    ['All'],
    [{ names: ['blue'] }],
    [{ selector: { matchLabels: { team: 'blue' } } }],
  ])('takes namespaces: %j, and keeps it', async (namespaces) => {
    await cluster.apply([corp({ namespaces })])
    const { spec } = await cluster.get('exchangeserver', 'corp')
    expect(spec.allowed).toEqual({ namespaces, folders: ['Contacts/*'], private: false })
  })

  test.each([['Everyone'], [{}], [[]], [7], [{ names: ['a'], selector: {} }]])(
    'refuses namespaces: %j',
    async (namespaces) => {
      await expect(cluster.apply([corp({ namespaces })])).rejects.toThrow(
        /spec\.allowed\.namespaces/,
      )
    },
  )

  test('gives a server that says nothing the defaults', async () => {
    await cluster.kubectl('delete', 'exchangeserver', 'corp', '-n', 'sales')
    await cluster.apply([serverOf(url)])
    const { spec } = await cluster.get('exchangeserver', 'corp')
    expect(spec.allowed).toEqual({ namespaces: 'Same', folders: ['Contacts/*'], private: false })
  })
})

describe('groups of other namespaces', () => {
  const groupIn = (namespace: string) => {
    const group = groupOf({
      members: [],
      spec: { serverRef: { name: 'corp', namespace: 'sales' } },
    }) as { metadata: object }
    return { ...group, metadata: { ...group.metadata, namespace } }
  }
  const reasons = async (from: KubeDeclarations) => {
    const groups = await from.groups()
    return groups.map((each) => {
      const { hindrance, server } = hubOf(each)
      return [
        each.id.split('/')[0],
        hindrance?.code,
        server === undefined ? 'no server' : undefined,
      ]
        .filter(Boolean)
        .join(' ')
    })
  }
  const told = async (from: KubeDeclarations, wanted: readonly string[]) => {
    let last: readonly string[] = []
    await until(`it is ${wanted}`, async () => {
      last = [...(await reasons(from))].sort()
      return JSON.stringify(last) === JSON.stringify(wanted)
    }).catch((error: Error) => {
      throw new Error(`${error.message}; it is ${last}`)
    })
  }
  const denied = (namespace: string) => `${namespace} NotAllowed no server`

  beforeAll(async () => {
    const account = secretOf('account', { username: 'sync', password: 'one' })
    await cluster.apply([account, corp({ namespaces: 'Same' }), ...tenants.map(groupIn)])
  })

  test('are denied unless the server allows their namespace', async () => {
    const all = await declarations([])
    await told(all, [denied('blue'), denied('red')])
    await cluster.apply([corp({ namespaces: { names: ['red'] } })])
    await told(all, [denied('blue'), 'red'])
    await cluster.apply([corp({ namespaces: 'All' })])
    await told(all, ['blue', 'red'])
  })

  test('are chosen by the labels that their namespaces have now', async () => {
    const all = await declarations([])
    await cluster.apply([corp({ namespaces: { selector: { matchLabels: { team: 'blue' } } } })])
    await told(all, ['blue', denied('red')])
    await cluster.kubectl('label', 'namespace', 'red', 'team=blue')
    await told(all, ['blue', 'red'])
    await cluster.kubectl('label', 'namespace', 'blue', 'team-')
    await told(all, [denied('blue'), 'red'])
  })

  test('are told nothing of another one where labels may not be read', async () => {
    const scoped = await declarations(['sales', 'red'])
    await told(scoped, [denied('red')])
    const [group] = await scoped.groups()
    expect(hubOf(group).hindrance?.message).not.toContain('selector')
  })
})
