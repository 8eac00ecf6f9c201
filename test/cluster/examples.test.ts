// Every example does on a real API server what it says: it is applied from its own files, in the way that its comments or
// its README say, and becomes Ready, with the controller in the role of the chart's ServiceAccount.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Json } from './control-plane.ts'
import type { Controller } from './controller.ts'
import { CONTACTS, Example, examples, filesAt } from './example.ts'
import { Cluster } from './fixture.ts'
import { monitoring } from './monitoring.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const WAIT = '--timeout=90s'

describe('with the chart as it is', () => {
  let cluster: Cluster

  beforeAll(() => start())
  afterAll(() => cluster?.[Symbol.asyncDispose]())

  const start = async () => {
    cluster = await Cluster.start()
    await cluster.controller()
  }

  /** Applies the example, looks that it is Ready and has done its work, and takes it away again. */
  const proves = async (path: string, apply: (copy: string) => Promise<unknown>) => {
    const folder = cluster.folder()
    await using example = await Example.of(path, folder)
    await cluster.apply(example.namespaces.map(namespaceOf))
    try {
      await apply(example.copyTo(folder))
      await isReady(cluster, example)
      await cluster.lint()
    } finally {
      await remove(cluster, example)
    }
  }

  const single = readdirSync(examples).filter((name) => name.endsWith('.yaml'))
  test.each(single)('%s becomes Ready', (name) =>
    proves(name, (copy) => cluster.kubectl('apply', '-f', copy)),
  )

  test('demo becomes Ready', () => proves('demo', (copy) => cluster.kubectl('apply', '-f', copy)))

  test('gitops/flux/contacts becomes Ready, applied as Flux does', () =>
    proves('gitops/flux/contacts', (copy) => cluster.kubectl('apply', '--server-side', '-k', copy)))

  test('gitops/argocd/contacts becomes Ready, applied wave by wave as Argo CD does', () =>
    proves('gitops/argocd/contacts', async (copy) => {
      const waveOf = (file: string) =>
        Number(parse(readFileSync(file, 'utf8')).metadata.annotations[SYNC_WAVE])
      const files = filesAt(copy).toSorted((one, other) => waveOf(one) - waveOf(other))
      for (const file of files) await cluster.kubectl('apply', '--server-side', '-f', file)
    }))
})

const SYNC_WAVE = 'argocd.argoproj.io/sync-wave'

test.each(['staging', 'production'])(
  'environments/%s: its README, line by line, makes it Ready',
  async (name) => {
    await using cluster = await Cluster.start(null)
    // The Prometheus operator, as far as it matters, was there before.
    await cluster.apply(monitoring)
    const path = `environments/${name}`
    const folder = cluster.folder()
    await using example = await Example.of(`${path}/resources`, folder)
    mkdirSync(join(folder, 'examples', path), { recursive: true })
    symlinkSync(join(root, 'charts'), join(folder, 'charts'))
    for (const file of ['namespaces.yaml', 'values.yaml'])
      symlinkSync(join(examples, path, file), join(folder, 'examples', path, file))
    example.copyTo(join(folder, 'examples', path))
    const lines = commandsIn(readFileSync(join(examples, path, 'README.md'), 'utf8'))
    expect(lines.length).toBeGreaterThan(4)
    let controller: Controller | undefined
    for (const line of lines) {
      const { code, said } = await run(cluster, line, folder)
      // What went wrong is told by the statuses, and by the controller.
      const statuses = code === 0 ? '' : await cluster.kubectl('get', 'exs,sg', '-A', '-o', 'yaml')
      expect(code, `${line}: ${said}${statuses}${controller?.said}`).toBe(0)
      if (line.startsWith('helm ')) controller = await startInstalled(cluster, folder)
    }
    await isReady(cluster, example)
    await cluster.lint()
  },
)

/** Starts the controller with the arguments of the Deployment that Helm made, as its ServiceAccount. */
async function startInstalled(cluster: Cluster, folder: string): Promise<Controller> {
  const namespace = 'exchange-sync'
  const { items } = JSON.parse(
    await cluster.kubectl('get', 'deployment', '-n', namespace, '-o', 'json'),
  )
  const { volumes } = items[0].spec.template.spec
  const secret = volumes.find(({ name }: Json) => name === 'state-key')?.secret
  const args: string[] = []
  if (secret !== undefined) {
    // What a kubelet would put into the pod.
    const { data } = await cluster.get('secret', secret.secretName, namespace)
    const [{ key }] = secret.items
    writeFileSync(join(folder, 'key'), Buffer.from(data[key], 'base64'), { mode: 0o440 })
    args.push(`--key-file=${join(folder, 'key')}`)
  }
  return cluster.controller({ release: 'exchange-sync', namespace, args })
}

/** The commands of a README's first block for a shell, as far as they can be run without a kubelet and at once. */
function commandsIn(readme: string): readonly string[] {
  const [, block = ''] = /```sh\n([\s\S]*?)```/.exec(readme) ?? []
  return block
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^npx --no-install exsync/, `node ${root}controller/main.ts`))
    .map((line) => line.replace('$(openssl rand -base64 32)', randomBytes(32).toString('base64')))
    .map((line) => line.replace(/^(helm .*) --wait$/, '$1').replace(/--timeout=\S+/, WAIT))
}

function run(cluster: Cluster, command: string, cwd: string) {
  const { PATH = '', KUBEBUILDER_ASSETS = '' } = process.env
  const env = {
    PATH: `${KUBEBUILDER_ASSETS}${delimiter}${PATH}`,
    HOME: cluster.plane.top,
    KUBECONFIG: cluster.plane.admin,
  }
  return new Promise<Readonly<{ code: unknown; said: string }>>((resolve) => {
    execFile('sh', ['-c', command], { cwd, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, said: `${stdout}${stderr}` }),
    )
  })
}

/** Everything is Ready, and every member has what the hub has. */
async function isReady(cluster: Cluster, example: Example): Promise<void> {
  for (const namespace of example.namespaces) {
    const wait = ['wait', '--for=condition=Ready', WAIT, '-n', namespace, '--all']
    for (const kind of ['exchangeserver', 'syncgroup']) {
      const { code, stderr } = await cluster.tried('kubectl', [...wait, kind])
      const told = code === 0 ? '' : await cluster.kubectl('describe', kind, '-n', namespace)
      expect(stderr + told).toBe('')
    }
  }
  for (const group of example.of('SyncGroup')) {
    const { name, namespace } = group.metadata
    const { status } = await cluster.get('syncgroup', name, namespace)
    const total = group.spec.members.length
    expect(status).toMatchObject({ items: CONTACTS, members: { total, current: total } })
    for (const member of group.spec.members)
      expect([member.mailbox, example.contactsOf(group, member)]).toEqual([
        member.mailbox,
        CONTACTS,
      ])
  }
}

async function remove(cluster: Cluster, example: Example): Promise<void> {
  for (const namespace of example.namespaces)
    for (const kind of ['syncgroup', 'exchangeserver', 'secret'])
      await cluster.kubectl('delete', kind, '--all', '-n', namespace, '--timeout=60s')
}

function namespaceOf(name: string): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
}
