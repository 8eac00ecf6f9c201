// One job of applying: an action, and the step that it is part of.
import type { ItemId } from '../core/id.ts'
import { type Item, touched } from '../core/item.ts'
import { driftIn } from '../core/shown.ts'
import type { Action, Step } from '../core/step.ts'

/** An action to be carried out. */
export type Job = Readonly<{ step: Step; action: Action }>

/** The content that the copy shall have. */
export function agreedOf(step: Step): Item {
  if (step.agreed === undefined) throw new Error('nothing is agreed of a deleted link')
  return step.agreed
}

/** The copy that is changed or deleted. */
export function idOf({ action }: Job): ItemId {
  if (action.kind === 'create') throw new Error('a new copy has no id yet')
  return action.id
}

/** The fields that were left to the copy's user, and that the job overwrites without having kept them. */
export function driftLost({ step: { keeps }, action }: Job): readonly string[] {
  if (action.kind !== 'update') return []
  if (keeps.some(({ replica }) => replica === action.replica)) return []
  const fields = touched(action.patch)
  return driftIn(action.shown).filter((field) => fields.includes(field))
}
