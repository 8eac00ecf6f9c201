// Turns flags and environment into one frozen Config. The only reader of process.env and process.argv.

import { isLoopback } from './api/hosts.ts'
import { type ClusterChoice, clusterChoiceOf, completed } from './config/cluster.ts'
import { commands, outputsOf } from './config/commands.ts'
import { type Filters, filtersOf } from './config/filters.ts'
import { flags, type Values } from './config/flags.ts'
import { inheritedBy } from './config/inherited.ts'
import { parsed } from './config/parse.ts'
import { type PlanRequest, planRequestOf } from './config/request.ts'
import { bytes, count, duration } from './config/values.ts'
import { invalidArguments } from './core/sync-error.ts'

/** The settings of a command. Durations in ms. */
export type Config = Readonly<{
  command: string
  /** The arguments after the command and its flags. */
  rest: readonly string[]
  local: string | undefined
  files: readonly string[]
  /** For plan: files whose resources replace the declared ones. */
  against: readonly string[]
  /** For validate: references may lead to Secrets that are in the cluster only. */
  externalSecrets: boolean
  state: string
  once: boolean
  /** For status: show it again whenever it changes. */
  watch: boolean
  output: 'table' | 'json'
  /** The same for commands with more forms. */
  form: 'table' | 'wide' | 'json' | 'markdown'
  /** For plan: are items shown by their names? Undefined: on a terminal. */
  showNames: boolean | undefined
  logLevel: string
  auditMs: number
  binRetentionMs: number
  historyRetentionMs: number
  binMaxBytes: number
  /** The file with the key of the state; undefined: not encrypted. */
  keyFile: string | undefined
  /** For rekey: the file with the next key; `plain`: no key any more. */
  newKeyFile: string | undefined
  plain: boolean
  /** The most groups that have a pass at the same time. */
  concurrent: number
  /** The random deviation of intervals, in percent. */
  jitterPercent: number
  /** How long passes may take to end after the process is asked to stop. */
  graceMs: number
  /** The upper limits for declarations. */
  ceilings: Ceilings
  /** The permissions of tenants. */
  trust: Trust
  kube: KubeConfiguration
  /** The cluster that a person's command is about. */
  cluster: ClusterChoice
  /** Is this beside a controller on Kubernetes, in its pod? */
  inPod: boolean
  /** The request of `plan` to the controller of a cluster; undefined: it plans itself. */
  request: PlanRequest | undefined
  /** host:port, or undefined for none. Named: the user asked for it, so failing to listen is an error. */
  metrics: Address
  health: Address
  /** The receiver of notices; undefined: none. The URL may contain a token. */
  notify: Readonly<{ url: string; secretFile: string }> | undefined
}> &
  Filters

/** The upper limits for declarations. Durations in ms. */
export type Ceilings = Readonly<{
  /** The largest contact, bytes; a larger one is skipped. */
  itemBytes: number
  /** The longest request: the limit of spec.limits.requestTimeout. */
  requestMs: number
  /** The longest pass: the limit of spec.timeout. */
  passMs: number
  /** The most members of one group. */
  members: number
}>

/** The permissions of the owners of resources, beyond their own namespace. */
export type Trust = Readonly<{
  /** A group may refer to a server of another namespace, which must allow it as well. */
  crossNamespace: boolean
  /** Hosts that servers may be on, as `mail.corp.example` or `*.corp.example`; empty: any host. */
  serverHosts: readonly string[]
  /** On Kubernetes: servers may be on a loopback host over http. */
  loopbackHttp: boolean
  /** Credentials may come from a Secret without the label exchangesync.dev/credentials. */
  unlabelledSecrets: boolean
}>

/** The address to listen on. */
export type Address = Readonly<{ address: string | undefined; named: boolean }>

/** How the controller connects to Kubernetes. Durations in ms. */
export type KubeConfiguration = Readonly<{
  /** Paths as in KUBECONFIG. */
  kubeconfig: string | undefined
  /** The kubeconfig is named by a flag. */
  named: boolean
  /** A context of the kubeconfig; undefined: the current one. */
  context: string | undefined
  /** The process runs in a pod, with a service account. */
  inPod: boolean
  /** The watched namespaces; empty: all. */
  namespaces: readonly string[]
  elect: boolean
  leaseName: string
  /** The namespace of the Lease; undefined: that of the pod or of the kubeconfig. */
  leaseNamespace: string | undefined
  leaseMs: number
  renewMs: number
  retryMs: number
  /** The name of this process, for people. */
  identity: string
}>

