// Warnings of Node and of libraries, and everything that a library writes to the console, as lines of the log. Such a text
// may hold anything: a request, an address, a password. So the log gets its kind, its code and its place, never its text.
import type { Logger } from 'pino'

type Write = (...given: readonly unknown[]) => void

/** The methods of the console that write. */
const methods = [
  ...(['log', 'info', 'debug', 'warn', 'error', 'trace', 'dir', 'dirxml', 'table'] as const),
  ...(['assert', 'count', 'group', 'groupCollapsed', 'timeEnd', 'timeLog'] as const),
]

/** How many different kinds are counted; further ones are one kind. */
const kindsMax = 256

/**
 * Takes over the warnings of the process and its console; the call of the result gives them back. The first line of a kind
 * is logged, and then the second, the fourth, the eighth, with the count.
 */
export function libraryLog(log: Logger): () => void {
  const counts = new Map<string, number>()
  const logged = (what: string, fields: Readonly<Record<string, string | undefined>>) => {
    const whole = JSON.stringify([what, fields])
    const kind = counts.size < kindsMax || counts.has(whole) ? whole : ''
    const count = (counts.get(kind) ?? 0) + 1
    counts.set(kind, count)
    if ((count & (count - 1)) === 0) log.warn({ ...fields, count }, what)
  }
  const onWarning = (warning: Error & { code?: unknown }) => {
    const name = wordOf(warning.name) ?? 'Warning'
    // Node marks features as experimental that we chose.
    if (name === 'ExperimentalWarning') return
    const code = wordOf(warning.code)
    logged('a library warns', { warning: name, code, place: placeOf(warning) })
  }
  const listeners = process.listeners('warning')
  process.removeAllListeners('warning')
  process.on('warning', onWarning)
  const kept = methods.map((method) => [method, console[method]] as const)
  for (const method of methods) {
    const write: Write = (...given) => {
      // A true assertion writes nothing.
      if (method === 'assert' && given[0]) return
      logged('a library wrote to the console', { method, place: placeOf(new Error()) })
    }
    console[method] = write
  }
  return () => {
    process.off('warning', onWarning)
    for (const listener of listeners) process.on('warning', listener)
    for (const [method, write] of kept) console[method] = write as typeof console.log
  }
}

// A name or code of a library, if it has the form of one.
function wordOf(text: unknown): string | undefined {
  return typeof text === 'string' && text.length <= 64 && /^[A-Z][\w-]*$/.test(text)
    ? text
    : undefined
}

/**
 * The package or the file of ours that made an error, with its line, from the stack: its first place outside Node and this
 * file. The name and the message, with which the stack begins, are skipped: they may look like places.
 */
export function placeOf({ name, message = '', stack = '' }: Error): string {
  const head = `${name}: ${message}`
  const from = stack.startsWith(head) ? head.length : stack.lastIndexOf(message) + message.length
  for (const frame of stack.slice(from).split('\n').slice(0, 20)) {
    const [, file = '', line] = place.exec(frame) ?? []
    if (file !== '' && !file.endsWith('telemetry/libraries.ts'))
      return `${file.slice(-200)}:${line}`
  }
  return 'unknown'
}

// The path after the last node_modules or controller in a frame's path.
const place = /^ {4}at .{0,500}\/(?:node_modules|controller)\/([\w@+./-]{1,500}):(\d+):\d+\)?$/
