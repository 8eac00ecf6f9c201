// A cluster with the chart installed, as an administrator has it, and the controller as a process of its own that has
// only the rights of the chart's ServiceAccount: what a kubelet would start, this starts, with the
// Deployment's own arguments. Nothing here sleeps for a fixed time: one asks again until a deadline.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { stringify } from 'yaml'
import { chart } from '../chart/helm.ts'
import { freePort } from '../support/port.ts'
import { type Ended, ended, program } from '../support/program.ts'
import { ControlPlane, type Json, type PlaneOptions } from './control-plane.ts'
import { Controller, until } from './controller.ts'
import { statusFaults } from './kstatus.ts'

/** The namespace of the controller. */
export const home = 'exchange-sync'

/** The name of the release. */
export const release = 'exsync'

/** How the controller is started otherwise than the Deployment says. */
export type Start = Readonly<{
  /** More arguments; a flag that is there twice counts as it is there last. */
  args?: readonly string[]
  /** The directory of the state. Default: one of its own. */
  state?: string
  /** The name of the pod that it takes itself for. */
  pod?: string
  release?: string
  namespace?: string
}>

/** A cluster with the chart. */
export class Cluster implements AsyncDisposable {
  readonly plane: ControlPlane
  readonly #processes: Controller[] = []
  readonly #folders: string[] = []

  private constructor(plane: ControlPlane) {
    this.plane = plane
  }

  /** Starts one, with the chart installed unless `values` is null. */
  static async start(
    values: Readonly<Record<string, unknown>> | null = {},
    options: PlaneOptions = {},
  ): Promise<Cluster> {
    const plane = new ControlPlane(options)
    const cluster = new Cluster(plane)
    try {
      await plane.start()
      if (values !== null) await cluster.install(values)
      return cluster
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      throw error
    }
  }

  /** helm upgrade --install, and waits until the resources are served. */
  async install(
    values: Readonly<Record<string, unknown>>,
    name = release,
    namespace = home,
  ): Promise<Ended> {
    const file = join(this.folder(), 'values.yaml')
    writeFileSync(file, stringify(values))
    const ended = await this.helm(
      ...['upgrade', '--install', name, chart, '-n', namespace, '--create-namespace', '-f', file],
    )
    if (ended.code !== 0) throw new Error(`helm: ${ended.stderr}`)
    await this.kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s')
    await until('the resources are served', async () => {
      const { code } = await this.tried('kubectl', ['get', 'syncgroups,exchangeservers', '-A'])
      return code === 0
    })
    return ended
  }

  /** Runs Helm. */
  helm(...args: readonly string[]): Promise<Ended> {
    return this.tried('helm', args)
  }

  /** Runs kubectl and answers what it printed; throws when it fails. */
  async kubectl(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.tried('kubectl', args)
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
    return stdout
  }

  /** Runs kubectl or Helm as an administrator; `input` goes to it by standard input. */
  tried(name: 'kubectl' | 'helm', args: readonly string[], input = ''): Promise<Ended> {
    const env = { PATH: process.env.PATH, HOME: this.plane.top, KUBECONFIG: this.plane.admin }
    return ended(program(name), args, env, input)
  }

  /** kubectl apply; throws when it fails. */
  async apply(resources: readonly object[]): Promise<string> {
    const text = resources.map((each) => stringify(each)).join('---\n')
    const { code, stdout, stderr } = await this.tried('kubectl', ['apply', '-f', '-'], text)
    if (code !== 0) throw new Error(`kubectl apply: ${stderr}`)
    return stdout
  }

  /** kubectl patch: merges this into a resource of the namespace sales; throws when it fails. */
  patch(what: string, name: string, body: object): Promise<string> {
    const merge = ['-n', 'sales', '--type=merge', '-p', JSON.stringify(body)]
    return this.kubectl('patch', what, name, ...merge)
  }

  /** A resource as it is now; undefined when there is none. */
  async get(what: string, name: string, namespace = 'sales'): Promise<Json> {
    const args = ['get', what, name, '-n', namespace, '-o', 'json', '--ignore-not-found']
    const text = await this.kubectl(...args)
    return text.trim() === '' ? undefined : JSON.parse(text)
  }

  /** Waits until a group's, or another resource's, condition Ready has this reason. */
  async waitForReason(reason: string, name: string, what = 'syncgroup', namespace = 'sales') {
    let last: unknown
    try {
      await until(`${name} says ${reason}`, async () => {
        const object = await this.get(what, name, namespace)
        const ready = readyOf(object)
        last = object?.status
        return (
          ready?.reason === reason &&
          object.status.observedGeneration === object.metadata.generation
        )
      })
    } catch (error) {
      throw new Error(`${(error as Error).message}; its status is ${JSON.stringify(last)}`)
    }
  }

  /** Every status must keep to the rules at any time: called after each test. */
  async lint(): Promise<void> {
    for (const what of ['syncgroups', 'exchangeservers']) {
      const { items } = JSON.parse(await this.kubectl('get', what, '-A', '-o', 'json'))
      for (const item of items as Json[])
        expect([item.metadata.name, statusFaults(item)]).toEqual([item.metadata.name, []])
    }
  }

  /** Starts the controller as the Deployment says. */
  async controller(start: Start = {}): Promise<Controller> {
    const namespace = start.namespace ?? home
    const selector = `app.kubernetes.io/instance=${start.release ?? release}`
    const { items } = JSON.parse(
      await this.kubectl('get', 'deployment', '-n', namespace, '-l', selector, '-o', 'json'),
    )
    const { spec } = items[0].spec.template
    const folder = this.folder()
    const token = join(folder, 'token')
    writeFileSync(token, await this.token(spec.serviceAccountName, namespace))
    const kubeconfig = join(folder, 'kubeconfig')
    writeFileSync(kubeconfig, this.plane.kubeconfig({ file: token }, namespace))
    const state = start.state ?? join(folder, 'state')
    const ports = { metrics: await freePort(), health: await freePort() }
    const controller = new Controller({
      args: [
        ...(spec.containers[0].args as string[]).map((arg) =>
          arg.replaceAll('/var/lib/exsync', state),
        ),
        `--metrics-bind-address=127.0.0.1:${ports.metrics}`,
        `--health-probe-bind-address=127.0.0.1:${ports.health}`,
        // The Exchange of a test is on this machine.
        '--allow-loopback-http',
        ...(start.args ?? []),
      ],
      env: {
        PATH: process.env.PATH,
        KUBECONFIG: kubeconfig,
        POD_NAMESPACE: namespace,
        POD_NAME: start.pod ?? `${release}-0`,
      },
      ports,
      state,
      token,
    })
    this.#processes.push(controller)
    return controller
  }

  /** A token of a ServiceAccount's. */
  async token(account: string, namespace = home): Promise<string> {
    return (await this.kubectl('create', 'token', account, '-n', namespace)).trim()
  }

  /** A folder that goes with the cluster. */
  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'exsync-cluster-test-'))
    this.#folders.push(folder)
    return folder
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((each) => each.kill()))
    await this.plane.stop()
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true })
  }
}

/** The condition Ready of a resource. */
export function readyOf(object: Json): Json {
  return object?.status?.conditions?.find(({ type }: Json) => type === 'Ready')
}
