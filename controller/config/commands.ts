// The table of commands: their words, their arguments and the flags that they take. Parsing, help and completion read it,
// so that none of them knows a command or a flag that another one does not.
import type { FlagName } from './flags.ts'

/** One command. */
export type Command = Readonly<{
  /** One line that says what it does, for completion. */
  about: string
  flags: readonly FlagName[]
  /** Texts that say more than the table of flags. */
  notes?: Readonly<Partial<Record<FlagName, string>>>
  /** The arguments after its words: `none`, what completion offers, or the words that may follow. */
  takes: 'none' | 'file' | 'files' | 'numbers' | 'resource' | readonly string[]
  /** Does it need the directory of a state? */
  needsState?: true
  /** The values of `-o`; table and json if not given. */
  outputs?: readonly string[]
  /** Why `-o` is refused, where it is. */
  noOutput?: string
}>

const state: readonly FlagName[] = ['state', 'key-file']
const shown: readonly FlagName[] = [...state, 'output']
const listing: readonly FlagName[] = ['group', 'replica', 'since', 'pass', 'reason', 'name']
const hosts: readonly FlagName[] = ['allow-cross-namespace-refs', 'allowed-server-hosts']
const sizes: readonly FlagName[] = [
  ...(['max-contact-size', 'max-request-timeout', 'max-pass-timeout', 'max-members'] as const),
]
/** The flags of `run` for what it keeps, for the overview. */
export const keepingFlags: readonly FlagName[] = [
  ...(['audit-interval', 'bin-retention', 'history-retention', 'bin-limit'] as const),
  ...(['key-file', 'log-level'] as const),
]
const leading: readonly FlagName[] = [
  ...(['leader-elect', 'leader-elect-resource-name', 'leader-elect-resource-namespace'] as const),
  ...(['leader-elect-lease-duration', 'leader-elect-renew-deadline'] as const),
  'leader-elect-retry-period',
]
const onKubernetes: readonly FlagName[] = [
  ...(['watch-namespace', 'allow-loopback-http', 'allow-unlabelled-credentials'] as const),
]
/** The flags of `run`. */
export const runningFlags: readonly FlagName[] = [
  ...(['concurrent', 'interval-jitter-percentage', 'graceful-shutdown-timeout'] as const),
  ...sizes,
  ...hosts,
  ...(['metrics-bind-address', 'health-probe-bind-address'] as const),
  ...(['notify-url', 'notify-secret-file'] as const),
]
/** The flags of `run` on Kubernetes. */
export const clusterFlags: readonly FlagName[] = [...onKubernetes, ...leading]

/** The flags of a command that may be about a cluster: through its API server, or through the controller's pod. */
const onApi: readonly FlagName[] = ['kubeconfig', 'context', 'namespace']
const inPods: readonly FlagName[] = [...onApi, 'controller']
const edited: Pick<Command, 'flags' | 'takes' | 'noOutput'> = {
  flags: ['local', ...onApi],
  takes: 'resource',
  noOutput: 'it prints what it did, for people',
}

const restoring: readonly FlagName[] = [
  ...(['group', 'replica', 'since', 'pass', 'dry-run', 'approve'] as const),
]

const newest = 'json is complete, the table shows the newest 200'
const first200 = 'json is complete, the table shows the first 200 lines'
const writes = 'it prints what it did, for people'

const listingConflicts: Command = {
  notes: { output: newest },
  needsState: true,
  about: 'list fields with two different edits',
  flags: [...shown, ...inPods],
  takes: 'none',
}

