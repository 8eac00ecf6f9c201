// The process of the hostile servers: started with the names of cases, it tells where each listens, and answers what
// has come to each. So what they burn is not the time of those who watch.

import type { Host } from './case.ts'
import { rooms } from './rooms.ts'

/** Where the hosts of the cases listen. */
export type Open = Readonly<Record<string, Readonly<{ url: string; ca?: string }>>>

/** What has come to each host, and what is wrong there. */
export type Tally = Readonly<Record<string, Readonly<{ hits: number; wrong: readonly string[] }>>>

/** What the process is asked: a tally, or to do no more harm. */
export type Question = 'tally' | 'heal'

const names = new Set(process.argv.slice(2))
const hosts = new Map<string, Host>()
for (const { name, open } of rooms.flatMap(({ cases }) => cases)) {
  if (names.has(name) && open !== undefined) hosts.set(name, await open())
}

process.on('message', (question: Question) => {
  if (question === 'heal') for (const { heal } of hosts.values()) heal?.()
  const tally = [...hosts].map(([name, { hits, wrong }]) => [
    name,
    { hits: hits(), wrong: wrong?.() ?? [] },
  ])
  process.send?.(Object.fromEntries(tally))
})
process.once('disconnect', () => process.exit())
process.send?.(
  Object.fromEntries(
    [...hosts].map(([name, { url, ca }]) => [name, { url, ...(ca === undefined ? {} : { ca }) }]),
  ),
)
