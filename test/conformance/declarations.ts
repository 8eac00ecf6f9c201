// What everything that declares groups must do, be it a directory or a cluster: one suite for the Declarations port.

import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SyncGroupStatus } from '../../controller/api/resources.generated.ts'
import type { Declarations, Declared } from '../../controller/sync/ports.ts'
import { groupOf, type Resource, secretOf, serverOf } from '../e2e/support.ts'
import { hubOf } from '../support/declaration.ts'

/** Somewhere that groups are declared in, in a test's hands. */
export type Place = Readonly<{
  declarations: Declarations
  /** Declares these and no others, in the namespaces sales and other. */
  declare: (resources: readonly Resource[]) => Promise<void>
  close: () => Promise<void>
}>

const url = 'http://127.0.0.1:1/EWS/Exchange.asmx'
const account = secretOf('account', { username: 'sync', password: 'one' })
const server = serverOf(url)
const group = (spec: Resource = {}) =>
  groupOf({ members: [{ mailbox: 'anna@corp.example' }], spec })
const id = 'sales/company-contacts'
const ready: SyncGroupStatus = {
  observedGeneration: 1,
  conditions: [
    {
      type: 'Ready',
      status: 'True',
      reason: 'Succeeded',
      message: '3 items',
      lastTransitionTime: '2026-01-01T00:00:00Z',
      observedGeneration: 1,
    },
  ],
  items: 3,
}

/** The suite. Its tests build on one another. */
export function conformsToDeclarations(open: () => Promise<Place>): void {
  let place: Place
  beforeAll(async () => {
    place = await open()
  })
  afterAll(() => place?.close())

  const now = async () => (await place.declarations.groups()).find((each) => each.id === id)

  /** The group as soon as it is so; asks again whenever something may have changed. */
  async function told(so: (group: Declared | undefined) => boolean): Promise<Declared | undefined> {
    for (const endMs = performance.now() + 30_000; ; ) {
      const enough = new AbortController()
      const changed = place.declarations.changed(enough.signal)
      const found = await now()
      if (so(found)) {
        enough.abort()
        await changed
        return found
      }
      if (performance.now() > endMs)
        throw new Error(`waited in vain; it is ${JSON.stringify(found)}`)
      await Promise.race([changed, delay(1_000)])
      enough.abort()
    }
  }

  test('a group is told with all that it refers to, and with its defaults', async () => {
    await place.declare([account, server, group()])
    const found = await told((each) => hubOf(each).credentials !== undefined)
    expect(found).toMatchObject({ id, generation: 1 })
    expect(hubOf(found).credentials).toEqual({ username: 'sync', password: 'one' })
    expect(hubOf(found).server?.spec).toMatchObject({
      url,
      access: 'Impersonation',
      suspend: false,
    })
    expect(found?.group.spec).toMatchObject({ conflicts: 'HubWins', guard: { window: '1h' } })
    expect(found?.group.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT/)
    expect([found?.deleted ?? false, hubOf(found).hindrance, found?.invalid]).toEqual([
      false,
      undefined,
      undefined,
    ])
  })

  test('what it is told of twice is the same, unless something changes', async () => {
    const [one, other] = [await now(), await now()]
    expect(one?.fingerprint).toBe(other?.fingerprint)
  })

  test('a status that was reported is the former one from then on, and no change', async () => {
    const before = await told((each) => each !== undefined)
    if (before === undefined) throw new Error('there is no group')
    await place.declarations.hold(before)
    await place.declarations.report(before, ready)
    const after = await told((each) => each?.previous?.items === 3)
    expect(after?.previous).toMatchObject({ items: 3, conditions: [{ reason: 'Succeeded' }] })
    expect(after?.generation).toBe(before.generation)
    expect(after?.fingerprint).toBe(before.fingerprint)
  })

  test('another spec is another generation', async () => {
    const before = await now()
    await place.declare([account, server, group({ conflicts: 'KeepBoth' })])
    const after = await told((each) => each?.group.spec.conflicts === 'KeepBoth')
    expect(after?.generation).toBe((before?.generation ?? 0) + 1)
    expect(after?.fingerprint).not.toBe(before?.fingerprint)
    expect(after?.previous?.items).toBe(3)
  })

  test('another password is a change of every group that needs it, and of no generation', async () => {
    const before = await now()
    const rotated = secretOf('account', { username: 'sync', password: 'two' })
    await place.declare([rotated, server, group({ conflicts: 'KeepBoth' })])
    const after = await told((each) => hubOf(each).credentials?.password === 'two')
    expect(after?.generation).toBe(before?.generation)
    expect(after?.fingerprint).not.toBe(before?.fingerprint)
  })

  test('without its Secret, or its server, it is told all the same', async () => {
    await place.declare([server, group()])
    const poor = await told((each) => hubOf(each).hindrance?.code === 'SecretNotFound')
    expect(poor?.deleted ?? false).toBe(false)
    await place.declare([account, group()])
    await told((each) => hubOf(each).hindrance?.code === 'ServerNotFound')
    await place.declare([account, server, group()])
    await told((each) => hubOf(each).credentials !== undefined)
  })

  test('a server that is suspended, or in another namespace, hinders it', async () => {
    await place.declare([account, serverOf(url, { suspend: true }), group()])
    const idle = await told((each) => hubOf(each).hindrance !== undefined)
    expect(hubOf(idle).hindrance).toMatchObject({ kind: 'transient', code: 'ServerSuspended' })
    const foreign = group({ serverRef: { name: 'corp', namespace: 'other' } })
    await place.declare([account, server, foreign])
    const refused = await told((each) => hubOf(each).hindrance?.code === 'CrossNamespaceRef')
    expect(hubOf(refused)).toMatchObject({ server: undefined, credentials: undefined })
    await place.declare([account, server, group()])
    expect(hubOf(await told((each) => hubOf(each).hindrance === undefined)).server).toBeDefined()
  })

  test('deleted, with everything it refers to or not, it is told of until it is released', async () => {
    await place.declare([account, server])
    const ended = await told((each) => each?.deleted === true)
    if (ended === undefined) throw new Error('it is not told')
    expect(ended.group.spec).toMatchObject({ conflicts: 'HubWins', deletionPolicy: 'Orphan' })
    expect(hubOf(ended).credentials).toMatchObject({ password: 'one' })
    await place.declarations.released(ended)
    await told((each) => each === undefined)
  })

  test('declared anew, it begins anew', async () => {
    await place.declare([account, server, group()])
    const again = await told((each) => each !== undefined && !each.deleted)
    expect(again?.previous?.items).toBeUndefined()
  })
}
