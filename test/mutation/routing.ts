// Which tests are run for a mutant, in which order: the cheapest first, and before them those about its file.

const unit = (...names: readonly string[]) => names.map((name) => `test/unit/${name}.test.ts`)
const scenes = (...names: readonly string[]) => names.map((name) => `test/scenes/${name}.test.ts`)
const property = (...names: readonly string[]) => names.map((name) => `test/property/${name}`)

/** Beginnings of paths in a folder of `controller/`; without names: all that it holds. */
const within = (folder: string, ...names: readonly string[]) =>
  (names.length === 0 ? [''] : names).map((name) => `controller/${folder}/${name}`)

/** Tests by what they cost: tables, then stories, then laws, then over HTTP. Filters, as vitest takes them. */
const stages: readonly (readonly string[])[] = [
  unit('plan', 'policy', 'merge', 'guard', 'match', 'fold'),
  [
    ...unit('xml', 'library', 'contact', 'queue', 'hindrance', 'state', 'network', 'declarations'),
    ...unit('path', 'stray', 'hosts', 'discreet', 'kube-secrets'),
  ],
  property('stories'),
  property(''),
  scenes('lost'),
]

/** What shows the rules at the border to Exchange and to Kubernetes: first for a mutant there, last for any other. */
const border = unit(
  'ids',
  'other-answer',
  'sign-in',
  'transport',
  'transport-date',
  'control',
  'control-loop',
  'pace',
)
const atBorder = [...within('ews'), ...within('kube')]

/** What shows that a second witness is asked: first for a mutant of the rules that ask, last for any other. */
const proof = scenes('proof', 'witness', 'upgrade')
const asking = [
  ...within('ews'),
  ...within('sync', 'turn', 'removal', 'creates', 'maybe-there', 'doubt'),
  ...within('core', 'attempt'),
]

/** What else shows the rules of some files: only for a mutant of those, and before all others. */
const shown: readonly Readonly<{ files: readonly string[]; tests: readonly string[] }>[] = [
  {
    files: [
      ...within('api', 'allowed', 'pattern', 'selector', 'claims', 'references', 'guard-ceilings'),
      ...within('core', 'guard'),
      ...within('ews', 'premises', 'denied', 'route', 'missing-folder'),
      ...within('kube', 'referred'),
      ...within('local', 'access'),
    ],
    tests: [
      ...unit('allowed', 'guard', 'path', 'hindrance', 'declarations-allowed', 'validate-allowed'),
      ...scenes('allowed'),
    ],
  },
  {
    files: [
      ...within('store', 'history', 'keep'),
      ...within('core', 'guard', 'record', 'replaced', 'restore', 'keeps'),
      ...within('sync', 'pass', 'decided', 'reentered', 'wanted'),
    ],
    tests: [...unit('history', 'replaced', 'guard', 'reentered'), ...scenes('undo')],
  },
  {
    files: [
      ...within('sync', 'verify', 'inventory'),
      ...within('api', 'verification'),
      ...within('core', 'action'),
    ],
    tests: [...unit('verification'), ...scenes('verify')],
  },
  {
    files: [
      ...within('cli', 'undo', 'restore', 'rollback', 'history'),
      ...within('config', 'filters', 'when'),
      ...within('core', 'undo'),
    ],
    tests: [
      ...unit('undo', 'undo-command', 'plans', 'when', 'restore-command'),
      ...property('undo.test.ts'),
    ],
  },
  {
    files: within('store', 'backup', 'erase', 'replace'),
    tests: [...unit('state-backup', 'state-replace', 'state-erase'), ...scenes('restored')],
  },
  {
    files: within('store'),
    tests: [
      ...unit('state-bin', 'state-binding', 'state-rekey', 'state-modes', 'state-vault'),
      ...unit('state-migration', 'state-damage'),
    ],
  },
  {
    files: [...within('sync', 'plan', 'turns'), ...within('api', 'sync-plan')],
    tests: unit('sync-plan', 'plan-controller', 'plan-size'),
  },
  { files: within('core', 'plan-size', 'rows'), tests: unit('plan-size') },
  { files: within('ews', 'semaphore', 'connections'), tests: unit('behind') },
  {
    files: within('cli', 'plan'),
    tests: unit('plan-output', 'plan-command'),
  },
  {
    files: [...within('api', 'notices'), ...within('telemetry', 'notify', 'webhook')],
    tests: unit('notices'),
  },
  {
    files: [...within('cli'), ...within('telemetry'), ...within('core', 'printable')],
    tests: unit('terminal', 'printable', 'words', 'state-rekey', 'look', 'log', 'metrics'),
  },
  {
    files: within('ews', 'ntlm/', 'network', 'transport', 'authorization', 'oauth', 'offers'),
    tests: unit('sign-in-ways', 'ntlm', 'channel-binding'),
  },
  {
    files: within('ews', 'connections', 'in-use', 'endpoint', 'network', 'rate', 'pause', 'route'),
    tests: unit('connections', 'hosts', 'ceilings', 'rate', 'back-off'),
  },
  {
    files: [
      ...within('sync', 'line', 'shares', 'seat', 'party', 'queue', 'schedule', 'control-loop'),
      ...within('sync', 'server-', 'trying', 'ceilings', 'reconcile', 'waiting'),
      ...within('api', 'duration', 'annotations'),
      ...within('core', 'retry-after', 'sync-error'),
    ],
    tests: [
      ...unit('shares', 'back-off', 'ceilings', 'schedule', 'queue', 'control-loop', 'trying'),
      ...scenes('neighbours'),
    ],
  },
  {
    files: [
      ...within('ews', 'pool', 'listing', 'reading', 'batch', 'items/', 'intake', 'xml'),
      ...within('ews', 'public-folder', 'mailbox-folder', 'folder-notes', 'soap'),
      ...within('ews', 'response-codes', 'envelope'),
      ...within('core', 'item', 'fields', 'held', 'work', 'born', 'doubles', 'unclaimed'),
      ...within('core', 'match', 'keeps', 'cells'),
      ...within('sync', 'breathe', 'turn', 'oddities', 'tally', 'doubt'),
    ],
    tests: [
      ...unit('intake', 'xml', 'breath', 'words', 'linear', 'doubt'),
      ...scenes('large', 'held'),
    ],
  },
  {
    files: within('kube'),
    tests: unit('kube-declarations', 'kube-secrets', 'kube-client', 'reflector', 'words'),
  },
  {
    files: [...within('local'), ...within('validation')],
    tests: unit(
      ...['odd-files', 'directory', 'validate', 'declarations', 'rules', 'metadata', 'ended'],
    ),
  },
  { files: within('api', 'hosts', 'discreet'), tests: unit('hosts', 'discreet') },
]

/** The beginnings of paths that choose tests, and the tests that they choose: each must name something. */
export const routing = {
  files: [...atBorder, ...asking, ...shown.flatMap(({ files }) => files)],
  tests: [...border, ...proof, ...stages.flat(), ...shown.flatMap(({ tests }) => tests)],
}

/** The tests for a mutant of this file (`''`: of none), as filters of vitest, run one list after the other. */
export function testsFor(file: string): readonly (readonly string[])[] {
  const isAmong = (files: readonly string[]) => files.some((path) => file.startsWith(path))
  const own = shown.flatMap(({ files, tests }) => (isAmong(files) ? [tests] : []))
  const others = [...own, ...(isAmong(atBorder) ? [border, ...stages] : [...stages, border])]
  return isAmong(asking) ? [proof, ...others] : [...others, proof]
}