const levels: readonly string[] = flags['log-level'].offers

/** Reads the arguments. Throws a terminal SyncError that names the flag and its values. Ages count from `nowMs`, ms since 1970. */
export function configOf(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  nowMs = 0,
): Config {
  const { words, values: given, command: known, plugin } = parsed(args)
  const asked = given.help || given.version
  const inherited = asked ? {} : inheritedBy(known, given, environment.EXSYNC_FLAGS)
  const values: typeof given = { ...inherited, ...given }
  const [first = 'help', ...others] = words
  // --help and --version are answered wherever they are in the line.
  const command = values.help ? 'help' : values.version ? 'version' : first
  // The help of a command needs only its name.
  const rest = values.help && first !== 'help' ? words : others
  const inPod = environment.EXSYNC_FLAGS !== undefined && values.local === undefined
  const cluster = clusterChoiceOf(known, given, { args, plugin, inPod, environment })
  const state = values.state ?? environment.EXSYNC_STATE
  const request = planRequestOf(command, given, rest, { plugin, environment })
  if (
    state === undefined &&
    !cluster.chosen &&
    request === undefined &&
    commands[known ?? '']?.needsState &&
    command === first
  ) {
    throw invalidArguments('--state DIR is missing: name the directory of the state')
  }
  const form = values.output ?? 'table'
  const forms = outputsOf(known)
  if (!forms.includes(form))
    throw invalidArguments(
      `-o ${form} is not known: ${forms.slice(0, -1).join(', ')} or ${forms.at(-1)}`,
    )
  const logLevel = values['log-level'] ?? environment.EXSYNC_LOG_LEVEL ?? 'info'
  if (!levels.includes(logLevel))
    throw invalidArguments(`--log-level ${logLevel} is not known: ${levels.join(', ')}`)
  return Object.freeze({
    command,
    rest,
    local: values.local,
    ...filesOf(values, rest),
    externalSecrets: values['external-secrets'] ?? false,
    state: state ?? '',
    once: values.once ?? false,
    watch: values.watch ?? false,
    output: form === 'json' ? 'json' : 'table',
    form: form as Config['form'],
    showNames: values['show-names'],
    logLevel,
    auditMs: duration('--audit-interval', values['audit-interval'] ?? '6h'),
    binRetentionMs: duration('--bin-retention', values['bin-retention'] ?? '720h'),
    historyRetentionMs: duration('--history-retention', values['history-retention'] ?? '720h'),
    binMaxBytes: bytes('--bin-limit', values['bin-limit'] ?? '1Gi'),
    keyFile: values['key-file'] ?? environment.EXSYNC_KEY_FILE,
    newKeyFile: values['new-key-file'],
    plain: values.plain ?? false,
    concurrent: count('--concurrent', values.concurrent ?? '4', 1, 100),
    jitterPercent: count(
      '--interval-jitter-percentage',
      values['interval-jitter-percentage'] ?? '5',
      0,
      50,
    ),
    graceMs: duration('--graceful-shutdown-timeout', values['graceful-shutdown-timeout'] ?? '20s'),
    ceilings: ceilingsOf(values),
    trust: trustOf(values),
    kube: kubeOf(values, environment),
    cluster,
    inPod,
    request,
    metrics: addressOf('metrics-bind-address', values, ':8080'),
    health: addressOf('health-probe-bind-address', values, ':9440'),
    // Other commands may be run in the pod of a controller, with its environment.
    notify: command === 'run' ? notifyOf(values, environment) : undefined,
    ...filtersOf(cluster.chosen ? completed(values, cluster.namespace) : values, nowMs),
  })
}

// The shell expands a pattern after a flag to several words: they belong to the flag that takes files.
function filesOf(
  { file, against = [] }: Values,
  rest: readonly string[],
): Pick<Config, 'files' | 'against'> {
  if (file === undefined)
    return { files: [], against: against.length === 0 ? [] : [...against, ...rest] }
  if (against.length > 0 && rest.length > 0)
    throw invalidArguments(
      `${rest.join(' ')}: with both -f and --against, write one of them before each file`,
    )
  return { files: [...file, ...rest], against }
}

