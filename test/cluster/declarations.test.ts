// The suite of the Declarations port, for a cluster: with the rights of the chart's ServiceAccount alone.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from 'vitest'
import { KubeDeclarations } from '../../controller/kube/declarations.ts'
import { Client } from '../../controller/kube/runtime/client.ts'
import { Recorder } from '../../controller/kube/runtime/events.ts'
import { Cluster as Way } from '../../controller/kube/runtime/kubeconfig.ts'
import { KubeServers } from '../../controller/kube/servers.ts'
import { conformsToDeclarations, type Place } from '../conformance/declarations.ts'
import { conformsToServerDeclarations, type ServerPlace } from '../conformance/servers.ts'
import { realClock } from '../support/clock.ts'
import { judge } from '../support/judge.ts'
import { Cluster, home, release } from './fixture.ts'

describe('a cluster', () => conformsToDeclarations(open))

describe('the servers of a cluster', () => conformsToServerDeclarations(open))

type Named = Readonly<{ kind: string; metadata: Readonly<{ name: string }> }>

async function open(): Promise<Place & ServerPlace> {
  const cluster = await Cluster.start()
  for (const namespace of ['sales', 'other'])
    await cluster.kubectl('create', 'namespace', namespace)
  const token = await cluster.token(`${release}-exchange-sync-controller`)
  const kubeconfig = join(cluster.folder(), 'kubeconfig')
  writeFileSync(kubeconfig, cluster.plane.kubeconfig(token, home))
  const end = new AbortController()
  const way = new Way(kubeconfig)
  const base = { clock: realClock, client: new Client(way, realClock, Math.random) }
  const recorder = new Recorder({ ...base, controller: 'test', instance: 'test' })
  const declarations = new KubeDeclarations(
    {
      ...base,
      chance: Math.random,
      namespaces: [],
      crossNamespace: false,
      judge,
      recorder,
      onError: () => {},
    },
    end.signal,
  )
  let there: readonly Named[] = []
  return {
    declarations,
    servers: new KubeServers({ client: base.client, declarations, recorder }),
    declare: async (resources) => {
      const next = resources as readonly unknown[] as readonly Named[]
      const key = ({ kind, metadata }: Named) => `${kind}/${metadata.name}`
      await cluster.apply(resources)
      for (const each of there.filter((old) => !next.some((one) => key(one) === key(old))))
        await cluster.kubectl('delete', key(each), '-n', 'sales', '--wait=false')
      there = next
    },
    close: async () => {
      end.abort()
      await way.close()
      await cluster[Symbol.asyncDispose]()
    },
  }
}
