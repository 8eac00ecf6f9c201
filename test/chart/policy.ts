// Says what a NetworkPolicy lets pass, as the API's documentation says it of policies that select the pod: what some rule
// names by peer and port, and nothing else. Knows the fields that the chart renders, and throws at any other.
import { BlockList, isIPv6 } from 'node:net'
import type { Manifest } from './renderings.ts'

/** The other end of a connection: an address outside, or a pod. */
export type End =
  | Readonly<{ ip: string }>
  | Readonly<{ namespace: Labels; pod: Labels; ip?: string }>

type Labels = Readonly<Record<string, string>>
type Port = Readonly<{ port: number | string; protocol: string }>
type Selector = Readonly<{ matchLabels?: Labels }>
type Peer = Readonly<{
  ipBlock?: Readonly<{ cidr: string; except?: readonly string[] }>
  namespaceSelector?: Selector
  podSelector?: Selector
}>
type Rule = Readonly<{ ports?: readonly Port[]; from?: readonly Peer[]; to?: readonly Peer[] }>

/** A connection that somebody tries: a port's number, or its name on our pod. */
export type Connection = Readonly<{
  direction: 'Ingress' | 'Egress'
  end: End
  port: number | string
  protocol?: 'TCP' | 'UDP'
}>

/** Does the policy, which selects our pod, let it pass? `home`: the labels of the policy's own namespace. */
export function lets(policy: Manifest, connection: Connection, home: Labels): boolean {
  const { direction, port, protocol = 'TCP' } = connection
  known(policy.spec, ['podSelector', 'policyTypes', 'ingress', 'egress'])
  if (!policy.spec.policyTypes.includes(direction)) return true
  const rules: readonly Rule[] = policy.spec[direction === 'Ingress' ? 'ingress' : 'egress'] ?? []
  return rules.some((rule) => {
    known(rule, ['ports', direction === 'Ingress' ? 'from' : 'to'])
    // An empty list is as one that is not there: everything.
    const { ports = [], from, to } = rule
    const peers = from ?? to ?? []
    const isPort = ports.some((each) => each.port === port && each.protocol === protocol)
    return (
      (ports.length === 0 || isPort) &&
      (peers.length === 0 || peers.some((peer) => isPeer(peer, connection.end, home)))
    )
  })
}

function isPeer(peer: Peer, end: End, home: Labels): boolean {
  known(peer, ['ipBlock', 'namespaceSelector', 'podSelector'])
  const { ipBlock, namespaceSelector, podSelector } = peer
  if (ipBlock !== undefined) {
    known(ipBlock, ['cidr', 'except'])
    const { cidr, except = [] } = ipBlock
    const { ip } = end
    return ip !== undefined && isIn(ip, cidr) && !except.some((each) => isIn(ip, each))
  }
  if (!('pod' in end)) return false
  const inNamespace =
    namespaceSelector === undefined
      ? JSON.stringify(end.namespace) === JSON.stringify(home)
      : has(end.namespace, namespaceSelector)
  return inNamespace && (podSelector === undefined || has(end.pod, podSelector))
}

function has(labels: Labels, selector: Selector): boolean {
  known(selector, ['matchLabels'])
  return Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value)
}

function isIn(ip: string, cidr: string): boolean {
  const [net = '', bits] = cidr.split('/')
  const list = new BlockList()
  list.addSubnet(net, Number(bits), isIPv6(net) ? 'ipv6' : 'ipv4')
  return isIPv6(ip) === isIPv6(net) && list.check(ip, isIPv6(ip) ? 'ipv6' : 'ipv4')
}

function known(object: object, keys: readonly string[]): void {
  const other = Object.keys(object).find((key) => !keys.includes(key))
  if (other !== undefined) throw new Error(`${other} of a NetworkPolicy is not understood`)
}
