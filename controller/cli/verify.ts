// `exsync verify`: reads every copy again and lists each that is not as agreed. Names links and fields, never content.

import { reasonOf } from '../api/conditions.ts'
import { nameOf, participantsOf } from '../api/topology.ts'
import { type Apart, aparts, resultOf, type Verification } from '../api/verification.ts'
import { printable } from '../core/printable.ts'
import { invalidArguments, syncErrorOf } from '../core/sync-error.ts'
import type { Environment, Mode } from '../sync/environment.ts'
import type { Declared } from '../sync/ports.ts'
import { passSpecOf } from '../sync/reconcile.ts'
import { claimsOf } from '../sync/schedule.ts'
import { verify as verified } from '../sync/verify.ts'
import { jsonText, type Say } from './output.ts'

type Line = Readonly<{
  link: string
  replica: string
  kind: string
  fields: readonly string[]
  since?: string
  code?: string
}>

/** The result for one group. */
type Group = Readonly<{
  group: string
  result: ReturnType<typeof resultOf> | 'Suspended' | 'Deleted' | 'Error'
  error?: Readonly<{ reason: string; message: string }>
  copies: number
  replicas: Readonly<{ total: number; read: number }>
  /** By reason: the number of copies that differ from the agreed content on purpose. */
  apart: Readonly<Partial<Record<Apart, number>>>
  problems: readonly Readonly<{ replica: string; reason: string; message: string }>[]
  deviations: readonly Line[]
}>

const linesMax = 200

/** Verifies every group, or the named one, prints, and answers the exit code: 0 proved, 2 not proved, 1 error. */
export async function verify(
  environment: Environment,
  { group, output }: Readonly<{ group: string | undefined; output: 'table' | 'json' }>,
  out: Say,
  signal: AbortSignal,
): Promise<number> {
  const all = await environment.declarations.groups()
  const chosen = group === undefined ? all : all.filter(({ id }) => id === group)
  if (group !== undefined && chosen.length === 0) throw unknownGroup(group, all)
  const claims = claimsOf(all)
  const groups: Group[] = []
  for (const declared of chosen) {
    const found = await foundOf(declared, claims.get(declared.id), environment, signal)
    if (output === 'table') await table(found, out)
    groups.push(found)
  }
  if (output === 'json') await out(jsonText({ groups }), 'lines')
  if (groups.length === 0 || groups.some(({ result }) => result === 'Error')) return 1
  return groups.every(({ result }) => result === 'Proved' || result === 'Deleted') ? 0 : 2
}

function unknownGroup(group: string, all: readonly Declared[]): Error {
  const names = all.map(({ id }) => id).sort()
  const known = names.length === 0 ? 'none is declared' : `known are ${names.join(', ')}`
  return invalidArguments(`--group ${printable(group)} is not declared: ${known}`)
}

const nothing = { copies: 0, replicas: { total: 0, read: 0 }, apart: {} }

async function foundOf(
  declared: Declared,
  claimed: Mode['claimed'],
  environment: Environment,
  signal: AbortSignal,
): Promise<Group> {
  const empty = { group: declared.id, ...nothing, problems: [], deviations: [] }
  if (declared.deleted) return { ...empty, result: 'Deleted' }
  if (declared.group.spec.suspend) return { ...empty, result: 'Suspended' }
  const mode: Mode = { sliceMs: undefined, audit: true, stopping: () => false, claimed }
  try {
    return groupOf(
      declared,
      await verified(passSpecOf(declared, environment, mode, signal), signal),
    )
  } catch (error) {
    signal.throwIfAborted()
    const { code, message } = syncErrorOf(error)
    return { ...empty, result: 'Error', error: { reason: reasonOf(code), message } }
  }
}

function groupOf(declared: Declared, verification: Verification): Group {
  const { copies, replicas, apart, problems, deviations } = verification
  const participants = participantsOf(declared.group)
  const names = new Map(participants.roles.map(({ id }) => [id, nameOf(participants, id)]))
  return {
    group: declared.id,
    result: resultOf(verification),
    copies,
    replicas,
    apart: Object.fromEntries(
      aparts.flatMap((each) => (apart.has(each) ? [[each, apart.get(each)]] : [])),
    ),
    problems: problems.map(({ replica, reason, message }) => ({
      replica: names.get(replica) ?? '',
      reason: reasonOf(reason),
      message,
    })),
    deviations: deviations.map(({ link, replica, kind, fields, sinceMs, code }) => ({
      link,
      replica: names.get(replica) ?? '',
      kind,
      fields,
      ...(sinceMs === undefined ? {} : { since: timeText(sinceMs) }),
      ...(code === undefined ? {} : { code: reasonOf(code) }),
    })),
  }
}

// The time is from a server's clock and may be out of range.
function timeText(ms: number): string {
  const time = new Date(ms)
  return Number.isNaN(time.getTime()) ? '-' : time.toISOString()
}

const words = {
  Private: 'private',
  Ignored: 'with drift that is ignored',
  Declined: 'declined',
  TooLarge: 'too large',
  OlderCodec: 'to be read after an upgrade',
  Own: 'of receive-only members alone',
} satisfies Record<Apart, string>

async function table(found: Group, out: Say): Promise<void> {
  const { group, result, error, copies, replicas, problems, deviations } = found
  if (result === 'Suspended') await out(`${group}  not verified: spec.suspend is true`)
  else if (result === 'Deleted') await out(`${group}  not verified: it is not declared any more`)
  else if (error !== undefined) await out(`${group}  error  ${error.reason}: ${error.message}`)
  else {
    const apart = aparts.flatMap((each) =>
      found.apart[each] === undefined ? [] : [`${found.apart[each]} ${words[each]}`],
    )
    const besides = apart.length === 0 ? '' : `; set apart: ${apart.join(', ')}`
    const { total, read } = replicas
    const many = `${deviations.length} deviations`
    await out(
      `${group}  ${result}: ${copies} copies in ${read} of ${total} folders were read, ${many}${besides}`,
    )
  }
  for (const { replica, reason, message } of problems)
    await out(`  ${replica}  ${reason}: ${message}`)
  for (const { kind, link, replica, since = '-', code, fields } of deviations.slice(0, linesMax)) {
    const what = [...(code === undefined ? [] : [code]), ...fields].join(' ')
    await out(`  ${kind.padEnd(7)} ${link}  ${replica}  ${since}  ${what}`.trimEnd())
  }
  const more = deviations.length - linesMax
  if (more > 0) await out(`  … and ${more} more, which are not shown: all with -o json`)
}
