// `npm run fuzz -- kube`: trials in which an API server's answers go wrong in every way that a mutator knows, on all
// processors. SEED (default: today, UTC), RUNS (default 600), MUTATORS (names with commas between), ROW (one mutator, or
// `all`). A failure prints the line that tells it again.
import { isMainThread, parentPort } from 'node:worker_threads'
import { QuickClock } from '../../support/quick.ts'
import { spread } from '../../support/workers.ts'
import { type Choice, lived, mutators, type Outcome } from './trial.ts'

const together = 12
type Row = { runs: number; met: number; failed: number }

const strays: string[] = []

if (!isMainThread) {
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (error) => void strays.push(`${event}: ${error?.stack ?? error}`))
  parentPort?.on('message', async (choices: readonly Choice[]) => {
    const clock = new QuickClock(200)
    const outcomes = await Promise.all(choices.map((choice) => livedThrough(choice, clock)))
    clock.stop()
    parentPort?.postMessage(outcomes)
  })
}

async function livedThrough(choice: Choice, clock: QuickClock): Promise<Outcome> {
  const outcome = await lived(choice, clock).catch((error) => {
    const findings = [error instanceof Error ? String(error.stack) : String(error)]
    return { row: choice.row, seed: choice.seed, met: [], findings }
  })
  return { ...outcome, findings: [...outcome.findings, ...strays.splice(0)] }
}

/** Runs all; answers the exit code. */
export async function main(): Promise<number> {
  const { SEED, RUNS, MUTATORS, ROW } = process.env
  const seed = Number(SEED ?? new Date().toISOString().slice(0, 10).replaceAll('-', ''))
  const names = MUTATORS?.split(',') ?? mutators.map(({ name }) => name)
  const strange = names.filter((name) => !mutators.some((each) => each.name === name))
  if (strange.length > 0) throw new Error(`there is no mutator ${strange.join(', ')}`)
  // Each by itself, and every other trial all of them together.
  const rows = names
    .flatMap((name): [string, readonly string[]][] => [
      [name, [name]],
      ['all', names],
    ])
    .filter(([row]) => (ROW ?? row) === row && (names.length > 1 || row !== 'all'))
  const choices = Array.from({ length: Number(RUNS ?? 600) }, (_, at): Choice => {
    const [row, some] = rows[at % rows.length] ?? ['', []]
    return { row, mutators: some, seed: seed + at }
  })
  console.log(`SEED=${seed} RUNS=${choices.length}`)
  const batches: (readonly Choice[])[] = []
  for (let at = 0; at < choices.length; at += together)
    batches.push(choices.slice(at, at + together))
  const table = new Map<string, Row>()
  await spread(new URL(import.meta.url), batches, (outcomes: readonly Outcome[]) => {
    for (const outcome of outcomes) note(table, outcome, MUTATORS)
  })
  return summed(table)
}

function note(
  table: Map<string, Row>,
  { row, seed, met, findings }: Outcome,
  wanted?: string,
): void {
  const line = table.get(row) ?? { runs: 0, met: 0, failed: 0 }
  table.set(row, line)
  line.runs += 1
  line.met += met.some((each) => each.endsWith(`: ${row}`) || row === 'all') ? 1 : 0
  if (findings.length === 0) return
  line.failed += 1
  const which = wanted === undefined ? '' : `MUTATORS=${wanted} `
  console.log(`SEED=${seed} RUNS=1 ${which}ROW=${row} npm run fuzz -- kube`)
  console.log(`${findings.slice(0, 8).join('\n')}\n${met.slice(-40).join('; ')}\n`)
}

function summed(table: ReadonlyMap<string, Row>): number {
  const cells = (...texts: readonly (string | number)[]) =>
    texts
      .map((text, at) => (at === 0 ? String(text).padEnd(21) : String(text).padStart(9)))
      .join('')
  console.log(cells('mutator', 'runs', 'met', 'failed'))
  for (const [name, { runs, met, failed }] of [...table].sort())
    console.log(cells(name, runs, met, failed))
  const failed = [...table.values()].reduce((sum, row) => sum + row.failed, 0)
  const runs = [...table.values()].reduce((sum, row) => sum + row.runs, 0)
  console.log(`${runs - failed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}
