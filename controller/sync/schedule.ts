// When which group gets a pass. A group is never in two passes at once; a changed declaration gets one
// at once; otherwise each group has its interval. An event only says: look again.

import { refusedClaims } from '../core/claims.ts'
import type { GroupId } from '../core/id.ts'
import type { Declared } from './ports.ts'
import { type Mode, type Reconciled, reconcile, type Site } from './reconcile.ts'

/** How often a pass looks at everything, and how long one slice of a long pass is; ms. */
export type Rhythm = Readonly<{ auditMs: number; sliceMs: number; concurrency: number }>

type Place = { dueMs: number; fingerprint: string; auditMs: number; running: boolean }

/** Makes one pass for every group, however long it takes; answers whether all are ready. */
export async function once(site: Site, stop: AbortSignal, hard: AbortSignal): Promise<boolean> {
  const groups = await site.declarations.groups()
  const claims = claimsOf(groups)
  let ready = true
  for (const declared of groups) {
    if (stop.aborted) return false
    const mode = modeOf(claims, declared, stop, undefined, false)
    const done = await reconcile(declared, site, mode, hard)
    ready &&= done.ready
  }
  return ready
}

/** Runs passes until `stop` aborts; then lets those under way end their batch. `hard` abandons them. */
export async function schedule(
  site: Site,
  rhythm: Rhythm,
  stop: AbortSignal,
  hard: AbortSignal,
): Promise<void> {
  const places = new Map<GroupId, Place>()
  const running = new Map<GroupId, Promise<void>>()
  while (!stop.aborted) {
    const wake = new AbortController()
    const signal = AbortSignal.any([stop, wake.signal])
    const changed = site.declarations.changed(signal).catch(() => {})
    const groups = await site.declarations.groups()
    const claims = claimsOf(groups)
    for (const id of places.keys()) if (!groups.some((each) => each.id === id)) places.delete(id)
    for (const declared of groups) {
      const place = placeOf(places, declared, site.clock.now(), rhythm)
      if (place.running || place.dueMs > site.clock.now() || running.size >= rhythm.concurrency)
        continue
      const audit = place.auditMs <= site.clock.now()
      if (audit) place.auditMs = site.clock.now() + rhythm.auditMs
      place.running = true
      const mode = modeOf(claims, declared, stop, rhythm.sliceMs, audit)
      running.set(
        declared.id,
        turn(declared, site, mode, place, hard).finally(() => running.delete(declared.id)),
      )
    }
    const next = Math.min(
      ...[...places.values()].filter((place) => !place.running).map(({ dueMs }) => dueMs),
    )
    const waitMs = Math.min(Math.max(0, next - site.clock.now()), 60_000)
    const full = running.size >= rhythm.concurrency
    const sleep = full ? [] : [site.clock.sleep(waitMs, signal).catch(() => {})]
    await Promise.race([changed, ...sleep, ...running.values()])
    wake.abort()
  }
  await Promise.all(running.values())
}

async function turn(
  declared: Declared,
  site: Site,
  mode: Mode,
  place: Place,
  hard: AbortSignal,
): Promise<void> {
  let done: Reconciled | undefined
  try {
    done = await reconcile(declared, site, mode, hard)
  } catch (error) {
    if (!hard.aborted) throw error
  } finally {
    place.running = false
    // What was declared anew meanwhile is due at once.
    const changed = place.fingerprint !== declared.fingerprint
    place.dueMs = site.clock.now() + (changed ? 0 : (done?.againMs ?? 0))
  }
}

// A new or changed declaration is due at once.
function placeOf(
  places: Map<GroupId, Place>,
  { id, fingerprint }: Declared,
  nowMs: number,
  rhythm: Rhythm,
): Place {
  const place = places.get(id) ?? {
    dueMs: nowMs,
    fingerprint,
    auditMs: nowMs + rhythm.auditMs,
    running: false,
  }
  if (place.fingerprint !== fingerprint) Object.assign(place, { dueMs: nowMs, fingerprint })
  places.set(id, place)
  return place
}

/** The groups that are refused because an older one has a member's folder. */
export function claimsOf(groups: readonly Declared[]): ReturnType<typeof refusedClaims> {
  return refusedClaims(
    groups
      .filter(({ deleted }) => !deleted)
      .map(({ id, group, server }) => ({ id, group, server: server?.spec.url })),
  )
}

function modeOf(
  claims: ReturnType<typeof refusedClaims>,
  { id }: Declared,
  stop: AbortSignal,
  sliceMs: number | undefined,
  audit: boolean,
): Mode {
  return { sliceMs, audit, stopping: () => stop.aborted, claimed: claims.get(id) }
}
