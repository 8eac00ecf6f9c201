// The suite of a Kubernetes API server, for a real one: what the one in memory does is what this one does.
import { describe } from 'vitest'
import { Client } from '../../controller/kube/runtime/client.ts'
import { Cluster as Way } from '../../controller/kube/runtime/kubeconfig.ts'
import { conformsToApiServer } from '../conformance/apiserver.ts'
import { realClock } from '../support/clock.ts'
import { Cluster } from './fixture.ts'

describe('a cluster', () =>
  conformsToApiServer(async () => {
    const cluster = await Cluster.start()
    await cluster.kubectl('create', 'namespace', 'sales')
    const way = new Way(cluster.plane.admin)
    return {
      client: new Client(way, realClock, Math.random),
      close: async () => {
        await way.close()
        await cluster[Symbol.asyncDispose]()
      },
    }
  }))
