// The suite of a Kubernetes API server, for the one in memory. For the real one: test/cluster/apiserver.test.ts.
import { describe } from 'vitest'
import { reach } from '../apiserver/reach.ts'
import { ApiServer } from '../apiserver/server.ts'
import { realClock } from '../support/clock.ts'
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
