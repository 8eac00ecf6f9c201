// exsync: wires the commands. run.ts and runtime.ts wire the running controller, main.ts the process.

import packageJson from '../../package.json' with { type: 'json' }
import { forClusters } from '../config/cluster.ts'
import { unknownCommand } from '../config/parse.ts'
import { type Config, configOf } from '../config.ts'
import { printable } from '../core/printable.ts'
import { invalidArguments, SyncError, syncErrorOf } from '../core/sync-error.ts'
import { Connections } from '../ews/connections.ts'
import { LocalDeclarations } from '../local/declarations.ts'
import { sourcesIn } from '../local/directory.ts'
import { keyFrom } from '../store/modes.ts'
import { stateOver } from '../store/port.ts'
import { type Opening, openState, type SqliteState } from '../store/state.ts'
import type { Environment } from '../sync/environment.ts'
import type { State } from '../sync/ports/state.ts'
import type { Clock, Declarations } from '../sync/ports.ts'
import { Servers } from '../sync/server-health.ts'
import { problemText } from '../validation/problem.ts'
import { backup, type Given, restoreState } from './backup.ts'
import { bundleOfDirectory } from './cluster/collect.ts'
import { onCluster } from './cluster/commands.ts'
import { editInDirectory } from './cluster/directory.ts'
import { completionFor } from './completion.ts'
import { declaredIn, withCluster } from './declared.ts'
import { Display, displayOptionsIn } from './display.ts'
import { doctor } from './doctor.ts'
import { environmentOf, keyIn, referenceRulesOf, sourceOf } from './environment.ts'
import { follow } from './follow.ts'
import { forget } from './forget.ts'
import { helpFor, usage } from './help.ts'
import { history } from './history.ts'
import { bin, conflicts, status } from './look.ts'
import { jsonText, type Out, Output } from './output.ts'
import { planning } from './plan/command.ts'
import { type Rekeying, rekey } from './rekey.ts'
import { cancel, restore } from './restore.ts'
import { rollback } from './rollback.ts'
import { run } from './run.ts'
import type { ProcessEdges } from './runtime.ts'
import { validate } from './validate.ts'
import { verify } from './verify.ts'

/** The inputs that only the process has. */
export type Edges = Readonly<{
  args: readonly string[]
  environment: NodeJS.ProcessEnv
  clock: Clock
  /** Is standard output a terminal? */
  terminal: boolean
  /** Its size; undefined: unknown. */
  rows?: number | undefined
  columns?: number | undefined
  /** The inputs of a running controller: it ends by signals, and within this grace period, ms. */
  processEdges: (graceMs: number) => ProcessEdges
}>

const [stdout, stderr] = [new Output(() => process.stdout), new Output(() => process.stderr)]
const out = stdout.line

