// The cluster that a trial begins with, and what users do to it meanwhile.
import type { Objects, Stored } from '../../apiserver/objects.ts'
import type { Chance } from '../chance.ts'

const plural = 'syncgroups'
const namespaces = ['a', 'b']

/** Makes servers, Secrets and groups. */
export function begin(objects: Objects, chance: Chance): void {
  for (const namespace of namespaces) {
    objects.create('secrets', namespace, account('one'))
    const auth = { type: 'Basic', secretRef: { name: 'account' } }
    const spec = { url: 'https://mail.corp.example/EWS/Exchange.asmx', auth }
    objects.create('exchangeservers', namespace, { metadata: { name: 'corp' }, spec })
  }
  for (let n = 0; n <= 1 + chance.below(4); n += 1) found(objects, chance, `g${n}`)
}

/** Something that a user does; answers what. */
export function act(objects: Objects, chance: Chance, turn: number): string {
  const living = objects.list(plural).filter(({ metadata }) => !metadata.deletionTimestamp)
  const group = chance.of(living)
  const what = chance.of([
    'edit',
    'edit',
    'make',
    'delete',
    'rotate',
    'spoil',
    'anew',
    'compact',
    'none',
  ])
  if (what === 'make') found(objects, chance, `t${turn}`)
  if (what === 'compact') objects.compact()
  if (what === 'rotate') {
    const namespace = chance.of(namespaces) ?? 'a'
    objects.merge('secrets', namespace, 'account', account(`two-${turn}`))
  }
  if (group === undefined) return `${what}`
  const { namespace, name } = group.metadata
  if (what === 'edit')
    objects.merge(plural, namespace, name, { spec: sound({ interval: `${turn + 1}m` }) })
  // As one that was stored while nothing was checked.
  if (what === 'spoil') objects.merge(plural, namespace, name, { spec: chance.of(spoilt) ?? null })
  if (what === 'delete' || what === 'anew') objects.remove(plural, namespace, name)
  if (what === 'anew' && !has(objects, namespace, name)) made(objects, namespace, name)
  return `${what} ${namespace}/${name}`
}

const spoilt = [
  null,
  5,
  [],
  { hub: null },
  { members: 'x' },
  { members: [5] },
  { interval: 'soon' },
]

/** What must be told of a group in the end; none where its spec is not valid. */
export function isSound({ spec }: Stored): boolean {
  const { hub, members, interval } = (spec ?? {}) as Record<string, unknown>
  return (
    hub !== null &&
    hub !== undefined &&
    Array.isArray(members) &&
    members.length === 0 &&
    interval !== 'soon'
  )
}

function found(objects: Objects, chance: Chance, name: string): void {
  const namespace = chance.of(namespaces) ?? 'a'
  if (!has(objects, namespace, name)) made(objects, namespace, name)
}

function made(objects: Objects, namespace: string, name: string): void {
  objects.create(plural, namespace, { metadata: { name }, spec: sound({}) })
}

function has(objects: Objects, namespace: string, name: string): boolean {
  return objects
    .list(plural)
    .some(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
}

function sound(more: object): object {
  return { serverRef: { name: 'corp' }, hub: { publicFolder: '/Company' }, members: [], ...more }
}

function account(password: string): Readonly<Record<string, unknown>> {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  return {
    metadata: { name: 'account', labels: { 'exchangesync.dev/credentials': 'true' } },
    data: { username: base64('a'), password: base64(password) },
  }
}
