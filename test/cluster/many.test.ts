// Five hundred SyncGroups applied at once: all become Ready, none is served twice, and all go.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import { type Controller, until } from './controller.ts'
import { Cluster, readyOf } from './fixture.ts'
import { createAll, groupsOf, served, worldOf } from './many.ts'

const count = 500
let cluster: Cluster
let exchange: Exchange
let controller: Controller

beforeAll(async () => {
  exchange = await startExchange(worldOf(count))
  cluster = await Cluster.start()
  await cluster.kubectl('create', 'namespace', 'sales')
  controller = await cluster.controller()
})
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
  await exchange?.close()
})

async function groups(): Promise<readonly ReturnType<typeof JSON.parse>[]> {
  return JSON.parse(await cluster.kubectl('get', 'sg', '-n', 'sales', '-o', 'json')).items
}

test('all of them become Ready, each with its own contacts', async () => {
  await createAll(cluster.plane, groupsOf(exchange, 0, count))
  await until(
    'all are Ready',
    async () =>
      (await groups()).filter((each) => readyOf(each)?.status === 'True').length === count,
    280_000,
  )
  expect(served(exchange, count)).toBe(count)
  await cluster.lint()
})

test('a wrong password of their server is a few attempts, not five hundred', async () => {
  const [secret] = groupsOf(exchange, 0, 0)
  const requests = async () => {
    const metrics = await controller.metrics()
    return [...metrics]
      .filter(
        ([key]) =>
          key.startsWith('exsync_ews_requests_total') && key.includes('AuthenticationFailed'),
      )
      .reduce((sum, [, value]) => sum + value, 0)
  }
  await cluster.apply([
    { ...secret, stringData: { username: 'sync@corp.example', password: 'old' } },
  ])
  await until('all say so', async () => {
    const reasons = (await groups()).map((each) => readyOf(each)?.reason)
    return reasons.every((reason) => reason === 'AuthenticationFailed')
  })
  // The server's own look, and the status of all others follows from it.
  expect(await requests()).toBeLessThanOrEqual(2)
  await cluster.apply([secret ?? {}])
  await until('all are Ready again', async () =>
    (await groups()).every((each) => readyOf(each)?.status === 'True'),
  )
  expect(served(exchange, count)).toBe(count)
})

test('deleted at once, they go, and nothing is left behind', async () => {
  const all = '/apis/exchangesync.dev/v1alpha1/namespaces/sales/syncgroups'
  expect((await cluster.plane.raw('DELETE', all)).status).toBe(200)
  await until('all are gone', async () => (await groups()).length === 0)
  expect(served(exchange, count)).toBe(count)
  await until('nothing is measured of them any more', async () => {
    const keys = [...(await controller.metrics()).keys()]
    return !keys.some((key) => key.startsWith('exsync_group_items'))
  })
})