async function command(config: Config, edges: Edges): Promise<number> {
  const { clock, processEdges, terminal } = edges
  switch (config.command) {
    case 'run':
      return run(config, processEdges(config.graceMs), displayOf(config, edges))
    case 'plan':
      return planning(config, processEdges(config.graceMs), {
        out,
        note: (message) => stderr.line(message),
        terminal,
        rows: terminal ? edges.rows : undefined,
        columns: terminal ? edges.columns : undefined,
      })
    case 'verify':
      return declared(config, processEdges(config.graceMs), (environment, signal) =>
        verify(environment, config, out, signal),
      )
    case 'doctor':
      return doctoring(config, processEdges(config.graceMs))
    case 'validate':
      return validate(config.rest, out, { ...config, ...config.trust })
    case 'status':
      if (!config.watch) return status(config.state, clock.now(), out, config.output)
      return follow(
        (line) => status(config.state, clock.now(), line, config.output),
        out,
        clock,
        processEdges(config.graceMs).stop,
      )
    case 'conflicts':
      return looking(config, { readOnly: true }, ({ bin }) =>
        conflicts(bin, config.rest, config.output, out),
      )
    case 'bin':
      if (config.rest[0] === 'restore') return restoring(config, edges)
      if (config.rest[0] === 'cancel')
        return looking(config, { asking: true }, (state) =>
          cancel(state.bin, config.rest.slice(1), config, clock.now(), out),
        )
      return looking(config, { readOnly: true }, (state) =>
        bin(state.bin, config.rest, config.output, out, { ...config, terminal }),
      )
    case 'history':
      return looking(config, { readOnly: true }, (state) =>
        history(state.bin, config.output, out, { ...config, terminal }),
      )
    case 'rollback':
      return restoring(config, edges)
    case 'forget':
      return forgetting(config, edges)
    case 'rekey':
      return rekey(await keysIn(config), out)
    case 'backup':
      return backup(await givenIn(config), out)
    case 'restore-state':
      return restoreState({ ...(await givenIn(config)), dryRun: config.dryRun }, clock.now(), out)
    case 'help':
      await out(helpFor(config.rest), 'lines')
      return 0
    case 'version':
      if (config.output === 'json') await out(jsonText({ version: packageJson.version }), 'lines')
      else await out(`exsync ${packageJson.version}`)
      return 0
    case 'completion':
      await out(completionFor(config.rest), 'lines')
      return 0
    default:
      throw invalidArguments(unknownCommand(config.command, usage))
  }
}

// The commands of a person on a cluster, and their counterparts in a directory.
function clustered(config: Config, { processEdges, terminal }: Edges): Promise<number> {
  const edges = processEdges(config.graceMs)
  if (config.cluster.chosen) return onCluster(config, edges, { out, note: stderr.line, terminal })
  if (config.command !== 'support-bundle') return editInDirectory(config, edges.clock.now(), out)
  return bundleOfDirectory(config, edges, (line) => doctoring(config, edges, line), out)
}

function displayOf(config: Config, { terminal, environment, clock }: Edges): Display | undefined {
  const options = displayOptionsIn(config, terminal, environment)
  if (options === undefined) return undefined
  const display = new Display(process.stdout, clock, options)
  // The shell wrote below the board meanwhile.
  process.on('SIGCONT', () => display.resumed())
  return display
}

// Only what the command itself says goes to standard error; the first signal ends it at once.
async function doctoring(config: Config, edges: ProcessEdges, line = out): Promise<number> {
  const { clock, stop } = edges
  const note = (message: string) => stderr.line(message)
  try {
    const declared = await declaredIn(config, edges, note)
    const { requestMs: requestMaxMs } = config.ceilings
    const tools = { clock, signal: stop, requestMaxMs, refused: new Map() }
    return await doctor(declared, config, tools, line)
  } catch (error) {
    if (!stop.aborted) throw error
    throw new SyncError('terminal', 'Interrupted', 'interrupted: not everything was checked')
  }
}

// A dry run requests nothing, so it needs no write access.
function restoring(config: Config, { clock, terminal }: Edges): Promise<number> {
  const opening: Opening = config.dryRun ? { readOnly: true } : { asking: true }
  const { binRetentionMs, historyRetentionMs } = config
  return looking(config, opening, (state) => {
    const nowMs = clock.now()
    const showing = { ...config, terminal }
    if (config.command === 'bin')
      return restore(state, config.state, config.rest.slice(1), nowMs, out, showing)
    const place = { state, directory: config.state, nowMs, out }
    return rollback(place, Math.min(binRetentionMs, historyRetentionMs), showing)
  })
}

async function keysIn(config: Config): Promise<Rekeying> {
  const { state, newKeyFile, plain } = config
  const newKey = newKeyFile === undefined ? undefined : await keyFrom(newKeyFile, '--new-key-file')
  return { directory: state, key: await keyIn(config), newKey, plain }
}

async function givenIn(config: Config): Promise<Given> {
  return { directory: config.state, key: await keyIn(config), rest: config.rest }
}

