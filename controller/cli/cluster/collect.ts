// The parts of a support bundle: of a cluster through the API server and the controller's pod, or of a directory and its state.
import type { V1ContainerStatus } from '@kubernetes/client-node'
import type { Config } from '../../config.ts'
import { SyncError } from '../../core/sync-error.ts'
import { kinds } from '../../kube/kinds.ts'
import { builtIn, type KubeObject } from '../../kube/runtime/resource.ts'
import { sourcesIn } from '../../local/directory.ts'
import { readResources } from '../../validation/resources.ts'
import { statusesOf } from '../look.ts'
import { type Out, yamlText } from '../output.ts'
import type { ProcessEdges } from '../runtime.ts'
import {
  argumentShown,
  Bundle,
  type Part,
  resourcesPart,
  textPart,
  versionsPart,
} from './bundle.ts'
import type { Connection } from './connection.ts'
import { captured, clusterFlagsOf, type Printed } from './kubectl.ts'
import { Mask } from './mask.ts'
import { type Controller, containerName, controllerOf, execArgs, flagIn, leaseOf } from './pod.ts'
import { doctorOf, linesIn, type Scope } from './scope.ts'
import { scopesOf } from './status.ts'

/** The most bytes that are taken of what kubectl prints. */
const printedMax = 8 * 1024 * 1024
const eventsMax = 500

// For `node -e` in the pod, not for this process: the image has neither a shell nor curl.
const fetching = (url: string) =>
  `fetch(${JSON.stringify(url)}).then((answer) => answer.text()).then((text) => process.stdout.write(text))`

/** Writes the bundle of a cluster; exit code 0. Rejects with a SyncError if the directory cannot be made. */
export async function bundleOfCluster(
  connection: Connection,
  config: Config,
  edges: ProcessEdges,
  out: Out,
): Promise<number> {
  const { stop } = edges
  const bundle = begun(config, edges, out)
  const { mask } = bundle
  const scopes = scopesOf(config, connection.namespace)
  const listed = new Set<string>()
  const all = async (kind: (typeof kinds)[keyof typeof kinds]): Promise<Part> => {
    const found: KubeObject[] = []
    for (const scope of scopes)
      for (const each of await connection.list<KubeObject>(kind, scope)) found.push(each)
    listed.add(kind.kind)
    return resourcesPart(found, `${kind.plural} with their statuses`, mask)
  }
  await bundle.add('versions.yaml', stop, async () =>
    versionsPart(await connection.raw('/version')),
  )
  // The servers first: the hosts that they name are then known in everything else.
  await bundle.add('exchangeservers.yaml', stop, () => all(kinds.exchangeServer))
  await bundle.add('syncgroups.yaml', stop, () => all(kinds.syncGroup))
  await bundle.add('events.yaml', stop, () => eventsPart(connection, scopes, mask))
  const scope = listed.size < 2 ? [] : scopes.includes(undefined) ? undefined : scopes
  await podParts({ bundle, scope: scope as Scope }, connection, config, edges)
  await bundle.finish(timeText(edges))
  return 0
}

/** Writes the bundle of a directory and its state; exit code 0. Rejects with a SyncError if the directory cannot be made. */
export async function bundleOfDirectory(
  config: Config,
  edges: ProcessEdges,
  doctor: (line: Out) => Promise<number>,
  out: Out,
): Promise<number> {
  const { local, state, cluster } = config
  const { stop } = edges
  const bundle = begun(config, edges, out)
  const { mask } = bundle
  await bundle.add('versions.yaml', stop, async () => versionsPart())
  if (local !== undefined)
    await bundle.add('resources.yaml', stop, async () => {
      // Only our kinds: the resource of a Secret is not even looked at.
      const own = readResources(await sourcesIn(local), { externalSecrets: true }).documents.filter(
        ({ ref }) => ref.kind === 'SyncGroup' || ref.kind === 'ExchangeServer',
      )
      const sound = own.flatMap(({ resource }) => (resource === undefined ? [] : [resource]))
      const broken = own.length - sound.length
      const rest =
        broken === 0 ? '' : `; ${broken} are not valid, and left out: exsync validate ${local}`
      return resourcesPart(sound, `resources${rest}`, mask)
    })
  if (state !== '')
    await bundle.add('statuses.yaml', stop, async () => {
      const { groups, servers } = statusesOf(state)
      mask.learnFrom({ groups, servers })
      const text = yamlText(mask.value({ groups, servers }))
      return { text, about: `statuses of ${groups.length} groups, ${servers.length} servers` }
    })
  if (cluster.withDoctor)
    await bundle.add('doctor.txt', stop, async () => {
      const lines: string[] = []
      const code = await doctor(async (line) => lines.push(line) > 0)
      return textPart(lines.join('\n'), `exsync doctor, which ended with ${code}`, mask)
    })
  await bundle.finish(timeText(edges))
  return 0
}

function begun({ rest }: Config, edges: ProcessEdges, out: Out): Bundle {
  const usual = `exsync-support-${timeText(edges).replace(/[-:]|\..*$/g, '')}`
  return new Bundle(rest[0] ?? usual, new Mask(edges.instance), out)
}

