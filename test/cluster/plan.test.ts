// `exsync plan` on a cluster: it reads the resources with the rights of a user and the state of a copy, writes nothing, and a
// missing right comes with the command that grants it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { groupOf, secretOf, serverOf } from '../e2e/support.ts'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import { type Ended, ended } from '../support/program.ts'
import { Cluster } from './fixture.ts'

const main = fileURLToPath(new URL('../../controller/main.ts', import.meta.url))
const nodeFlags = /node (.*)$/m.exec(readFileSync(main, 'utf8'))?.[1]?.split(' ') ?? []
const account = 'sync@corp.example'
const mailboxes = ['anna@corp.example', 'jan@corp.example']

let cluster: Cluster
let exchange: Exchange
let folder: string

beforeAll(async () => {
  cluster = await Cluster.start()
  exchange = await startExchange({
    domain: 'corp.example',
    users: [
      { mailbox: account, password: 'geheim-5', impersonates: 'all' },
      ...mailboxes.map((mailbox) => ({ mailbox, password: 'x' })),
    ],
    publicFolders: [
      { path: '/Company/Contacts', permissions: { [account]: 'PublishingEditor' }, contacts: 3 },
    ],
  })
  await cluster.kubectl('create', 'namespace', 'sales')
  const [first = ''] = mailboxes
  await cluster.apply([
    secretOf('account', { username: account, password: 'geheim-5' }),
    serverOf(exchange.url),
    groupOf({ members: [{ mailbox: first }] }),
  ])
  folder = cluster.folder()
  await cluster.kubectl('create', 'serviceaccount', 'planner', '-n', 'sales')
  const token = await cluster.token('planner', 'sales')
  writeFileSync(join(folder, 'kubeconfig'), cluster.plane.kubeconfig(token, 'sales'))
})

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
  await exchange?.close()
})

function plan(...args: readonly string[]): Promise<Ended> {
  const where = ['--kubeconfig', join(folder, 'kubeconfig'), '-n', 'sales']
  const flags = [...where, '--allow-loopback-http', ...args]
  return ended(process.execPath, [...nodeFlags, main, 'plan', ...flags], { PATH: process.env.PATH })
}

// The command in a message, as an administrator copies it.
async function granted({ stderr }: Ended): Promise<number> {
  const commands = stderr.match(/kubectl create (cluster)?role(binding)? [^&\n]+/g) ?? []
  for (const command of commands) await cluster.kubectl(...command.trim().split(' ').slice(1))
  return commands.length
}

test('plans the groups of a cluster, and what a changed one would do, with the rights that it asks for', async () => {
  const stateless = await plan()
  expect(stateless).toMatchObject({ code: 1, stdout: '' })
  expect(stateless.stderr).toMatch(/^exsync: .*pods/)

  const state = ['--state', join(folder, 'none')]
  const denied = await plan(...state)
  expect(denied).toMatchObject({ code: 1 })
  expect(denied.stderr).toMatch(/^exsync: the resources of the cluster may not be read/m)
  expect(await granted(denied)).toBe(4)
  const secretless = await plan(...state)
  expect(secretless.code).toBe(1)
  expect(await granted(secretless)).toBe(2)

  const before = await cluster.kubectl('get', 'sg,exs,events', '-A', '-o', 'yaml')
  const planned = await plan(...state)
  expect(planned).toMatchObject({ code: 2, stderr: '' })
  expect(planned.stdout).toMatch(/^ {2}create 3 items in anna@corp\.example$/m)

  const members = mailboxes.map((mailbox) => ({ mailbox }))
  writeFileSync(join(folder, 'changed.yaml'), stringify(groupOf({ members })))
  const against = await plan(...state, '--against', join(folder, 'changed.yaml'))
  expect(against).toMatchObject({ code: 2, stderr: '' })
  expect(against.stdout).toMatch(/^SyncGroup sales\/company-contacts changes: spec\.members$/m)
  expect(against.stdout).toMatch(
    /^ {2}create the same 3 items in anna@corp\.example and jan@corp\.example$/m,
  )
  expect(await cluster.kubectl('get', 'sg,exs,events', '-A', '-o', 'yaml')).toBe(before)
})
