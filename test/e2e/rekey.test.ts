// `exsync rekey` with the real program: killed wherever it is, it goes on; and the next pass knows everything as before.

import { randomBytes } from 'node:crypto'
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { keyFrom } from '../../controller/store/modes.ts'
import { startExchange } from '../exchange/exchange.ts'
import { contentOf, filled, hasPlain } from '../support/sealed.ts'
import { type Ended, exsync, groupOf, Place, secretOf, serverOf } from './support.ts'

function keyIn(directory: string, name: string): string {
  const file = join(directory, name)
  writeFileSync(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 })
  return file
}

async function done(ended: Promise<Ended>, code = 0): Promise<string> {
  const { stdout, stderr, ...how } = await ended
  expect(how.code, stdout + stderr).toBe(code)
  return stdout + stderr
}

test('a pass after a change of keys plans nothing, and keeps nothing twice', async () => {
  const password = 'rekey-secret'
  const [account, anna] = ['sync@corp.example', 'anna@corp.example']
  const exchange = await startExchange({
    domain: 'corp.example',
    users: [
      { mailbox: account, password, impersonates: 'all' },
      { mailbox: anna, password },
    ],
    publicFolders: [
      {
        path: '/Company/Contacts',
        permissions: { [account]: 'PublishingEditor' },
        contacts: ['Ola', 'Jan'].map((GivenName) => ({ GivenName, JobTitle: '1' })),
      },
    ],
  })
  using place = new Place([
    serverOf(exchange.url),
    secretOf('account', { username: account, password }),
    groupOf({ members: [{ mailbox: anna }] }),
  ])
  const [old, next] = [keyIn(place.local, 'old.key'), keyIn(place.local, 'new.key')]
  const rekey = (...args: readonly string[]) =>
    done(exsync(['rekey', '--state', place.state, ...args]).ended)
  const settled = async (...key: readonly string[]) => {
    await done(place.start('plan', ...key).ended)
    await done(place.start('run', '--once', ...key).ended)
    const lost = await done(
      exsync(['bin', 'list', '-o', 'json', '--state', place.state, ...key]).ended,
    )
    expect(JSON.parse(lost).bin).toHaveLength(1)
  }
  try {
    await done(place.once())
    const edit = (folder: ReturnType<typeof exchange.store.publicFolder>, JobTitle: string) =>
      folder.update(folder.items()[0]?.id ?? '', { JobTitle })
    edit(exchange.store.publicFolder('/Company/Contacts'), 'hubs')
    edit(exchange.store.mailbox(anna).folder('Contacts/Contacts'), 'annas')
    await done(place.once())
    await rekey('--new-key-file', old)
    await settled('--key-file', old)
    expect(await rekey('--key-file', old, '--new-key-file', next)).toMatch(/give --key-file/)
    await settled('--key-file', next)
    await rekey('--key-file', next, '--plain')
    await settled()
  } finally {
    await exchange.close()
  }
}, 120_000)

test('killed again and again, it ends with everything and nothing of before', async () => {
  const place = await filled(2_000, undefined)
  const before = await contentOf(place, undefined)
  const [old, next] = [keyIn(place, 'old.key'), keyIn(place, 'new.key')]
  const first = ['rekey', '--state', place, '--new-key-file', old]
  const second = ['rekey', '--state', place, '--key-file', old, '--new-key-file', next]
  let kills = 0
  for (const [args, opens] of [
    [first, old],
    [second, next],
  ] as const) {
    for (let ended = false; !ended; ) {
      const { child, ended: end } = exsync(args)
      // With its first line it has begun; it is killed with the second or later, in the middle of a batch.
      let lines = 0
      child.stdout?.on('data', () => {
        lines += 1
        if (lines === 2) child.kill('SIGKILL')
      })
      const { code, stderr } = await end
      expect([code, stderr], stderr).toEqual([code === null ? null : 0, ''])
      if (code === null) {
        kills += 1
        const looked = await exsync(['bin', 'list', '--state', place, '--key-file', opens]).ended
        // The first key's holder reads in between, or it had ended already.
        if (args === second && looked.code !== 0)
          expect(looked.stderr).toMatch(/continue it with exsync rekey --state/)
      } else ended = true
    }
  }
  expect(kills).toBeGreaterThan(0)
  expect(await contentOf(place, await keyFrom(next, '--key-file'))).toEqual(before)
  expect(hasPlain(place, readdirSync(place))).toBe(false)
}, 120_000)

test('a key that everybody may read is refused by every command, with what to type', async () => {
  const place = await filled(1, undefined)
  const key = keyIn(place, 'key')
  chmodSync(key, 0o644)
  for (const args of [
    ['run', '--local', place, '--once'],
    ['bin', 'list'],
    ['conflicts'],
    ['bin', 'restore', '1'],
    ['rekey', '--new-key-file', key],
  ]) {
    const given = args[0] === 'rekey' ? [] : ['--key-file', key]
    const said = await done(exsync([...args, '--state', place, ...given]).ended, 1)
    expect(said).toContain(`chmod 600 ${key}`)
    expect(said).not.toContain(readFileSync(key, 'utf8').trim())
  }
  chmodSync(key, 0o600)
  chmodSync(place, 0o775)
  const said = await done(
    exsync(['run', '--local', place, '--once', '--state', place, '--key-file', key]).ended,
    1,
  )
  expect(said).toMatch(/"level":"warn".*others had access to .* \(mode 0775\)/)
  expect(statSync(place).mode & 0o777).toBe(0o770)
})
