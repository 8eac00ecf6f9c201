// How much a guard may let pass where the ExchangeServers that the participants are on bound it (spec.allowed.guard): each
// server's ceilings count, and what is above them is approved on each server that has some.
import type { Limits, Share } from '../core/guard.ts'
import { allowedOf } from './allowed.ts'
import { approvalsIn } from './annotations.ts'
import { checkedMs } from './duration.ts'
import type { ExchangeServer, SyncGroup } from './resources.generated.ts'

const usualWindow = '1h'

/** The guard that holds for a group: its own, within the ceilings of the servers that its participants are on. */
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
 * The limits of the guard that the servers set for groups, and the hashes that each of them approves; undefined:
 * whatever the groups say.
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

// Of a server's percentages no group lifts itself above a few items, and a few are no danger to others.
const ceilingFloor = 5

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
