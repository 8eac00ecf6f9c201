// The embedded Exchange, killed and started again on the world that it kept: to the controller nothing has happened.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { stringify } from 'yaml'
import { groupOf, Place, readyOf, secretOf, serverOf } from './support.ts'

const main = fileURLToPath(new URL('../exchange/main.ts', import.meta.url))

async function started(...flags: string[]) {
  const child = spawn(process.execPath, [main, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer]
  const url = String(chunk).trim().replace('ready ', '')
  const kill = async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  return { url, kill }
}

test('a world that is kept over a restart is neither edited nor new', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'exsync-kept-exchange-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [world, state] = [join(folder, 'world.yaml'), join(folder, 'state')]
  const users = [
    { mailbox: 'sync@corp.example', password: 'sync-secret', impersonates: 'all' },
    { mailbox: 'anna@corp.example', password: 'anna-secret' },
  ]
  const permissions = { 'sync@corp.example': 'PublishingEditor' }
  const publicFolders = [{ path: '/Company/Contacts', permissions, contacts: 20 }]
  writeFileSync(world, stringify({ domain: 'corp.example', users, publicFolders }))
  const first = await started('--world', world, '--state', state)
  using place = new Place([
    serverOf(first.url),
    secretOf('account', { username: 'sync@corp.example', password: 'sync-secret' }),
    groupOf({ members: [{ mailbox: 'anna@corp.example' }] }),
  ])
  const passed = async () => {
    const { code, stdout, stderr } = await place.once()
    expect(code, stdout + stderr).toBe(0)
    const status = place.status('company-contacts')
    expect(readyOf(status)).toMatchObject({ status: 'True' })
    return status?.lastPass
  }
  expect(await passed()).toMatchObject({ created: 20 })
  await first.kill()
  const again = await started('--state', state, '--port', new URL(first.url).port)
  expect(again.url).toBe(first.url)
  expect(await passed()).toMatchObject({ created: 0, updated: 0, deleted: 0, kept: 0 })
}, 90_000)
