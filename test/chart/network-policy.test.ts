// What the chart's NetworkPolicy lets pass: connections that the controller makes, and those that it must not. That a
// cluster's network enforces it, and by which address its API server is met, only that cluster tells.
import { expect, test } from 'vitest'
import { template } from './helm.ts'
import { type Connection, lets } from './policy.ts'
import { manifestsIn } from './renderings.ts'

const home = { 'kubernetes.io/metadata.name': 'exchange-sync' }
const system = { 'kubernetes.io/metadata.name': 'kube-system' }
const monitoring = { 'kubernetes.io/metadata.name': 'monitoring' }
const named = (labels: object) => ({ namespaceSelector: { matchLabels: labels } })

const to = (ip: string, port: number, protocol: 'TCP' | 'UDP' = 'TCP'): Connection => ({
  direction: 'Egress',
  end: { ip },
  port,
  protocol,
})
const from = (namespace: Readonly<Record<string, string>>, port: string): Connection => ({
  direction: 'Ingress',
  end: { namespace, pod: { app: 'any' } },
  port,
})
const kubeDns: Connection = {
  direction: 'Egress',
  end: { namespace: system, pod: { 'k8s-app': 'kube-dns' }, ip: '10.0.0.10' },
  port: 53,
  protocol: 'UDP',
}
const dnsIn = (namespace: typeof system, app: string): Connection => ({
  ...kubeDns,
  end: { namespace, pod: { 'k8s-app': app } },
})

const closed = {
  dns: { to: [{ ...named(system), podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }] },
  apiServer: { to: [{ ipBlock: { cidr: '192.0.2.1/32' } }], ports: [6443] },
  exchange: {
    to: [{ ipBlock: { cidr: '198.51.100.0/24', except: ['198.51.100.128/25'] } }],
    ports: [443, 8443],
  },
  metricsFrom: [named(monitoring)],
}

//  the values below networkPolicy, what passes, what does not
const cases: readonly (readonly [string, object, readonly Connection[], readonly Connection[]])[] =
  [
    [
      'nothing is named: every address, by the ports of names, API server and Exchange',
      {},
      [
        kubeDns,
        to('8.8.8.8', 53, 'TCP'),
        to('192.0.2.1', 6443),
        to('10.0.0.1', 443),
        to('203.0.113.9', 443),
        from(monitoring, 'metrics'),
        from(home, 'health'),
      ],
      [
        to('203.0.113.9', 25),
        to('203.0.113.9', 80),
        to('169.254.169.254', 80),
        to('10.1.1.1', 22),
        to('10.1.1.1', 10250),
        to('203.0.113.9', 443, 'UDP'),
        from(monitoring, 'other'),
      ],
    ],
    [
      'everything is named',
      closed,
      [
        kubeDns,
        { ...kubeDns, protocol: 'TCP' },
        to('192.0.2.1', 6443),
        to('198.51.100.7', 443),
        to('198.51.100.7', 8443),
        from(monitoring, 'metrics'),
        from(system, 'health'),
      ],
      [
        to('8.8.8.8', 53, 'UDP'),
        dnsIn(system, 'other'),
        dnsIn(home, 'kube-dns'),
        to('192.0.2.2', 6443),
        to('192.0.2.1', 443),
        to('198.51.100.200', 443),
        to('198.51.101.7', 443),
        to('198.51.100.7', 6443),
        to('169.254.169.254', 443),
        to('169.254.169.254', 80),
        to('2001:db8::1', 443),
        from(home, 'metrics'),
      ],
    ],
    [
      'Exchange by IPv6, and a proxy besides',
      {
        ...closed,
        exchange: { to: [{ ipBlock: { cidr: '2001:db8::/32' } }] },
        extraEgress: [
          {
            to: [{ podSelector: { matchLabels: { app: 'proxy' } } }],
            ports: [{ port: 3128, protocol: 'TCP' }],
          },
        ],
      },
      [
        to('2001:db8::7', 443),
        { direction: 'Egress', end: { namespace: home, pod: { app: 'proxy' } }, port: 3128 },
      ],
      [
        to('198.51.100.7', 443),
        to('2001:db9::7', 443),
        { direction: 'Egress', end: { namespace: system, pod: { app: 'proxy' } }, port: 3128 },
      ],
    ],
    [
      'name servers on another port',
      { dns: { ports: [5353] } },
      [to('10.0.0.10', 5353, 'UDP'), to('10.0.0.10', 5353)],
      [to('10.0.0.10', 53, 'UDP')],
    ],
  ]

test.each(cases)('%s', async (_, values, passing, stopped) => {
  const { stdout, stderr } = await template({ networkPolicy: { enabled: true, ...values } })
  expect(stderr).toBe('')
  const [policy, ...others] = manifestsIn(stdout).filter(({ kind }) => kind === 'NetworkPolicy')
  if (policy === undefined) throw new Error('there is no NetworkPolicy')
  expect(others).toEqual([])
  expect(policy.spec.policyTypes).toEqual(['Ingress', 'Egress'])
  expect(passing.filter((each) => !lets(policy, each, home))).toEqual([])
  expect(stopped.filter((each) => lets(policy, each, home))).toEqual([])
})

test('unless it is asked for there is none', async () => {
  const { stdout } = await template({})
  expect(manifestsIn(stdout).filter(({ kind }) => kind === 'NetworkPolicy')).toEqual([])
})
