// The jobs of examples/gitops/review as a forge runs them: each step by bash, exsync from this source, and a server that stands for
// the forge's API.
import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import type { Ended } from '../support/program.ts'
import type { Json } from './control-plane.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const examples = join(root, 'examples/gitops/review')

/** A file of the example, as it is read by a person. */
export const example = (name: string) => readFileSync(join(examples, name), 'utf8')

/** The scripts of the workflow of GitHub from the step Plan on, by the names of their steps. */
export function githubSteps(): ReadonlyMap<string, string> {
  const { steps } = parse(example('github-actions.yaml')).jobs.plan
  return new Map(
    (steps as Json[]).filter(({ run }) => run).map((each) => [each.name as string, each.run]),
  )
}

/** The script of the job of GitLab: the runner puts its parts together. */
export function gitlabScript(): string {
  const { script } = parse(example('gitlab-ci.yaml'))['exsync-plan']
  return (script as readonly string[]).join('\n')
}

/** A folder in which steps run, with exsync on the path. */
export function workplace(folder: string) {
  const main = join(root, 'controller/main.ts')
  mkdirSync(join(folder, 'bin'), { recursive: true })
  const exsync = join(folder, 'bin/exsync')
  writeFileSync(
    exsync,
    `#!/bin/sh\nexec '${process.execPath}' --disable-warning=ExperimentalWarning '${main}' "$@"\n`,
  )
  chmodSync(exsync, 0o755)
  const path = `${join(folder, 'bin')}:${join(process.execPath, '..')}:${process.env.PATH}`
  /** Runs a script as both forges do, and answers how it ended. */
  return (script: string, env: NodeJS.ProcessEnv): Promise<Ended> =>
    new Promise((resolve) => {
      const compiled = { NODE_COMPILE_CACHE: join(tmpdir(), 'exsync-cluster-compiled') }
      const options = { cwd: folder, env: { PATH: path, HOME: folder, ...compiled, ...env } }
      execFile('bash', ['-eo', 'pipefail', '-c', script], options, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr })
      })
    })
}

/** The comments of one change, as both forges serve them. */
export class Forge implements AsyncDisposable {
  readonly comments: Json[] = []
  /** The requests that changed something. */
  readonly writes: string[] = []
  readonly #server = createServer((request, response) => {
    void this.#answer(request).then((answer) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(answer))
    })
  })

  /** Serves at the URL that it answers. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async #answer(request: IncomingMessage): Promise<Json> {
    const { method = '', url = '', headers } = request
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    const github = url.startsWith('/repos/')
    const token = github ? headers.authorization : headers['private-token']
    if (token !== (github ? 'Bearer forge-token' : 'forge-token')) return { message: 'no token' }
    if (url === '/user') return { id: 7 }
    if (method === 'GET') return this.comments
    this.writes.push(`${method} ${url}`)
    const { body } = JSON.parse(Buffer.concat(parts).toString())
    const author = github ? { user: { login: 'github-actions[bot]' } } : { author: { id: 7 } }
    const id = Number(/\/(\d+)$/.exec(url)?.[1])
    const known = method === 'POST' ? undefined : this.comments.find((each) => each.id === id)
    if (known !== undefined) known.body = body
    else this.comments.push({ id: 100 + this.comments.length, body, ...author })
    return {}
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
