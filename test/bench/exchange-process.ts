// The embedded Exchange of the benchmark, as a process of its own: started by first-sync.ts, which asks it
// by messages what has happened since it was asked last.
import { startExchange } from '../exchange/exchange.ts'
import type { World } from '../exchange/world.ts'
import { rssMaxMb } from './usage.ts'

/** What the server answers when it is asked. */
export type Tally = Readonly<{
  /** Requests: mailbox → operation → how many. The hub's are those of the account itself. */
  requests: Readonly<Record<string, Readonly<Record<string, number>>>>
  cpuMs: number
  rssMaxMb: number
}>

/** What the parent is told first. */
export type Ready = Readonly<{ url: string }>

let requests: Record<string, Record<string, number>> = {}
let before = process.cpuUsage()

process.once('message', async (world: World) => {
  const exchange = await startExchange(world, {
    fault: ({ operation, mailbox = '' }) => {
      const operations = requests[mailbox] ?? {}
      operations[operation] = (operations[operation] ?? 0) + 1
      requests[mailbox] = operations
      return undefined
    },
  })
  process.on('message', () => {
    const used = process.cpuUsage(before)
    const tally: Tally = {
      requests,
      cpuMs: (used.user + used.system) / 1000,
      rssMaxMb: rssMaxMb(),
    }
    requests = {}
    before = process.cpuUsage()
    process.send?.(tally)
  })
  process.send?.({ url: exchange.url } satisfies Ready)
})
process.once('disconnect', () => process.exit())
