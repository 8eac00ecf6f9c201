// What a Kubernetes API server does, as far as the controller builds on it: one suite for the real one and for the one in
// memory that tests make errors with (test/apiserver). Its tests build on one another.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kinds } from '../../controller/kube/kinds.ts'
import { pageIn } from '../../controller/kube/runtime/answers.ts'
import { isMissing } from '../../controller/kube/runtime/api-error.ts'
import type { Client } from '../../controller/kube/runtime/client.ts'
import {
  builtIn,
  type KubeObject,
  pathOf,
  type ResourceKind,
} from '../../controller/kube/runtime/resource.ts'
import { groupOf, secretOf, serverOf } from '../e2e/support.ts'

/** A server in a test's hands, with the namespace `sales`. */
export type Place = Readonly<{ client: Client; close: () => Promise<void> }>

type Fields = Readonly<Record<string, unknown>>
type Whole = KubeObject & Readonly<{ spec?: Fields; status?: Fields; items?: readonly Whole[] }>
type Event = Readonly<{ type: string; object: Whole }>

const finalizer = 'exchangesync.dev/finalizer'
const ready = {
  type: 'Ready',
  status: 'True',
  reason: 'Succeeded',
  message: '3 items',
  lastTransitionTime: '2026-01-01T00:00:00Z',
}

