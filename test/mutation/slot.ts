// A copy of the sources in which one mutant at a time is lived: the checkout itself is never touched.
// The cheapest tests come first, and the first failure ends the run.
import { execFile, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Mutant } from './mutant.ts'

/** What became of a mutant. Only a test that was run and failed kills; what does not even compile is none. */
export type Fate =
  | Readonly<{ fate: 'killed'; by: string }>
  | Readonly<{ fate: 'survived' }>
  | Readonly<{ fate: 'wrong'; why: string }>

/** Tests by what they cost: tables, then stories, then laws, then over HTTP. Filters, as vitest takes them. */
const stages: readonly (readonly string[])[] = [
  ['plan', 'policy', 'merge', 'guard', 'match', 'fold'].map((name) => `test/unit/${name}.test.ts`),
  [
    'xml',
    'library',
    'contact',
    'queue',
    'hindrance',
    'state',
    'network',
    'declarations',
    'path',
    'stray',
    'hosts',
    'discreet',
    'kube-secrets',
  ].map((name) => `test/unit/${name}.test.ts`),
  ['test/property/stories'],
  ['test/property/'],
  ['test/scenes/lost'],
]

/** What shows the rules at the border to Exchange and to Kubernetes: first for a mutant there, last for any other. */
const border = ['ids', 'sign-in', 'transport', 'control', 'pace'].map((name) => `test/unit/${name}`)

/** What shows that a second witness is asked: first for a mutant of the rules that ask, last for any other. */
const proof = ['proof', 'witness', 'upgrade'].map((name) => `test/scenes/${name}.test.ts`)
const asking = [
  ...['ews/', 'sync/turn', 'sync/removal', 'sync/creates', 'sync/maybe-there', 'sync/doubt'],
  'core/attempt',
]

const unit = (...names: readonly string[]) => names.map((name) => `test/unit/${name}.test.ts`)
const scenes = (...names: readonly string[]) => names.map((name) => `test/scenes/${name}.test.ts`)

/**
 * What else shows the rules of some files, by the beginnings of their paths in `controller/`: only for a mutant of those,
 * and before all others.
 */
const shown: readonly (readonly [files: readonly string[], filters: readonly string[]])[] = [
  [
    [
      ...['api/allowed', 'api/pattern', 'api/selector', 'api/claims', 'api/references'],
      ...['api/guard-ceilings', 'core/guard', 'ews/premises', 'ews/denied', 'ews/route'],
      ...['ews/missing-folder', 'kube/referred', 'local/access'],
    ],
    [
      ...unit('allowed', 'guard', 'path', 'hindrance', 'declarations-allowed', 'validate-allowed'),
      ...scenes('allowed'),
    ],
  ],
  [
    [
      ...[
        'store/history',
        'store/keep',
        'core/guard',
        'core/replaced',
        'core/restore',
        'core/keeps',
      ],
      ...['sync/consequences', 'sync/pass', 'sync/decided', 'sync/reentered'],
    ],
    [...unit('history', 'replaced', 'guard', 'reentered'), ...scenes('undo')],
  ],
  [
    ['sync/verify', 'sync/inventory', 'api/verification', 'core/action'],
    [...unit('verification'), ...scenes('verify')],
  ],
  [
    [
      ...[
        'cli/undo',
        'cli/restore',
        'cli/rollback',
        'cli/history',
        'config/filters',
        'config/when',
      ],
      'core/undo',
    ],
    [
      ...unit('undo', 'undo-command', 'plans', 'when', 'restore-command'),
      'test/property/undo.test.ts',
    ],
  ],
  [
    ['store/backup', 'store/erase', 'store/replace'],
    [...unit('state-backup', 'state-replace', 'state-erase'), ...scenes('restored')],
  ],
  [
    ['store/'],
    unit(
      'state-bin',
      'state-binding',
      'state-rekey',
      'state-modes',
      'state-vault',
      'state-migration',
      'state-damage',
    ),
  ],
  [
    ['cli/', 'telemetry/', 'core/printable'],
    unit('terminal', 'printable', 'words', 'state-rekey', 'look'),
  ],
  [
    [
      ...['ews/connections', 'ews/in-use', 'ews/endpoint', 'ews/network', 'ews/rate', 'ews/pause'],
      'ews/route',
    ],
    unit('connections', 'hosts', 'ceilings', 'rate', 'back-off'),
  ],
  [
    [
      ...['sync/line', 'sync/shares', 'sync/seat', 'sync/party', 'sync/queue', 'sync/schedule'],
      ...['sync/control-loop', 'sync/server-', 'sync/trying', 'sync/ceilings', 'sync/reconcile'],
      ...['api/duration', 'api/annotations', 'core/retry-after', 'core/sync-error'],
    ],
    [
      ...unit('shares', 'back-off', 'ceilings', 'schedule', 'queue', 'control-loop', 'trying'),
      ...scenes('neighbours'),
    ],
  ],
  [
    [
      ...[
        'ews/pool',
        'ews/listing',
        'ews/reading',
        'ews/batch',
        'ews/items/',
        'ews/intake',
        'ews/xml',
      ],
      ...['ews/public-folder', 'ews/mailbox-folder', 'ews/folder-notes', 'ews/soap'],
      ...[
        'ews/response-codes',
        'ews/envelope',
        'core/item',
        'core/fields',
        'core/held',
        'core/work',
      ],
      ...['core/born', 'core/doubles', 'core/unclaimed', 'core/match', 'core/keeps', 'core/cells'],
      ...['sync/breathe', 'sync/turn', 'sync/oddities', 'sync/tally', 'sync/doubt'],
    ],
    [...unit('intake', 'xml', 'breath', 'words', 'linear', 'doubt'), ...scenes('large', 'held')],
  ],
  [['kube/'], unit('kube-declarations', 'kube-secrets', 'kube-client', 'reflector', 'words')],
  [
    ['local/', 'validation/'],
    unit('odd-files', 'directory', 'validate', 'declarations', 'rules', 'metadata', 'ended'),
  ],
  [['api/hosts', 'api/discreet'], unit('hosts', 'discreet')],
]