/** Every command by its words, in the order of the help. */
export const commands: Readonly<Record<string, Command>> = {
  run: {
    notes: { state: 'the directory of the state, created if missing; also EXSYNC_STATE' },
    needsState: true,
    about: 'keep the groups of a cluster or of a directory in sync',
    flags: ['local', 'state', 'once', ...keepingFlags, ...runningFlags, ...clusterFlags],
    takes: 'none',
    noOutput: 'its log is JSON already',
  },
  plan: {
    notes: {
      output:
        'table: one screen; wide: every change; json: complete; markdown: at most 60 lines of counts, for a comment',
      state:
        'the directory of the state, or of a copy; also EXSYNC_STATE. It may be one that does not exist: a first pass',
      kubeconfig:
        'the cluster of the resources; also KUBECONFIG. With -f: its controller plans the SyncGroups of the files, by SyncPlans',
    },
    about: 'show what a pass would do now',
    flags: [
      ...(['local', 'file', ...inPods, 'against'] as const),
      ...shown,
      ...(['show-names', ...hosts, ...sizes, ...onKubernetes] as const),
      ...(['timeout', 'graceful-shutdown-timeout'] as const),
    ],
    takes: 'none',
    outputs: ['table', 'wide', 'json', 'markdown'],
  },
  verify: {
    notes: {
      output: 'json is complete, the table shows 200 deviations of a group',
      group: 'only this group',
    },
    needsState: true,
    about: 'read every copy again, and list each that is not as agreed',
    flags: [
      ...(['local', 'file', 'group', 'graceful-shutdown-timeout'] as const),
      ...[...shown, ...hosts, ...sizes, ...onKubernetes, ...inPods],
    ],
    takes: 'none',
  },
  doctor: {
    notes: {
      output: 'both show every line as soon as it is known',
      group: 'only this group, and the servers that it names',
      'watch-namespace':
        'on Kubernetes: only this namespace; may be repeated. Name those that the controller has',
    },
    about: 'say what servers and folders lack, and what mends it',
    flags: [
      ...(['local', 'file', 'server', 'group', 'output', 'graceful-shutdown-timeout'] as const),
      ...hosts,
      ...sizes,
      ...onKubernetes,
      ...inPods,
    ],
    takes: 'none',
  },
  validate: {
    about: 'check resources offline',
    flags: ['external-secrets', 'allow-cross-namespace-refs', 'output'],
    takes: 'files',
  },
  status: {
    needsState: true,
    about: 'show the status of the groups',
    flags: [...shown, 'watch', ...onApi, 'all-namespaces', 'watch-namespace'],
    takes: 'none',
  },
  conflicts: { ...listingConflicts, takes: ['list', 'show'] },
  'conflicts list': listingConflicts,
  'conflicts show': {
    notes: { output: 'YAML for people, or JSON' },
    needsState: true,
    about: 'show both sides of a conflict',
    flags: [...shown, ...inPods],
    takes: 'numbers',
  },
  bin: {
    notes: { output: newest },
    needsState: true,
    about: 'show and restore content that was overwritten or deleted',
    flags: [...listing, ...shown, ...inPods],
    takes: ['list', 'show', 'restore', 'cancel'],
  },
  'bin list': {
    notes: { output: newest },
    needsState: true,
    about: 'list what was kept',
    flags: [...listing, ...shown, ...inPods],
    takes: 'none',
  },
  'bin show': {
    notes: { output: 'YAML for people, or JSON' },
    needsState: true,
    about: 'show one entry with its content',
    flags: [...shown, ...inPods],
    takes: 'numbers',
  },
  'bin restore': {
    notes: { output: first200 },
    needsState: true,
    about: 'request a restore in all folders',
    flags: [...restoring, ...shown, ...inPods],
    takes: 'numbers',
  },
  'bin cancel': {
    needsState: true,
    about: 'cancel pending restores',
    flags: ['group', 'all', ...state, ...inPods],
    takes: 'numbers',
    noOutput: writes,
  },
  history: {
    notes: { output: newest },
    needsState: true,
    about: 'list all changes of agreed content',
    flags: [...listing, 'item', ...shown, ...inPods],
    takes: 'none',
  },
  rollback: {
    notes: {
      output: first200,
      group: 'the group',
      to: 'the time; with the TIME of an entry of exsync history, that entry is undone, too',
      replica: 'undo only edits of this replica or mailbox; later edits by others stay',
    },
    needsState: true,
    about: 'restore the content that was agreed at a time',
    flags: [
      ...(['group', 'replica', 'to', 'dry-run', 'approve'] as const),
      ...(['bin-retention', 'history-retention'] as const),
      ...shown,
      ...inPods,
    ],
    takes: 'none',
  },
  forget: {
    notes: { item: 'the contact of entry N in exsync bin list' },
    needsState: true,
    about: 'erase a person from the kept data',
    flags: ['group', 'item', 'match', 'yes', ...state, ...inPods],
    takes: 'none',
    noOutput: writes,
  },
  backup: {
    notes: { 'key-file': 'checks that this key opens it; also EXSYNC_KEY_FILE' },
    needsState: true,
    about: 'copy the state',
    flags: state,
    takes: 'file',
    noOutput: writes,
  },
  'restore-state': {
    notes: { 'dry-run': 'only show the effects' },
    needsState: true,
    about: 'replace the state by a backup',
    flags: ['dry-run', ...state],
    takes: 'file',
    noOutput: writes,
  },
  rekey: {
    notes: { 'key-file': 'the present key; also EXSYNC_KEY_FILE' },
    needsState: true,
    about: 'change, add or remove the key of the state',
    flags: ['new-key-file', 'plain', ...state],
    takes: 'none',
    noOutput: writes,
  },
  restore: {
    notes: { output: first200 },
    needsState: true,
    about: 'the same as bin restore',
    flags: [...restoring, ...shown, ...inPods],
    takes: 'numbers',
  },
  reconcile: { about: 'request a pass of a group, or a probe of a server', ...edited },
  suspend: { about: 'suspend a group or a server', ...edited },
  resume: { about: 'resume a group or a server', ...edited },
  approve: {
    about: 'show what the guard blocks, and approve it by its hash',
    ...edited,
    flags: [...edited.flags, 'state'],
  },
  'support-bundle': {
    about: 'collect what a support case needs, without content and secrets',
    flags: [
      ...(['local', 'state', 'log-lines', 'with-doctor'] as const),
      ...(['all-namespaces', 'controller', ...onApi] as const),
    ],
    takes: 'file',
    noOutput: writes,
  },
  completion: {
    about: 'print the script that completes commands and flags in a shell',
    flags: [],
    takes: ['bash', 'zsh', 'fish', 'powershell'],
    noOutput: 'it prints a script',
  },
  version: { about: 'print the version', flags: ['output'], takes: 'none' },
  help: { about: 'print the help of a command', flags: [], takes: 'none', noOutput: 'it is text' },
}

/** The values of `-o` for a command. */
export function outputsOf(command: string | undefined): readonly string[] {
  return commands[command ?? '']?.outputs ?? ['table', 'json']
}

/** The commands of one word. */
export const topCommands: readonly string[] = Object.keys(commands).filter(
  (name) => !name.includes(' '),
)

/** The longest command that these words begin with; undefined if it is unknown. */
export function commandOf(words: readonly string[]): string | undefined {
  const two = words.slice(0, 2).join(' ')
  if (words.length > 1 && Object.hasOwn(commands, two)) return two
  const [one = ''] = words
  return Object.hasOwn(commands, one) ? one : undefined
}
