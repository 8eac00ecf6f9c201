// What the chapters of the story have in common: two edits in one pass, a look into the bin, a quiet group.
import { type Participants, Unmet } from './cast.ts'
import type { Stage } from './stage.ts'

/** Lets users edit while no pass runs, so that their edits meet in one. Answers the time from their last save. */
export async function together(
  stage: Stage,
  cast: Participants,
  edits: () => Promise<void>,
): Promise<number> {
  await stage.suspend(true)
  await cast.until('exsync status to say that it is suspended', async () => {
    // A suspended group is not ready, and the command exits with 1.
    const shown = await stage.exsync('status').catch(({ stdout }) => String(stdout))
    return shown.includes('spec.suspend is true') ? undefined : shown
  })
  await edits()
  const savedMs = performance.now()
  await stage.suspend(false)
  return cast.settled(savedMs)
}

/** What the bin says of somebody's lost edit: commands, and the line. `bin show` must show the value itself. */
export async function binned(
  stage: Stage,
  mailbox: string,
  field: string,
  value: string,
): Promise<readonly string[]> {
  const list = (await stage.exsync('bin', 'list')).trimEnd().split('\n')
  const line = list.find((each) => each.includes(` ${mailbox}:`) && each.endsWith(` ${field}`))
  if (line === undefined) throw new Unmet(`${field} of ${mailbox} in the bin`, list.join('\n'))
  const number = /^\d+/.exec(line)?.[0] ?? ''
  const shown = await stage.exsync('bin', 'show', number)
  const kept = shown.split('\n').find((each) => each.includes(value))
  if (kept === undefined) throw new Unmet(`${value} in exsync bin show ${number}`, shown)
  return ['$ exsync bin list', line, `$ exsync bin show ${number}`, `… ${kept.trim()}`]
}

/** Waits until the status says that all is well, and that a pass found nothing to do. */
export async function ready(stage: Stage, cast: Participants): Promise<void> {
  await cast.until('Ready, four of four members, and nothing done', async () => {
    const { conditions, members, lastPass, problems } = (await stage.status()) ?? {}
    const condition = conditions?.find(({ type }) => type === 'Ready')
    const { created = 0, updated = 0, deleted = 0, kept = 0 } = lastPass ?? {}
    const idle = created + updated + deleted + kept === 0 && problems?.length === 0
    const fine = condition?.status === 'True' && members?.current === 4 && idle
    return fine ? undefined : JSON.stringify({ condition, members, lastPass })
  })
}

/** Throws `Unmet` unless it holds. */
export function demand(expected: string, holds: boolean, found: string): void {
  if (!holds) throw new Unmet(expected, found)
}
