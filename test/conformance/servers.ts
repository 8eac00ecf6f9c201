// What everything that declares ExchangeServers must do, be it a directory or a cluster: one suite for the
// ServerDeclarations port.
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ExchangeServerStatus } from '../../controller/api/resources.generated.ts'
import type { DeclaredServer, ServerDeclarations } from '../../controller/sync/ports/servers.ts'
import { type Resource, secretOf, serverOf } from '../e2e/support.ts'

/** Somewhere that servers are declared in, in a test's hands. */
export type ServerPlace = Readonly<{
  servers: ServerDeclarations
  /** Declares these and no others, in the namespace sales. */
  declare: (resources: readonly Resource[]) => Promise<void>
  close: () => Promise<void>
}>

const { signal } = new AbortController()
const url = 'http://127.0.0.1:1/EWS/Exchange.asmx'
const account = (password: string) =>
  secretOf('account', { username: 'sync@corp.example', password })
const ready: ExchangeServerStatus = {
  observedGeneration: 1,
  version: '15.2',
  conditions: [
    {
      type: 'Ready',
      status: 'True',
      reason: 'Succeeded',
      message: 'it answers',
      lastTransitionTime: '2026-01-01T00:00:00Z',
      observedGeneration: 1,
    },
  ],
}

/** The suite. Its tests build on one another. */
export function conformsToServerDeclarations(open: () => Promise<ServerPlace>): void {
  let place: ServerPlace
  beforeAll(async () => {
    place = await open()
  })
  afterAll(() => place?.close())

  /** The server as soon as it is so; asks again whenever something may have changed. */
  async function seen(
    isSo: (server: DeclaredServer | undefined) => boolean,
  ): Promise<DeclaredServer | undefined> {
    for (const endMs = performance.now() + 30_000; ; ) {
      const enough = new AbortController()
      const changed = place.servers.changed(enough.signal)
      const found = (await place.servers.servers()).find(({ id }) => id === 'sales/corp')
      if (!isSo(found)) await Promise.race([changed, delay(1_000)])
      enough.abort()
      await changed
      if (isSo(found)) return found
      if (performance.now() > endMs) throw new Error(`waited in vain: ${JSON.stringify(found)}`)
    }
  }
  const known = (server: DeclaredServer | undefined): server is DeclaredServer =>
    server?.fingerprint !== undefined && server.access.state === 'ready'

  test('a server is declared with its defaults and with what it refers to', async () => {
    await place.declare([account('one'), serverOf(url)])
    const server = await seen(known)
    expect(server).toMatchObject({
      id: 'sales/corp',
      server: { spec: { url, interval: '5m', suspend: false }, metadata: { generation: 1 } },
      access: {
        state: 'ready',
        credentials: { username: 'sync@corp.example', password: 'one' },
        ca: undefined,
      },
      broken: undefined,
    })
    expect(server?.server.status?.conditions).toBeUndefined()
    expect((await seen(known))?.fingerprint).toBe(server?.fingerprint)
  })

  test('a status that was reported is the former one from then on, and no change', async () => {
    const before = (await seen(known)) as DeclaredServer
    await place.servers.report(before, ready, signal)
    const after = await seen((server) => server?.server.status?.version !== undefined)
    expect(after?.server.status).toMatchObject({ version: '15.2', conditions: [{ type: 'Ready' }] })
    expect(after?.fingerprint).toBe(before.fingerprint)
    expect(after?.server.metadata.generation).toBe(1)
  })

  test('another password is a change, and of no generation; another spec is one of both', async () => {
    const before = (await seen(known)) as DeclaredServer
    await place.declare([account('two'), serverOf(url)])
    const rotated = await seen(
      (server) => server?.access.state === 'ready' && server.access.credentials.password === 'two',
    )
    expect(rotated?.fingerprint).not.toBe(before.fingerprint)
    expect(rotated?.server.metadata.generation).toBe(1)
    await place.declare([account('two'), serverOf(url, { interval: '1h' })])
    const after = await seen((server) => server?.server.spec.interval === '1h')
    expect(after?.fingerprint).not.toBe(rotated?.fingerprint)
    expect(after?.server.metadata.generation).toBe(2)
    expect(after?.server.status?.version).toBe('15.2')
  })

  test('without its Secret it is declared all the same', async () => {
    await place.declare([serverOf(url, { interval: '1h' })])
    const poor = await seen((server) => server?.access.state === 'blocked')
    expect(poor?.id).toBe('sales/corp')
  })

  test('one that is not declared any more is not listed, and gets no status', async () => {
    await place.declare([account('two'), serverOf(url)])
    const last = (await seen(known)) as DeclaredServer
    await place.declare([account('two')])
    await seen((server) => server === undefined)
    await place.servers.report(last, ready, signal)
    await place.declare([account('two'), serverOf(url)])
    const again = await seen(known)
    expect(again?.server.status?.version, 'declared again, it begins again').toBeUndefined()
  })
}
