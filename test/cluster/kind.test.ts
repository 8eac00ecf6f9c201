// examples/kind without a container engine: a real API server takes the manifest, the embedded Exchange runs from the files of
// its image with the arguments of its pod, and the controller syncs the group. Its README says what this does not show.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseAllDocuments, stringify } from 'yaml'
import { imageOf } from '../image/dockerfile.ts'
import { makeRootfs } from '../image/rootfs.ts'
import type { Json } from './control-plane.ts'
import { Cluster, home } from './fixture.ts'

const example = fileURLToPath(new URL('../../examples/kind', import.meta.url))
// Fewer contacts, so that it takes seconds.
const objects: readonly Json[] = objectsIn(
  readFileSync(join(example, 'manifest.yaml'), 'utf8').replace('contacts: 1000', 'contacts: 60'),
)
const readme = readFileSync(join(example, 'README.md'), 'utf8')
const only = (kind: string): Json => {
  const found = objects.filter((each) => each.kind === kind)
  expect([kind, found.length]).toEqual([kind, 1])
  return found[0]
}
const pod = only('Deployment').spec.template
const [container] = pod.spec.containers
const image = imageOf('exchange')

/** Only root may lock a process into a folder. Another user runs the same from there. */
const boxed = process.getuid?.() === 0
const environment = { ...image.environment, PATH: `${image.environment.PATH}:/usr/sbin:/usr/bin` }
let rootfs = ''
let exchange: ChildProcess | undefined

beforeAll(() => {
  rootfs = mkdtempSync(join(tmpdir(), 'exsync-kind-'))
  chmodSync(rootfs, 0o755)
  makeRootfs(rootfs, image)
})
afterAll(() => {
  exchange?.kill('SIGKILL')
  rmSync(rootfs, { recursive: true, force: true })
})

