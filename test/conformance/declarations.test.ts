// The suite of the Declarations port, for a directory. For a cluster: test/cluster/declarations.test.ts.
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { LocalDeclarations } from '../../controller/local/declarations.ts'
import type { Clock } from '../../controller/sync/ports.ts'
import { groupOf, type Resource } from '../e2e/support.ts'
import { realClock } from '../support/clock.ts'
import { conformsToDeclarations } from './declarations.ts'
import { conformsToServerDeclarations } from './servers.ts'

describe('a directory', () => conformsToDeclarations(open))

describe('the servers of a directory', () =>
  conformsToServerDeclarations(async () => {
    const { declarations, ...place } = await open()
    return { servers: declarations.exchangeServers, ...place }
  }))

test('a directory that says nothing any more deletes nothing', async () => {
  const { declarations, declare, close } = await open()
  const [group] = [groupOf({ members: [] })]
  const now = async () => (await declarations.groups())[0]
  await declare([group])
  await declarations.changed(new AbortController().signal)
  expect(await now()).toMatchObject({ invalid: undefined, group: { spec: group.spec } })
  await declare([])
  await declarations.changed(new AbortController().signal)
  expect(await now()).toMatchObject({
    invalid: expect.stringMatching(/all\.yaml:1:1: declares nothing/),
    group: { spec: group.spec },
  })
  await close()
})

async function open() {
  const top = mkdtempSync(join(tmpdir(), 'exsync-declarations-'))
  const local = join(top, 'local')
  mkdirSync(local)
  writeFileSync(join(local, 'all.yaml'), '')
  let aheadMs = 0
  // Who is missing is ended only after a while; a test need not wait for that.
  const clock: Clock = {
    now: () => realClock.now() + aheadMs,
    sleep: (delayMs, signal) => {
      aheadMs += delayMs
      return realClock.sleep(1, signal)
    },
  }
  const end = new AbortController()
  const { signal } = end
  const declarations = await LocalDeclarations.watching(local, top, clock, () => {}, signal)
  return {
    declarations,
    declare: async (resources: readonly Resource[]) => {
      const text = resources.map((each) => stringify(each)).join('---\n')
      writeFileSync(join(top, 'next.yaml'), text)
      renameSync(join(top, 'next.yaml'), join(local, 'all.yaml'))
      aheadMs += 60_000
    },
    close: async () => {
      end.abort()
      rmSync(top, { recursive: true, force: true })
    },
  }
}