function timeText({ clock }: ProcessEdges): string {
  return new Date(clock.now()).toISOString()
}

type Event = KubeObject &
  Readonly<{
    regarding?: { apiVersion?: string; kind?: string; namespace?: string; name?: string }
  }>

async function eventsPart(
  connection: Connection,
  scopes: readonly (string | undefined)[],
  mask: Mask,
): Promise<Part> {
  const found: Event[] = []
  for (const scope of scopes)
    for (const each of await connection.list<Event>(builtIn.event, scope))
      if (each.regarding?.apiVersion?.startsWith('exchangesync.dev/')) found.push(each)
  const timeOf = ({ metadata }: Event) => String(metadata.creationTimestamp ?? '')
  const newest = found.sort((one, other) => (timeOf(one) < timeOf(other) ? 1 : -1))
  return resourcesPart(newest.slice(0, eventsMax), 'events, the newest first', mask)
}

async function podParts(
  { bundle, scope }: Readonly<{ bundle: Bundle; scope: Scope }>,
  connection: Connection,
  config: Config,
  { stop }: ProcessEdges,
): Promise<void> {
  const { mask } = bundle
  const { cluster } = config
  let controller: Controller | undefined
  await bundle.add('controller.yaml', stop, async () => {
    controller = await controllerOf(connection, cluster.controller)
    return controllerPart(connection, controller, mask)
  })
  // Without a pod there is nothing more to take; the line above says so.
  if (controller === undefined) return
  const { namespace, pod, found } = controller as Controller
  const log = async (previous: boolean) => {
    const { stdout } = await took(
      [
        ...clusterFlagsOf(cluster),
        ...['logs', `--namespace=${namespace}`, pod, `--container=${containerName}`],
        ...[`--tail=${cluster.logLines}`, ...(previous ? ['--previous'] : [])],
      ],
      stop,
    )
    const { text, others } = linesIn(scope, stdout)
    const rest =
      others === 0
        ? ''
        : `; ${others} others, which are not about the namespaces of the bundle, are left out`
    const before = previous ? ' before the last restart' : ''
    const lines = text.split('\n').length - 1
    return textPart(text, `the last ${lines} lines of the log${before}${rest}`, mask)
  }
  const inPod = (command: readonly string[], codes?: readonly number[]) =>
    took(execArgs(config, controller as Controller, command), stop, codes)
  await bundle.add('controller.log', stop, () => log(false))
  if (containerOf(controller)?.restartCount)
    await bundle.add('controller-previous.log', stop, () => log(true))
  await bundle.add('metrics.txt', stop, async () => {
    const address = flagIn(found, 'metrics-bind-address') ?? ':8080'
    const at = address.startsWith(':') ? `127.0.0.1${address}` : address
    const { stdout } = await inPod(['node', '-e', fetching(`http://${at}/metrics`)])
    return textPart(stdout, 'metrics of the controller', mask)
  })
  if (cluster.withDoctor)
    await bundle.add('doctor.txt', stop, async () => {
      const command = doctorOf(scope)
      if (command === undefined) throw unlisted
      const { stdout, code } = await inPod(command, [0, 2])
      return textPart(stdout, `exsync doctor, which ended with ${code}`, mask)
    })
}

const unlisted = new SyncError(
  'terminal',
  'ApiForbidden',
  'it names folders and mailboxes of groups and servers, which could not be listed',
)

async function controllerPart(
  connection: Connection,
  controller: Controller,
  mask: Mask,
): Promise<Part> {
  const { found, namespace, pod, release } = controller
  const container = found.spec?.containers.find(({ name }) => name === containerName)
  for (const name of ['allowed-server-hosts'])
    for (const host of (flagIn(found, name) ?? '').split(','))
      mask.learn('host', host.replace(/^\*\./, ''))
  const lease = await leaseOf(connection, controller).catch(() => undefined)
  const shown = {
    namespace,
    release,
    pod,
    phase: found.status?.phase,
    startTime: found.status?.startTime,
    image: container?.image,
    // Not the environment: it may hold anything.
    args: container?.args?.map(argumentShown),
    resources: container?.resources,
    status: containerOf(controller),
    lease: lease?.spec,
  }
  const plain = JSON.parse(JSON.stringify(shown)) as object
  return { text: yamlText(mask.value(plain)), about: `the pod ${namespace}/${pod}` }
}

function containerOf({ found }: Controller): V1ContainerStatus | undefined {
  return found.status?.containerStatuses?.find(({ name }) => name === containerName)
}

async function took(
  args: readonly string[],
  signal: AbortSignal,
  codes: readonly number[] = [0],
): Promise<Printed> {
  const printed = await captured(args, printedMax, signal)
  if (codes.includes(printed.code)) return printed
  const why = printed.stderr.trim().split('\n').at(-1)?.slice(0, 300) ?? ''
  throw new SyncError('transient', 'KubectlFailed', `kubectl ended with ${printed.code}: ${why}`)
}
