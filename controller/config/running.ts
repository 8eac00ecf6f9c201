// The settings of a running controller: limits, permissions, Kubernetes, addresses and the receiver of notices.
import { isLoopback } from '../api/hosts.ts'
import { invalidArguments } from '../core/sync-error.ts'
import type { Values } from './flags.ts'
import { bytes, count, duration } from './values.ts'

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

/** The receiver of notices. The URL may contain a token. */
export type Notify = Readonly<{ url: string; secretFile: string }>

/** The receiver of notices; undefined: none. No message has the URL, which may contain a token. Throws InvalidArguments. */
export function notifyOf(
  values: Values,
  { EXSYNC_NOTIFY_URL }: NodeJS.ProcessEnv,
): Notify | undefined {
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

/** The upper limits. Throws InvalidArguments. */
export function ceilingsOf(values: Values): Ceilings {
  return {
    itemBytes: bytes('--max-contact-size', values['max-contact-size'] ?? '4Mi'),
    requestMs: duration('--max-request-timeout', values['max-request-timeout'] ?? '10m'),
    passMs: duration('--max-pass-timeout', values['max-pass-timeout'] ?? '1h'),
    members: count('--max-members', values['max-members'] ?? '2000', 1, 2000),
  }
}

/** The permissions of tenants. Throws InvalidArguments. */
export function trustOf(values: Values): Trust {
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

/** The connection to Kubernetes. Throws InvalidArguments. */
export function kubeOf(values: Values, environment: NodeJS.ProcessEnv): KubeConfiguration {
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

/** An address to listen on. Throws InvalidArguments. */
export function addressOf(
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
