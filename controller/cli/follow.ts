// Repeats a command that shows something, and prints it again whenever it has changed.
import type { Clock } from '../sync/ports.ts'
import type { Out } from './output.ts'

/**
 * Shows it until the signal aborts or the reader is gone; an empty line separates two showings. Resolves with the code of
 * the last one. Rejects as `show` does. `everyMs`: the time between two looks, ms.
 */
export async function follow(
  show: (out: Out) => Promise<number>,
  out: Out,
  clock: Clock,
  signal: AbortSignal,
  everyMs = 1_000,
): Promise<number> {
  let before: string | undefined
  for (;;) {
    const lines: string[] = []
    const code = await show(async (line) => {
      lines.push(line)
      return true
    })
    const text = lines.join('\n')
    if (text !== before) {
      if (before !== undefined) await out('')
      for (const line of lines) if (!(await out(line))) return code
    }
    before = text
    await clock.sleep(everyMs, signal).catch(() => {})
    if (signal.aborted) return code
  }
}
