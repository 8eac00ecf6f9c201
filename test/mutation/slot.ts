// A copy of the sources in which one mutant at a time is lived: the checkout itself is never touched.
// The first failure ends the run; routing.ts says which tests come first.
import { execFile, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Mutant } from './mutant.ts'
import { testsFor } from './routing.ts'

/** What became of a mutant. Only a test that was run and failed kills; what does not even compile is none. */
export type Fate =
  | Readonly<{ fate: 'killed'; by: string }>
  | Readonly<{ fate: 'survived' }>
  | Readonly<{ fate: 'wrong'; why: string }>

const root = fileURLToPath(new URL('../..', import.meta.url))
const tests = [
  ...['unit', 'property', 'scenes', 'conformance', 'exchange', 'apiserver', 'e2e', 'chart'],
  ...['support', 'mutation'],
]
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
    for (const filters of testsFor(file)) {
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
