// One trial: the controller's declarations over an API server in memory whose answers go wrong, while users change what
// is declared; then the answers are right again, and everything must be told as it is.
//
// Demanded at every moment: nothing but a SyncError is thrown, a group that lives is never told as deleted, and one
// that was told is never left out. In the end: all groups with their specs and credentials, those that were deleted let
// go, statuses written, and no more requests than were needed.

import { SyncError } from '../../../controller/core/sync-error.ts'
import { KubeDeclarations } from '../../../controller/kube/declarations.ts'
import { Recorder } from '../../../controller/kube/runtime/events.ts'
import type { Clock, Declared } from '../../../controller/sync/ports.ts'
import type { Stored } from '../../apiserver/objects.ts'
import { reach } from '../../apiserver/reach.ts'
import { ApiServer, type Through } from '../../apiserver/server.ts'
import { hubOf } from '../../support/declaration.ts'
import { judge } from '../../support/judge.ts'
import { Chance } from '../chance.ts'
import { answers } from './answers.ts'
import { lists } from './lists.ts'
import { type Mutator, textOf } from './mutator.ts'
import { watches } from './watches.ts'
import { act, begin, isSound } from './world.ts'

/** All ways in which answers go wrong. */
export const mutators: readonly Mutator[] = [...answers, ...lists, ...watches]

/** What a trial is made of; the mutators by name. */
export type Choice = Readonly<{ row: string; mutators: readonly string[]; seed: number }>

/** What came of it. */
export type Outcome = Readonly<{
  row: string
  seed: number
  met: readonly string[]
  findings: readonly string[]
}>

const requestsMax = 5_000
const minute = 60_000

/** Lives a trial. */
export async function lived(
  { row, mutators: names, seed }: Choice,
  clock: Clock,
): Promise<Outcome> {
  const chance = new Chance(seed)
  const [met, findings]: [string[], string[]] = [[], []]
  const find = (what: string) => void (findings.length < 20 && findings.push(what))
  const odd = { now: true, synced: () => false }
  const some = mutators.filter(({ name }) => names.includes(name))
  const server: ApiServer = new ApiServer(
    clock,
    wrong(seed, some, odd, met, () => [server, clock]),
  )
  begin(server.objects, chance)
  const { client, close } = reach(await server.open(), clock)
  const end = new AbortController()
  const recorder = new Recorder({ client, clock, controller: 'fuzz', instance: 'fuzz' })
  const options = { client, clock, chance: () => 0.5, namespaces: [], crossNamespace: false }
  const declarations = new KubeDeclarations(
    { ...options, judge, recorder, onError: () => {} },
    end.signal,
  )
  odd.synced = () => declarations.synced
  const engine = working(declarations, server, clock, find, end.signal)
  try {
    for (let turn = 0; turn < 4 + chance.below(4); turn += 1) {
      await clock.sleep(chance.below(30_000), end.signal)
      met.push(act(server.objects, chance, turn))
    }
    await clock.sleep(chance.below(minute), end.signal)
    odd.now = false
    met.push(`right from here on`)
    await settled(declarations, server, clock, find)
    if (server.requests > requestsMax) find(`${server.requests} requests`)
  } finally {
    end.abort()
    await engine
    await close()
    await server.close()
  }
  return { row, seed, met, findings }
}

// Each answer of a kind has chances of its own, so that a seed makes the same of it, however the kinds interleave.
function wrong(
  seed: number,
  some: readonly Mutator[],
  odd: { now: boolean; synced: () => boolean },
  met: string[],
  place: () => readonly [ApiServer, Clock],
): Through {
  const counts = new Map<string, number>()
  const former = new Map<string, string[]>()
  return (question, right, gone) => {
    const { act, plural, query } = question
    const stream = `${act} ${plural}`
    const count = (counts.get(stream) ?? 0) + 1
    counts.set(stream, count)
    const [{ objects }, clock] = place()
    const chance = new Chance(seed * 7919 + hashOf(stream) + count * 104_729)
    const before = former.get(`${stream} ${query}`) ?? []
    const scene = {
      question,
      right,
      chance,
      objects,
      clock,
      gone,
      synced: odd.synced,
      former: before,
    }
    const fitting = some.filter(({ acts }) => acts.includes(act))
    const reply = odd.now && chance.below(10) < 6 ? chance.of(fitting) : undefined
    const changed = reply?.apply(scene)
    if (changed !== undefined) {
      met.push(`${stream} ${count}: ${reply?.name}`)
      return changed
    }
    const answer = right()
    if (act === 'list') former.set(`${stream} ${query}`, [...before, textOf(answer)])
    return answer
  }
}

