// kubectl exsync, found by kubectl itself as a plugin, on a real API server and through a real kubelet's exec.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { exsync, groupOf, secretOf, serverOf } from '../e2e/support.ts'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import { ended } from '../support/program.ts'
import { type Controller, main, until } from './controller.ts'
import { Cluster, home, readyOf } from './fixture.ts'
import { Kubelet } from './kubelet.ts'

const [surname, phone, password] = ['Tajemnica', '+48 601 234 567', 'hush-hush-42']
const folder = '/Company/Kontakty Tajne'
const contacts = Array.from({ length: 12 }, (_, n) => ({
  GivenName: `Ewa${n}`,
  Surname: surname,
  MobilePhone: phone,
}))
const world = {
  domain: 'corp.example',
  users: [
    { mailbox: 'anna@corp.example', password: 'p' },
    { mailbox: 'jan@corp.example', password: 'p' },
    { mailbox: 'sync@corp.example', password, impersonates: 'all' as const },
  ],
  publicFolders: [
    {
      path: folder,
      permissions: { 'sync@corp.example': 'PublishingEditor' as const },
      contacts,
    },
  ],
}

let cluster: Cluster
let exchange: Exchange
let controller: Controller
let kubelet: Kubelet

beforeAll(async () => {
  exchange = await startExchange(world)
  cluster = await Cluster.start()
  controller = await cluster.controller({ args: ['--log-level=trace'] })
  kubelet = await Kubelet.start(cluster)
  await kubelet.runs(controller)
  await cluster.kubectl('create', 'namespace', 'sales')
  const members = ['anna', 'jan'].map((name) => ({ mailbox: `${name}@corp.example` }))
  await cluster.apply([
    secretOf('account', { username: 'sync@corp.example', password }),
    serverOf(exchange.url),
    groupOf({ spec: { hub: { publicFolder: folder } }, members }),
  ])
  await cluster.waitForReason('Succeeded', 'company-contacts')
})
afterEach(() => cluster.lint())
afterAll(async () => {
  await kubelet?.[Symbol.asyncDispose]()
  await cluster?.[Symbol.asyncDispose]()
  await exchange?.close()
})

const entered = `exsync: in the pod ${home}/exsync-0\n`
const admin = (...args: readonly string[]) => kubelet.plugin(cluster.plane.admin, ...args)
const inSales = (...args: readonly string[]) => admin(...args, '-n', 'sales')
/** A person with some ClusterRoles in sales. */
async function person(name: string, ...roles: readonly string[]): Promise<string> {
  await cluster.kubectl('create', 'serviceaccount', name, '-n', 'sales')
  for (const role of roles)
    await cluster.kubectl(
      ...['create', 'rolebinding', `${name}-${role}`, '-n', 'sales'],
      ...[`--clusterrole=${role}`, `--serviceaccount=sales:${name}`],
    )
  const file = join(cluster.folder(), 'kubeconfig')
  writeFileSync(file, cluster.plane.kubeconfig(await cluster.token(name, 'sales'), 'sales'))
  return file
}

test('status shows the statuses of the API server, outside and in the pod', async () => {
  const { code, stdout, stderr } = await inSales('status')
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^GROUP +READY/)
  expect(stdout).toMatch(/^sales\/company-contacts +True +12 +2\/2 /m)
  expect(stdout).toMatch(/^sales\/corp +True +15\.2/m)
  const all = JSON.parse((await admin('status', '-A', '-o', 'json')).stdout)
  expect(all.groups[0]).toMatchObject({ name: 'sales/company-contacts', status: { items: 12 } })
  expect(await admin('status')).toMatchObject({
    code: 1,
    stdout: expect.not.stringContaining('sales'),
  })
  const exec = ['exec', '-n', home, 'exsync-0', '--', 'exsync']
  const inPod = await cluster.tried('kubectl', [...exec, 'status'])
  expect(inPod).toMatchObject({ code: 0, stdout })
})

