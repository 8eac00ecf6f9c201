// The pod of the controller, and commands in it. The pod is found by the labels of the chart, and taken if it is proven to be a
// controller's (proof.ts) or if the line names its namespace; of several it is the one that the controller's Lease names, because only
// the leader has the state open.
import { isatty } from 'node:tty'
import type { V1Lease } from '@kubernetes/client-node'
import type { Config } from '../../config.ts'
import { invalidArguments, SyncError } from '../../core/sync-error.ts'
import { builtIn, type KubeObject } from '../../kube/runtime/resource.ts'
import type { Connection } from './connection.ts'
import { forwarded } from './forward.ts'
import { attached, clusterFlagsOf } from './kubectl.ts'
import { labelSelector, type Pod, provenAmong } from './proof.ts'

/** The container of the controller in its pod. */
export const containerName = 'controller'

const pods = { apiVersion: 'v1', kind: 'Pod', plural: 'pods' } as const
const partOf = labelSelector.split(',')[0]
/** The pods that a message names. */
const namedMax = 3
const releaseLabel = 'app.kubernetes.io/instance'

/** One running controller. */
export type Controller = Readonly<{ namespace: string; release: string; pod: string; found: Pod }>

/**
 * Runs the command of the line in the controller's pod, and answers its exit code. `terminal`: is standard output one? Then names
 * are shown, as in a directory. `note` gets the pod if it was looked for. Rejects with a SyncError if no pod is found, or if kubectl is
 * missing.
 */
export async function inPod(
  connection: Connection,
  config: Config,
  terminal: boolean,
  stop: AbortSignal,
  note: (line: string) => void,
): Promise<number> {
  const { cluster } = config
  // kubectl gives a terminal only if both ends are one.
  const both = terminal && isatty(0)
  const args = forwarded(cluster.args, connection.namespace)
  const found = await controllerOf(connection, cluster.controller)
  if (cluster.controller === undefined) note(`exsync: in the pod ${found.namespace}/${found.pod}`)
  return attached(execArgs(config, found, ['exsync', ...args], both), both, stop)
}

/** The arguments of kubectl that run a command in the pod. */
export function execArgs(
  { cluster }: Config,
  { namespace, pod }: Controller,
  command: readonly string[],
  terminal = false,
): readonly string[] {
  return [
    ...clusterFlagsOf(cluster),
    ...['exec', `--namespace=${namespace}`, pod, `--container=${containerName}`],
    ...(terminal ? ['--stdin', '--tty'] : []),
    ...['--', ...command],
  ]
}

/**
 * The controller that runs. `asked`: its namespace, or namespace/release; undefined: it is looked for in all namespaces, and only a
 * proven one is taken. Rejects with a SyncError that says what to name if there is none, or several.
 */
export async function controllerOf(
  connection: Connection,
  asked: string | undefined,
): Promise<Controller> {
  const { namespace, release } = askedFor(asked)
  const there = await connection.list<Pod>(pods, namespace, { labelSelector }).catch((error) => {
    if (namespace !== undefined || !(error instanceof SyncError) || error.code !== 'ApiForbidden')
      throw error
    throw new SyncError(
      'terminal',
      'ApiForbidden',
      `${error.message}; name the namespace of the controller: --controller NAMESPACE`,
      { cause: error },
    )
  })
  const labelled = there.filter((pod) => release === undefined || releaseOf(pod) === release)
  const own = namespace === undefined ? await provenAmong(connection, labelled) : labelled
  if (own.length === 0 && labelled.length > 0) throw unproven(labelled)
  const releases = [...new Set(own.map(placeOf))]
  if (releases.length > 1)
    throw invalidArguments(
      `there are several controllers: choose one with --controller ${releases.join(' or ')}`,
    )
  const running = own.filter(isRunning)
  if (running.length === 0) throw notRunning(own, namespace)
  const leader = await leaderOf(connection, running)
  const pod = leader ?? running[0]
  if (pod === undefined || (leader === undefined && running.length > 1))
    throw new SyncError(
      'transient',
      'NoLeader',
      'several pods of the controller run, and its Lease names none of them: run the command again in half a minute',
    )
  return controllerIn(pod)
}

function askedFor(asked: string | undefined): Readonly<{ namespace?: string; release?: string }> {
  if (asked === undefined) return {}
  const [namespace = '', release, ...others] = asked.split('/')
  if (namespace === '' || release === '' || others.length > 0)
    throw invalidArguments(`--controller ${asked} is not NAMESPACE or NAMESPACE/RELEASE`)
  return { namespace, ...(release === undefined ? {} : { release }) }
}

function releaseOf({ metadata }: Pod): string {
  return metadata.labels?.[releaseLabel] ?? ''
}

function placeOf(pod: Pod): string {
  return `${pod.metadata.namespace ?? ''}/${releaseOf(pod)}`
}

function controllerIn(pod: Pod): Controller {
  const { namespace = '', name = '' } = pod.metadata
  return { namespace, release: releaseOf(pod), pod: name, found: pod }
}

function isRunning({ metadata, status }: Pod): boolean {
  return status?.phase === 'Running' && metadata.deletionTimestamp === undefined
}

function unproven(pods: readonly Pod[]): SyncError {
  const names = pods.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
  const more = names.length > namedMax ? ` and ${names.length - namedMax} more` : ''
  return invalidArguments(
    `the labels of a controller are on ${names.slice(0, namedMax).join(', ')}${more}, and nothing that you may read proves that it is one: name the namespace in which the controller was installed, --controller NAMESPACE or --controller NAMESPACE/RELEASE; helm list -A, or kubectl get clusterrolebindings -o wide -l ${partOf}, shows it to an administrator`,
  )
}

function notRunning(found: readonly Pod[], namespace: string | undefined): SyncError {
  const [one] = found
  const where = namespace === undefined ? '' : ` in ${namespace}`
  const message =
    one === undefined
      ? `there is no pod of the controller${where}: kubectl get deployments -A -l ${partOf} shows if it is installed and scaled to 1`
      : `the controller's pod ${one.metadata.namespace}/${one.metadata.name} is not running: kubectl describe pod -n ${one.metadata.namespace} ${one.metadata.name}`
  return new SyncError('transient', 'NoPod', message)
}

// Undefined if the Lease cannot be read, or names none of them.
async function leaderOf(connection: Connection, running: readonly Pod[]): Promise<Pod | undefined> {
  const [first] = running
  if (first === undefined || running.length === 1) return first
  const holder = await leaseOf(connection, controllerIn(first)).catch(() => undefined)
  // The holder is the name of the pod and of its process.
  const name = holder?.spec?.holderIdentity?.replace(/_[^_]*$/, '')
  return running.find((pod) => pod.metadata.name === name)
}

/** The Lease of a controller, which its arguments name; undefined if it runs without one. Rejects with a SyncError. */
export async function leaseOf(
  connection: Connection,
  { found, namespace }: Controller,
): Promise<V1Lease | undefined> {
  const name = flagIn(found, 'leader-elect-resource-name')
  if (name === undefined) return undefined
  const own = flagIn(found, 'leader-elect-resource-namespace') ?? namespace
  const target = { kind: builtIn.lease, namespace: own, name }
  return (await connection.get<KubeObject>(target)) as V1Lease
}

/** The value of a flag in the arguments of the controller's container. */
export function flagIn({ spec }: Pod, name: string): string | undefined {
  const args = spec?.containers.find((each) => each.name === containerName)?.args ?? []
  return args
    .filter((arg) => arg.startsWith(`--${name}=`))
    .at(-1)
    ?.slice(name.length + 3)
}
