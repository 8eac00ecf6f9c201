// `SEED=1 RUNS=2000 npm run simulate`: histories on all processors, each with a seed of its own. Prints what
// was reached, and of what failed one line that tells it again.
import { isMainThread, parentPort } from 'node:worker_threads'
import { spread } from '../support/workers.ts'
import { type Choice, type Outcome, run, unreached } from './run.ts'

/** Histories of one portion; a portion's seed follows from the first one, however many workers there are. */
const portion = 50

if (isMainThread) process.exitCode = await main()
else parentPort?.on('message', async (choice: Choice) => parentPort?.postMessage(await run(choice)))

async function main(): Promise<number> {
  const seed = Number(process.env.SEED ?? 1)
  const runs = Number(process.env.RUNS ?? 600)
  const path = process.env.FROM
  const choices: Choice[] = []
  for (let at = 0; at < runs; at += portion)
    choices.push({ seed: seed + at / portion, runs: Math.min(portion, runs - at), path })
  const startMs = performance.now()
  const counters: Record<string, number> = {}
  let [done, failed] = [0, 0]
  const told = ({ runs: some, counters: reached, failure }: Outcome): void => {
    done += some
    for (const [what, times] of Object.entries(reached))
      counters[what] = (counters[what] ?? 0) + times
    if (failure === undefined) return
    failed += 1
    console.log(`${failure.line}\n${failure.findings}\n${JSON.stringify(failure.tale)}\n`)
  }
  await spread(new URL(import.meta.url), choices, told)
  const minutes = (performance.now() - startMs) / 60_000
  const reached = Object.entries(counters).sort()
  console.log(`reached: ${reached.map(([what, times]) => `${what} ${times}`).join(', ')}`)
  const rate = Math.round(done / minutes)
  const { user, system } = process.cpuUsage()
  // What other programs take of the machine does not count in the second figure.
  const each = Math.round((user + system) / 1000 / Math.max(1, done))
  console.log(
    `${done} histories, ${rate} a minute, ${each} ms of CPU each, ${failed} portions failed`,
  )
  const missing = runs < 500 || path !== undefined ? [] : unreached(counters)
  if (missing.length > 0) console.log(`never reached: ${missing.join(', ')}`)
  return failed + missing.length === 0 ? 0 : 1
}
