// A node with a pod of the controller: a Node and a Pod in the API server, and a kubelet's endpoint (tools/kubelet) that runs a
// command of `kubectl exec` as a process of this machine, with the environment that the Deployment gives to the container.
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeCertificates } from '../exchange/http/certificate.ts'
import { freePort } from '../support/port.ts'
import { type Ended, ended, program } from '../support/program.ts'
import { type Controller, main, nodeFlags } from './controller.ts'
import { type Cluster, home, release } from './fixture.ts'

const node = 'node-0'
const plugin = fileURLToPath(new URL('../../controller/kubectl-exsync.mjs', import.meta.url))

type Pod = Readonly<{ env: Readonly<Record<string, string>>; log: string }>

/** The kubelet of the only node. */
export class Kubelet implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #folder: string
  readonly #pods = new Map<string, Pod>()
  readonly #controllers = new Map<string, Controller>()
  #port = 0
  #process: ChildProcess | undefined

  private constructor(cluster: Cluster) {
    this.#cluster = cluster
    this.#folder = cluster.folder()
  }

  static async start(cluster: Cluster): Promise<Kubelet> {
    const kubelet = new Kubelet(cluster)
    await kubelet.#begin()
    return kubelet
  }

  async #begin(): Promise<void> {
    this.#port = await freePort()
    const { cert, key } = makeCertificates(Date.now())
    writeFileSync(this.#file('tls.crt'), cert)
    writeFileSync(this.#file('tls.key'), key)
    this.#write()
    this.#process = spawn(program('kubelet'), [this.#file('kubelet.json')], { stdio: 'inherit' })
    const { plane } = this.#cluster
    await plane.raw('POST', '/api/v1/nodes', { metadata: { name: node } })
    const status = {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: this.#port } },
    }
    const merge = 'application/merge-patch+json'
    const answer = await plane.raw('PATCH', `/api/v1/nodes/${node}/status`, { status }, merge)
    if (answer.status !== 200) throw new Error(`no node: ${JSON.stringify(answer.body)}`)
    writeFileSync(
      this.#file('exsync'),
      `#!/bin/sh\nexec '${process.execPath}' ${nodeFlags.join(' ')} '${main}' "$@"\n`,
    )
    chmodSync(this.#file('exsync'), 0o755)
    symlinkSync(process.execPath, this.#file('node'))
    symlinkSync(plugin, this.#file('kubectl-exsync'))
    symlinkSync(program('kubectl'), this.#file('kubectl'))
  }

  /** Makes a pod of the Deployment for a controller that runs here; without `entered` no command may run in it. */
  async runs(controller: Controller, name = `${release}-0`, entered = true): Promise<void> {
    const { plane } = this.#cluster
    const { args, env } = controller.started
    const selector = `app.kubernetes.io/instance=${release}`
    const found = await this.#cluster.kubectl(
      ...['get', 'deployment', '-n', home, '-l', selector, '-o', 'json'],
    )
    const { template } = JSON.parse(found).items[0].spec
    const [container] = template.spec.containers
    const spec = { ...template.spec, nodeName: node, containers: [{ ...container, args }] }
    const metadata = { ...template.metadata, name, namespace: home }
    const at = `/api/v1/namespaces/${home}/pods`
    const made = await plane.raw('POST', at, { metadata, spec })
    if (made.status !== 201) throw new Error(`no pod: ${JSON.stringify(made.body)}`)
    const state = { running: { startedAt: new Date().toISOString() } }
    const own = { name: container.name, image: container.image, imageID: '', restartCount: 0 }
    const status = { phase: 'Running', containerStatuses: [{ ...own, ready: true, state }] }
    await plane.raw('PATCH', `${at}/${name}/status`, { status }, 'application/merge-patch+json')
    if (!entered) return
    const variables = (container.env as { name: string; value?: string }[]).flatMap((each) =>
      each.value === undefined ? [] : [[each.name, each.value] as const],
    )
    const given = Object.entries(env).filter((each): each is [string, string] => !!each[1])
    this.#controllers.set(name, controller)
    this.#pods.set(`${home}/${name}`, {
      env: {
        ...Object.fromEntries(variables),
        ...Object.fromEntries(given),
        PATH: this.#folder,
        // The fixture starts the controller with paths and ports of this machine.
        EXSYNC_STATE: controller.state,
        EXSYNC_FLAGS: JSON.stringify(args.slice(1)),
      },
      log: this.#file(`${name}.log`),
    })
    this.#write()
  }

  /** `kubectl exsync …` as a person with this kubeconfig, by kubectl's own search for plugins. */
  plugin(kubeconfig: string, ...args: readonly string[]): Promise<Ended> {
    return ended(this.#file('kubectl'), ['exsync', ...args], this.environment(kubeconfig))
  }

  /** The environment of a person. */
  environment(kubeconfig: string): NodeJS.ProcessEnv {
    for (const [name, { said }] of this.#controllers) writeFileSync(this.#file(`${name}.log`), said)
    const path = `${this.#folder}:${process.env.PATH}`
    return { PATH: path, HOME: this.#folder, KUBECONFIG: kubeconfig }
  }

  #write(): void {
    const [cert, key] = [this.#file('tls.crt'), this.#file('tls.key')]
    const pods = Object.fromEntries(this.#pods)
    const settings = { listen: `127.0.0.1:${this.#port}`, cert, key, pods }
    writeFileSync(this.#file('kubelet.json'), JSON.stringify(settings))
  }

  #file(name: string): string {
    return join(this.#folder, name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process?.kill('SIGKILL')
  }
}
