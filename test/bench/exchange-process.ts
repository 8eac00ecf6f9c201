// The embedded Exchange of the benchmarks, as a process of its own: whoever starts it asks by messages what has happened
// since it was asked last, or has a user edit contacts.
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

/** A user edits some of the contacts of a folder, in the order in which they lie there. */
export type Edits = Readonly<{
  mailbox: string
  folder: string
  from: number
  count: number
  value: string
}>

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
  process.on('message', (asked: 'tally' | Edits) => {
    if (asked !== 'tally') {
      const folder = exchange.store.mailbox(asked.mailbox).folder(asked.folder)
      for (const { id } of folder.items().slice(asked.from, asked.from + asked.count))
        folder.update(id, { JobTitle: asked.value })
      process.send?.('edited')
      return
    }
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
