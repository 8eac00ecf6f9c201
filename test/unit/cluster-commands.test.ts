// The commands of a person on a cluster: which place a line is about, what a pod inherits from its controller, the arguments that go
// into the pod, the hash in a status, and the pseudonyms of a support bundle.
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { approvalText, awaitedIn } from '../../controller/api/approval.ts'
import { argumentShown } from '../../controller/cli/cluster/bundle.ts'
import { editInDirectory } from '../../controller/cli/cluster/directory.ts'
import { managerOf } from '../../controller/cli/cluster/edit.ts'
import { forwarded } from '../../controller/cli/cluster/forward.ts'
import { Mask } from '../../controller/cli/cluster/mask.ts'
import { doctorOf, linesIn } from '../../controller/cli/cluster/scope.ts'
import { targetOf, titleOf, typedOf } from '../../controller/cli/cluster/target.ts'
import { configOf } from '../../controller/config.ts'
import { syncErrorOf } from '../../controller/core/sync-error.ts'

const directory = mkdtempSync(join(tmpdir(), 'exsync-directory-'))
const example = fileURLToPath(new URL('../../examples/two-way.yaml', import.meta.url))
cpSync(example, join(directory, 'two-way.yaml'))
afterAll(() => rmSync(directory, { recursive: true }))

const line = (text: string, environment: NodeJS.ProcessEnv = {}) =>
  configOf(text.split(' '), environment)

test.each([
  ['status --state s', false],
  ['kubectl status', true],
  ['kubectl status --state s', false],
  ['kubectl bin list', true],
  ['kubectl restore 3', true],
  ['kubectl plan -f x.yaml --state s', false],
  ['status -n sales', true],
  ['bin list --context prod', true],
  ['approve company', true],
  ['approve company --local d', false],
  ['kubectl validate x.yaml', false],
  ['kubectl completion bash', false],
  ['kubectl status --help', false],
])('%s: is it about a cluster? %s', (text, chosen) => {
  expect(line(text).cluster.chosen).toBe(chosen)
})

test.each([
  ['status --state s -A', '--state names a directory and --all-namespaces a cluster'],
  ['status -A -n x', '-A means all namespaces'],
  ['kubectl backup f', 'kubectl exsync backup does not exist on a cluster'],
  ['bin list', '--state DIR is missing'],
  ['suspend x -o json', 'takes no -o'],
])('%s is refused: %s', (text, message) => {
  expect(() => line(text)).toThrow(message)
})

const flags = (...list: readonly unknown[]) => ({ EXSYNC_FLAGS: JSON.stringify(list) })

test('a command beside a controller has the flags of the controller, unless it gives its own', () => {
  const environment = flags(
    ...['--state=/s', '--watch-namespace=a', '--watch-namespace=b', '--no-leader-elect'],
    ...['--allowed-server-hosts=*.corp.example', '--bin-retention=1h', '--log-level=debug'],
  )
  const doctor = line('doctor', environment)
  expect(doctor.kube.namespaces).toEqual(['a', 'b'])
  expect(doctor.trust.serverHosts).toEqual(['*.corp.example'])
  expect(doctor.inPod).toBe(true)
  const own = ['rollback', '--group', 'a/b', '--to', '1h', '--state', '/t']
  expect(configOf(own, environment)).toMatchObject({ state: '/t', binRetentionMs: 3_600_000 })
  expect(line('doctor --watch-namespace c', environment).kube.namespaces).toEqual(['c'])
  expect(line('status', environment).cluster.chosen).toBe(true)
  expect(line('status --state x', environment).cluster.chosen).toBe(false)
  expect(line('bin list', environment)).toMatchObject({ state: '/s', inPod: true })
  // The controller itself has its flags in its own line.
  expect(line('run --state x', environment)).toMatchObject({ logLevel: 'info', state: 'x' })
  const local = flags('--local=/d', '--state=/s')
  expect(line('plan', local)).toMatchObject({ local: '/d', inPod: false })
  expect(line('plan -f x.yaml', local)).toMatchObject({ local: undefined, files: ['x.yaml'] })
})

