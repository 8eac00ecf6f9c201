// A pass under way is visible on a cluster: in the status, as an Event at its start and its end, and as metrics, while Exchange
// holds a request back.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { groupOf, secretOf, serverOf } from '../e2e/support.ts'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import { until } from './controller.ts'
import { Cluster, readyOf } from './fixture.ts'

const password = 'sync-secret'
const name = 'company-contacts'
const contacts = Array.from({ length: 60 }, (_, n) => ({ GivenName: 'Ola', Surname: `S-${n}` }))

let cluster: Cluster
let exchange: Exchange

beforeEach(async () => {
  exchange = await startExchange({
    domain: 'corp.example',
    users: [
      { mailbox: 'sync@corp.example', password, impersonates: 'all' },
      { mailbox: 'anna@corp.example', password },
    ],
    publicFolders: [
      {
        path: '/Company/Contacts',
        permissions: { 'sync@corp.example': 'PublishingEditor' },
        contacts,
      },
    ],
  })
  cluster = await Cluster.start()
  await cluster.kubectl('create', 'namespace', 'sales')
  await cluster.controller()
})
afterEach(async () => {
  await cluster.lint()
  await cluster[Symbol.asyncDispose]()
  await exchange.close()
})

test('a new group is Unknown with counts until its first pass ends, and has events at both ends', async () => {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  let seen = 0
  exchange.inject(({ operation }) => {
    if (operation !== 'CreateItem') return undefined
    seen += 1
    return seen < 2 ? undefined : promise
  })
  const account = secretOf('account', { username: 'sync@corp.example', password })
  const members = [{ mailbox: 'anna@corp.example' }]
  await cluster.apply([account, serverOf(exchange.url), groupOf({ members })])
  const message = '50 of 60 copies, 0 of 1 members done'
  await until('the pass is visible', async () => {
    const { status } = await cluster.get('sg', name)
    return status?.conditions?.some((each: { message: string }) => each.message === message)
  })
  const { status } = await cluster.get('sg', name)
  expect(readyOf({ status })).toMatchObject({ status: 'Unknown', reason: 'Progressing' })
  expect(status.progress).toMatchObject({ phase: 'Writing', done: 50, planned: 60, members: 1 })
  resolve(undefined)
  await cluster.waitForReason('Succeeded', name)
  expect((await cluster.get('sg', name)).status).not.toHaveProperty('progress')
  await until('both events are there', async () => {
    const out = await cluster.kubectl('get', 'events.events.k8s.io', '-n', 'sales', '-o', 'json')
    const reasons = JSON.parse(out).items.map(({ reason }: { reason: string }) => reason)
    return ['Progressing', 'Succeeded'].every((each) => reasons.includes(each))
  })
})
