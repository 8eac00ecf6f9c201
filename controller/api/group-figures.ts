// The figures in a group's status: the counts, conflicts, problems and refusals of the last pass.

import { cut } from '../core/cut.ts'
import { hashOf } from '../core/guard.ts'
import type { ReplicaId } from '../core/id.ts'
import { countOf, iso, messageText, reasonOf } from './conditions.ts'
import type { ConflictLine, Report } from './report.ts'
import type { SyncGroupStatus } from './resources.generated.ts'
import { nameOf, type Participants, placeIn } from './topology.ts'

const problemsMax = 50
const recentMax = 10
const nameMax = 254

type Figures = Required<SyncGroupStatus>

/** The figures of a pass. `recent`: the last conflicts, the newest first. */
export function figuresOf(
  report: Report,
  recent: readonly ConflictLine[],
  participants: Participants,
): Partial<SyncGroupStatus> {
  const { items, members, refusals, historySinceMs } = report
  return {
    items,
    members: { ...members, summary: `${members.current}/${members.total}` },
    conflicts: conflictsOf(report, recent, participants),
    lastPass: lastPassOf(report),
    problems: report.problems.slice(0, problemsMax).map(({ replica, reason, message }) => ({
      ...nameIn(participants, replica),
      reason: reasonOf(reason),
      message: messageText(message),
    })),
    ...(historySinceMs === undefined ? {} : { history: { since: iso(historySinceMs) } }),
    ...(refusals.length === 0 ? {} : { guard: guardOf(refusals, participants) }),
  }
}

function conflictsOf(
  { conflicts: { total, lastMs } }: Report,
  recent: readonly ConflictLine[],
  participants: Participants,
): Figures['conflicts'] {
  return {
    total,
    ...(lastMs === undefined ? {} : { lastTime: iso(lastMs) }),
    recent: recent.slice(0, recentMax).map(({ link, field, replica, timeMs }) => ({
      link: cut(link, 128),
      field: cut(field, 128),
      replica: cut(nameOf(participants, replica), nameMax),
      time: iso(timeMs),
    })),
  }
}

function lastPassOf(report: Report): Figures['lastPass'] {
  const { startMs, durationMs, created, updated, deleted, kept } = report
  const time = iso(startMs + durationMs)
  return { time, durationMs: countOf(durationMs), created, updated, deleted, kept }
}

function guardOf(refusals: Report['refusals'], participants: Participants): Figures['guard'] {
  return {
    hash: hashOf(refusals),
    refusals: refusals.slice(0, problemsMax).map(({ replica, ...rest }) => ({
      replica: cut(nameOf(participants, replica), nameMax),
      ...rest,
    })),
  }
}

// Of the hub nothing.
function nameIn(
  participants: Participants,
  replica: ReplicaId,
): Readonly<{ mailbox?: string; publicFolder?: string }> {
  if (replica === participants.hub.role.id) return {}
  const { kind } = placeIn(participants, replica)
  return { [kind]: cut(nameOf(participants, replica), nameMax) }
}

/** The figures of the previous pass: without a new pass they stay. */
export function keptFigures(previous: SyncGroupStatus | undefined): Partial<SyncGroupStatus> {
  const { items, members, conflicts, lastPass, problems, guard, history } = previous ?? {}
  return {
    ...(items === undefined ? {} : { items }),
    ...(members === undefined ? {} : { members }),
    ...(conflicts === undefined ? {} : { conflicts }),
    ...(lastPass === undefined ? {} : { lastPass }),
    ...(problems === undefined ? {} : { problems }),
    ...(guard === undefined ? {} : { guard }),
    ...(history === undefined ? {} : { history }),
  }
}
