// `npm run demo`: an embedded Exchange, the controller as its own process, and a story in half a minute.
// Exits 0 only when every step of it was verified. `-- --stay` keeps both running afterwards.

import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { stringify } from 'yaml'
import { invalid, validated } from '../support/validation.ts'
import { Participants, Unmet } from './cast.ts'
import { begun, done, failed, line, quoted, seconds, sentence, tinted } from './show.ts'
import { Stage } from './stage.ts'
import { story } from './story.ts'

const usage = `Usage: npm run demo [-- --stay]

  --stay  keep the server and the controller running afterwards, and say what to try`
const logLinesMax = 10
const foundMax = 1000

/** Somebody pressed Ctrl-C, or went away. */
class Interrupted extends Error {}

const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => interrupted.abort(new Interrupted(signal)))
process.stdout.on('error', () => interrupted.abort(new Interrupted('nobody is reading')))

process.exitCode = await main(process.argv.slice(2))
// A keep-alive connection must not hold up the end.
process.exit()

async function main(args: readonly string[]): Promise<number> {
  const { stay } = flagsOf(args)
  const startMs = performance.now()
  validated()
  const stage = await Stage.set()
  const signal = AbortSignal.any([interrupted.signal, stage.ended])
  let keepFiles = false
  let stayed = false
  try {
    opening(stage)
    if (!(await told(stage, new Participants(stage, signal)))) {
      keepFiles = true
      return 1
    }
    await closing(stage, performance.now() - startMs)
    stayed = stay
    if (stay) await staying(stage, signal)
    return 0
  } catch (error) {
    if (interrupted.signal.aborted) return stayed ? 0 : 130
    keepFiles = true
    await complain(stage, error)
    return 1
  } finally {
    await stage.end(keepFiles)
    if (interrupted.signal.aborted) line('\nEnded; nothing is left.')
  }
}

function flagsOf(args: readonly string[]): { stay: boolean } {
  try {
    const options = { stay: { type: 'boolean', default: false } } as const
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}\n`)
    process.exit(1)
  }
}

function opening({ exchange }: Stage): void {
  line(tinted('bold', 'exchange-sync-controller, a story'))
  line()
  sentence(`An embedded Exchange answers at ${exchange.url}.`)
  sentence(
    `Marta keeps 200 contacts in the public folder /Company/Clients. Anna, Jan and Ewa edit them
    on their phones; Piotr only receives. The controller runs as its own process on examples/demo.
    The seconds are from a save to the last folder that shows it.`,
  )
  line()
}

// Plays chapter after chapter; answers whether all were verified.
async function told(stage: Stage, cast: Participants): Promise<boolean> {
  for (const { title, play } of story) {
    const startMs = performance.now()
    begun(title)
    try {
      const { durationMs, sentences, quotes = [] } = await play(stage, cast)
      const [wrong] = invalid()
      if (wrong !== undefined) throw new Unmet('messages that are valid by the schemas', wrong)
      done(title, durationMs)
      for (const each of sentences) sentence(each)
      for (const each of quotes) quoted(each)
    } catch (error) {
      if (interrupted.signal.aborted) throw error
      failed(title, performance.now() - startMs)
      await complain(stage, error)
      return false
    }
  }
  return true
}

async function complain(stage: Stage, error: unknown): Promise<void> {
  if (error instanceof Unmet) {
    sentence(`expected: ${error.expected}`)
    sentence(`found: ${error.found.slice(0, foundMax)}`)
  } else {
    sentence(error instanceof Error ? error.message : String(error))
  }
  const log = await readFile(stage.log, 'utf8').catch(() => '')
  const rows = log.trimEnd().split('\n').slice(-logLinesMax)
  line()
  sentence(`Everything is kept in ${stage.directory}. The last lines of its controller.log:`)
  for (const row of rows) line(tinted('dim', row))
}

async function closing(stage: Stage, durationMs: number): Promise<void> {
  line()
  sentence(
    `The final status, of the state’s status/sales.clients.yaml; on a cluster, of
    kubectl get syncgroup clients -n sales -o yaml:`,
  )
  line()
  const status = stringify({ status: await stage.status() }, { lineWidth: 76 })
  for (const row of status.trimEnd().split('\n')) line(`    ${row}`)
  line()
  line(`${tinted('green', '✓')} Every step was verified, in ${seconds(durationMs)}.`)
}

async function staying({ exchange, directory }: Stage, signal: AbortSignal): Promise<void> {
  line()
  line(tinted('bold', 'Server and controller keep running, until Ctrl-C.'))
  line()
  line(`    URL    ${exchange.url}`)
  for (const name of ['anna', 'jan', 'ewa', 'piotr', 'marta', 'sync'])
    line(`    user   ${`${name}@corp.example`.padEnd(20)}  password  ${name}-secret`)
  line()
  sentence('In another terminal, in this directory, act as a user and look at the others:')
  const phone = `npx node test/demo/phone.ts ${new URL(exchange.url).port}`
  quoted(`${phone} jan Grünspan`)
  quoted(`${phone} jan Grünspan JobTitle=Chef`)
  quoted(`${phone} marta Grünspan`)
  sentence('Ask the controller:')
  quoted(`D=${directory}`)
  for (const command of ['status', 'bin list', 'conflicts'])
    quoted(`npx --no-install exsync ${command} --state $D/state`)
  quoted('npx --no-install exsync plan --local $D/resources --state $D/state')
  sentence('Edit what is declared, for instance suspend: true, or one member less:')
  quoted('$EDITOR $D/resources/sync-group.yaml')
  sentence('Read its log:')
  quoted('tail -f $D/controller.log')
  if (!signal.aborted) await once(signal, 'abort')
  signal.throwIfAborted()
}
