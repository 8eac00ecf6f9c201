// Notices for a receiver outside of the cluster: a guard waits for a decision, a resource is stalled, or it is well again.
// Pure. A notice is made of names, reasons, numbers and hashes only: messages of conditions, and the names of replicas, may
// be the mailbox of a member.
//
//   status: Guarded ─► Guarded     Stalled ─► Stalled     Ready ─► Healed     anything else says nothing
import { digestOf } from '../core/id.ts'
import { approveAnnotation } from './annotations.ts'
import { reasonOf } from './conditions.ts'
import type { SyncGroupStatus, SyncGroupStatusCondition } from './resources.generated.ts'

/** The resource that a notice is about. */
export type Noticed = Readonly<{
  kind: 'SyncGroup' | 'ExchangeServer'
  namespace: string
  name: string
  uid?: string | undefined
}>

/** The parts of a notice that make it another one. `hash`: of the blocked plan; '' without one. */
export type Standing = Readonly<{
  state: 'Guarded' | 'Stalled' | 'Healed'
  reason: string
  hash: string
}>

/** A notice: since when it is so, for people, and numbers. */
export type Notice = Standing &
  Readonly<{
    subject: Noticed
    since: string
    message: string
    figures: Readonly<Record<string, unknown>>
  }>

/** A CloudEvent 1.0 in the structured mode of JSON. */
export type CloudEvent = Readonly<{
  specversion: '1.0'
  id: string
  source: string
  type: string
  subject: string
  time: string
  datacontenttype: 'application/json'
  data: Readonly<Record<string, unknown>>
}>

type Status = Readonly<{ conditions?: readonly SyncGroupStatusCondition[] }>
type Guard = NonNullable<SyncGroupStatus['guard']>

/** The most reasons, and the most refusals, that a notice lists. */
const listedMax = 10

/** The types of events by the kind of a resource and its state; docs/operations.md lists them. */
const types = { SyncGroup: 'dev.exchangesync.group', ExchangeServer: 'dev.exchangesync.server' }

/** Are these the same for a receiver? */
export function isSameStanding(one: Standing, other: Standing): boolean {
  return one.state === other.state && one.reason === other.reason && one.hash === other.hash
}

/** The notice of a group with this status; undefined: the status says neither that it needs a person nor that it is well. */
export function groupNotice(subject: Noticed, status: SyncGroupStatus): Notice | undefined {
  const { items, members, guard, problems = [] } = status
  const { total, current, behind, unreachable } = members ?? {}
  const reasons = Map.groupBy(problems, ({ reason }) => reasonOf(reason))
  const figures = {
    ...(items === undefined ? {} : { items }),
    ...(members === undefined ? {} : { members: { total, current, behind, unreachable } }),
    ...(reasons.size === 0
      ? {}
      : {
          problems: [...reasons]
            .slice(0, listedMax)
            .map(([reason, { length: count }]) => ({ reason, count })),
        }),
  }
  const guarded = conditionIn(status, 'Guarded')
  if (guarded === undefined || guard === undefined) return standingOf(subject, status, figures)
  const { reason } = conditionIn(status, 'Stalled') ?? { reason: 'Guarded' }
  const { hash } = guard
  const on = guard.refusals.some(({ above }) => above) ? 'ExchangeServer' : 'SyncGroup'
  const approval = { hash, annotation: approveAnnotation, on, refusals: refusalsIn(guard) }
  const message = guardText(guard, on)
  const said = { state: 'Guarded', reason: reasonOf(reason), hash } as const
  return {
    ...said,
    subject,
    since: guarded.lastTransitionTime,
    message,
    figures: { ...figures, guard: approval },
  }
}

/** The notice of a server with this status; undefined as for a group. */
export function serverNotice(subject: Noticed, status: Status): Notice | undefined {
  return standingOf(subject, status, {})
}

/** The notice of a resource that is not declared any more, for a receiver that knows of its trouble. `time`: of its end. */
export function goneNotice(subject: Noticed, time: string): Notice {
  const message = `${subject.namespace}/${subject.name} is not declared any more`
  return {
    state: 'Healed',
    reason: 'Removed',
    hash: '',
    subject,
    since: time,
    message,
    figures: {},
  }
}

function standingOf(
  subject: Noticed,
  status: Status,
  figures: Notice['figures'],
): Notice | undefined {
  const name = `${subject.namespace}/${subject.name}`
  const stalled = conditionIn(status, 'Stalled')
  const ready = conditionIn(status, 'Ready')
  if (stalled !== undefined) {
    const reason = reasonOf(stalled.reason)
    const kind = subject.kind.toLowerCase()
    const look = `kubectl describe ${kind} ${subject.name} -n ${subject.namespace}`
    const message = `${name} waits for a person or for another declaration (${reason}): see ${look}, or in a directory exsync status`
    return {
      state: 'Stalled',
      reason,
      hash: '',
      subject,
      since: stalled.lastTransitionTime,
      message,
      figures,
    }
  }
  if (ready === undefined) return undefined
  const said = { state: 'Healed', reason: 'Ready', hash: '' } as const
  return {
    ...said,
    subject,
    since: ready.lastTransitionTime,
    message: `${name} is ready again`,
    figures,
  }
}

function conditionIn({ conditions }: Status, type: string): SyncGroupStatusCondition | undefined {
  return conditions?.find((each) => each.type === type && each.status === 'True')
}

function refusalsIn({ refusals }: Guard) {
  return refusals
    .slice(0, listedMax)
    .map(({ reason, count, limit }) => ({ reason: reasonOf(reason), count, limit }))
}

function guardText(guard: Guard, on: string): string {
  const what = refusalsIn(guard).map(
    ({ reason, count, limit }) => `${count} ${reason.toLowerCase()} (limit ${limit})`,
  )
  return `the guard blocks ${what.join('; ')}: undo it in Exchange, or approve exactly this with the annotation ${approveAnnotation}=${guard.hash} on the ${on}`
}

/** The id of an event: the same for the same change, also after a restart. */
export function idOf({ subject, state, reason, hash, since }: Notice): string {
  const { kind, namespace, name, uid = '' } = subject
  return digestOf(kind, namespace, name, uid, state, reason, hash, since)
}

/** The event of a notice. `time`: when it was noticed, RFC 3339. */
export function eventOf(notice: Notice, id: string, time: string): CloudEvent {
  const { subject, state, reason, since, message, figures } = notice
  const { kind, namespace, name } = subject
  const resource = kind === 'SyncGroup' ? 'syncgroups' : 'exchangeservers'
  return {
    specversion: '1.0',
    id,
    source: `/apis/exchangesync.dev/v1alpha1/namespaces/${namespace}/${resource}/${name}`,
    type: `${types[kind]}.${state.toLowerCase()}`,
    subject: `${namespace}/${name}`,
    time,
    datacontenttype: 'application/json',
    data: { kind, namespace, name, state, reason, since, message, ...figures },
  }
}
