// What every status must keep to (kstatus, and Flux's linter of conditions); answers what one does not.
import type { Json } from './control-plane.ts'

const reasonPattern = /^[A-Z][A-Za-z]*$/

/** What is wrong with the status of a resource; nothing while it has not been looked at. */
export function statusFaults({ metadata, status }: Json): readonly string[] {
  if (status === undefined || status.observedGeneration === -1) return []
  const conditions: Json[] = status.conditions ?? []
  const of = (type: string) => conditions.find((each) => each.type === type)
  const faults: string[] = []
  const wrong = (bad: boolean, what: string) => {
    if (bad) faults.push(what)
  }
  wrong(of('Ready') === undefined, 'Ready is missing')
  wrong(status.observedGeneration > metadata.generation, 'observedGeneration is ahead')
  wrong(
    of('Reconciling') !== undefined && of('Stalled') !== undefined,
    'Reconciling and Stalled exclude each other',
  )
  wrong(of('Ready')?.status === 'True' && of('Stalled') !== undefined, 'Ready while Stalled')
  wrong(
    of('Ready')?.status === 'True' && of('Reconciling') !== undefined,
    'Ready while Reconciling',
  )
  wrong(new Set(conditions.map(({ type }) => type)).size !== conditions.length, 'a type twice')
  for (const { type, status: holds, reason, message, observedGeneration } of conditions) {
    const abnormal = type === 'Reconciling' || type === 'Stalled' || type === 'Guarded'
    wrong(abnormal && holds !== 'True', `${type} is there and not True`)
    wrong(!reasonPattern.test(reason), `${type}: ${reason} is not a reason`)
    wrong(message === '' || message.length > 1024, `${type}: the message is empty or long`)
    wrong(observedGeneration > metadata.generation, `${type}: observedGeneration is ahead`)
  }
  wrong((status.problems?.length ?? 0) > 50, 'too many problems')
  wrong((status.conflicts?.recent?.length ?? 0) > 20, 'too many conflicts')
  return faults
}