test('what needs the state runs in the pod, with its flags and its exit codes', async () => {
  const verified = await inSales('verify', '--group', 'company-contacts')
  expect(verified).toMatchObject({ code: 0, stderr: entered })
  expect(verified.stdout).toContain('sales/company-contacts  Proved: 36 copies')
  expect((await inSales('doctor', '--server=corp')).stdout).toMatch(
    /^ok +ExchangeServer sales\/corp +sign-in/m,
  )
  expect(await admin('plan')).toMatchObject({ code: 0 })
  const anna = exchange.store.mailbox('anna@corp.example').folder('Contacts/Kontakty Tajne')
  anna.update(anna.items()[0]?.id ?? '', { JobTitle: 'Prezeska' })
  let n = 0
  await until('the edit is in the history', async () => {
    const { stdout } = await admin('history', '-o', 'json', '--group', 'sales/company-contacts')
    n = JSON.parse(stdout).history?.[0]?.n ?? 0
    return n > 0
  })
  const restored = await admin('restore', String(n))
  expect(restored).toMatchObject({ code: 0, stderr: entered })
  await until('the edit is taken back', () =>
    anna.items().every(({ contact }) => !contact.JobTitle),
  )
  const rolled = await inSales(
    ...['rollback', '--group', 'company-contacts', '--to', '1h', '--dry-run'],
  )
  expect(rolled.code).toBe(0)
  // Names are for a terminal only.
  expect((await admin('history')).stdout).not.toContain(surname)
  const none = await admin('bin', 'show', '999')
  expect(none).toMatchObject({ code: 1, stdout: '' })
  expect(none.stderr).toContain('there is no 999 in the bin')
  // Its shell sees no shell's characters.
  const odd = await admin('bin', 'list', '--name', '$(id) \'x\' "y"; ls')
  expect(odd).toMatchObject({ code: 0 })
})

test('reconcile, suspend and resume edit the resource, and say who will undo it', async () => {
  const { stdout } = await inSales('reconcile', 'company-contacts')
  expect(stdout).toContain('a pass of SyncGroup sales/company-contacts is requested')
  const get = () => cluster.get('sg', 'company-contacts')
  const asked = (await get()).metadata.annotations['exchangesync.dev/requestedAt']
  await until('it is handled', async () => (await get()).status.lastHandledReconcileAt === asked)
  expect(await inSales('suspend', 'sales/company-contacts')).toMatchObject({ code: 0, stderr: '' })
  expect((await get()).spec.suspend).toBe(true)
  const refused = await inSales('reconcile', 'company-contacts')
  expect(refused).toMatchObject({ code: 1 })
  expect(refused.stderr).toContain('kubectl exsync resume company-contacts -n sales')
  await cluster.kubectl(
    ...['label', 'sg', 'company-contacts', '-n', 'sales', 'kustomize.toolkit.fluxcd.io/name=apps'],
  )
  const resumed = await inSales('resume', 'company-contacts')
  expect(resumed.stderr).toContain('warning: Flux deploys it and will set spec.suspend back')
  expect((await get()).spec.suspend).toBe(false)
  const missing = await inSales('suspend', 'exs/other')
  expect(missing.stderr).toBe(
    'exsync: there is no ExchangeServer sales/other: kubectl get exchangeservers -A lists them\n',
  )
  await cluster.waitForReason('Succeeded', 'company-contacts')
})

test('approve shows what waits, and approves exactly the hash that the status shows', async () => {
  expect(await inSales('approve', 'company-contacts')).toMatchObject({
    code: 0,
    stdout: 'nothing of SyncGroup sales/company-contacts waits for an approval\n',
  })
  exchange.store.mailbox('anna@corp.example').folder('Contacts/Kontakty Tajne').clear()
  await cluster.waitForReason('Guarded', 'company-contacts')
  const shown = await inSales('approve', 'company-contacts')
  expect(shown.code).toBe(2)
  const line = /kubectl exsync approve company-contacts -n sales (.*)/.exec(shown.stdout)?.[1] ?? ''
  const other = await inSales('approve', 'company-contacts', 'abcdefabcdef')
  expect(other).toMatchObject({ code: 1 })
  expect(other.stderr).toContain(`what waits now is ${line.replace('-- ', '')}`)
  const viewer = await person('viewer', `${home}-exsync-exchange-sync-controller-view`)
  const forbidden = await kubelet.plugin(viewer, 'approve', 'company-contacts', ...line.split(' '))
  expect(forbidden).toMatchObject({ code: 1 })
  expect(forbidden.stderr).toContain('cannot patch resource "syncgroups"')
  expect(await kubelet.plugin(viewer, 'status')).toMatchObject({ code: 1, stderr: '' })
  expect((await kubelet.plugin(viewer, 'bin', 'list')).stderr).toContain('--controller NAMESPACE')
  const dashed = line.startsWith('-- ')
  const approved = await admin(
    ...['approve', 'company-contacts', '-n', 'sales', ...(dashed ? ['--'] : [])],
    line.replace('-- ', ''),
  )
  expect(approved).toMatchObject({ code: 0, stderr: '' })
  await cluster.waitForReason('Succeeded', 'company-contacts')
  expect(exchange.store.publicFolder(folder).items()).toHaveLength(0)
})

