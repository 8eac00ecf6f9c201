// Decides whether a person's command is about a cluster or about a directory. `kubectl exsync` is about the cluster of the
// kubeconfig unless its line names a directory, and `exsync` is about a directory unless its line names a cluster.
import { invalidArguments } from '../core/sync-error.ts'
import { commands } from './commands.ts'
import type { FlagName, Values } from './flags.ts'
import { count } from './values.ts'

/** The cluster, and the part of it that a command is about. */
export type ClusterChoice = Readonly<{
  /** Is the command about a cluster that this program reaches from outside, or through the API server? */
  chosen: boolean
  /** Paths as in KUBECONFIG; undefined: ~/.kube/config, else the service account of a pod. */
  kubeconfig: string | undefined
  /** Was the kubeconfig named in the line? Then other programs need it in theirs. */
  named: boolean
  context: string | undefined
  /** undefined: that of the context. */
  namespace: string | undefined
  allNamespaces: boolean
  /** The namespace of the controller, or namespace/release. */
  controller: string | undefined
  withDoctor: boolean
  logLines: number
  /** The arguments as they were typed, for the program in the pod. */
  args: readonly string[]
}>

/** The commands that exist for clusters; a directory has them to say which line of which file does the same. */
export const forClusters: readonly string[] = [
  'reconcile',
  'suspend',
  'resume',
  'approve',
  'support-bundle',
]
/** The commands of a directory or a state alone. */
const forDirectories = ['run', 'backup', 'restore-state', 'rekey']

const clusterFlags: readonly FlagName[] = [
  ...(['kubeconfig', 'context', 'namespace', 'all-namespaces', 'controller'] as const),
]

/** The facts that decide, besides the flags of the line. */
type Around = Readonly<{
  args: readonly string[]
  plugin: boolean
  inPod: boolean
  environment: NodeJS.ProcessEnv
}>

/** Reads the choice. `given`: the flags of the line. Throws InvalidArguments if the line names both, or what a cluster has not. */
export function clusterChoiceOf(
  command: string | undefined,
  given: Values & Readonly<{ version?: boolean }>,
  { args, plugin, inPod, environment }: Around,
): ClusterChoice {
  const { kubeconfig, context, namespace, controller } = given
  const asked = given.help || given.version
  return {
    chosen: !asked && command !== undefined && isChosen(command, given, { plugin, inPod }),
    kubeconfig: kubeconfig ?? (environment.KUBECONFIG || undefined),
    named: kubeconfig !== undefined,
    context,
    namespace,
    allNamespaces: given['all-namespaces'] ?? false,
    controller,
    withDoctor: given['with-doctor'] ?? false,
    logLines: count('--log-lines', given['log-lines'] ?? '2000', 0, 100_000),
    args,
  }
}

/** The flags that take NAMESPACE/NAME, or on a cluster NAME alone. */
export const named: readonly FlagName[] = ['group', 'server']

/** The values with a namespace in each name. On a cluster that of the context is known later only; any will do until then. */
export function completed(values: Values, namespace = 'default'): Values {
  const whole = named.flatMap((name) => {
    const value = values[name]
    return typeof value === 'string' && !value.includes('/')
      ? [[name, `${namespace}/${value}`] as const]
      : []
  })
  return { ...values, ...Object.fromEntries(whole) }
}

function isChosen(
  command: string,
  given: Values,
  { plugin, inPod }: Pick<Around, 'plugin' | 'inPod'>,
): boolean {
  const takes = commands[command]?.flags ?? []
  const directory = (['local', 'state', 'file', 'against'] as const).filter((name) => name in given)
  const cluster = clusterFlags.filter((name) => name in given)
  if (forDirectories.includes(command)) {
    if (!plugin || directory.length > 0) return false
    throw invalidArguments(
      `kubectl exsync ${command} does not exist on a cluster: see docs/operations.md for ${command} there, or name a directory with --state`,
    )
  }
  if (!takes.includes('kubeconfig')) return false
  const [one] = directory
  if (one !== undefined && cluster.length > 0 && command !== 'plan')
    throw invalidArguments(
      `--${one} names a directory and --${cluster[0]} a cluster: name one of them`,
    )
  if (given['all-namespaces'] && given.namespace !== undefined)
    throw invalidArguments('-A means all namespaces and -n one: give one of them')
  if (one !== undefined) return false
  return plugin || cluster.length > 0 || isByApi(command, inPod)
}

function isByApi(command: string, inPod: boolean): boolean {
  return forClusters.includes(command) || (inPod && command === 'status')
}
