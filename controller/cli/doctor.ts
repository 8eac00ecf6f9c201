// `exsync doctor`: examines the servers and groups, and says what is missing and what mends it. It only reads: no state,
// no status, no folder is written. Each line is written as soon as it is known.
import { printable } from '../core/printable.ts'
import { invalidArguments } from '../core/sync-error.ts'
import type { Tools } from '../ews/doctor/bench.ts'
import type { Finding, Outcome } from '../ews/doctor/finding.ts'
import { groupFindings } from '../ews/doctor/folders.ts'
import { type Examined, serverFindings } from '../ews/doctor/server.ts'
import type { Way } from '../ews/route.ts'
import type { Declared } from '../sync/ports.ts'
import type { DeclaredAll } from './declared.ts'
import { type Out, writeList } from './output.ts'

/** The choice of what to examine, and how to show it. */
export type Asked = Readonly<{
  /** Only this ExchangeServer, namespace/name; without `group` no folders. */
  server: string | undefined
  /** Only this group, and the servers that it names. */
  group: string | undefined
  output: 'table' | 'json'
}>

/** Examines, prints, and answers the exit code: 0 all is well, 2 something is missing, or a resource is not usable. */
export async function doctor(
  declared: DeclaredAll,
  asked: Asked,
  tools: Tools,
  out: Out,
): Promise<number> {
  const groups = groupsIn(declared, asked)
  const servers = serversIn(declared, groups, asked)
  const outcomes = new Set<Outcome>()
  async function* noted(): AsyncGenerator<Finding> {
    for await (const finding of findingsOf(servers, groups, tools)) {
      outcomes.add(finding.outcome)
      yield finding
    }
  }
  if (asked.output === 'json') await writeList('findings', noted(), out)
  else for await (const finding of noted()) await line(finding, out)
  return declared.problems > 0 || outcomes.has('missing') ? 2 : 0
}

async function* findingsOf(
  servers: readonly Examined[],
  groups: readonly Declared[],
  tools: Tools,
): AsyncGenerator<Finding> {
  const ways = new Map<string, Way | undefined>()
  try {
    for (const server of servers) ways.set(server.id, yield* serverFindings(server, tools))
    for (const group of groups) yield* groupFindings(group, ways, tools)
  } finally {
    await Promise.all([...ways.values()].map((way) => way?.transport.close()))
  }
}

function groupsIn({ groups }: DeclaredAll, { server, group }: Asked): readonly Declared[] {
  if (group === undefined) return server === undefined ? groups : []
  const chosen = groups.filter(({ id }) => id === group)
  if (chosen.length > 0) return chosen
  throw unknown('--group', group, groups)
}

function serversIn(
  { servers }: DeclaredAll,
  groups: readonly Declared[],
  { server, group }: Asked,
): readonly Examined[] {
  const named = new Set(groups.flatMap(({ access }) => [...access.keys()]))
  const some = group === undefined ? servers : servers.filter(({ id }) => named.has(id))
  const chosen = server === undefined ? some : some.filter(({ id }) => id === server)
  if (server !== undefined && chosen.length === 0) throw unknown('--server', server, some)
  if (chosen.length === 0 && groups.length === 0)
    throw invalidArguments('no ExchangeServer and no SyncGroup is declared there')
  return chosen
}

function unknown(flag: string, name: string, all: readonly Readonly<{ id: string }>[]): Error {
  const names = all.map(({ id }) => id).sort()
  const known = names.length === 0 ? 'none is declared' : `known are ${names.join(', ')}`
  return invalidArguments(`${flag} ${printable(name)} is not declared: ${known}`)
}

async function line({ check, subject, outcome, detail, remedy }: Finding, out: Out): Promise<void> {
  await out(`${outcome.padEnd(7)}  ${subject}  ${check}: ${detail}`)
  if (remedy !== undefined) await out(`         remedy: ${remedy}`)
}
