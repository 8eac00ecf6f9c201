// `npm run mutate`: drops the rules that protect data one by one, and says which test notices. A rule that
// nobody would miss is untested or unneeded: the run fails, unless the list says why no test can tell.
// `npm run mutate -- <id> …` lives only these. RUNS sets how many histories each law lives; SAMPLE lives so many mutants,
// other ones for another SEED (default: today, UTC).
import { parseArgs } from 'node:util'
import { digestOf } from '../../controller/core/id.ts'
import type { Mutant } from './mutant.ts'
import { mutants, unsampled } from './mutants.ts'
import { type Fate, Slot } from './slot.ts'

/** How many are lived at the same time. */
const slotsMax = 2
/** Nothing is given less time than this; otherwise ten times what the unchanged sources take. */
const limitMinMs = 60_000

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => process.exit(1))
process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  const { positionals: ids } = parseArgs({ args: [...args], allowPositionals: true })
  const unknown = ids.filter((id) => !mutants.some((mutant) => mutant.id === id))
  if (unknown.length > 0) {
    console.error(`There is no mutant ${unknown.join(', ')}; test/mutation/mutants.ts lists them.`)
    return 2
  }
  const chosen = sampled(mutants.filter(({ id }) => ids.length === 0 || ids.includes(id)))
  let limitMs = 10 * limitMinMs
  const slots = await Promise.all(Array.from({ length: slotsMax }, () => Slot.open(() => limitMs)))
  try {
    const startMs = performance.now()
    const unchanged = await slots[0]?.firstFailure()
    if (unchanged?.fate !== 'survived') {
      console.error('Without any mutant the tests fail already:', unchanged)
      return 1
    }
    limitMs = Math.max(limitMinMs, 10 * (performance.now() - startMs))
    const fates = await lived(chosen, slots)
    return concluded(chosen, fates, performance.now() - startMs)
  } finally {
    await Promise.all(slots.map((slot) => slot.close()))
  }
}

// Those of today, in the order of the list: all of them come in turn.
function sampled(all: readonly Mutant[]): readonly Mutant[] {
  const { SAMPLE, SEED = new Date().toISOString().slice(0, 10) } = process.env
  if (SAMPLE === undefined) return all
  const rank = ({ id }: Mutant) => digestOf('mutant', SEED, id)
  const ready = all.filter((each) => !unsampled.has(each))
  const today = new Set(ready.sort((one, other) => (rank(one) < rank(other) ? -1 : 1)))
  const some = new Set([...today].slice(0, Number(SAMPLE)))
  console.log(`SEED=${SEED} SAMPLE=${SAMPLE}`)
  return all.filter((mutant) => some.has(mutant))
}

// Each slot takes the next mutant as soon as it is done with one.
async function lived(
  chosen: readonly Mutant[],
  slots: readonly Slot[],
): Promise<ReadonlyMap<Mutant, Fate>> {
  const fates = new Map<Mutant, Fate>()
  const queue = [...chosen]
  const turn = async (slot: Slot): Promise<void> => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const fate = await slot
        .fateOf(mutant)
        .catch((error: unknown): Fate => ({ fate: 'wrong', why: String(error) }))
      fates.set(mutant, fate)
      console.log(lineOf(mutant, fate))
    }
  }
  await Promise.all(slots.map(turn))
  return fates
}

function lineOf({ id, drops, equivalent }: Mutant, fate: Fate): string {
  const what = `${id.padEnd(26)} ${drops.padEnd(74)}`
  switch (fate.fate) {
    case 'killed':
      return `${what} ${fate.by}${equivalent === undefined ? '' : '  — and is not equivalent'}`
    case 'survived':
      return `${what} ${equivalent === undefined ? 'SURVIVED' : `equivalent: ${equivalent}`}`
    case 'wrong':
      return `${what} WRONG: ${fate.why}`
  }
}

function concluded(
  chosen: readonly Mutant[],
  fates: ReadonlyMap<Mutant, Fate>,
  tookMs: number,
): number {
  const count = (fate: Fate['fate'], explained: boolean) =>
    chosen.filter(
      (mutant) =>
        fates.get(mutant)?.fate === fate && (mutant.equivalent !== undefined) === explained,
    ).length
  const [killed, equivalent] = [count('killed', false), count('survived', true)]
  const unexplained = count('survived', false)
  const wrong = chosen.length - killed - equivalent - unexplained
  console.log(
    `${chosen.length} mutants: ${killed} killed, ${equivalent} equivalent, ${unexplained} survived, ${wrong} wrong; ${Math.round(tookMs / 1000)} s`,
  )
  return unexplained + wrong > 0 ? 1 : 0
}
