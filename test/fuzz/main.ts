// `npm run fuzz`: histories in which answers go wrong in every way that a mutator knows, on all processors. SEED
// (default: today, UTC), RUNS, MUTATORS (see below), OFTEN (lies may meet in one pass), FROM (the path to a shrunk one).
// All runs are made; then a table by mutator, and the line that counts what must hold.
import { isMainThread, parentPort } from 'node:worker_threads'
import { spread } from '../support/workers.ts'
import { mutators, mutatorsNamed } from './mutators.ts'
import { type Choice, catchStrays, type Outcome, run } from './run.ts'

const together = 'allDamage'
type Named = readonly [row: string, mutators: readonly string[]]
const allDamage: Named = [
  together,
  mutators.filter(({ kind }) => kind === 'damage').map(({ name }) => name),
]

type Row = { name: string; kind: string; runs: number; met: number; failed: number; mended: number }

if (isMainThread)
  process.exitCode =
    process.argv[2] === 'kube' ? await (await import('./kube/main.ts')).main() : await main()
else {
  catchStrays()
  // The library that finds folders tells of every unreadable answer by itself.
  console.error = () => {}
  parentPort?.on('message', async (choice: Choice) => parentPort?.postMessage(await run(choice)))
}

async function main(): Promise<number> {
  const { SEED, RUNS, MUTATORS, FROM, OFTEN } = process.env
  const seed = Number(SEED ?? new Date().toISOString().slice(0, 10).replaceAll('-', ''))
  const runs = FROM === undefined ? Number(RUNS ?? 300) : 1
  const rows = rowsOf(MUTATORS)
  const choices = Array.from({ length: runs }, (_, at): Choice => {
    const [row, names] = rows[at % rows.length] ?? ['', []]
    // The same numbers under another mutator are another history.
    const damages = mutatorsNamed(names).every(({ kind }) => kind === 'damage')
    const often = damages || OFTEN !== undefined
    return { row, mutators: names, often, seed: seed + at, path: FROM }
  })
  console.log(`SEED=${seed} RUNS=${runs}`)
  let validated = 0
  const table = new Map(rows.map(([name]): [string, Row] => [name, rowOf(name)]))
  await spread(
    new URL(import.meta.url),
    choices,
    ({ row, met, mended, messages, failure }: Outcome) => {
      validated += messages
      const line = table.get(row)
      if (line === undefined) return
      line.runs += 1
      line.met += met > 0 ? 1 : 0
      line.mended += mended ? 1 : 0
      if (failure === undefined) return
      line.failed += 1
      console.log(`${failure.line}\n${failure.findings.slice(0, 8).join('\n')}`)
      console.log(failure.mutations.slice(0, 6).join('\n'))
      console.log(`${JSON.stringify(failure.tale)}\n`)
    },
  )
  console.log(`${validated} messages of the server and its client validated by the schemas`)
  return summed([...table.values()])
}

// Each mutator by itself, and all damage together. MUTATORS narrows it down: names, or kinds, with commas between, and
// `+` between those that share histories.
function rowsOf(wanted: string | undefined): readonly Named[] {
  const of = (kind: string) => mutators.filter((each) => each.kind === kind).map(({ name }) => name)
  const all: Named[] = [...mutators.map(({ name }): Named => [name, [name]]), allDamage]
  if (wanted === undefined) return all
  return wanted.split(',').flatMap((one): readonly Named[] => {
    if (one === together) return [allDamage]
    if (of(one).length > 0) return of(one).map((name): Named => [name, [name]])
    return [[one, mutatorsNamed(one.split('+')).map(({ name }) => name)] as Named]
  })
}

function rowOf(name: string): Row {
  const kind = mutators.find((each) => each.name === name)?.kind ?? 'damage'
  return { name, kind, runs: 0, met: 0, failed: 0, mended: 0 }
}

function summed(rows: readonly Row[]): number {
  const cells = (...texts: readonly (string | number)[]) =>
    texts.map((text, at) => (at < 2 ? String(text).padEnd(21) : String(text).padStart(9))).join('')
  console.log(cells('mutator', 'kind', 'runs', 'met', 'by audit', 'failed'))
  for (const { name, kind, runs, met, mended, failed } of rows)
    if (runs > 0) console.log(cells(name, kind, runs, met, mended, failed))
  const [must, rest] = [true, false].map((hold) => {
    const some = rows.filter(({ kind }) => (kind !== 'hidden') === hold)
    const failed = some.reduce((sum, row) => sum + row.failed, 0)
    return { failed, passed: some.reduce((sum, row) => sum + row.runs, 0) - failed }
  })
  if (rest !== undefined && rest.passed + rest.failed > 0)
    console.log(`what no client can tell: ${rest.passed} held, ${rest.failed} did not`)
  console.log(`${must?.passed ?? 0} passed, ${must?.failed ?? 0} failed`)
  return must?.failed === 0 ? 0 : 1
}