// What the engine does: holds, reports and lets go, and goes on whatever comes of it.
async function working(
  declarations: KubeDeclarations,
  server: ApiServer,
  clock: Clock,
  find: (what: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const told = new Set<string>()
  while (!signal.aborted) {
    try {
      const changed = declarations.changed(signal)
      const groups = await declarations.groups()
      for (const finding of falseIn(groups, server.objects.list('syncgroups'), told)) find(finding)
      for (const each of groups) await served(each, declarations, find, signal)
      await Promise.race([changed, clock.sleep(30_000, signal).catch(() => {})])
    } catch (error) {
      if (!signal.aborted) find(`groups() rejects: ${error instanceof Error ? error.stack : error}`)
    }
  }
}

/** A status as passes write it. */
const statusOf = (generation: number, items: number) => ({
  observedGeneration: generation,
  items,
  conditions: [
    {
      type: 'Ready',
      status: 'True' as const,
      reason: 'Succeeded',
      message: 'fine',
      lastTransitionTime: '2026-01-01T00:00:00Z',
      observedGeneration: generation,
    },
  ],
})

async function served(
  each: Declared,
  declarations: KubeDeclarations,
  find: (what: string) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    if (each.deleted) return await declarations.released(each)
    await declarations.hold(each)
    await declarations.report(each, statusOf(each.generation, each.generation))
  } catch (error) {
    if (!(error instanceof SyncError) && !signal.aborted)
      find(`it throws what is no SyncError: ${error instanceof Error ? error.stack : error}`)
  }
}

function falseIn(
  groups: readonly Declared[],
  stored: readonly Stored[],
  told: Set<string>,
): readonly string[] {
  const uidOf = ({ group }: Declared) => group.metadata.uid ?? ''
  const living = stored.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  const findings = living.flatMap(({ metadata }) => {
    const uid = String(metadata.uid)
    const each = groups.find((group) => uidOf(group) === uid)
    if (each?.deleted) return [`told as deleted: ${each.id}`]
    return each === undefined && told.has(uid) ? [`left out: ${metadata.name}`] : []
  })
  for (const each of groups) told.add(uidOf(each))
  return findings
}

/** Waits until all is told as it is, and statuses are written. */
async function settled(
  declarations: KubeDeclarations,
  server: ApiServer,
  clock: Clock,
  find: (what: string) => void,
): Promise<void> {
  const { signal } = new AbortController()
  let wrongs: readonly string[] = []
  for (const endMs = clock.now() + 60 * minute; clock.now() < endMs; ) {
    const groups = await declarations.groups()
    wrongs = differences(groups, server)
    if (wrongs.length === 0) return
    await clock.sleep(5_000, signal)
  }
  for (const each of wrongs) find(`in the end ${each}`)
}

function differences(groups: readonly Declared[], { objects }: ApiServer): readonly string[] {
  const stored = objects.list('syncgroups')
  const wrongs = groups
    .filter(({ group }) => !stored.some(({ metadata }) => metadata.uid === group.metadata.uid))
    .map(({ id }) => `there is no ${id}`)
  for (const each of stored) {
    const { name, namespace, uid, generation, deletionTimestamp } = each.metadata
    const told = groups.find(({ group }) => group.metadata.uid === uid)
    if (deletionTimestamp !== undefined) wrongs.push(`${name} is not let go`)
    else if (told === undefined) wrongs.push(`${name} is not told`)
    else if (!isSound(each)) {
      const said = told.invalid ?? hubOf(told).hindrance?.code
      if (said === undefined) wrongs.push(`${name} is told as valid`)
    } else {
      const password = objects.get('secrets', namespace, 'account').data as { password: string }
      const right = Buffer.from(password.password, 'base64').toString()
      const { items } = (each.status ?? {}) as { items?: number }
      if (JSON.stringify(told.group.spec) !== JSON.stringify(each.spec))
        wrongs.push(`${name}: spec`)
      if (hubOf(told).credentials?.password !== right) wrongs.push(`${name}: password`)
      if (items !== generation) wrongs.push(`${name}: its status is not written`)
    }
  }
  return wrongs
}

function hashOf(text: string): number {
  let hash = 0
  for (const character of text) hash = (hash * 31 + character.charCodeAt(0)) | 0
  return hash
}