/** A command of the image with arguments, as the pod's user. */
function commandOf(args: readonly string[]): readonly string[] {
  const { runAsUser, runAsGroup } = pod.spec.securityContext
  const command = [...image.entrypoint, ...args]
  if (boxed) return ['chroot', `--userspec=${runAsUser}:${runAsGroup}`, rootfs, ...command]
  return command.map((word) => word.replace(/(^|=)\//, (start) => `${start}${rootfs}/`))
}

/** What a kubelet mounts: the files of ConfigMaps and Secrets, and empty folders that the group may write. */
function mount(data: (name: string) => Readonly<Record<string, string>>): void {
  const { fsGroup } = pod.spec.securityContext
  for (const { name, mountPath } of container.volumeMounts) {
    const volume = pod.spec.volumes.find((each: Json) => each.name === name)
    const folder = join(rootfs, mountPath)
    mkdirSync(folder, { recursive: true })
    if (boxed) chownSync(folder, 0, fsGroup)
    chmodSync(folder, 0o775)
    const source = volume.configMap?.name ?? volume.secret?.secretName
    for (const [key, text] of Object.entries(source === undefined ? {} : data(source))) {
      const file = join(folder, key)
      writeFileSync(file, text)
      chmodSync(file, volume.secret?.defaultMode ?? 0o644)
      if (boxed) chownSync(file, 0, fsGroup)
    }
  }
}

/** Starts the Exchange with the arguments of its pod, but for the port, and answers where it is. */
async function startExchange(): Promise<number> {
  const [file = '', ...args] = commandOf([...container.args, '--port=0'])
  exchange = spawn(file, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  return new Promise((resolve, reject) => {
    const hear = (text: string) => {
      said += text
      const port = /^ready https:\/\/127\.0\.0\.1:(\d+)\//m.exec(said)?.[1]
      if (port !== undefined) resolve(Number(port))
    }
    for (const stream of [exchange?.stdout, exchange?.stderr])
      stream?.setEncoding('utf8').on('data', hear)
    exchange?.once('error', reject)
    exchange?.once('close', (code) => reject(new Error(`it ended with ${code}: ${said}`)))
  })
}

function objectsIn(text: string): readonly Json[] {
  return parseAllDocuments(text).map((document) => document.toJS())
}

test('the manifest, and one command beside it, make the group Ready', async () => {
  const { hostname } = new URL(only('ExchangeServer').spec.url)
  const { name, namespace } = only('Service').metadata
  expect(hostname).toBe(`${name}.${namespace}.svc`)
  expect(only('Service').spec.selector).toEqual(pod.metadata.labels)
  expect(readme).toContain(`--print-secrets ${hostname} | kubectl apply -f -`)
  expect(readme).toContain(`docker build -t ${container.image} --target exchange .`)

  // The command of the README, and what it prints.
  const [file = '', ...args] = commandOf(['--print-secrets', hostname])
  const printed = spawnSync(file, args, { encoding: 'utf8', env: environment })
  expect(printed).toMatchObject({ status: 0 })
  const secrets = objectsIn(printed.stdout)
  const contentOf = (wanted: string) =>
    [...secrets, only('ConfigMap')]
      .filter(({ metadata }) => metadata.name === wanted)
      .map(({ stringData, data }) => stringData ?? data)[0]
  mount(contentOf)
  const port = await startExchange()
  const { key } = only('ExchangeServer').spec.tls.caSecretRef
  const ca = contentOf(only('ExchangeServer').spec.tls.caSecretRef.name)[key]
  expect(await trusted(port, hostname, ca)).toBe('trusted')
  expect(await trusted(port, 'another.exchange-demo.svc', ca)).toBe('ERR_TLS_CERT_ALTNAME_INVALID')

  // With the values of the README, and its images.
  const [, tag = ''] = /--set image\.tag=(\S+) --set image\.pullPolicy=Never/.exec(readme) ?? []
  await using cluster = await Cluster.start({ image: { tag, pullPolicy: 'Never' } })
  const deployments = await cluster.kubectl('get', 'deployment', '-n', home, '-o', 'json')
  const [deployment] = JSON.parse(deployments).items
  const built = deployment.spec.template.spec.containers[0].image
  expect(readme).toContain(`docker build -t ${built} .`)
  expect(readme).toContain(`kind load docker-image ${built} ${container.image} --name `)
  const execs = [...readme.matchAll(/kubectl exec -n (\S+) deploy\/(\S+) /g)]
  expect(execs.length).toBeGreaterThan(0)
  for (const [, where, of] of execs) expect([where, of]).toEqual([home, deployment.metadata.name])
  const controller = await cluster.controller()
  // But for the name of the Service, which only a cluster's name server knows.
  const here = objects.map((each) =>
    each.kind === 'ExchangeServer'
      ? {
          ...each,
          spec: { ...each.spec, url: each.spec.url.replace(hostname, `localhost:${port}`) },
        }
      : each,
  )
  await cluster.apply(here)
  await cluster.waitForReason('SecretNotFound', 'corp', 'exchangeserver', namespace)
  await cluster.tried('kubectl', ['apply', '-f', '-'], printed.stdout)
  const wait = ['wait', '--for=condition=Ready', 'syncgroup/clients', '-n', namespace]
  const { code } = await cluster.tried('kubectl', [...wait, '--timeout=150s'])
  const status = code === 0 ? '' : await cluster.kubectl('get', 'exs,sg', '-A', '-o', 'yaml')
  expect(code, `${status}${controller.said}`).toBe(0)
  const group = await cluster.get('syncgroup', 'clients', namespace)
  const { contacts } = worldIn(contentOf('exchange-world')).publicFolders[0]
  expect(contacts).toBe(60)
  expect(group.status).toMatchObject({ items: contacts, members: { total: 3, current: 3 } })

  // The namespace takes only pods that are restricted, as the one of the Deployment is.
  const alone = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...pod.metadata, name: 'exchange', namespace },
    spec: pod.spec,
  }
  const dry = ['apply', '--dry-run=server', '-f', '-']
  // Without the controller of ServiceAccounts there is none to run as.
  await cluster.apply([
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } },
  ])
  expect(await cluster.tried('kubectl', dry, stringify(alone))).toMatchObject({ code: 0 })
  const open = { ...alone, spec: { ...pod.spec, securityContext: {} } }
  expect(await cluster.tried('kubectl', dry, stringify(open))).toMatchObject({
    stderr: expect.stringContaining('violates PodSecurity "restricted:latest"'),
  })
})

function worldIn(data: Readonly<Record<string, string>>): Json {
  return parseAllDocuments(data['world.yaml'] ?? '')[0]?.toJS()
}

/** Whether a client that trusts the authority takes the server for this one; else the code of the error. */
function trusted(port: number, servername: string, ca: string): Promise<unknown> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, servername, ca }, () => {
      socket.destroy()
      resolve('trusted')
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
  })
}
