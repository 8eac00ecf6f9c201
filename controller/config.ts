// Turns flags and environment into one frozen Config. The only reader of process.env and process.argv.

import { type ClusterChoice, clusterChoiceOf, completed } from './config/cluster.ts'
import { commands, outputsOf } from './config/commands.ts'
import { type Filters, filtersOf } from './config/filters.ts'
import { flags, type Values } from './config/flags.ts'
import { inheritedBy } from './config/inherited.ts'
import { parsed } from './config/parse.ts'
import { type PlanRequest, planRequestOf } from './config/request.ts'
import {
  type Address,
  addressOf,
  type Ceilings,
  ceilingsOf,
  type KubeConfiguration,
  kubeOf,
  type Notify,
  notifyOf,
  type Trust,
  trustOf,
} from './config/running.ts'
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
  /** The receiver of notices; undefined: none. */
  notify: Notify | undefined
}> &
  Filters

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
  const form = formOf(known, values)
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
    form,
    showNames: values['show-names'],
    logLevel: logLevelOf(values, environment),
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

function logLevelOf(values: Values, { EXSYNC_LOG_LEVEL }: NodeJS.ProcessEnv): string {
  const level = values['log-level'] ?? EXSYNC_LOG_LEVEL ?? 'info'
  if (levels.includes(level)) return level
  throw invalidArguments(`--log-level ${level} is not known: ${levels.join(', ')}`)
}

function formOf(known: string | undefined, { output = 'table' }: Values): Config['form'] {
  const forms = outputsOf(known)
  if (forms.includes(output)) return output as Config['form']
  throw invalidArguments(
    `-o ${output} is not known: ${forms.slice(0, -1).join(', ')} or ${forms.at(-1)}`,
  )
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
