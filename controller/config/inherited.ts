// The flags of the running controller, for the commands that are started beside it: in its pod, a command finds the state, the
// key, the namespaces and the limits without flags. EXSYNC_FLAGS is a JSON list of the arguments after `run`; the chart sets it.
import { invalidArguments } from '../core/sync-error.ts'
import { commands } from './commands.ts'
import type { FlagName, Values } from './flags.ts'
import { parsed } from './parse.ts'

/**
 * The controller's flags that a command takes and that its own line does not give. `text`: EXSYNC_FLAGS; undefined, and for
 * `run` itself: none. A line that names files does not inherit the directory. Throws InvalidArguments for another text.
 */
export function inheritedBy(
  command: string | undefined,
  given: Values,
  text: string | undefined,
): Values {
  const takes = commands[command ?? '']?.flags ?? []
  if (text === undefined || command === 'run' || takes.length === 0) return {}
  const { local, ...others } = flagsIn(text)
  const flags: Values =
    given.file === undefined && local !== undefined ? { local, ...others } : others
  const usable = Object.entries(flags).filter(
    ([name]) => takes.includes(name as FlagName) && !Object.hasOwn(given, name),
  )
  return Object.fromEntries(usable) as Values
}

function flagsIn(text: string): Values {
  const wrong = (why: string) =>
    invalidArguments(
      `EXSYNC_FLAGS ${why}: set it to the arguments of the controller after "run", as in ["--state=/var/lib/exsync"]`,
    )
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    throw wrong('is not JSON')
  }
  if (!Array.isArray(list) || !list.every((each) => typeof each === 'string'))
    throw wrong('is not a JSON list of texts')
  try {
    return parsed(['run', ...list]).values
  } catch (error) {
    throw wrong(`cannot be used (${error instanceof Error ? error.message : 'unexpected'})`)
  }
}
