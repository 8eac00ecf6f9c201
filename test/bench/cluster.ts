// What the controller costs on a cluster: memory and API requests with 1, 100 and 500 groups at rest, how long it takes
// from a declaration to its first pass, and from an edit to everywhere. `npm run bench:cluster`; side by side in one
// run, and nothing is asserted: machines differ.
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { type Controller, until } from '../cluster/controller.ts'
import { Cluster, readyOf } from '../cluster/fixture.ts'
import { createAll, groupsOf, served, worldOf } from '../cluster/many.ts'
import { assets } from '../cluster/tools.ts'
import { type Exchange, startExchange } from '../exchange/exchange.ts'

const counts = [1, 100, 500]
/** How long the rest is watched. */
const restMs = 60_000

const say = (line = '') => process.stdout.write(`${line}\n`)

async function requests(controller: Controller): Promise<Readonly<Record<string, number>>> {
  const sums: Record<string, number> = {}
  for (const [key, value] of await controller.metrics()) {
    const method = /^rest_client_requests_total\{.*method="(\w+)"/.exec(key)?.[1]
    if (method !== undefined) sums[method] = (sums[method] ?? 0) + value
  }
  return sums
}

function rssMb(pid: number): number {
  const [, kb = ''] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kb) / 1024
}

async function allReady(cluster: Cluster, count: number): Promise<void> {
  await until(
    `${count} groups are Ready`,
    async () => {
      const { items } = JSON.parse(await cluster.kubectl('get', 'sg', '-n', 'sales', '-o', 'json'))
      return items.filter((each: unknown) => readyOf(each)?.status === 'True').length === count
    },
    600_000,
  )
}

// From `kubectl apply`'s end to the last folder that shows it.
async function firstPass(cluster: Cluster, exchange: Exchange, n: number): Promise<number> {
  await cluster.apply(groupsOf(exchange, n, n + 1))
  const beganMs = performance.now()
  await until('the first pass', () => served(exchange, n + 1) === n + 1)
  return performance.now() - beganMs
}

async function edit(exchange: Exchange): Promise<number> {
  const member = exchange.store.mailbox('m0@corp.example').folder('Contacts/group-000')
  const title = `Title ${performance.now()}`
  member.update(member.items()[0]?.id ?? '', { JobTitle: title })
  const beganMs = performance.now()
  const hub = exchange.store.publicFolder('/Company/group-000')
  await until('the edit is there', () =>
    hub.items().some(({ contact }) => contact.JobTitle === title),
  )
  return performance.now() - beganMs
}

async function main(): Promise<void> {
  process.env.KUBEBUILDER_ASSETS = assets()
  const most = Math.max(...counts) + 5
  const exchange = await startExchange(worldOf(most))
  await using cluster = await Cluster.start()
  await cluster.kubectl('create', 'namespace', 'sales')
  const controller = await cluster.controller()
  await controller.leads()
  say(`without a group: ${rssMb(controller.pid).toFixed(0)} MB`)
  let there = 0
  for (const count of counts) {
    const beganMs = performance.now()
    await createAll(cluster.plane, groupsOf(exchange, there, count).slice(there === 0 ? 0 : 2))
    there = count
    await allReady(cluster, count)
    const readyMs = performance.now() - beganMs
    // The second pass still has something to tell: that nothing was to be done.
    await delay(75_000)
    const before = await requests(controller)
    await delay(restMs)
    const after = await requests(controller)
    const each = Object.entries(after).map(
      ([method, sum]) => `${method} ${sum - (before[method] ?? 0)}`,
    )
    say(
      `${count} groups: Ready after ${(readyMs / 1000).toFixed(1)} s; at rest ${rssMb(controller.pid).toFixed(0)} MB, API requests a minute: ${each.join(', ')}`,
    )
  }
  const firsts = []
  for (let n = there; n < there + 5; n++) firsts.push(await firstPass(cluster, exchange, n))
  say(`from kubectl apply to the first pass, ms: ${firsts.map((ms) => ms.toFixed(0)).join(', ')}`)
  await cluster.patch('sg', 'group-000', { spec: { interval: '1s' } })
  await delay(3_000)
  const edits = []
  for (let n = 0; n < 5; n++) edits.push(await edit(exchange))
  say(
    `from an edit to everywhere with interval 1s, ms: ${edits.map((ms) => ms.toFixed(0)).join(', ')}`,
  )
  await exchange.close()
}

await main()
process.exit()
