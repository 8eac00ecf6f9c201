#!/usr/bin/env -S node --disable-warning=ExperimentalWarning --max-semi-space-size=8 --max-old-space-size=768
// exsync. Wires the commands; run.ts and desk.ts wire the running controller. The flags above keep V8 from growing to
// a gigabyte before it collects: measured, a third of the memory for a tenth more CPU.
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { bin, conflicts, status } from './cli/look.ts'
import { plan } from './cli/plan.ts'
import { restore } from './cli/restore.ts'
import { validate } from './cli/validate.ts'
import { type Config, configOf, usage } from './config.ts'
import { SyncError, syncErrorOf } from './core/sync-error.ts'
import { keyIn, type Outside, siteOf } from './desk.ts'
import { Connections } from './ews/exchange.ts'
import { LocalDeclarations } from './local/declarations.ts'
import { sourcesIn } from './local/directory.ts'
import { problemText } from './local/problem.ts'
import { run } from './run.ts'
import { type Opening, openState, type State } from './store/state.ts'
import type { Clock } from './sync/ports.ts'
import { Servers } from './sync/servers.ts'

const clock: Clock = {
  now: () => Date.now(),
  sleep: (delayMs, signal) => sleep(delayMs, undefined, { signal }),
}

const out = (line: string) => process.stdout.write(`${line}\n`)

async function main(config: Config): Promise<number> {
  switch (config.command) {
    case 'run':
      return run(config, outside(config.graceMs))
    case 'plan':
      return planning(config)
    case 'validate':
      return validate(config.rest, out)
    case 'status':
      return status(config.state, out)
    case 'conflicts':
      return looking(config, { readOnly: true }, ({ bin }) =>
        conflicts(bin, config.rest, config.output, out),
      )
    case 'bin':
      return config.rest[0] === 'restore'
        ? looking(config, { asking: true }, ({ bin }) =>
            restore(bin, config.state, config.rest[1], clock.now(), out),
          )
        : looking(config, { readOnly: true }, (state) =>
            bin(state.bin, config.rest, config.output, out),
          )
    case 'help':
    case '--help':
    case '-h':
      out(usage)
      return 0
    default:
      throw new SyncError(
        'terminal',
        'InvalidArguments',
        `exsync ${config.command} is not known\n\n${usage}`,
      )
  }
}

async function planning(config: Config): Promise<number> {
  const { local, files } = config
  if ((local === undefined) === (files.length === 0)) {
    throw new SyncError('terminal', 'InvalidArguments', 'plan needs either --local DIR or -f FILE')
  }
  const hard = signals(config.graceMs).hard.signal
  const state = openState(config.state, { readOnly: true, key: await keyIn(config) })
  const connections = new Connections(clock)
  try {
    const complain: ConstructorParameters<typeof LocalDeclarations>[3] = (problems) => {
      for (const problem of problems) process.stderr.write(`${problemText(problem)}\n`)
    }
    const read = () => (local === undefined ? Promise.all(files.map(sourceOf)) : sourcesIn(local))
    const declarations = new LocalDeclarations(
      read,
      config.state,
      clock,
      complain,
      local === undefined ? 'excerpt' : 'look',
      config.crossNamespace,
    )
    const servers = new Servers(clock, { leastMs: 1_000, mostMs: 1_000 })
    const site = { ...siteOf(declarations, state, connections, clock), servers, told: () => {} }
    const code = await plan(site, config.output, out, hard)
    return declarations.problems > 0 ? 1 : code
  } finally {
    await connections.close()
    state.close()
  }
}

async function sourceOf(name: string): Promise<{ name: string; text: string }> {
  try {
    return { name, text: await readFile(name, 'utf8') }
  } catch (error) {
    throw new SyncError(
      'terminal',
      'FileUnreadable',
      `cannot read ${name}: check the name and the permissions`,
      { cause: error },
    )
  }
}

async function looking(
  config: Config,
  opening: Opening,
  look: (state: State) => number,
): Promise<number> {
  const state = openState(config.state, { ...opening, key: await keyIn(config) })
  try {
    return look(state)
  } finally {
    state.close()
  }
}

function outside(graceMs: number): Outside {
  return { clock, chance: Math.random, instance: randomUUID(), ...signals(graceMs) }
}

// The first signal ends passes after their batch, the second, or a while, abandons them.
function signals(graceMs: number): Pick<Outside, 'stop' | 'hard'> {
  const [stop, hard] = [new AbortController(), new AbortController()]
  const asked = () => {
    if (stop.signal.aborted) hard.abort()
    stop.abort()
    setTimeout(() => hard.abort(), graceMs).unref()
  }
  process.on('SIGTERM', asked)
  process.on('SIGINT', asked)
  return { stop: stop.signal, hard }
}

try {
  process.exitCode = await main(configOf(process.argv.slice(2), process.env))
} catch (error) {
  const { code, message } = syncErrorOf(error)
  process.stderr.write(
    `exsync: ${code === 'Unexpected' ? `${message}\n${(error as Error).stack}` : message}\n`,
  )
  process.exitCode = 1
}
// A watcher or a keep-alive connection must not hold up the end.
process.exit()