const isOf = (file: string) => (path: string) => file.startsWith(`controller/${path}`)

/** The beginnings of paths that choose tests, and the tests that they choose: each must name something. */
export const routing = {
  files: [...asking, ...shown.flatMap(([files]) => files)],
  tests: [...border, ...proof, ...stages.flat(), ...shown.flatMap(([, filters]) => filters)],
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const tests = ['unit', 'property', 'scenes', 'exchange', 'apiserver', 'e2e', 'support', 'mutation']
const copied = ['controller', 'crds', ...tests.map((folder) => `test/${folder}`)]
const types = { extends: './tsconfig.json', include: ['controller'] }

/** The file's text with the mutant's changes; throws when a text does not occur exactly once. */
export function mutated({ id, file, changes }: Mutant, source: string): string {
  return changes.reduce((text, [find, replacement]) => {
    const times = text.split(find).length - 1
    if (times !== 1) throw new Error(`${id}: ${file} has ${times} times, not once: ${find}`)
    return text.replace(find, () => replacement)
  }, source)
}

/** What the compiler says of the mutants, `''` where all compile: each is a copy of its file, beside it. */
export async function misfits(mutants: readonly Mutant[]): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'exsync-mutants-'))
  try {
    await copyTo(path, ['controller', 'crds'])
    for (const mutant of mutants) {
      const source = await readFile(join(root, mutant.file), 'utf8')
      const beside = mutant.file.replace(/ts$/, `${mutant.id}.ts`)
      await writeFile(join(path, beside), mutated(mutant, source))
    }
    const args = [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'types.json']
    const ran = await promisify(execFile)(process.execPath, args, { cwd: path }).catch(
      (error: Readonly<{ stdout: string; stderr: string }>) => error,
    )
    return ran.stdout + ran.stderr
  } finally {
    await rm(path, { recursive: true, force: true })
  }
}

async function copyTo(path: string, parts: readonly string[]): Promise<void> {
  for (const part of [...parts, 'package.json', 'tsconfig.json'])
    await cp(join(root, part), join(path, part), { recursive: true })
  await symlink(join(root, 'node_modules'), join(path, 'node_modules'), 'dir')
  await writeFile(join(path, 'types.json'), JSON.stringify(types))
}

/** One copy of the sources. */
export class Slot {
  readonly #path: string
  readonly #limitMs: () => number

