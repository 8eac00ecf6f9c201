// `exsync doctor` in a pod: it reads the resources by the rights of the chart's ServiceAccount, and writes nothing.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { groupOf, secretOf, serverOf } from '../e2e/support.ts'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import { type Ended, ended } from '../support/program.ts'
import type { Json } from './control-plane.ts'
import { Cluster, home, release } from './fixture.ts'

const main = fileURLToPath(new URL('../../controller/main.ts', import.meta.url))
const nodeFlags = /node (.*)$/m.exec(readFileSync(main, 'utf8'))?.[1]?.split(' ') ?? []
const account = 'sync@corp.example'
const password = 'geheim-5'

let cluster: Cluster
let exchange: Exchange
let kubeconfig: string

beforeAll(async () => {
  cluster = await Cluster.start()
  exchange = await startExchange({
    domain: 'corp.example',
    users: [
      { mailbox: account, password, impersonates: ['anna@corp.example'] },
      { mailbox: 'anna@corp.example', password: 'x' },
      { mailbox: 'jan@corp.example', password: 'x' },
    ],
    publicFolders: [{ path: '/Company/Contacts', permissions: { [account]: 'PublishingEditor' } }],
  })
  const members = [{ mailbox: 'anna@corp.example' }, { mailbox: 'jan@corp.example' }]
  await cluster.kubectl('create', 'namespace', 'sales')
  await cluster.apply([
    secretOf('account', { username: account, password }),
    serverOf(exchange.url),
    groupOf({ members }),
  ])
  kubeconfig = await kubeconfigOf(home)
})

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
  await exchange?.close()
})

async function kubeconfigOf(namespace: string): Promise<string> {
  const file = join(cluster.folder(), 'kubeconfig')
  const token = await cluster.token(`${release}-exchange-sync-controller`, namespace)
  writeFileSync(file, cluster.plane.kubeconfig(token, namespace))
  return file
}

function doctor(...args: readonly string[]): Promise<Ended> {
  const env = { PATH: process.env.PATH, KUBECONFIG: kubeconfig, POD_NAMESPACE: home }
  return ended(process.execPath, [...nodeFlags, main, 'doctor', ...args], env)
}

const loopback = '--allow-loopback-http'
// The API server renews a Lease of its own meanwhile, in kube-system.
const state = async () => {
  const all = await cluster.kubectl('get', 'sg,exs,events,leases', '-A', '-o', 'json')
  const { items } = JSON.parse(all) as { items: readonly Json[] }
  return items.filter(({ metadata }) => metadata.namespace !== 'kube-system')
}

test('reads the resources of the cluster, and writes nothing', async () => {
  const before = await state()
  const { code, stdout, stderr } = await doctor(loopback)
  expect(stderr).toBe('')
  expect(code).toBe(2)
  const lacks = stdout.split('\n').filter((line) => line.startsWith('missing'))
  expect(lacks).toEqual([
    expect.stringMatching(
      /^missing {2}SyncGroup sales\/company-contacts jan@corp\.example {2}access: /,
    ),
  ])
  expect(stdout).toMatch(/^ok {7}ExchangeServer sales\/corp {2}sign-in: /m)
  expect(stdout).toMatch(/^ok {7}SyncGroup sales\/company-contacts anna@corp\.example {2}folder: /m)
  expect(stdout).not.toContain(password)
  expect(await state()).toEqual(before)
})

test('keeps to the flags of the controller', async () => {
  const denied = await doctor(loopback, '--allowed-server-hosts=mail.corp.example')
  expect(denied.stdout).toMatch(
    /^missing {2}ExchangeServer sales\/corp {2}references: .* host that is not allowed/m,
  )
  const http = await doctor()
  expect(http.stdout).toMatch(
    /^missing {2}ExchangeServer sales\/corp {2}references: .*--allow-loopback-http/m,
  )
  const narrow = await doctor(loopback, '--watch-namespace=sales', '--server=sales/corp')
  expect(narrow.stdout).toMatch(/^(ok {7}ExchangeServer sales\/corp .*\n)+$/)
  expect(narrow.code).toBe(0)
})

test('says which flag is missing where the controller watches some namespaces only', async () => {
  await cluster.install({ watchNamespaces: ['sales'] })
  kubeconfig = await kubeconfigOf(home)
  const whole = await doctor(loopback)
  expect(whole).toMatchObject({ code: 1, stdout: '' })
  expect(whole.stderr).toMatch(/could not be listed: .* --watch-namespace/)
  const named = await doctor(loopback, '--watch-namespace=sales', '--server=sales/corp')
  expect(named.code).toBe(0)
})