test.each([['no JSON'], ['{}'], ['[1]'], ['["--stat=x"]']])(
  'EXSYNC_FLAGS %s is refused',
  (text) => {
    expect(() => line('bin list', { EXSYNC_FLAGS: text })).toThrow(/EXSYNC_FLAGS .*"--state=/)
    expect(line('bin list --help', { EXSYNC_FLAGS: text }).command).toBe('help')
  },
)

test.each([
  ['kubectl bin list -n x --group y -o json', 'bin list --group=x/y --output=json'],
  ['kubectl restore 3 --context=c --dry-run', 'bin restore 3 --dry-run'],
  ['history --group a/y --kubeconfig f', 'history --group=a/y'],
  ['kubectl verify --group y --controller c', 'verify --group=x/y'],
  ['kubectl bin list --name -- -x', 'bin list --name=-- -x'],
  ['plan --kubeconfig f -n x -o wide', 'plan --watch-namespace=x --output=wide'],
])('%s goes into the pod as %s', (text, sent) => {
  expect(forwarded(text.split(' '), 'x').join(' ')).toBe(sent)
})

test.each([
  ['plan --kubeconfig f', 'pod'],
  ['kubectl plan -n x', 'pod'],
  ['plan --kubeconfig f --state s', 'here'],
  ['plan --context c --state s --against x.yaml', 'here'],
  ['plan --local d --state s', 'here'],
  ['plan --kubeconfig f -f x.yaml', 'SyncPlan'],
  ['plan --context c --against x.yaml', 'SyncPlan'],
  ['kubectl plan -f x.yaml', 'SyncPlan'],
  ['kubectl plan -f x.yaml --state s', 'here'],
])('%s is planned by: %s', (text, by) => {
  const { cluster, request } = line(text)
  expect(cluster.chosen ? 'pod' : request === undefined ? 'here' : 'SyncPlan').toBe(by)
})

test('a text goes into the pod as one argument, whatever it holds', () => {
  const odd = '$(id); `ls` "a" \'b\'\n'
  expect(forwarded(['kubectl', 'bin', 'list', '--name', odd], 'x')).toEqual([
    ...['bin', 'list', `--name=${odd}`],
  ])
  expect(() => forwarded(['kubectl', 'history', '-n', 'y'], 'y')).toThrow('no --group')
})

test('a resource is named with its kind, its namespace, both or neither', () => {
  const at = (text: string | undefined, given = false) =>
    titleOf(targetOf('suspend', text, { namespace: 'sales', given }))
  expect(at('company')).toBe('SyncGroup sales/company')
  expect(at('other/company')).toBe('SyncGroup other/company')
  expect(at('sg/company')).toBe('SyncGroup sales/company')
  expect(at('exchangeserver/corp')).toBe('ExchangeServer sales/corp')
  expect(at('exs/infra/corp')).toBe('ExchangeServer infra/corp')
  const server = targetOf('suspend', 'exs/corp', { namespace: 'sales', given: true })
  expect(typedOf(server)).toBe('exchangeserver/corp -n sales')
  for (const bad of [undefined, '', 'a/b/c', 'exs/', '../x', 'A', 'x'.repeat(300), 'a b'])
    expect(() => at(bad)).toThrow(/resource/)
  expect(() => at('other/company', true)).toThrow('-n names sales')
})

test('the hash that a status shows is the hash that is read from it', () => {
  const guarded = (message: string) => ({
    conditions: [{ type: 'Guarded', status: 'True' as const, reason: 'Deletions', message }],
  })
  const of = (message: string) => awaitedIn(guarded(message) as never)
  for (const hash of ['-bcdef_hijkl', 'abcdefabcdef'])
    for (const onServer of [false, true])
      expect(of(`blocked: ${approvalText(hash, onServer)}; anna would …`)).toMatchObject({
        ...{ hash, onServer, alone: [] },
      })
  // The name of a folder is no hash.
  const named = `${approvalText('abcdefabcdef', false)}; /x (alone: deadbeef1234) would cause 9 deletions (limit 3) (alone: aaaaaaaaaaaa)`
  expect(of(named)?.alone).toEqual([])
  const refusal = { replica: '/x (alone: deadbeef1234)', reason: 'Deletions', count: 9, limit: 3 }
  const refusals = ['aaaaaaaaaaaa', '-bbbbbbbbbb-'].map((hash) => ({ ...refusal, hash }))
  const guard = { hash: 'abcdefabcdef', refusals }
  const status = { ...guarded(named), guard } as never
  expect(awaitedIn(status)).toMatchObject({
    ...{ hash: 'abcdefabcdef', alone: ['aaaaaaaaaaaa', '-bbbbbbbbbb-'], onServer: false },
  })
  expect(of('no hash here')).toBeUndefined()
  expect(awaitedIn(undefined)).toBeUndefined()
})

test('the program that deploys a resource is known by its labels', () => {
  expect(managerOf({ labels: { 'kustomize.toolkit.fluxcd.io/name': 'x' } })).toBe('Flux')
  expect(managerOf({ annotations: { 'argocd.argoproj.io/tracking-id': 'x' } })).toBe('Argo CD')
  expect(managerOf({ labels: { 'app.kubernetes.io/managed-by': 'Helm' } })).toBe('Helm')
  expect(managerOf({ labels: { 'app.kubernetes.io/managed-by': 'me' } })).toBeUndefined()
})

test('pseudonyms are the same for the same, in declarations and in any text', () => {
  const mask = new Mask('key')
  const spec = {
    url: 'https://mail.corp.example/EWS/Exchange.asmx',
    hub: { publicFolder: '/Company/Kontakty Zofii' },
    members: [{ mailbox: 'Anna.Nowak@corp.example', folder: 'Contacts/Zofia' }],
    allowed: { mailboxes: ['*@sub.corp.example'], folders: ['Contacts/**'] },
  }
  mask.learnFrom(spec)
  const shown = JSON.stringify(mask.value(spec))
  for (const name of ['corp.example', 'Anna', 'Nowak', 'Zofi', 'Kontakty', 'Company'])
    expect([name, shown.includes(name)]).toEqual([name, false])
  expect(shown).toMatch(/https:\/\/host-[0-9a-f]{10}\.invalid\/EWS\/Exchange\.asmx/)
  expect(mask.text('anna.nowak@CORP.example: x')).toBe(
    `${mask.of('mailbox', 'anna.nowak@corp.example')}: x`,
  )
  const path = mask.of('folder', '/Company/Kontakty Zofii')
  expect(mask.text('hub:/Company/Kontakty Zofii is gone')).toBe(`hub:${path} is gone`)
  expect(mask.text('Contacts/Kontakty Zofii exists')).not.toContain('Zofii')
  expect(mask.text('the field CompanyName')).toBe('the field CompanyName')
  expect(new Mask('other').of('host', 'a.b')).not.toBe(mask.of('host', 'a.b'))
})

test.each([
  ['getaddrinfo ENOTFOUND mail.firma.pl', ['firma']],
  ['connect ECONNREFUSED 10.20.30.40:443', ['10.20']],
  ['from fe80:0:0:1:2:3:4:5 to', ['fe80']],
  ['authorization: Basic c3luYzpodXNoLWh1c2g=', ['c3luYz']],
  ['Bearer eyJhbGciOi.eyJzdWIi.x-_y', ['eyJ']],
  ['GET https://exchange/EWS', ['//exchange']],
  ['"replica":"@infra/corp:jan@x.pl:Contacts"', ['jan', 'x.pl']],
])('%s loses what names a place or proves a person', (text, secrets) => {
  const shown = new Mask('key').text(text)
  for (const secret of secrets) expect(shown).not.toContain(secret)
})

test.each([
  ["o'brien@corp.example"],
  ['anna=meyer@corp.example'],
  ['eva/adam@corp.example'],
  ['{x}|y@corp.example'],
])('the mailbox %s is known whole, in any letter case', (mailbox) => {
  const mask = new Mask('key')
  mask.learnFrom({ status: { problems: [{ mailbox }], guard: { refusals: [{ replica: 'hub' }] } } })
  const shown = mask.of('mailbox', mailbox)
  const text = `${mailbox.toUpperCase()} (Guarded): {"replica":"${mailbox}"}`
  expect(mask.text(text)).toBe(`${shown} (Guarded): {"replica":"${shown}"}`)
  const other = new Mask('key')
  other.learnFrom({ conflicts: { recent: [{ replica: mailbox }] } })
  expect(other.text(mailbox)).toBe(shown)
  expect(other.value({ replica: mailbox })).toEqual({ replica: shown })
})

test('a folder is known in any letter case and at any length, and ordinary words stay', () => {
  const mask = new Mask('key')
  const spec = { hub: { publicFolder: '/Firm/HR' }, members: [{ folder: 'Q1' }, { folder: '/A' }] }
  mask.learnFrom({ spec, status: { guard: { refusals: [{ replica: '/Sales' }] } } })
  const path = mask.of('folder', '/Firm/HR')
  expect(mask.text('hub:/FIRM/hr: and /firm/HR')).toBe(`hub:${path}: and ${path}`)
  expect(mask.text('the folder Q1 of “hr”, Contacts/HR, /a, x:q1')).not.toMatch(/q1|hr|\/a/i)
  expect(mask.text('the folder “/SALES”')).not.toMatch(/sales/i)
  const words = 'kubectl get sg -n sales company; Q1 of hr, b-a, firms: chr, 100/hra'
  expect(mask.text(words)).toBe(words)
  mask.keepName('apps/firm')
  expect(mask.text('apps/firm, apps/firm-account')).toBe('apps/firm, apps/firm-account')
  expect(mask.text('Apps/firm, old/firm')).not.toContain('firm')
  mask.learnFrom({ folder: '/Say "x\\/y"' })
  expect(mask.text(JSON.stringify({ msg: 'no /Say "x\\/y"' }))).not.toContain('Say')
})

test.each([
  ['listen fe80::1: refused', 'fe80', ': refused'],
  ['connect ECONNREFUSED fd00::5', 'fd00', 'ECONNREFUSED ip-'],
  ['address:2001:db8::7.', '2001', 'address:ip-'],
  ['GET https://[fd00::5]:8443/x done', 'fd00', ':8443/… done'],
  ['POST https://hooks.x.pl/T0/s3cret?k=s3cret, 403', 's3cret', '.invalid/…, 403'],
  ["(see 'https://x.pl/a?t=s3cret#s3cret')", 's3cret', "/…')"],
  ['proxy http://eva:s3cret@px.x.pl:3128', 's3cret', '.invalid:3128'],
  ['ldap://eva@dc.x.pl/dc=x', 'eva', '.invalid/…'],
  ['the account CORP\\svc.sync is locked', 'svc', 'account account-'],
  ['-Identity "CORP\\\\svc"', 'svc', '-Identity "account-'],
])('%s loses %s', (text, secret, rest) => {
  const shown = new Mask('key').text(text)
  expect(shown).not.toContain(secret)
  expect(shown).toContain(rest)
})

test.each([
  'a file C:\\temp and ::1, 14:29:22, HKLM\\software',
  'check spec.allowed.guard, exchangesync.dev/approve and app.kubernetes.io/name at 14:29:22',
  '2026-11-29T14:29:22.123Z, version 0.1.0, main.ts:12, 1,200 of 12,000 copies',
])('%s stays', (text) => {
  expect(new Mask('key').text(text)).toBe(text)
})

test('of a controller’s output a bundle has what is about its namespaces', () => {
  expect(doctorOf(undefined)).toEqual(['exsync', 'doctor'])
  expect(doctorOf(['sales'])).toEqual(['exsync', 'doctor', '--watch-namespace=sales'])
  expect(doctorOf([])).toBeUndefined()
  const own = [
    { group: 'sales/company', msg: 'not ready: infra/corp' },
    { server: 'sales/corp', msg: 'server ready' },
    {
      level: 'info',
      msg: 'started',
      remedy: 'see docs/operations.md and exchangesync.dev/approve',
    },
    { kind: 'SyncGroup', msg: 'sales/company cannot be read' },
  ]
  const others = [
    { group: 'hr/board', msg: 'the folder /HR/Board' },
    { server: 'hr/corp', detail: 'getaddrinfo ENOTFOUND exchange' },
    { kind: 'SyncGroup', msg: 'SyncGroup hr/board: spec.hub: Invalid value "/HR/Board"' },
    { remedies: [{ text: 'the Secret hr/account' }] },
  ]
  const textOf = (lines: readonly object[]) => lines.map((each) => `${JSON.stringify(each)}\n`)
  const log = [...textOf(others), ...textOf(own), 'Error: at /HR/Board\n'].join('')
  expect(linesIn(['sales'], log)).toEqual({ text: textOf(own).join(''), others: 5 })
  expect(linesIn([], log)).toEqual({ text: textOf(own.slice(2, 3)).join(''), others: 8 })
  expect(linesIn(undefined, log)).toEqual({ text: log, others: 0 })
})

test('an argument of the controller is shown without a URL', () => {
  const secret = 'https://hooks.corp.example/T0/B0/token?x=y'
  expect(argumentShown(`--notify-url=${secret}`)).toBe('--notify-url=…')
  expect(argumentShown(secret)).toBe('…')
  expect(argumentShown('--bin-limit=1Gi')).toBe('--bin-limit=1Gi')
})

test('a text of megabytes is masked in one look', () => {
  const mask = new Mask('key')
  for (let n = 0; n < 3_000; n += 1) mask.learn('folder', `/Company/Folder ${n}`)
  const text = `/Company/Folder 2999 ${'/Compan a:a:a:a. '.repeat(50_000)}`
  expect(mask.text(text).startsWith(mask.of('folder', '/Company/Folder 2999'))).toBe(true)
})

test.each([
  ['suspend company-contacts', 'SyncGroup sales/company-contacts', 'set spec.suspend: true there'],
  ['resume exchangeserver/corp', 'ExchangeServer sales/corp', 'set spec.suspend: false there'],
  ['reconcile sales/company-contacts', 'SyncGroup sales/company-contacts', 'requestedAt: "19'],
  ['approve company-contacts 0f3a', 'SyncGroup sales/company-contacts', 'approve: "0f3a"'],
  ['suspend hr/company-contacts', 'no file in', 'declares SyncGroup hr/company-contacts'],
])('%s in a directory names the file and the key', async (text, what, remedy) => {
  const config = line(`${text} --local ${directory}`)
  const error = await editInDirectory(config, 0, async () => true).catch(syncErrorOf)
  expect(String(error)).toContain(what)
  expect(String(error)).toContain(remedy)
})
