// Lives histories under one mutator or several, each from a seed of its own, and shrinks what fails.
import fc from 'fast-check'
import { invalid, validated } from '../support/validation.ts'
import { taleOf } from './generate.ts'
import { lived, type Tale } from './history.ts'

/** One history: which mutators, from which seed; `path` leads to the shrunk one that failed. */
export type Choice = Readonly<{
  row: string
  mutators: readonly string[]
  /** May several mutations meet in one pass? */
  often: boolean
  seed: number
  path?: string | undefined
}>

/** What came of it. */
export type Outcome = Readonly<{
  row: string
  /** How often a mutator had its turn. */
  met: number
  /** Was anything amiss until the audit? */
  mended: boolean
  /** How many messages were validated by the schemas. */
  messages: number
  failure?:
    | Readonly<{
        line: string
        findings: readonly string[]
        mutations: readonly string[]
        tale: Tale | undefined
      }>
    | undefined
}>

/** Histories that are tried to find a smaller one. */
const triesMax = 60

/** What went wrong outside of any promise that is waited for. */
const stray: string[] = []

/** Notes errors that nothing catches, which would end the process otherwise. */
export function catchStrays(): void {
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (error) => void stray.push(`${event}: ${error}`))
}

/** Lives one history, and smaller ones when it fails. */
export async function run({ row, mutators, often, seed, path }: Choice): Promise<Outcome> {
  let [tries, met, mended] = [0, 0, false]
  const validation = validated()
  const before = validation.messages
  let failed: Awaited<ReturnType<typeof lived>> = { findings: [], mended: [], met: [] }
  const property = fc.asyncProperty(taleOf({ mutators, often }), async (tale) => {
    tries += 1
    if (tries > triesMax) return
    const result = await judged(tale)
    if (tries === 1) [met, mended] = [result.met.length, result.mended.length > 0]
    if (result.findings.length === 0) return
    failed = result
    throw new Error('it failed')
  })
  const details = await fc.check(property, {
    seed,
    numRuns: 1,
    ...(path === undefined ? {} : { path }),
  })
  const messages = validation.messages - before
  if (!details.failed) return { row, met, mended, messages }
  const many = often && process.env.OFTEN ? ' OFTEN=1' : ''
  const line = `SEED=${details.seed} MUTATORS=${row}${many} FROM=${details.counterexamplePath} npm run fuzz`
  return {
    row,
    met,
    mended,
    messages,
    failure: {
      line,
      findings: failed.findings,
      mutations: failed.met,
      tale: details.counterexample?.[0],
    },
  }
}

/** Lives a history; also what nothing caught, what hangs, and a message that is not valid, is a finding. */
export async function judged(tale: Tale): ReturnType<typeof lived> {
  stray.length = 0
  try {
    const { findings, ...rest } = await lived(tale)
    return { ...rest, findings: [...findings, ...stray, ...invalid()] }
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { findings: [what, ...stray], mended: [], met: [] }
  }
}
