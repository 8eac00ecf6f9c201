// Computes the status of an ExchangeServer from the result of its probe. Ready is always present, Stalled only while a
// person must act. A suspended server keeps its conditions.

import { cut, tokenMax } from '../core/cut.ts'
import { printable } from '../core/printable.ts'
import type { SyncError } from '../core/sync-error.ts'
import { requestAnnotation } from './annotations.ts'
import { iso, messageText, pausedOf, reasonOf } from './conditions.ts'
import { isStalling } from './reasons.ts'
import type {
  ExchangeServerStatusCondition as Condition,
  ExchangeServer,
  ExchangeServerStatus,
} from './resources.generated.ts'

const versionMax = 64

/** The result of a probe. */
export type ServerResult =
  | Readonly<{ kind: 'answered'; version: string | undefined }>
  | Readonly<{ kind: 'failed'; error: SyncError }>
  | Readonly<{ kind: 'suspended' }>

/** The status of a server. `nowMs`: ms since 1970. */
export function serverStatusOf(
  server: ExchangeServer,
  result: ServerResult,
  nowMs: number,
): ExchangeServerStatus {
  const { status: previous, metadata } = server
  const { generation = 0, annotations = {} } = metadata
  const observedGeneration = Math.max(0, generation)
  const since = iso(nowMs)
  const conditions = draftsOf(result, previous).map((draft): Condition => {
    const before = previous?.conditions?.find(({ type }) => type === draft.type)
    const lastTransitionTime = before?.status === draft.status ? before.lastTransitionTime : since
    const message = messageText(draft.message)
    return { ...draft, message, lastTransitionTime, observedGeneration }
  })
  const asked = annotations[requestAnnotation]
  const handled = result.kind === 'suspended' ? previous?.lastHandledReconcileAt : asked
  const version = result.kind === 'answered' ? result.version : previous?.version
  return {
    observedGeneration,
    conditions,
    ...(version === undefined ? {} : { version: cut(printable(version), versionMax) }),
    ...(handled === undefined ? {} : { lastHandledReconcileAt: cut(handled, tokenMax) }),
  }
}

type Draft = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

function draftsOf(
  result: ServerResult,
  previous: ExchangeServerStatus | undefined,
): readonly Draft[] {
  const ready = (status: 'True' | 'False', reason: string, message: string) => ({
    type: 'Ready',
    status,
    reason,
    message,
  })
  if (result.kind === 'answered')
    return [ready('True', 'Succeeded', 'the server answers and accepts the credentials')]
  if (result.kind === 'suspended') return pausedOf(previous?.conditions)
  const { code, message } = result.error
  const said = ready('False', reasonOf(code), message)
  return isStalling(result.error) ? [said, { ...said, type: 'Stalled', status: 'True' }] : [said]
}
