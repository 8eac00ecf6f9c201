// Wires `exsync plan`: where the declarations and the state come from, and what the output may contain.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../../config.ts'
import { invalidArguments, SyncError } from '../../core/sync-error.ts'
import { Connections } from '../../ews/connections.ts'
import { stateOver } from '../../store/port.ts'
import { openState, stateFile } from '../../store/state.ts'
import type { Environment } from '../../sync/environment.ts'
import type { Declarations, Declared } from '../../sync/ports.ts'
import { Servers } from '../../sync/server-health.ts'
import { declaredIn } from '../declared.ts'
import { environmentOf, keyIn } from '../environment.ts'
import type { Out } from '../output.ts'
import { type PlanShowing, plan } from '../plan.ts'
import type { ProcessEdges } from '../runtime.ts'
import { againstIn, refuseOtherHosts } from './against.ts'
import { planOnCluster } from './request.ts'
import { rowsUsual } from './table.ts'

/** The outputs of the plan and of its problems. `rows`, `columns`: of the terminal; undefined: standard output is none. */
export type Streams = Readonly<{
  out: Out
  note: (message: string) => void
  terminal: boolean
  rows: number | undefined
  columns?: number | undefined
}>

/** Plans the declared or proposed groups, and answers the exit code. Rejects with a SyncError. */
export async function planning(
  config: Config,
  edges: ProcessEdges,
  streams: Streams,
): Promise<number> {
  const { out, note, terminal, rows = rowsUsual, columns } = streams
  if (config.request !== undefined) {
    if (config.showNames === true)
      throw invalidArguments('--show-names is refused: the plan of a controller has counts only')
    return planOnCluster(config.request, edges, config.form, streams)
  }
  const { clock, hard, stop } = edges
  refuseArguments(config, terminal)
  const names = config.showNames ?? terminal
  const against = config.against.length === 0 ? undefined : await againstIn(config.against, note)
  const opening = { readOnly: true, key: await keyIn(config) }
  const state = stateOver(openState(config.state, opening))
  const connections = new Connections(clock, { itemBytes: config.ceilings.itemBytes })
  try {
    const isFirst = !existsSync(join(config.state, stateFile))
    if (isFirst && (config.form === 'table' || config.form === 'wide'))
      await out(`there is no state in ${config.state} yet: this is the plan of a first pass`)
    const reading = { state: config.state, against, grants: true }
    const declared = await declaredIn(config, edges, note, reading)
    refuseOtherHosts(declared.changes, config.trust.serverHosts)
    const servers = new Servers(clock, { leastMs: 1_000, mostMs: 1_000 })
    const base = environmentOf(asTheyAre(declared.groups), state, connections, clock)
    const environment: Environment = {
      ...base,
      servers,
      ceilings: config.ceilings,
      onEnded: () => {},
    }
    const changes = against === undefined ? undefined : declared.changes
    const size = { rows: isFirst ? rows - 1 : rows, columns }
    const showing: PlanShowing = { names, ...size, changes, replaced: declared.replaced }
    const code = await plan(environment, config.form, out, hard.signal, showing)
    return declared.problems > 0 ? 1 : code
  } catch (error) {
    if (!stop.aborted) throw error
    throw new SyncError('terminal', 'Interrupted', 'interrupted: not everything was planned')
  } finally {
    await connections.close()
    await state.close()
  }
}

function refuseArguments(
  { local, files, kube, state, form, showNames }: Config,
  terminal: boolean,
) {
  const onCluster = local === undefined && files.length === 0
  if (local !== undefined && files.length > 0)
    throw invalidArguments('plan takes --local DIR or -f FILE, not both')
  if (!onCluster && (kube.named || kube.context !== undefined))
    throw invalidArguments('plan takes --kubeconfig or --local DIR or -f FILE, not several')
  if (onCluster && kube.kubeconfig === undefined && kube.context === undefined && !kube.inPod)
    throw invalidArguments(
      'plan needs --local DIR, -f FILE, or a cluster: --kubeconfig FILE or KUBECONFIG',
    )
  if (state === '') throw invalidArguments(onCluster ? stateOfCluster : stateMissing)
  if (showNames !== true) return
  if (form === 'json' || form === 'markdown')
    throw invalidArguments(`--show-names is refused with -o ${form}: names stay on a terminal`)
  if (!terminal)
    throw invalidArguments(
      '--show-names is refused without a terminal: names must not reach a file, a pipe or a log',
    )
}

const stateMissing = '--state DIR is missing: name the directory of the state'
const stateOfCluster =
  '--state DIR is missing: the state of a cluster is in the pod of its controller. Plan there with kubectl exsync plan, or name a copy of the state (exsync backup, exsync restore-state); --state of a directory that does not exist plans a first pass'

// The groups as they were read; nothing is written about them.
function asTheyAre(groups: readonly Declared[]): Declarations {
  return {
    groups: async () => groups,
    changed: async () => {},
    hold: async () => {},
    report: async () => {},
    released: async () => {},
  }
}
