// How Helm takes the values: it lints, refuses what is wrong, and its notes say commands that there are.
import { expect, test } from 'vitest'
import { usage } from '../../controller/cli/help.ts'
import { chart, ciFiles, helm, release, template } from './helm.ts'

test.each([[], ...ciFiles.map((file) => ['--values', file])])(
  'lints with %s %s',
  async (...given) => {
    const { code, stdout } = await helm(['lint', '--strict', chart, ...given])
    expect(stdout).not.toMatch(/\[(WARNING|ERROR)\]/)
    expect(code).toBe(0)
  },
)

//  what is given, what Helm says
const refused: readonly (readonly [string, unknown, RegExp])[] = [
  ['a misspelt key', { watchNamespace: ['a'] }, /additional properties 'watchNamespace'/],
  ['a misspelt key below', { state: { persistance: {} } }, /'\/state'.*'persistance'/],
  ['a word for a switch', { crds: { enabled: 'yes' } }, /'\/crds\/enabled': got string/],
  ['a word for a list', { watchNamespaces: 'sales' }, /'\/watchNamespaces': got string/],
  ['a namespace that cannot be', { watchNamespaces: ['Sales'] }, /'\/watchNamespaces\/0'/],
  ['a namespace twice', { watchNamespaces: ['a', 'a'] }, /'\/watchNamespaces'.*equal/],
  ['two pods', { replicaCount: 2 }, /'\/replicaCount': value must be one of 0, 1/],
  ['a level', { controller: { logLevel: 'loud' } }, /'\/controller\/logLevel'/],
  ['a duration', { controller: { auditInterval: '6 hours' } }, /'\/controller\/auditInterval'/],
  ['a limit', { controller: { binLimit: '1GB' } }, /'\/controller\/binLimit'/],
  ['a size', { controller: { maxContactSize: '4MB' } }, /'\/controller\/maxContactSize'/],
  ['too many members', { controller: { maxMembers: 2001 } }, /'\/controller\/maxMembers'/],
  [
    'a URL for a host',
    { controller: { allowedServerHosts: ['https://a'] } },
    /allowedServerHosts\/0/,
  ],
  ['every host', { controller: { allowedServerHosts: ['*'] } }, /allowedServerHosts\/0/],
  ['a digest', { image: { digest: 'latest' } }, /'\/image\/digest'/],
  ['a port of the system', { ports: { metrics: 80 } }, /'\/ports\/metrics'/],
  ['one port for two', { ports: { metrics: 9440 } }, /must differ/],
  [
    'a pod that ends before its passes',
    { terminationGracePeriodSeconds: 30 },
    /terminationGracePeriodSeconds \(30\) must be longer/,
  ],
  [
    'a Lease that two may hold',
    { leaderElection: { renewDeadline: '15s' } },
    /retryPeriod \(2s\) < renewDeadline \(15s\) < leaseDuration \(15s\) must hold/,
  ],
  ['a webhook without encryption', { notify: { url: 'http://a' } }, /'\/notify\/url'/],
  ['a webhook without a signature', { notify: { url: 'https://a' } }, /need notify.secretRef.name/],
  ['a signature of nothing', { notify: { secretRef: { name: 'a' } } }, /needs notify.url or/],
  [
    'two webhooks',
    { notify: { url: 'https://a', secretRef: { name: 'a', urlKey: 'b' } } },
    /exclude each other/,
  ],
  [
    'the values of 0.1.0 alone, where a default is missing',
    { networkPolicy: { enabled: true, dns: null } },
    /networkPolicy.dns is missing.*--reset-then-reuse-values/,
  ],
  [
    'a monitor of nothing',
    { metrics: { service: { enabled: false }, serviceMonitor: { enabled: true } } },
    /metrics.serviceMonitor.enabled needs metrics.service.enabled/,
  ],
]

test.each(refused)('refuses %s', async (_, values, message) => {
  const { code, stderr } = await template(values)
  expect(stderr.replaceAll('\n', ' ')).toMatch(message)
  expect(code).toBe(1)
})

test('takes what Helm gives to a chart that another depends on', async () => {
  const { code, stderr } = await template({ global: { any: 'thing' }, enabled: true })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
})

test('a default is removed by null, as OpenShift needs it', async () => {
  const { stdout } = await template({ podSecurityContext: { runAsUser: null, fsGroup: null } })
  expect(stdout).toContain('runAsNonRoot: true')
  expect(stdout).not.toMatch(/runAsUser|fsGroup:/)
})

test('the values of 0.1.0 alone (helm upgrade --reuse-values) give no flag without a value', async () => {
  const since = ['historyRetention', 'maxContactSize', 'maxMembers', 'maxPassTimeout']
  const missing = [...since, 'maxRequestTimeout'].map((key) => [key, null])
  const { stdout } = await template({ controller: Object.fromEntries(missing) })
  expect(stdout).toContain('- --bin-limit=1Gi\n')
  expect(stdout).not.toMatch(/- --\S+=\s*$|--(history-retention|max-[a-z-]+)\b/m)
})

test.each([
  {},
  { namespaceOverride: 'elsewhere', watchNamespaces: ['sales', 'logistics'] },
  { leaderElection: { enabled: false }, state: { persistence: { enabled: false } } },
])('the notes name commands and objects that there are: %j', async (values) => {
  const { code, stdout } = await helm(
    ['install', release.name, chart, '-n', release.namespace, '--dry-run=client', '--values', '-'],
    values,
  )
  expect(code).toBe(0)
  const [manifests = '', notes = ''] = stdout.split('\nNOTES:\n')
  const lines = notes.split('\n').filter((line) => line.startsWith('  '))
  expect(lines.length).toBeGreaterThan(5)
  for (const line of lines) {
    expect(line).toMatch(/^ {2}kubectl (rollout status|explain|label|apply|wait|get|exec|delete) /)
    const [, kind, name] = /(deployment|persistentvolumeclaim)[/ ](\S+)/.exec(line) ?? []
    if (kind !== undefined) {
      const home = 'namespaceOverride' in values ? values.namespaceOverride : release.namespace
      expect(line).toContain(` -n ${home}`)
      expect(manifests.toLowerCase()).toContain(`kind: ${kind}\nmetadata:\n  name: ${name}\n`)
    }
    const [, command] = /exsync (\w+ ?\w*)/.exec(line) ?? []
    if (command !== undefined)
      expect(usage).toContain(command.replace('list', 'list |').split(' |')[0])
  }
})
