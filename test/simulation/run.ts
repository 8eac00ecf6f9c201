// Runs histories from a seed, counts what they reached, and shrinks what fails to one line that tells it again.
import fc from 'fast-check'
import { invalid, sample, validated } from '../support/validation.ts'
import { type Tale, tale } from './generate.ts'
import { type Counters, kindsOf, lived } from './history.ts'

/** Which histories: `path` leads to a single one that failed. */
export type Choice = Readonly<{ seed: number; runs: number; path?: string | undefined }>

/** What came of it. */
export type Outcome = Readonly<{
  runs: number
  counters: Counters
  /** The line that tells the failed history again, what was wrong, and the history, shrunk. */
  failure?: Readonly<{ line: string; findings: string; tale: Tale | undefined }> | undefined
}>

/** Lives the histories; a message that is not valid by the schemas is a finding. */
export async function run({ seed, runs, path }: Choice): Promise<Outcome> {
  const counters: Counters = {}
  // One exchange of messages in five: all of them would cost a third of the time of a history.
  sample(5)
  const validation = validated()
  const before = validation.messages
  const property = fc.asyncProperty(tale, async ({ plan, steps }) => {
    const findings = [...(await lived(plan, steps, counters)), ...invalid()]
    if (findings.length > 0) throw new Error(findings.slice(0, 8).join('\n'))
  })
  const details = await fc.check(property, {
    seed,
    numRuns: runs,
    ...(path === undefined ? {} : { path }),
  })
  counters.validated = validation.messages - before
  if (!details.failed) return { runs: details.numRuns, counters }
  const line = `SEED=${details.seed} RUNS=1 FROM=${details.counterexamplePath} npm run simulate`
  const error = details.errorInstance
  const findings = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return {
    runs: details.numRuns,
    counters,
    failure: { line, findings, tale: details.counterexample?.[0] },
  }
}

/** What no history reached: what was never tried proves nothing. */
export function unreached(counters: Counters): readonly string[] {
  return kindsOf().filter((what) => (counters[what] ?? 0) === 0)
}
