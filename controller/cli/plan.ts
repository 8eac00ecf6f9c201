// `exsync plan`: shows what a pass would do now. Names links and fields; items by name on a terminal only. Everything that
// it prints is made in plan/.
import { isChange } from '../api/plan-summary.ts'
import type { SyncGroup } from '../api/resources.generated.ts'
import { participantsOf, titleOf } from '../api/topology.ts'
import type { Environment } from '../sync/environment.ts'
import { type Forecast, forecastOf } from '../sync/forecast.ts'
import { summaryOf } from '../sync/plan-summary.ts'
import type { Declared } from '../sync/ports.ts'
import { claimsOf } from '../sync/schedule.ts'
import { jsonText, type Say } from './output.ts'
import { changeNote, type ProposedChange } from './plan/against.ts'
import { markdownOf, quoting } from './plan/markdown.ts'
import { type PlanView, rowsUsual, tableOf } from './plan/table.ts'
import { wideOf } from './plan/wide.ts'

/** The forms of output. */
export type PlanForm = 'table' | 'wide' | 'json' | 'markdown'

/** How to show a plan. */
export type PlanShowing = Readonly<{
  /** Items by their names: on a terminal only. */
  names?: boolean
  /** The size of the terminal; undefined: there is none. */
  rows?: number | undefined
  columns?: number | undefined
  /** The differences of proposed resources; undefined: none were given. */
  changes?: readonly ProposedChange[] | undefined
  /** The groups that proposed ones replace. */
  replaced?: readonly SyncGroup[]
}>

/** Plans every group, prints, and answers the exit code: 0 nothing to do, 2 changes, 1 error. */
export async function plan(
  environment: Environment,
  form: PlanForm,
  out: Say,
  signal: AbortSignal,
  showing: PlanShowing = {},
): Promise<number> {
  const all = await environment.declarations.groups()
  const claims = claimsOf(all)
  // Names belong on a terminal: no other form may hold them.
  const names = showing.names === true && (form === 'table' || form === 'wide')
  const views: PlanView[] = []
  for (const declared of all) {
    const claimed = claims.get(declared.id)
    const forecast = await forecastOf(declared, claimed, environment, signal, { names })
    views.push({ summary: summaryOf(forecast), forecast })
  }
  await shown(views, all, form, out, showing)
  const summaries = views.map(({ summary }) => summary)
  if (summaries.length === 0 || summaries.some(({ error }) => error !== undefined)) return 1
  return summaries.some(isChange) ? 2 : 0
}

async function shown(
  views: readonly PlanView[],
  groups: readonly Declared[],
  form: PlanForm,
  out: Say,
  { changes, replaced = [], rows = rowsUsual, columns }: PlanShowing,
): Promise<void> {
  const notes = (changes ?? []).map(changeNote)
  if (form === 'json') {
    const plans = views.flatMap(({ forecast }) => (forecast === undefined ? [] : jsonOf(forecast)))
    await out(jsonText({ groups: plans, ...(changes && { against: changes }) }), 'lines')
  } else if (form === 'markdown') {
    const declared = [...groups.map(({ group }) => group), ...replaced].flatMap((group) =>
      participantsOf(group).all.map(({ place }) => titleOf(place)),
    )
    const quote = quoting(new Set())
    const summaries = views.map(({ summary }) => summary)
    const lines = markdownOf(
      summaries,
      declared,
      notes.map((note) => `- ${quote(note)}`),
    )
    for (const line of lines) await out(line)
  } else {
    for (const note of form === 'wide' ? notes : notes.slice(0, notesMax)) await out(note)
    if (form === 'table' && notes.length > notesMax)
      await out(`… and ${notes.length - notesMax} more proposed resources: -o wide shows all`)
    const taken = form === 'table' ? Math.min(notes.length, notesMax + 1) : 0
    if (form === 'wide') for (const view of views) for (const line of wideOf(view)) await out(line)
    else for (const line of tableOf(views, rows - taken, columns)) await out(line)
  }
}

/** The most lines about proposed resources in a table. */
const notesMax = 5

// The lists of members are there for every group, so that a reader needs no case for their absence.
function jsonOf({ group, joins = [], forgets = [], ...rest }: Forecast): Forecast {
  return { group, ...rest, joins, forgets }
}
