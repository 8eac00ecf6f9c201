// Converts rows of the state to values.

import type { Place } from '../api/topology.ts'
import type { Attempt } from '../core/attempt.ts'
import type { ItemId, LinkId, ReplicaId, Version } from '../core/id.ts'
import type { Item } from '../core/item.ts'
import type { Copy, Link, Shown } from '../core/model.ts'
import type { Memory, SeenAs, Unread } from '../sync/ports.ts'
import type { Spot, Vault } from './encryption.ts'
import { damaged } from './errors.ts'
import { agreedSpot, baseSpot, shownSpot } from './spots.ts'
import type { Row } from './statements.ts'

/** The versions of items, by id. */
export function versionsIn(rows: Iterable<Row>): ReadonlyMap<ItemId, Version> {
  const versions = new Map<ItemId, Version>()
  for (const { id, version } of rows) versions.set(String(id) as ItemId, String(version) as Version)
  return versions
}

/** The memory of a replica. */
export function memoryOf(row: Row): Memory {
  return {
    checkpoint: {
      folder: row.folder == null ? undefined : String(row.folder),
      adapter: row.adapter == null ? undefined : parsed(row.adapter),
    },
    seenAs: row.seen_as == null ? undefined : (parsed(row.seen_as) as SeenAs),
    place: row.place == null ? undefined : (parsed(row.place) as Place),
    recheck: parsed(row.recheck) as ItemId[],
    relist: Number(row.relist) === 1,
    rewound: Number(row.rewound) === 1,
    unread: parsed(row.unread) as Unread[],
    codec: row.codec == null ? undefined : Number(row.codec),
  }
}

/** An attempt: a create whose outcome is unknown. */
export function attemptOf(row: Row): Attempt {
  return {
    link: String(row.link) as LinkId,
    replica: String(row.replica) as ReplicaId,
    revision: Number(row.revision),
    batch: Number(row.batch),
    tries: Number(row.tries),
    sentMs: Number(row.sent_ms),
    items: parsed(row.items) as Attempt['items'],
    code: row.code == null ? undefined : String(row.code),
    seen: Number(row.seen) === 1,
  }
}

/** A link with its copies and bases (earlier content). Throws a terminal SyncError if content does not open. */
export function linkOf(
  row: Row,
  copies: readonly Row[],
  bases: readonly Row[],
  vault: Vault,
): Link {
  const { grp, id, revision } = row
  const base = (at: Row) => itemOf(at.item, vault, baseSpot(grp, id, at.revision))
  return {
    id: String(id) as LinkId,
    revision: Number(revision),
    agreed: itemOf(row.agreed, vault, agreedSpot(grp, id, revision)),
    editedMs: row.edited_ms == null ? undefined : Number(row.edited_ms),
    bases: new Map(bases.map((each) => [Number(each.revision), base(each)])),
    copies: new Map(
      copies.map((copy) => [String(copy.replica) as ReplicaId, copyOf(copy, row, vault)]),
    ),
    aliases: parsed(row.aliases) as string[],
    source: row.source == null ? undefined : String(row.source),
    declined: new Set(parsed(row.declined) as ReplicaId[]),
  }
}

function copyOf(row: Row, link: Row, vault: Vault): Copy {
  const at = shownSpot(link.grp, link.id, row.replica, row.id)
  return {
    id: String(row.id) as ItemId,
    version: String(row.version) as Version,
    revision: Number(row.revision),
    shown: row.shown == null ? {} : (parsed(vault.open(String(row.shown), at)) as Shown),
    ...(Number(row.withheld) === 1 ? { withheld: true } : {}),
    codec: Number(row.codec),
  }
}

/** The item in a column; undefined for NULL. Throws a terminal SyncError if it does not open. */
export function itemOf(text: Row[string] | undefined, vault: Vault, at: Spot): Item | undefined {
  return text == null ? undefined : (parsed(vault.open(String(text), at)) as Item)
}

/** The value of a JSON column. Throws a terminal StateUnreadable if it is not JSON. */
export function parsed(text: Row[string] | undefined): unknown {
  try {
    return JSON.parse(String(text))
  } catch (error) {
    throw damaged('something in the state', error)
  }
}
