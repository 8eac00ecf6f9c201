// Turns flags and environment into one frozen Config. The only reader of process.env and process.argv.
import { parseArgs } from 'node:util'
import { type Filters, filterOptions, filtersOf } from './config/filters.ts'
import { bytes, count, duration } from './config/values.ts'
import { invalidArguments } from './core/sync-error.ts'

/** The settings of a command. Durations in ms. */
export type Config = Readonly<{
  command: string
  /** The arguments after the command and its flags. */
  rest: readonly string[]
  local: string | undefined
  files: readonly string[]
  state: string
  once: boolean
  /** For status: show it again whenever it changes. */
  watch: boolean
  output: 'table' | 'json'
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
  /** host:port, or undefined for none. Named: the user asked for it, so failing to listen is an error. */
  metrics: Address
  health: Address
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

const stateful = [
  ...['run', 'plan', 'verify', 'status', 'conflicts', 'bin', 'history', 'rollback', 'rekey'],
  ...['backup', 'restore-state', 'forget'],
]
const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/** Reads the arguments. Throws a terminal SyncError that names the flag and its values. Ages count from `nowMs`, ms since 1970. */
export function configOf(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  nowMs = 0,
): Config {
  const [first = 'help', ...given] = args
  // `validate` parses its own flags.
  const { values, positionals } =
    first === 'validate' ? { values: {} as Values, positionals: given } : read(given)
  const command = asked(first, values)
  // The help of a command needs only its name.
  const rest = command === 'help' && values.help ? [first, ...positionals] : positionals
  refuseSurplus(command, values, rest)
  const state = values.state ?? environment.EXSYNC_STATE
  if (state === undefined && stateful.includes(command)) {
    throw invalidArguments('--state DIR is missing: name the directory of the state')
  }
  const output = values.output ?? 'table'
  if (output !== 'table' && output !== 'json')
    throw invalidArguments(`-o ${output} is not known: table or json`)
  const logLevel = values['log-level'] ?? environment.EXSYNC_LOG_LEVEL ?? 'info'
  if (!levels.includes(logLevel))
    throw invalidArguments(`--log-level ${logLevel} is not known: ${levels.join(', ')}`)
  return Object.freeze({
    command,
    rest,
    local: values.local,
    files: values.file === undefined ? [] : [...values.file, ...rest],
    state: state ?? '',
    once: values.once ?? false,
    watch: values.watch ?? false,
    output,
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
    metrics: addressOf('metrics-bind-address', values, ':8080'),
    health: addressOf('health-probe-bind-address', values, ':9440'),
    ...filtersOf([command, ...rest], values, nowMs),
  })
}

// --help is answered wherever it is in the line.
function asked(command: string, { help, version }: Values): string {
  if (help || command === '--help' || command === '-h') return 'help'
  return version || command === '--version' ? 'version' : command
}

// Surplus arguments are refused: ignoring them would look as if they had an effect.
function refuseSurplus(command: string, { file }: Values, rest: readonly string[]): void {
  const alone =
    ['run', 'status', 'rekey', 'history', 'rollback', 'forget'].includes(command) ||
    (['plan', 'verify', 'doctor'].includes(command) && file === undefined)
  if (alone && rest.length > 0)
    throw invalidArguments(
      `exsync ${command} takes no ${rest.join(' ')}: see exsync ${command} --help`,
    )
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
    kubeconfig: environment.KUBECONFIG || undefined,
    namespaces: values['watch-namespace'] ?? [],
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

type Values = ReturnType<typeof read>['values']

function read(given: readonly string[]) {
  try {
    return parseArgs({
      args: [...given],
      allowPositionals: true,
      options: {
        local: { type: 'string' },
        file: { type: 'string', short: 'f', multiple: true },
        state: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
        once: { type: 'boolean' },
        watch: { type: 'boolean' },
        output: { type: 'string', short: 'o' },
        'log-level': { type: 'string' },
        'audit-interval': { type: 'string' },
        'bin-retention': { type: 'string' },
        'history-retention': { type: 'string' },
        'bin-limit': { type: 'string' },
        'key-file': { type: 'string' },
        'new-key-file': { type: 'string' },
        plain: { type: 'boolean' },
        concurrent: { type: 'string' },
        'interval-jitter-percentage': { type: 'string' },
        'graceful-shutdown-timeout': { type: 'string' },
        'max-contact-size': { type: 'string' },
        'max-request-timeout': { type: 'string' },
        'max-pass-timeout': { type: 'string' },
        'max-members': { type: 'string' },
        'allow-cross-namespace-refs': { type: 'boolean' },
        'allowed-server-hosts': { type: 'string', multiple: true },
        'allow-loopback-http': { type: 'boolean' },
        'allow-unlabelled-credentials': { type: 'boolean' },
        'metrics-bind-address': { type: 'string' },
        'health-probe-bind-address': { type: 'string' },
        'watch-namespace': { type: 'string', multiple: true },
        'leader-elect': { type: 'boolean' },
        'leader-elect-resource-name': { type: 'string' },
        'leader-elect-resource-namespace': { type: 'string' },
        'leader-elect-lease-duration': { type: 'string' },
        'leader-elect-renew-deadline': { type: 'string' },
        'leader-elect-retry-period': { type: 'string' },
        ...filterOptions,
      },
      allowNegative: true,
    })
  } catch (error) {
    throw invalidArguments(
      error instanceof Error ? error.message : 'the arguments cannot be parsed',
    )
  }
}