test('above the ceilings of a server the approval is the server’s', async () => {
  await cluster.waitForReason('Succeeded', 'company-contacts')
  for (const contact of contacts) exchange.store.publicFolder(folder).create(contact)
  await until('all have them', async () => {
    const { status } = await cluster.get('sg', 'company-contacts')
    return status.items === 12 && status.members.current === 2
  })
  const ceilings = { deletions: { maxCount: 3 } }
  await cluster.patch('exs', 'corp', { spec: { allowed: { guard: { ceilings } } } })
  const hub = exchange.store.publicFolder(folder)
  for (const { id } of hub.items().slice(0, 5)) hub.delete(id)
  await cluster.waitForReason('Guarded', 'company-contacts')
  const shown = await inSales('approve', 'exchangeserver/corp')
  expect(shown.code).toBe(2)
  const hash = shown.stdout.trim().split(' ').at(-1) ?? ''
  const approved = await admin('approve', 'company-contacts', '-n', 'sales', '--', hash)
  expect(approved.stdout).toContain('is approved on ExchangeServer sales/corp')
  await cluster.waitForReason('Succeeded', 'company-contacts')
  await cluster.patch('exs', 'corp', { spec: { allowed: { guard: null } } })
})

test('a support bundle has everything but content, addresses and secrets', async () => {
  const to = join(cluster.folder(), 'bundle')
  const made = await admin('support-bundle', to, '-A', '--with-doctor')
  expect(made).toMatchObject({ code: 0, stderr: '' })
  expect(made.stdout).not.toContain('not taken')
  expect(readdirSync(to).sort()).toEqual([
    ...['README.txt', 'controller.log', 'controller.yaml', 'doctor.txt', 'events.yaml'],
    ...['exchangeservers.yaml', 'metrics.txt', 'syncgroups.yaml', 'versions.yaml'],
  ])
  const text = (name: string) => readFileSync(join(to, name), 'utf8')
  expect(text('metrics.txt')).toContain('controller_runtime_reconcile_total')
  expect(text('controller.log')).toContain('"started"')
  expect(text('doctor.txt')).toContain('sign-in')
  expect(text('events.yaml')).toContain('reason: Succeeded')
  expect(text('syncgroups.yaml')).toContain('kind: SyncGroup')
  // One mailbox has one pseudonym, wherever it is.
  const [pseudonym = ''] = /mailbox-[0-9a-f]{10}/.exec(text('syncgroups.yaml')) ?? []
  expect(text('doctor.txt')).toContain(pseudonym)
  const whole = readdirSync(to).map(text).join('\n')
  const basic = Buffer.from(`sync@corp.example:${password}`).toString('base64')
  const secrets = [surname, phone, password, basic, 'Ewa', 'corp.example', 'anna', 'Kontakty']
  for (const secret of secrets) expect([secret, whole.includes(secret)]).toEqual([secret, false])
  expect(readyOf(await cluster.get('sg', 'company-contacts'))?.status).toBe('True')
  expect((await admin('support-bundle', to)).stderr).toContain('exists already')
  // A bundle of one namespace has nothing of another, whose folders it does not know.
  await cluster.kubectl('create', 'namespace', 'hr')
  const elsewhere = (resource: { metadata: object }) => ({
    ...resource,
    metadata: { ...resource.metadata, namespace: 'hr' },
  })
  const group = groupOf({
    spec: { hub: { publicFolder: '/Zarzad' } },
    members: [{ mailbox: 'jan@corp.example' }],
  })
  const all = [
    secretOf('account', { username: 'sync@corp.example', password }),
    serverOf(exchange.url),
  ]
  await cluster.apply([...all, group].map((each) => elsewhere(each as { metadata: object })))
  await until('it was tried', () => controller.said.includes('hr/company-contacts'))
  const one = `${to}-sales`
  expect((await inSales('support-bundle', one, '--with-doctor')).stdout).toMatch(
    /the last \d+ lines of the log; \d+ others, which/,
  )
  const ofSales = (name: string) => readFileSync(join(one, name), 'utf8')
  expect(ofSales('doctor.txt')).toContain('sales/company-contacts')
  for (const name of ['doctor.txt', 'controller.log', 'events.yaml', 'syncgroups.yaml'])
    expect([name, ofSales(name)]).toEqual([name, expect.not.stringMatching(/Zarzad|hr\/c/)])
})

