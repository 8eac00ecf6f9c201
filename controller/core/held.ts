// Links of which nothing is decided in a pass: the hub's item is too large to be read, or what all edits come to is. What
// was seen of them is not consumed: it is read again until it can be.
import type { ItemId, LinkId, ReplicaId } from './id.ts'
import { into } from './loose.ts'
import type { Row } from './model.ts'
import type { Plan } from './step.ts'
import { weightOf } from './work.ts'

/** What is held back of a plan. */
export class Held {
  readonly #seen = new Map<ReplicaId, ItemId[]>()
  readonly #tooLarge: LinkId[] = []

  /** Holds what was seen of the row; `tooLarge`: the link whose content would be too large. */
  hold({ cells }: Row, tooLarge?: LinkId): void {
    for (const [replica, cell] of cells) {
      if (cell.state === 'edited') into(this.#seen, replica, cell.found.id)
      else if (cell.state === 'gone') into(this.#seen, replica, cell.copy.id)
    }
    if (tooLarge !== undefined) this.#tooLarge.push(tooLarge)
  }

  noted(): Pick<Plan, 'held' | 'tooLarge'> {
    return {
      ...(this.#seen.size > 0 && { held: this.#seen }),
      ...(this.#tooLarge.length > 0 && { tooLarge: this.#tooLarge }),
    }
  }
}

/** How much work a row is. */
export function weightOfRow({ link, cells }: Row): number {
  let weight = link.agreed === undefined ? 1 : weightOf(link.agreed)
  for (const cell of cells.values())
    weight += cell.state === 'edited' ? weightOf(cell.found.item) : 0.01
  return weight
}
