// The ceilings of the guard that ExchangeServers set (spec.allowed.guard). The ceilings of every server of a
// participant apply, and effects above them need an approval on each server with ceilings.
import type { Limits, Share } from '../core/guard.ts'
import { allowedOf } from './allowed.ts'
import { approvalsIn } from './annotations.ts'
import { checkedMs } from './duration.ts'
import type { ExchangeServer, SyncGroup } from './resources.generated.ts'

const usualWindow = '1h'

/** The effective guard of a group: its own, within the ceilings of its participants' servers. */
export function guardUnder(
  guard: SyncGroup['spec']['guard'],
  servers: readonly ExchangeServer[],
): SyncGroup['spec']['guard'] {
  return servers.reduce(guardOn, guard)
}

function guardOn(
  guard: SyncGroup['spec']['guard'],
  server: ExchangeServer,
): SyncGroup['spec']['guard'] {
  const most = ceilingOn(server)
  if (most === undefined) return guard
  const { window = usualWindow } = allowedOf(server).guard?.ceilings ?? {}
  return {
    ...lesser(guard, most),
    window: checkedMs(window) > checkedMs(guard.window) ? window : guard.window,
    minCount: guard.minCount,
  }
}

function lesser(one: Limits, other: Limits): Limits {
  const share = (a: Share, b: Share): Share => ({
    maxPercent: Math.min(a.maxPercent, b.maxPercent),
    maxCount: Math.min(a.maxCount, b.maxCount),
  })
  return {
    deletions: share(one.deletions, other.deletions),
    publications: {
      maxCount: Math.min(one.publications.maxCount, other.publications.maxCount),
    },
    updates: share(one.updates, other.updates),
    minCount: Math.min(one.minCount, other.minCount),
  }
}

/**
 * The limits of the guard that the servers set, and the hashes that all of them approve; undefined: the groups' own
 * limits apply alone.
 */
export function ceilingOf(
  servers: readonly ExchangeServer[],
): Readonly<{ limits: Limits; approved: ReadonlySet<string> }> | undefined {
  const bounding = servers.flatMap((server) => {
    const limits = ceilingOn(server)
    return limits === undefined ? [] : [{ limits, approved: approvalsIn(server.metadata) }]
  })
  const [first, ...others] = bounding
  if (first === undefined) return undefined
  const all = [...first.approved]
  return {
    limits: others.reduce((least, { limits }) => lesser(least, limits), first.limits),
    approved: new Set(all.filter((hash) => others.every(({ approved }) => approved.has(hash)))),
  }
}

// The minCount of a server's percentages: a group cannot raise it, and so few items are no danger to others.
const ceilingFloor = 5

/** Does the server set ceilings for the guard? */
export function hasCeilings(server: ExchangeServer): boolean {
  return ceilingOn(server) !== undefined
}

function ceilingOn(server: ExchangeServer): Limits | undefined {
  const { ceilings } = allowedOf(server).guard ?? {}
  if (ceilings === undefined) return undefined
  const { deletions = {}, publications = {}, updates = {} } = ceilings
  const any = Number.POSITIVE_INFINITY
  const share = ({ maxPercent = 100, maxCount = any }: Partial<Share>): Share => ({
    maxPercent,
    maxCount,
  })
  return {
    deletions: share(deletions),
    publications: { maxCount: publications.maxCount ?? any },
    updates: share(updates),
    minCount: ceilingFloor,
  }
}