  private constructor(path: string, limitMs: () => number) {
    this.#path = path
    this.#limitMs = limitMs
  }

  static async open(limitMs: () => number): Promise<Slot> {
    const path = await mkdtemp(join(tmpdir(), 'exsync-mutants-'))
    process.once('exit', () => rmSync(path, { recursive: true, force: true }))
    await copyTo(path, copied)
    return new Slot(path, limitMs)
  }

  async close(): Promise<void> {
    await rm(this.#path, { recursive: true, force: true })
  }

  /** Lives one mutant. */
  async fateOf(mutant: Mutant): Promise<Fate> {
    const path = join(this.#path, mutant.file)
    const source = await readFile(path, 'utf8')
    await writeFile(path, mutated(mutant, source))
    try {
      const compiled = await this.#run(['typescript/bin/tsc', '-p', 'types.json'])
      if (compiled.code !== 0) return { fate: 'wrong', why: firstLine(compiled.output) }
      return await this.firstFailure(mutant.file)
    } finally {
      await writeFile(path, source)
    }
  }

  /** Runs all tests, up to the first that fails: those about the mutant's file first. */
  async firstFailure(file = ''): Promise<Fate> {
    const there = /^controller\/(ews|kube)\//.test(file)
    const own = shown.flatMap(([files, filters]) => (files.some(isOf(file)) ? [filters] : []))
    const told = [...own, ...(there ? [border, ...stages] : [...stages, border])]
    for (const filters of asking.some(isOf(file)) ? [proof, ...told] : [...told, proof]) {
      const report = join(this.#path, 'report.json')
      await rm(report, { force: true })
      const config = ['--config', 'test/mutation/vitest.config.ts', '--root', '.', '--bail', '1']
      const json = ['--reporter', 'json', '--outputFile', report]
      const ran = await this.#run(['vitest/vitest.mjs', 'run', ...config, ...json, ...filters])
      if (ran.code === undefined) return { fate: 'killed', by: 'the time limit' }
      if (ran.code === 0) continue
      const text = await readFile(report, 'utf8').catch(() => '')
      if (text === '') return { fate: 'wrong', why: firstLine(ran.output) }
      const failure = failureIn(text)
      if (failure !== undefined) return failure
    }
    return { fate: 'survived' }
  }

  // The exit code and what was printed; no code when it took too long and was ended.
  async #run(args: readonly string[]): Promise<{ code: number | undefined; output: string }> {
    const [script = '', ...rest] = args
    const env = { ...process.env, SEED: '1', RUNS: process.env.RUNS ?? '100', NO_COLOR: '1' }
    const child = spawn(process.execPath, [join(root, 'node_modules', script), ...rest], {
      cwd: this.#path,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text))
    let late = false
    const end = () => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL')
    const timer = setTimeout(() => {
      late = true
      end()
    }, this.#limitMs())
    process.once('exit', end)
    const code = await new Promise<number>((resolve) =>
      child.on('close', (status) => resolve(status ?? 1)),
    )
    clearTimeout(timer)
    process.off('exit', end)
    return { code: late ? undefined : code, output }
  }
}

type Reported = Readonly<{
  testResults: readonly Readonly<{
    name: string
    status: string
    message: string
    assertionResults: readonly Readonly<{ status: string; fullName: string }>[]
  }>[]
}>

// Which test failed first. A file in which nothing ran at all did not load: that kills nothing. Where all
// tests passed, the generator did not reach everything in so few histories: that is no failure of a law.
function failureIn(report: string): Fate | undefined {
  const files = (JSON.parse(report) as Reported).testResults.filter(
    ({ status }) => status === 'failed',
  )
  for (const { name, assertionResults } of files) {
    const failed = assertionResults.find(({ status }) => status === 'failed')
    if (failed !== undefined) return { fate: 'killed', by: `${short(name)}: ${failed.fullName}` }
  }
  const unloaded = files.find(({ assertionResults }) => assertionResults.length === 0)
  return unloaded && { fate: 'wrong', why: firstLine(unloaded.message) }
}

const short = (path: string) => path.split('/test/').at(-1) ?? path
const firstLine = (text: string) => text.trim().split('\n')[0] ?? ''
