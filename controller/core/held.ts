// Links about which a pass decides nothing: the hub's item could not be read, or the merged item is too large. Their
// seen items are not consumed: later passes read them again.
import type { ItemId, LinkId, ReplicaId } from './id.ts'
import { into } from './many.ts'
import type { Row } from './model.ts'
import type { Plan } from './step.ts'
import { weightOf } from './work.ts'

/** Collects the items and links that a plan holds back. */
export class Held {
  readonly #seen = new Map<ReplicaId, ItemId[]>()
  readonly #tooLarge: LinkId[] = []

  /** Holds the seen items of the row. `tooLarge`: the link whose merged content is too large. */
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

/** The weight of a row (work.ts). */
export function weightOfRow({ link, cells }: Row): number {
  let weight = link.agreed === undefined ? 1 : weightOf(link.agreed)
  for (const cell of cells.values())
    weight += cell.state === 'edited' ? weightOf(cell.found.item) : 0.01
  return weight
}
