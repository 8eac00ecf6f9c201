// One look at a folder after its listing, the same for public folders and mailbox folders: which items must be read,
// their read within the pool, the items that are passed over, and the listing with its checkpoint.
import type { ItemId } from '../core/id.ts'
import type { Found } from '../core/model.ts'
import type { SyncError } from '../core/sync-error.ts'
import type { Known, Listing } from '../sync/ports.ts'
import type { Items } from './batch.ts'
import type { SeenFolder } from './folder-identity.ts'
import { type FolderMemory, isShort, type PassedOver } from './folder-notes.ts'
import type { FolderState } from './folder-state.ts'
import {
  carried,
  mayHide,
  moved,
  movedThere,
  nothingLacks,
  passedOverIn,
  readAll,
  toRead,
  unsettled,
  type Verdict,
} from './listing.ts'
import type { Ref } from './operations.ts'
import type { Pool } from './pool.ts'

/** The start of a look: the folder as it is now, and the memory of the last look. */
export type Look = Readonly<{
  state: SeenFolder
  /** The folder went back in time. */
  rewound: boolean
  /** The last look was at the same folder. */
  same: boolean
  memory: FolderMemory
}>

/** The findings of a look before items are read. */
export type Findings = Readonly<{
  /** The listed items, and those reported as deleted. `whole`: the whole folder was listed; `odd`: inconsistencies. */
  listed: Readonly<{
    refs: readonly Ref[]
    gone: readonly ItemId[]
    whole: boolean
    odd: readonly SyncError[]
  }>
  verdict: Verdict
  /** The items to read even if they did not change. */
  recheck: readonly ItemId[]
  /** The items that the last look passed over. */
  before: readonly PassedOver[]
  /** The items that were read before the listing: there may be no room to read them again. */
  early: readonly Found[]
}>

/** The findings of a look that lists nothing. */
export const unlisted: Pick<Findings, 'listed' | 'verdict' | 'early'> = {
  listed: { refs: [], gone: [], whole: false, odd: [] },
  verdict: nothingLacks,
  early: [],
}

/** The result of a look's read. */
export type Outcome = Readonly<{
  changed: readonly Found[]
  /** The ids that are not found. */
  missing: readonly ItemId[]
  /** The known items of `missing` that are not confirmed gone. */
  unsettled: readonly ItemId[]
  /** The ids left for the next look, because this pass has no more room. */
  rest: readonly ItemId[]
  passedOver: readonly PassedOver[]
  /** May a passed-over item equal an item that is about to be created? */
  mayHide: boolean
}>

/** Reads the items of one look. */
export class Reading {
  readonly #items: Items
  readonly #pool: Pool
  readonly #known: Known

  constructor(items: Items, pool: Pool, known: Known) {
    this.#items = items
    this.#pool = pool
    this.#known = known
  }

  /** Reads what the findings demand. Rejects with an error that concerns more than one item. */
  async read(findings: Findings, signal: AbortSignal): Promise<Outcome> {
    const { listed, verdict } = findings
    const known = this.#known
    const before = carried(findings.before, listed, verdict.gone)
    const { ids, left } = toRead(await moved(listed.refs, known), findings.recheck, before)
    const { early, others } = split(findings, ids)
    const context = { refs: listed.refs, before, known }
    const read = await readAll(this.#items, this.#pool, others, context, signal)
    const found = [...early, ...read.found]
    const passedOver = passedOverIn(left, read, verdict, listed.whole)
    return {
      changed: [...found, ...(await movedThere(verdict, found, known))],
      missing: read.missing,
      unsettled: await unsettled(read.missing, verdict.gone, known),
      rest: read.rest,
      passedOver,
      mayHide: await mayHide(passedOver, known),
    }
  }
}

// The early items that still exist, and the ids without them.
function split({ early, verdict }: Findings, ids: readonly ItemId[]) {
  const gone = new Set(verdict.gone)
  const there = early.filter(({ id }) => !gone.has(id))
  const done = new Set(there.map(({ id }) => id))
  return { early: there, others: ids.filter((id) => !done.has(id)) }
}

/**
 * The listing of a look, with its checkpoint. `cursor`: the start of the next look, unless the listing is shorter than
 * the folder.
 */
export function listingOf(
  { state, rewound }: Look,
  { listed: { whole, odd }, verdict }: Findings,
  { changed, unsettled: again, rest, passedOver, mayHide: hides }: Outcome,
  { cursor, notes }: Pick<FolderMemory, 'cursor' | 'notes'>,
): Listing {
  const more = rest.length > 0
  const fewer = whole && isShort(notes.short ?? 0)
  return {
    changed,
    gone: verdict.gone,
    forgotten: verdict.forgotten,
    odd,
    rewound,
    whole: whole && !more,
    more,
    short: more || fewer || hides,
    // The next look reads an item again that was reported as deleted and still exists.
    recheck: [...again, ...rest, ...(whole ? [] : verdict.there.map(({ id }) => id))],
    unread: passedOver,
    checkpoint: {
      folder: state.id,
      adapter: memoryOf(state, passedOver, notes, fewer ? undefined : cursor),
    },
  }
}

function memoryOf(
  { parent, highWater }: FolderState,
  passedOver: readonly PassedOver[],
  notes: FolderMemory['notes'],
  cursor: string | undefined,
): FolderMemory {
  return { parent, highWater, cursor, passedOver, notes }
}
