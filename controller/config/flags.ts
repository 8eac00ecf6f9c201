// The table of flags: what each takes, and its help. Parsing (`parse.ts`), help and completion read it; `commands.ts` says
// which command takes which.

/** One flag. */
export type Flag = Readonly<{
  /** The name of its value in the help: DIR, FILE, NS/NAME. Absent: a switch. */
  value?: string
  short?: string
  multiple?: true
  /** A switch that is on unless `--no-…` is given. */
  negative?: true
  /** The values that completion offers. */
  offers?: 'file' | 'directory' | readonly string[]
  help: string
}>

const asFile = { value: 'FILE', offers: 'file' } as const

/** Every flag by its name, in the order of the help. */
export const flags = {
  local: {
    value: 'DIR',
    offers: 'directory',
    help: 'a directory of YAML files instead of a Kubernetes cluster',
  },
  file: { ...asFile, short: 'f', multiple: true, help: 'YAML files with some of the resources' },
  'external-secrets': { help: 'accept references to Secrets that are in the cluster only' },
  against: {
    ...asFile,
    multiple: true,
    help: 'YAML files that replace resources of the same kind, namespace and name, or add some',
  },
  state: {
    value: 'DIR',
    offers: 'directory',
    help: 'the directory of the state; also EXSYNC_STATE',
  },
  watch: { help: 'show it again whenever it changes, until interrupted' },
  once: { help: 'make one pass for each group; exits 1 unless all are Ready' },
  group: { value: 'NS/NAME', help: 'only of this group' },
  server: {
    value: 'NS/NAME',
    help: 'only this ExchangeServer, and no groups unless --group names one',
  },
  item: { value: 'N', help: 'only of the contact that entry N is about' },
  match: {
    value: 'TEXT',
    help: 'contacts with this in a name, an address or a number; at least 3 characters',
  },
  replica: {
    value: 'R',
    help: 'only of this replica: a mailbox (anna@corp.example), the public folder of a member (/Branches/Cracow) or the hub (hub)',
  },
  since: { value: 'T', help: 'only since this time' },
  to: { value: 'T', help: 'the time to go back to' },
  pass: { value: 'P', help: 'only of this pass, as exsync history names it' },
  reason: {
    value: 'R',
    offers: [
      ...['Edited', 'Conflict', 'Drift', 'Deleted', 'Restored', 'Backup', 'Removed', 'Unmarked'],
    ],
    help: 'Edited, Conflict, Drift, Deleted, Restored, Backup, Removed or Unmarked',
  },
  name: { value: 'TEXT', help: 'only contacts with this in their name, company or e-mail address' },
  all: { help: 'all pending restores' },
  'dry-run': {
    help: 'show the plan with its hash and request nothing; exits 0: nothing to do, 2: changes',
  },
  approve: {
    value: 'HASH',
    help: 'request exactly the plan that a dry run showed, whatever the guard allows',
  },
  yes: { help: 'erase it; this cannot be undone' },
  output: {
    value: 'table|json',
    short: 'o',
    offers: ['table', 'json'],
    help: 'for people, or complete JSON',
  },
  'show-names': {
    help: 'items by their names: the default on a terminal, and refused elsewhere; --no-show-names: by their links',
  },
  'audit-interval': { value: '6h', help: 'how often a pass reads everything' },
  'bin-retention': { value: '720h', help: 'retention of the bin and the journal' },
  'history-retention': {
    value: '720h',
    help: 'retention of the history of edits, which uses at most half of --bin-limit',
  },
  'bin-limit': {
    value: '1Gi',
    help: 'size of the bin; when it is full, nothing is overwritten or deleted',
  },
  'key-file': {
    ...asFile,
    help: 'the key of an encrypted state, 32 bytes, raw, hexadecimal or base64, in a file that no other user may read; also EXSYNC_KEY_FILE',
  },
  'new-key-file': { ...asFile, help: 'the new key' },
  plain: { help: 'no new key' },
  'log-level': {
    value: 'info',
    offers: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    help: 'trace, debug, info, warn, error, fatal or silent; also EXSYNC_LOG_LEVEL',
  },
  concurrent: { value: '4', help: 'groups that have a pass at the same time' },
  'interval-jitter-percentage': {
    value: '5',
    help: 'random deviation of intervals, so that groups do not run in step',
  },
  'graceful-shutdown-timeout': {
    value: '20s',
    help: 'how long passes may take to finish their batch',
  },
  'max-contact-size': { value: '4Mi', help: 'a larger contact is skipped and named in the status' },
  'max-request-timeout': {
    value: '10m',
    help: 'the longest spec.limits.requestTimeout of a server',
  },
  'max-pass-timeout': { value: '1h', help: 'the longest spec.timeout of a group' },
  'max-members': { value: '2000', help: 'the most members of a group' },
  'allow-cross-namespace-refs': { help: 'spec.serverRef.namespace may name another namespace' },
  'allowed-server-hosts': {
    value: 'HOST,…',
    multiple: true,
    help: 'servers may only be on these hosts, like mail.corp.example or *.corp.example',
  },
  'metrics-bind-address': {
    value: ':8080',
    help: 'address of /metrics; 0: none (default with --local)',
  },
  'health-probe-bind-address': {
    value: ':9440',
    help: 'address of /healthz and /readyz; likewise',
  },
  'notify-url': {
    value: 'URL',
    help: 'a webhook that gets a CloudEvent when a guard waits, or a group or a server is stalled or ready again; https, or http to a loopback host; also EXSYNC_NOTIFY_URL, because it may contain a token',
  },
  'notify-secret-file': {
    ...asFile,
    help: 'the secret that signs these events, whsec_ and base64 or 24 bytes and more of text, in a file that no other user may read',
  },
  'watch-namespace': {
    value: 'NS',
    multiple: true,
    help: 'watch only this namespace of the cluster; may be repeated',
  },
  'allow-loopback-http': { help: 'servers may be on http://localhost' },
  'allow-unlabelled-credentials': {
    help: 'credentials may come from a Secret without the label exchangesync.dev/credentials=true; removed in the next release',
  },
  'leader-elect': {
    negative: true,
    help: 'run without a Lease; make sure that no other controller runs',
  },
  'leader-elect-resource-name': {
    value: 'NAME',
    help: 'the Lease; default: exchange-sync-controller',
  },
  'leader-elect-resource-namespace': {
    value: 'NS',
    help: 'default: that of the pod (POD_NAMESPACE) or of the kubeconfig',
  },
  'leader-elect-lease-duration': {
    value: '15s',
    help: 'how long the Lease counts after its last renewal',
  },
  'leader-elect-renew-deadline': {
    value: '10s',
    help: 'a leader that could not renew for so long stops',
  },
  'leader-elect-retry-period': { value: '2s', help: 'how often the Lease is tried' },
  kubeconfig: { ...asFile, help: 'the kubeconfig of the cluster; also KUBECONFIG' },
  context: { value: 'NAME', help: 'the context of the kubeconfig' },
  namespace: {
    value: 'NS',
    short: 'n',
    help: 'the namespace of the resources; default: that of the context',
  },
  'all-namespaces': { short: 'A', help: 'the resources of all namespaces' },
  controller: {
    value: 'NS[/RELEASE]',
    help: 'the namespace of the controller, and its release if there are several; default: it is looked for in all namespaces',
  },
  'with-doctor': { help: 'with the output of exsync doctor, which signs in to each server' },
  'log-lines': { value: '2000', help: 'how many of the last lines of the log are taken' },
  timeout: { value: '5m', help: 'how long the answer for one group is waited for' },
  help: { short: 'h', help: 'the help of the command' },
} as const satisfies Readonly<Record<string, Flag>>

/** The name of a flag. */
export type FlagName = keyof typeof flags

/** The flag of a name. */
export function flagOf(name: FlagName): Flag {
  return flags[name]
}

/** A flag as people write it: `--key-file`, `--no-leader-elect`. */
export function writtenOf(name: FlagName): string {
  return flagOf(name).negative ? `--no-${name}` : `--${name}`
}

type Kind<F> = F extends { value: string }
  ? F extends { multiple: true }
    ? string[]
    : string
  : boolean

/** The given flags, by their names. */
export type Values = { [Name in FlagName]?: Kind<(typeof flags)[Name]> }