function forgetting(config: Config, { clock, terminal }: Edges): Promise<number> {
  const { item, match, group, yes, state: stateDirectory } = config
  const asked = { item, match, group, yes, terminal, stateDirectory, nowMs: clock.now() }
  return looking(config, { asking: true }, (_, { eraser }) => forget(eraser, asked, out))
}

// Runs a command on groups that are declared in files, or in a controller's pod on those of the cluster; the state is only read.
async function declared(
  config: Config,
  edges: ProcessEdges,
  work: (environment: Environment, signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const { command, local, files, inPod } = config
  const { clock, hard } = edges
  const named = local !== undefined || files.length > 0
  if ((local === undefined) === (files.length === 0) && (named || !inPod)) {
    throw invalidArguments(`${command} needs either --local DIR or -f FILE`)
  }
  const opening = { readOnly: true, existing: true, key: await keyIn(config) }
  const state = stateOver(openState(config.state, opening))
  const { itemBytes } = config.ceilings
  const connections = new Connections(clock, { itemBytes })
  const over = (declarations: Declarations) => {
    const servers = new Servers(clock, { leastMs: 1_000, mostMs: 1_000 })
    const base = environmentOf(declarations, state, connections, clock)
    const environment = { ...base, servers, ceilings: config.ceilings, onEnded: () => {} }
    return work(environment, hard.signal)
  }
  try {
    if (!named)
      return await withCluster(
        config,
        edges,
        { note: stderr.line },
        async (declarations, problems) => {
          const code = await over(declarations)
          return problems > 0 ? 1 : code
        },
      )
    const declarations = inFiles(config, clock)
    const code = await over(declarations)
    return declarations.problems > 0 ? 1 : code
  } finally {
    await connections.close()
    await state.close()
  }
}

function inFiles(config: Config, clock: Clock): LocalDeclarations {
  const { local, files } = config
  const complain: ConstructorParameters<typeof LocalDeclarations>[3] = (problems) => {
    for (const problem of problems) stderr.line(problemText(problem))
  }
  const read = () => (local === undefined ? Promise.all(files.map(sourceOf)) : sourcesIn(local))
  const excerpt = local === undefined ? 'excerpt' : 'look'
  const rules = referenceRulesOf(config)
  return new LocalDeclarations(read, config.state, clock, complain, excerpt, rules)
}

async function looking(
  config: Config,
  opening: Opening,
  look: (state: State, sqlite: SqliteState) => Promise<number>,
): Promise<number> {
  const key = await keyIn(config)
  const sqlite = openState(config.state, { ...opening, existing: true, key })
  const state = stateOver(sqlite)
  try {
    return await look(state, sqlite)
  } finally {
    await state.close()
  }
}

/** Runs the command of the arguments; answers the exit code after all output is written. */
export async function program(edges: Edges): Promise<number> {
  const code = await ended(edges)
  await stderr.drained().catch(() => {})
  return code
}

async function ended(edges: Edges): Promise<number> {
  try {
    const config = configOf(edges.args, edges.environment, edges.clock.now())
    const ours = config.cluster.chosen || forClusters.includes(config.command)
    const code = await (ours ? clustered(config, edges) : command(config, edges))
    await stdout.drained()
    return code
  } catch (error) {
    stderr.line(...complaint(error))
    await stdout.drained().catch(() => {})
    return 1
  }
}

// For an unexpected error also its place in the code. Only this program's own texts have several lines.
function complaint(error: unknown): Parameters<Out> {
  const { code, message } = syncErrorOf(error)
  if (code === 'InvalidArguments') return [`exsync: ${message}`, 'lines']
  if (code !== 'Unexpected') return [`exsync: ${message}`]
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const places = stack.split('\n').filter((line) => /^ +at /.test(line))
  return [[`exsync: ${printable(message)}`, ...places].join('\n'), 'lines']
}