/** The suite. */
export function conformsToApiServer(open: () => Promise<Place>): void {
  let place: Place
  const { signal } = new AbortController()
  beforeAll(async () => {
    place = await open()
  })
  afterAll(() => place?.close())

  const json = (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    [kind, name, sub]: readonly [ResourceKind, string?, 'status'?],
    more: Readonly<{ body?: unknown; query?: Record<string, string>; type?: string }> = {},
  ) => {
    const call = { method, path: pathOf(kind, 'sales', name, sub), ...more }
    return place.client.json<Whole>(call as Parameters<Client['json']>[0], signal)
  }
  const { syncGroup, exchangeServer } = kinds
  const { secret } = builtIn
  const named = (name: string) => {
    const group = groupOf({ members: [] }) as unknown as Whole
    return { ...group, metadata: { name, namespace: 'sales' } }
  }
  const merge = (metadata: Fields, name = 'one') => {
    const more = { body: { metadata }, type: 'application/merge-patch+json' }
    return json('PATCH', [syncGroup, name], more)
  }
  const apply = (name: string, metadata: Fields, status: Fields) => {
    const { apiVersion, kind } = syncGroup
    const body = { apiVersion, kind, metadata: { name, ...metadata }, status }
    const query = { fieldManager: 'exchange-sync-controller', force: 'true' }
    const more = { body, query, type: 'application/apply-patch+yaml' }
    return json('PATCH', [syncGroup, name, 'status'], more)
  }

  test('what is made has a uid, a version, a generation, and defaults', async () => {
    const made = await json('POST', [syncGroup], { body: named('one') })
    expect(made).toMatchObject({
      apiVersion: syncGroup.apiVersion,
      kind: 'SyncGroup',
      metadata: { name: 'one', namespace: 'sales', generation: 1 },
      spec: { conflicts: 'HubWins', guard: { window: '1h' } },
      status: { observedGeneration: -1 },
    })
    expect(made.metadata.uid).toMatch(/./)
    expect(made.metadata.resourceVersion).toMatch(/^\d+$/)
    expect(await json('GET', [syncGroup, 'one'])).toMatchObject({ metadata: made.metadata })
    await expect(json('POST', [syncGroup], { body: named('one') })).rejects.toMatchObject({
      status: 409,
      reason: 'AlreadyExists',
    })
  })

  test('what is not there is missing by its name; what is not served is no resource', async () => {
    const refused = async (promise: Promise<unknown>) =>
      promise.then(
        () => undefined,
        (e) => e,
      )
    const error = await refused(json('GET', [syncGroup, 'none']))
    expect(error).toMatchObject({ status: 404, reason: 'NotFound', named: 'none' })
    expect([isMissing(error, 'none'), isMissing(error, 'other')]).toEqual([true, false])
    const odd = { ...syncGroup, plural: 'oddgroups' }
    expect(isMissing(await refused(json('GET', [odd, 'none'])), 'none')).toBe(false)
  })

  test('a list comes in pages of one version, and says what it is a list of', async () => {
    for (const name of ['two', 'three']) await json('POST', [syncGroup], { body: named(name) })
    const first = await json('GET', [syncGroup], { query: { limit: '2' } })
    const page = pageIn(syncGroup, { namespace: 'sales' }, first)
    expect(page.items.map(({ metadata }) => metadata.name)).toEqual(['one', 'three'])
    const more = { query: { limit: '2', continue: page.more ?? '' } }
    const last = pageIn(syncGroup, {}, await json('GET', [syncGroup], more))
    expect([last.items.length, last.more, last.version]).toEqual([1, undefined, page.version])
    const none = await json('GET', [exchangeServer])
    expect(none).toMatchObject({ kind: 'ExchangeServerList', items: [] })
  })

  test('one can be listed by its name; built-in kinds need not say what they are', async () => {
    const account = secretOf('account', { username: 'a' })
    const made = { ...account, metadata: { name: 'account', namespace: 'sales' } }
    await json('POST', [secret], { body: made })
    const query = { fieldSelector: 'metadata.name=account' }
    const { items } = pageIn(secret, { name: 'account' }, await json('GET', [secret], { query }))
    expect(items.map(({ kind, metadata }) => [kind, metadata.name])).toEqual([
      ['Secret', 'account'],
    ])
    const other = { query: { fieldSelector: 'metadata.name=other' } }
    expect(pageIn(secret, {}, await json('GET', [secret], other)).items).toEqual([])
  })

  test('a write for another version, or for another object under the name, is refused', async () => {
    const conflict = { status: 409, reason: 'Conflict' }
    const { metadata } = await json('GET', [syncGroup, 'one'])
    await expect(merge({ resourceVersion: '1' })).rejects.toMatchObject(conflict)
    await expect(merge({ uid: 'another' })).rejects.toMatchObject({
      status: 422,
      reason: 'Invalid',
    })
    const former = merge({ uid: 'another', resourceVersion: '1' })
    await expect(former).rejects.toMatchObject(conflict)
    const stale = apply('one', { uid: metadata.uid, resourceVersion: '1' }, { items: 1 })
    await expect(stale).rejects.toMatchObject(conflict)
    // Of a status that is applied only the version is looked at.
    const other = await apply('one', { uid: 'another' }, {})
    expect(other.metadata.uid).toBe(metadata.uid)
    const { uid, resourceVersion } = other.metadata
    const held = await merge({ uid, resourceVersion, finalizers: [finalizer] })
    expect(held.metadata).toMatchObject({ uid, finalizers: [finalizer], generation: 1 })
    expect(BigInt(held.metadata.resourceVersion ?? 0)).toBeGreaterThan(BigInt(resourceVersion ?? 0))
  })

  test('a status that is applied is ours as a whole, and no change of the spec', async () => {
    const { uid } = (await json('GET', [syncGroup, 'one'])).metadata
    const first = await apply('one', { uid }, { items: 3, conditions: [ready] })
    expect(first).toMatchObject({ status: { items: 3, conditions: [ready] } })
    expect(first.metadata).toMatchObject({ uid, generation: 1 })
    const stalled = { ...ready, type: 'Stalled' }
    const then = await apply('one', { uid }, { conditions: [stalled] })
    expect([then.status?.items, then.status?.conditions]).toEqual([undefined, [stalled]])
    const removed = await json('PATCH', [syncGroup, 'one', 'status'], {
      body: [
        { op: 'test', path: '/metadata/uid', value: uid },
        { op: 'test', path: '/status/conditions/0/type', value: 'Stalled' },
        { op: 'remove', path: '/status/conditions/0' },
      ],
      type: 'application/json-patch+json',
    })
    expect(removed.status?.conditions ?? []).toEqual([])
    const odd = [{ op: 'test', path: '/metadata/uid', value: 'another' }]
    const type = 'application/json-patch+json'
    const patched = json('PATCH', [syncGroup, 'one', 'status'], { body: odd, type })
    await expect(patched).rejects.toMatchObject({ status: 422 })
    await expect(apply('none', {}, {})).rejects.toMatchObject({ status: 404 })
  })

  test('a watch tells in order what happened since the list, and nothing else', async () => {
    const { metadata } = await json('GET', [syncGroup])
    const server = serverOf('http://127.0.0.1:1/EWS/Exchange.asmx') as unknown as Whole
    const body = { ...server, metadata: { name: 'corp', namespace: 'sales' } }
    await json('POST', [exchangeServer], { body })
    await json('POST', [syncGroup], { body: named('four') })
    await merge({ annotations: { a: 'b' } }, 'four')
    await json('DELETE', [syncGroup, 'four'])
    await json('DELETE', [syncGroup, 'one'])
    const events: Event[] = []
    const query = { watch: 'true', resourceVersion: metadata.resourceVersion ?? '' }
    const call = { method: 'GET', path: pathOf(syncGroup, 'sales'), query } as const
    const bounds = { silenceMs: 60_000, mostMs: 60_000 }
    for await (const event of place.client.lines(call, bounds, signal)) {
      events.push(event as Event)
      if (events.length === 4) break
    }
    expect(events.map(({ type, object }) => [type, object.metadata.name])).toEqual([
      ['ADDED', 'four'],
      ['MODIFIED', 'four'],
      ['DELETED', 'four'],
      ['MODIFIED', 'one'],
    ])
    expect(events[3]?.object.metadata.deletionTimestamp).toMatch(/Z$/)
    const versions = events.map(({ object }) => Number(object.metadata.resourceVersion))
    expect(versions).toEqual([...versions].sort((one, other) => one - other))
    expect(new Set(versions).size).toBe(4)
  })

  test('a watch from what is no version is refused', async () => {
    const query = { watch: 'true', resourceVersion: 'new' }
    const call = { method: 'GET', path: pathOf(syncGroup, 'sales'), query } as const
    const bounds = { silenceMs: 60_000, mostMs: 60_000 }
    const first = place.client.lines(call, bounds, signal).next()
    await expect(first).rejects.toMatchObject({ status: 500 })
  })

  test('what is deleted stays until its last finalizer is gone, and then is missing', async () => {
    const ending = await json('GET', [syncGroup, 'one'])
    expect(ending.metadata.finalizers).toEqual([finalizer])
    const freed = await merge({ uid: ending.metadata.uid, finalizers: [] })
    expect(freed.metadata.uid).toBe(ending.metadata.uid)
    await expect(json('GET', [syncGroup, 'one'])).rejects.toMatchObject({ named: 'one' })
    const again = await json('POST', [syncGroup], { body: named('one') })
    expect(again.metadata.uid).not.toBe(ending.metadata.uid)
  })

  test('a Lease is replaced by who knows its version, and by nobody else', async () => {
    const spec = { holderIdentity: 'me', leaseDurationSeconds: 15, leaseTransitions: 0 }
    const { apiVersion, kind } = builtIn.lease
    const body = { apiVersion, kind, metadata: { name: 'lease', namespace: 'sales' }, spec }
    const made = await json('POST', [builtIn.lease], { body })
    const next = { ...made, spec: { ...spec, leaseTransitions: 1 } }
    const now = await json('PUT', [builtIn.lease, 'lease'], { body: next })
    expect(now.spec).toMatchObject({ holderIdentity: 'me', leaseTransitions: 1 })
    const late = json('PUT', [builtIn.lease, 'lease'], { body: next })
    await expect(late).rejects.toMatchObject({ status: 409, reason: 'Conflict' })
  })
}
