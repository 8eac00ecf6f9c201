// The suite of a Kubernetes API server, for the one in memory. For the real one: test/cluster/apiserver.test.ts.
import { describe, expect, test } from 'vitest'
import { kinds } from '../../controller/kube/kinds.ts'
import { pathOf } from '../../controller/kube/runtime/resource.ts'
import { reach } from '../apiserver/reach.ts'
import { ApiServer } from '../apiserver/server.ts'
import { Hand, realClock } from '../support/clock.ts'
import { conformsToApiServer } from './apiserver.ts'

describe('in memory', () =>
  conformsToApiServer(async () => {
    const server = new ApiServer(realClock)
    const { client, close } = reach(await server.open(), realClock)
    return {
      client,
      close: async () => {
        await close()
        await server.close()
      },
    }
  }))

// A real one counts each change before a bookmark can name its version.
test('in memory, a change at the moment of a bookmark comes before the bookmark', async () => {
  const clock = new Hand()
  const server = new ApiServer(clock)
  const { client, close } = reach(await server.open(), realClock)
  const { signal } = new AbortController()
  try {
    const query = { watch: 'true', resourceVersion: '0', timeoutSeconds: '600' }
    const call = { method: 'GET' as const, path: pathOf(kinds.syncGroup), query }
    server.objects.create('syncgroups', 'a', { metadata: { name: 'one' }, spec: {} })
    const events = client.lines(call, { silenceMs: 30_000, mostMs: 30_000 }, signal)
    const next = async () => ((await events.next()).value as { type: string }).type
    expect(await next()).toBe('ADDED')
    // The watch waits by now; this wait ends just after its own.
    const made = clock.sleep(60_000, signal).then(() => {
      server.objects.create('syncgroups', 'a', { metadata: { name: 'two' }, spec: {} })
    })
    await clock.turn(60_000)
    await made
    expect(await next()).toBe('ADDED')
    await clock.turn(60_000)
    expect(await next()).toBe('BOOKMARK')
  } finally {
    await close()
    await server.close()
  }
})