// No message has the URL, which may contain a token.
function notifyOf(values: Values, { EXSYNC_NOTIFY_URL }: NodeJS.ProcessEnv): Config['notify'] {
  const url = values['notify-url'] ?? (EXSYNC_NOTIFY_URL || undefined)
  const secretFile = values['notify-secret-file']
  if (url === undefined && secretFile === undefined) return undefined
  if (url === undefined)
    throw invalidArguments('--notify-secret-file needs --notify-url, or EXSYNC_NOTIFY_URL')
  if (secretFile === undefined)
    throw invalidArguments('--notify-url needs --notify-secret-file: events are signed')
  const parts = url.length <= 2048 && URL.canParse(url) ? new URL(url) : undefined
  const isPlain = parts?.protocol === 'http:' && isLoopback(parts.hostname)
  if (parts === undefined || (parts.protocol !== 'https:' && !isPlain))
    throw invalidArguments(
      '--notify-url is not a URL of https, or of http to a loopback host: correct it',
    )
  if (parts.username !== '' || parts.password !== '')
    throw invalidArguments(
      '--notify-url has a user or a password: leave them out, the signature proves the sender',
    )
  return { url, secretFile }
}

function ceilingsOf(values: Values): Ceilings {
  return {
    itemBytes: bytes('--max-contact-size', values['max-contact-size'] ?? '4Mi'),
    requestMs: duration('--max-request-timeout', values['max-request-timeout'] ?? '10m'),
    passMs: duration('--max-pass-timeout', values['max-pass-timeout'] ?? '1h'),
    members: count('--max-members', values['max-members'] ?? '2000', 1, 2000),
  }
}

function trustOf(values: Values): Trust {
  const hosts = (values['allowed-server-hosts'] ?? []).flatMap((list) => list.split(','))
  const odd = hosts.find(
    (host) => !/^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$|^\[[0-9a-f:.]+\]$/i.test(host),
  )
  if (odd !== undefined)
    throw invalidArguments(
      `--allowed-server-hosts ${odd} is not a host, like mail.corp.example or *.corp.example`,
    )
  return {
    crossNamespace: values['allow-cross-namespace-refs'] ?? false,
    serverHosts: hosts.map((host) => host.toLowerCase()),
    loopbackHttp: values['allow-loopback-http'] ?? false,
    unlabelledSecrets: values['allow-unlabelled-credentials'] ?? false,
  }
}

function kubeOf(values: Values, environment: NodeJS.ProcessEnv): KubeConfiguration {
  const lease = (name: 'lease-duration' | 'renew-deadline' | 'retry-period', usual: string) =>
    duration(`--leader-elect-${name}`, values[`leader-elect-${name}`] ?? usual)
  const leaseMs = lease('lease-duration', '15s')
  const renewMs = lease('renew-deadline', '10s')
  const retryMs = lease('retry-period', '2s')
  if (renewMs >= leaseMs || retryMs * 1.2 >= renewMs) {
    const order = '--leader-elect-retry-period < -renew-deadline < -lease-duration'
    throw invalidArguments(`${order} is required: a leader must stop before another one begins`)
  }
  return {
    kubeconfig: values.kubeconfig ?? (environment.KUBECONFIG || undefined),
    named: values.kubeconfig !== undefined,
    context: values.context,
    inPod: Boolean(environment.KUBERNETES_SERVICE_HOST),
    namespaces: [
      ...(values['watch-namespace'] ?? []),
      ...(values.namespace === undefined ? [] : [values.namespace]),
    ],
    elect: values['leader-elect'] ?? true,
    leaseName: values['leader-elect-resource-name'] ?? 'exchange-sync-controller',
    leaseNamespace: values['leader-elect-resource-namespace'] ?? environment.POD_NAMESPACE,
    leaseMs,
    renewMs,
    retryMs,
    identity: environment.POD_NAME || environment.HOSTNAME || 'exsync',
  }
}

function addressOf(
  flag: 'metrics-bind-address' | 'health-probe-bind-address',
  values: Values,
  usual: string,
): Address {
  const given = values[flag]
  const nowhere = given === '0' || given === ''
  if (given !== undefined && !nowhere && !/^([^\s:]*|\[[0-9A-Fa-f:.]+\]):\d{1,5}$/.test(given))
    throw invalidArguments(`--${flag} ${given} is not an address, like :8080, 127.0.0.1:8080 or 0`)
  const local = values.local !== undefined || (values.once ?? false)
  const address = given === undefined ? (local ? undefined : usual) : nowhere ? undefined : given
  return { address, named: given !== undefined }
}
