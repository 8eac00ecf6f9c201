// A real control plane on this machine: etcd and kube-apiserver, each a process of its own, that can be killed, stopped
// and started again at the same address with the same data. No controller manager, no kubelet: a Deployment
// makes no pods, so tests start the controller themselves.
import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { stringify } from 'yaml'
import { makeCertificates } from '../exchange/http/certificate.ts'
import { freePort } from '../support/port.ts'
import { program } from '../support/program.ts'

/** How a control plane differs from the usual one. */
export type PlaneOptions = Readonly<{ flags?: readonly string[] }>

type Program = 'etcd' | 'kube-apiserver'

/** How long one may take until it answers, on a machine that does much else. */
const startMs = 150_000

/** A program that did not begin to serve: its port was taken, or the other one was too slow for it. */
class EndedAtOnce extends Error {}

/** etcd and kube-apiserver. */
export class ControlPlane {
  readonly #options: PlaneOptions
  readonly top = mkdtempSync(join(tmpdir(), 'exsync-cluster-'))
  readonly #adminToken = randomBytes(16).toString('hex')
  readonly #agent: Agent
  #etcd: ChildProcess | undefined
  #api: ChildProcess | undefined
  #ports: readonly [number, number, number] = [0, 0, 0]

  constructor(options: PlaneOptions = {}) {
    this.#options = options
    const { ca, cert, key } = makeCertificates(Date.now())
    this.#agent = new Agent({ connect: { ca } })
    const signing = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
    const files = {
      'ca.crt': ca,
      'tls.crt': cert,
      'tls.key': key,
      'sa.key': signing.privateKey,
      'sa.pub': signing.publicKey,
      'tokens.csv': `${this.#adminToken},admin,admin,system:masters\n`,
    }
    for (const [name, text] of Object.entries(files)) writeFileSync(this.#file(name), text)
  }

  /** Starts both; resolves when the API server is ready. Where one ends at once, both begin again at other ports. */
  async start(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      this.#ports = [await freePort(), await freePort(), await freePort()]
      try {
        await this.#startEtcd()
        await this.startApi()
        break
      } catch (error) {
        if (!(error instanceof EndedAtOnce) || tries === 3) throw error
        await this.#end()
      }
    }
    writeFileSync(this.admin, this.kubeconfig(this.#adminToken))
  }

  async #startEtcd(): Promise<void> {
    const [client, peer] = this.#ports
    const at = `http://127.0.0.1:${client}`
    this.#etcd = this.#spawned('etcd', [
      ...['--data-dir', join(this.top, `etcd-${client}`)],
      ...['--unsafe-no-fsync', '--log-level', 'error'],
      ...['--listen-client-urls', at, '--advertise-client-urls', at],
      ...['--listen-peer-urls', `http://127.0.0.1:${peer}`],
    ])
    await this.#answers('etcd', this.#etcd, async () => {
      const { statusCode, body } = await request(`${at}/health`)
      await body.dump()
      return statusCode
    })
  }

  /** Starts the API server, at its address. */
  async startApi(): Promise<void> {
    const [client, , port] = this.#ports
    this.#api = this.#spawned('kube-apiserver', [
      `--etcd-servers=http://127.0.0.1:${client}`,
      `--secure-port=${port}`,
      ...['--bind-address=127.0.0.1', '--advertise-address=127.0.0.1'],
      ...['--endpoint-reconciler-type=none', '--service-cluster-ip-range=10.0.0.0/24'],
      `--cert-dir=${this.top}`,
      `--tls-cert-file=${this.#file('tls.crt')}`,
      `--tls-private-key-file=${this.#file('tls.key')}`,
      `--token-auth-file=${this.#file('tokens.csv')}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${this.#file('sa.pub')}`,
      `--service-account-signing-key-file=${this.#file('sa.key')}`,
      '--authorization-mode=RBAC',
      ...(this.#options.flags ?? []),
    ])
    await this.ready()
  }

  /** Resolves when the API server answers that it is ready. */
  async ready(): Promise<void> {
    await this.#answers('kube-apiserver', this.#api, async () => {
      return (await this.raw('GET', '/readyz')).status
    })
  }

  async #answers(
    name: Program,
    process: ChildProcess | undefined,
    status: () => Promise<number>,
  ): Promise<void> {
    for (const endMs = performance.now() + startMs; ; await delay(50)) {
      if (process?.exitCode != null) throw new EndedAtOnce(`${name} ended: ${this.#tail(name)}`)
      if (performance.now() > endMs) throw new Error(`${name} is not ready: ${this.#tail(name)}`)
      // Who else has the port may listen, and never answer.
      if ((await Promise.race([status().catch(() => 0), delay(2_000, 0)])) === 200) return
    }
  }

  /** Kills the API server, as a node that goes away does. */
  async killApi(): Promise<void> {
    const api = this.#api
    if (api === undefined || api.exitCode !== null || api.signalCode !== null) return
    const ended = new Promise((resolve) => api.once('exit', resolve))
    api.kill('SIGKILL')
    await ended
  }

  /** Stops the API server in its tracks: its sockets stay open and silent. */
  hangApi(): void {
    this.#api?.kill('SIGSTOP')
  }

  /** Lets it go on. */
  resumeApi(): void {
    this.#api?.kill('SIGCONT')
  }

  /** Forgets all history up to now: who goes on from an older version is told that it is gone. */
  async compact(): Promise<void> {
    const at = `http://127.0.0.1:${this.#ports[0]}`
    const range = { key: Buffer.from('/').toString('base64') }
    const { header } = (await posted(`${at}/v3/kv/range`, range)) as {
      header: { revision: string }
    }
    await posted(`${at}/v3/kv/compaction`, { revision: header.revision, physical: true })
  }

  /** The kubeconfig of one who may do everything. */
  get admin(): string {
    return this.#file('admin.kubeconfig')
  }

  /** Where the API server answers. */
  get url(): string {
    return `https://127.0.0.1:${this.#ports[2]}`
  }

  /** The text of a kubeconfig for whoever has the token, or the file that it lies in. */
  kubeconfig(token: string | Readonly<{ file: string }>, namespace = 'default'): string {
    const user = typeof token === 'string' ? { token } : { tokenFile: token.file }
    return stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'test',
          cluster: { server: this.url, 'certificate-authority': this.#file('ca.crt') },
        },
      ],
      users: [{ name: 'test', user }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace } }],
      'current-context': 'test',
    })
  }

  /** A request of one who may do everything. */
  async raw(
    method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    type = 'application/json',
  ): Promise<Readonly<{ status: number; body: Json }>> {
    const response = await request(`${this.url}${path}`, {
      method,
      dispatcher: this.#agent,
      headers: { authorization: `Bearer ${this.#adminToken}`, 'content-type': type },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.body.text()
    return { status: response.statusCode, body: parsed(text) }
  }

  /** Ends both, and forgets everything. */
  async stop(): Promise<void> {
    await this.#end()
    await this.#agent.close()
    rmSync(this.top, { recursive: true, force: true })
  }

  async #end(): Promise<void> {
    this.resumeApi()
    await this.killApi()
    this.#etcd?.kill('SIGKILL')
  }

  #file(name: string): string {
    return join(this.top, name)
  }

  #spawned(name: Program, args: readonly string[]): ChildProcess {
    mkdirSync(this.top, { recursive: true })
    const log = openSync(this.#file(`${name}.log`), 'a')
    return spawn(program(name), args, { stdio: ['ignore', log, log] })
  }

  #tail(name: Program): string {
    return readFileSync(this.#file(`${name}.log`), 'utf8')
      .split('\n')
      .slice(-8)
      .join('\n')
  }
}

/** JSON of the API server. */
// biome-ignore lint/suspicious/noExplicitAny: tests look at answers of many shapes
export type Json = any

function parsed(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

async function posted(url: string, body: unknown): Promise<unknown> {
  const response = await request(url, { method: 'POST', body: JSON.stringify(body) })
  const answer = await response.body.json()
  if (response.statusCode !== 200) throw new Error(`etcd answered ${JSON.stringify(answer)}`)
  return answer
}