test('status follows with --watch, and names the cluster by flags', async () => {
  const choice = ['--kubeconfig', cluster.plane.admin, '--context', 'test', '-n', 'sales']
  const watching = exsync(['status', '--watch', ...choice])
  await until('it is shown', () => watching.said().includes('sales/company-contacts'))
  await inSales('suspend', 'company-contacts')
  await until('the change is shown', () => watching.said().includes('spec.suspend is true'))
  await inSales('resume', 'company-contacts')
  watching.child.kill('SIGINT')
  expect((await watching.ended).stderr).toBe('')
  expect((await admin('status', '--context', 'other')).stderr).toContain('no context other')
  const listed = await admin('bin', 'list', ...choice.slice(0, 4))
  expect(listed).toMatchObject({ code: 0, stderr: entered })
})

test('of several pods the leader is asked, and of several controllers the named one', async () => {
  await kubelet.runs(controller, 'another-0', false)
  // Anyone who may make pods can make one with these labels.
  const { labels } = (await cluster.get('pod', 'exsync-0', home)).metadata
  const made = await cluster.plane.raw('POST', '/api/v1/namespaces/sales/pods', {
    metadata: { name: 'lure', labels },
    spec: { containers: [{ name: 'controller', image: 'x' }], serviceAccountName: 'viewer' },
  })
  expect(made).toMatchObject({ status: 201 })
  await cluster.kubectl(
    ...['patch', 'pod', 'lure', '-n', 'sales', '--subresource=status', '--type=merge'],
    ...['-p', '{"status":{"phase":"Running"}}'],
  )
  expect(await admin('bin', 'list')).toMatchObject({ code: 0, stderr: entered })
  const label = 'app.kubernetes.io/instance=other'
  await cluster.kubectl('label', '--overwrite', 'pod', '-n', home, 'another-0', label)
  const several = await admin('bin', 'list')
  expect(several).toMatchObject({ code: 1 })
  expect(several.stderr).toContain('--controller exchange-sync/other or exchange-sync/exsync')
  expect(await admin('bin', 'list', '--controller', `${home}/exsync`)).toMatchObject({ code: 0 })
  for (const pod of ['another-0', 'exsync-0'])
    await cluster.kubectl('delete', 'pod', '-n', home, pod, '--force', '--grace-period=0')
  const alone = await admin('bin', 'list')
  expect(alone).toMatchObject({ code: 1, stdout: '' })
  expect(alone.stderr).toContain('are on sales/lure, and nothing that you may read proves')
  await cluster.kubectl('delete', 'pod', '-n', 'sales', 'lure', '--force', '--grace-period=0')
})

test('without kubectl on the PATH the pod is not reached, and status works', async () => {
  const env = { PATH: '/nonexistent', HOME: cluster.folder(), KUBECONFIG: cluster.plane.admin }
  const run = (...args: readonly string[]) =>
    ended(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], env)
  await kubelet.runs(controller)
  expect((await run('kubectl', 'bin', 'list')).stderr).toContain('kubectl is not on the PATH')
  expect(await run('status', '-n', 'sales')).toMatchObject({ code: 0 })
  await cluster.kubectl('delete', 'pod', '-n', home, 'exsync-0', '--force', '--grace-period=0')
  expect((await admin('bin', 'list')).stderr).toContain('there is no pod of the controller')
})
