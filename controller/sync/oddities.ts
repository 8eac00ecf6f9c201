// Problems of single items: items that a listing leaves out, new copies that are not visible, and listings that do not
// add up. Each is counted, and named by the id of its link, so that nothing is missing silently.

import type { Problem } from '../api/report.ts'
import { type Attempt, afterSeen, isOver, triesMax } from '../core/attempt.ts'
import { type LinkId, linkIdOf, type ReplicaId } from '../core/id.ts'
import { into } from '../core/many.ts'
import { itemTooLarge } from '../core/scope.ts'
import type { Plan } from '../core/step.ts'
import type { Observed } from './observe.ts'
import type { PassSpec } from './pass-spec.ts'
import type { AttemptNote } from './ports.ts'
import type { Proposal } from './propose.ts'
import type { Applied } from './tally.ts'

/** The maximum number of links that one problem names. */
const namedMax = 10

const remedies: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ItemTooLarge:
      'it is larger than --max-contact-size allows: its copies are left as they are; shorten its note in Outlook',
    NotListed:
      'the folder’s listing lacks it, although it can still be read: it is left as it is; have the folder checked on the server',
    NotTaken:
      'the server acknowledges a change, and the copy shows the same as before: correct the copy in its mailbox',
    CopyNotSeen:
      'the server acknowledges a new copy, and the copy is not there afterwards: check for a rule or a program that moves or removes new contacts',
  }),
)

const unmade =
  'the server did not make a copy of it: it is tried again, less and less often; check whether it opens in Outlook'

const unreadable =
  'the server cannot read it: it is left as it is, and read again when it changes and at each audit; open it in Outlook and save it, or remove it'

/** The problems that concern single items. */
export async function odditiesOf(
  spec: PassSpec,
  observed: Observed,
  [unwritten, undecided = []]: readonly [Applied['tooLarge'], Plan['tooLarge']],
): Promise<readonly Problem[]> {
  const { baseline, rules } = spec
  const memories = await baseline.memories()
  const attempts = (await baseline.attempts()).filter(
    (each) => !each.seen && each.tries >= triesMax,
  )
  const problems: Problem[] = []
  for (const { id: replica, hub } of rules.roles) {
    const [unread, untried] = [new Map<string, LinkId[]>(), new Map<string, LinkId[]>()]
    for (const { id, code } of memories.get(replica)?.unread ?? []) {
      const [link = linkIdOf(rules.group, replica, id)] = await baseline.linksOf(replica, [id])
      into(unread, code, link)
    }
    for (const link of [...(unwritten.get(replica) ?? []), ...(hub ? undecided : [])])
      into(unread, itemTooLarge, link)
    for (const { replica: where, link, code = 'CopyNotSeen' } of attempts)
      if (where === replica) into(untried, code, link)
    for (const [code, all] of unread) problems.push(problemOf(replica, code, all, unreadable))
    for (const [code, all] of untried) problems.push(problemOf(replica, code, all, unmade))
    for (const { kind, code, message } of observed.odd.get(replica) ?? [])
      problems.push({ replica, kind, reason: code, message })
  }
  return problems
}

function problemOf(
  replica: ReplicaId,
  code: string,
  links: readonly LinkId[],
  otherwise: string,
): Problem {
  const named = links.slice(0, namedMax).join(', ')
  const more = links.length > namedMax ? ', …' : ''
  const count = links.length === 1 ? 'one item' : `${links.length} items`
  const message = `${count} (${named}${more}): ${code}: ${remedies.get(code) ?? otherwise}`
  return { replica, kind: 'terminal', reason: code, message }
}

/** The changes to creates of unknown outcome that follow from the listings of this pass. */
export function seenSince(
  { attempts, hidden, observed, guarded: { plan, observations }, view }: Proposal,
  nowMs: number,
): readonly AttemptNote[] {
  const steps = new Map(plan.steps.map((step) => [step.link.id, step]))
  const links = new Map(view.links.map((link) => [link.id, link]))
  const next = (attempt: Attempt): Attempt | undefined => {
    const { link, replica } = attempt
    if (isOver(attempt, nowMs)) return undefined
    if (attempt.seen || observations.get(replica)?.state !== 'seen') return attempt
    const step = steps.get(link)
    const has = step?.known.has(replica) || links.get(link)?.copies.has(replica)
    const reached =
      has || step?.actions.some((one) => one.replica === replica && one.kind !== 'create')
    if (reached) return afterSeen(attempt)
    const agreed = step === undefined ? links.get(link)?.agreed : step.agreed
    const absent = observed.whole.has(replica) && !hidden.has(attempt)
    return agreed === undefined && absent ? undefined : attempt
  }
  return attempts.flatMap((attempt) => {
    const after = next(attempt)
    return after === attempt
      ? []
      : [{ link: attempt.link, replica: attempt.replica, attempt: after }]
  })
}
