// What looks at the messages of every Exchange of this process that has no `inspect` of its own.
import type { Message } from './border.ts'

/** Looks at a message. */
export type Inspect = (message: Message) => void

let made: () => Promise<Inspect | undefined> = async () => undefined

/** Has the messages of all Exchanges looked at that start from now on; `make` is asked at the start of each. */
export function inspectAll(make: () => Promise<Inspect | undefined>): void {
  made = make
}

/** What looks at the messages of an Exchange that starts now; undefined when nothing does. */
export function inspection(): Promise<Inspect | undefined> {
  return made()
}
