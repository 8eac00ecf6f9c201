// The controller's own client of an API server at a URL.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { Client } from '../../controller/kube/runtime/client.ts'
import { Cluster } from '../../controller/kube/runtime/kubeconfig.ts'
import type { Clock } from '../../controller/sync/ports.ts'

/** A client, and how to end it. */
export function reach(
  url: string,
  clock: Clock,
  chance: () => number = () => 0.5,
): Readonly<{ client: Client; close: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'exsync-reach-'))
  const kubeconfig = join(folder, 'kubeconfig')
  const config = {
    clusters: [{ name: 'c', cluster: { server: url } }],
    users: [{ name: 'c', user: { token: 'x' } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'c' } }],
    'current-context': 'c',
  }
  writeFileSync(kubeconfig, stringify(config))
  const cluster = new Cluster(kubeconfig)
  const close = async () => {
    await cluster.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return { client: new Client(cluster, clock, chance), close }
}
