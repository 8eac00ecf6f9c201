// The next step, for the reader of an Event or of a log line: the remedies of reasons, and the command that shows or
// decides more. Counts, reasons and names of resources only: the reader of an Event may not be a member of the group.
import { approveAnnotation } from './annotations.ts'
import { reasonOf } from './conditions.ts'
import { remedies, waits } from './reasons.ts'
import type { SyncGroup } from './resources.generated.ts'
import { namesIn, participantsOf } from './topology.ts'

/** The place of the declarations, and so of the commands. `state`: the directory of the state. */
export type Deployment = 'cluster' | Readonly<{ state: string }>

/** How many different reasons one text explains. */
const reasonsMax = 5

/** The remedy for a code or reason, in plain text. A code that the table lacks has a general one. */
export function remedyOf(code: string): string {
  const reason = reasonOf(code)
  const text = remedies.get(reason)?.replaceAll('`', '')
  if (text === undefined)
    return /^Api[A-Z]/.test(reason)
      ? 'the API server refuses it: check the rights of the controller’s service account'
      : 'look this code up in the documentation of Exchange, and correct the cause'
  return waits.get(reason) === 'time' ? `${text}; it is tried again` : text
}

/**
 * One line for each different reason, the most frequent first: its count if it occurs more than once, and its remedy. At
 * most five lines; a sixth counts the other reasons.
 */
export function remedyLines(codes: readonly string[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const code of codes) counts.set(reasonOf(code), (counts.get(reasonOf(code)) ?? 0) + 1)
  const all = [...counts].sort(([, one], [, other]) => other - one)
  const lines = all.slice(0, reasonsMax).map(([reason, count]) => {
    const times = count === 1 ? '' : ` (${count} times)`
    return `${reason}${times}: ${remedyOf(reason)}`
  })
  const left = all.length - lines.length
  return left === 0 ? lines : [...lines, `and ${left} other reasons`]
}

/** The command that prints a part of a group's status, such as the members with problems. `id`: namespace/name. */
export function statusCommand(
  deployment: Deployment,
  id: string,
  part: 'problems' | 'verified',
): string {
  if (deployment !== 'cluster')
    return `exsync status -o json --state ${shellText(deployment.state)}`
  return `kubectl get ${named('syncgroup', id)} -o jsonpath='{.status.${part}}'`
}

/**
 * The way to approve a plan that the guard blocks. `above`: an ExchangeServer has lower limits than the group, so that the
 * approval belongs there.
 */
export function approvalText(
  deployment: Deployment,
  group: SyncGroup,
  id: string,
  guard: Blocked,
): string {
  const { hash, above } = guard
  if (deployment !== 'cluster') {
    const where = above ? 'its ExchangeServer' : 'the SyncGroup'
    return `approve exactly this: give ${where} the annotation ${approveAnnotation}: ${hash}`
  }
  const kind = above ? 'exchangeserver' : 'syncgroup'
  const ids = above ? serversOf(group) : [id]
  const commands = ids.map(
    (each) => `kubectl annotate --overwrite ${named(kind, each)} ${approveAnnotation}=${hash}`,
  )
  return `approve exactly this: ${commands.join(' && ')}`
}

/** The hash of the blocked plan, and whether only ExchangeServers can approve it. */
export type Blocked = Readonly<{ hash: string; above: boolean }>

/** A resource in the arguments of kubectl. `id`: namespace/name. */
export function named(kind: string, id: string): string {
  const { namespace, name } = namesIn(id)
  return `${kind} ${name} -n ${namespace}`
}

// Which of them has the lower limits is not known here, and an approval of another one does nothing.
function serversOf(group: SyncGroup): readonly string[] {
  const all = participantsOf(group).all.map(({ place }) => place.server)
  return [...new Set(all)].slice(0, reasonsMax)
}

function shellText(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
}
