// `exsync backup` beside a running controller, `exsync restore-state` once it has ended, and `exsync forget`, with the real
// program: of a plain state and of an encrypted one.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as tick } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openState } from '../../controller/store/state.ts'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import { changed, filled } from '../support/sealed.ts'
import { directory } from '../support/state.ts'
import {
  type Ended,
  exsync,
  groupOf,
  holdingsOf,
  Place,
  readyOf,
  secretOf,
  serverOf,
  until,
} from './support.ts'

const password = 'backup-secret'
const [account, anna] = ['sync@corp.example', 'anna@corp.example']

function started() {
  return startExchange({
    domain: 'corp.example',
    users: [
      { mailbox: account, password, impersonates: 'all' },
      { mailbox: anna, password },
    ],
    publicFolders: [
      {
        path: '/Company/Contacts',
        permissions: { [account]: 'PublishingEditor' },
        contacts: ['Olgierda', 'Jan', 'Gwidon'].map((GivenName) => ({ GivenName, JobTitle: '1' })),
      },
    ],
  })
}

async function done(ended: Promise<Ended>, code = 0): Promise<string> {
  const { stdout, stderr, ...how } = await ended
  expect(how.code, stdout + stderr).toBe(code)
  return stdout + stderr
}

const shownIn = (exchange: Exchange) =>
  [
    exchange.store.publicFolder('/Company/Contacts'),
    exchange.store.mailbox(anna).folder('Contacts/Contacts'),
  ].map((folder) =>
    folder.exists()
      ? folder
          .items()
          .map(({ contact }) => `${contact.GivenName}:${contact.JobTitle}`)
          .sort()
          .join(' ')
      : '',
  )
const isShown = (exchange: Exchange, text: string) =>
  until(text, () => shownIn(exchange).every((shown) => shown === text))

function changeHub(exchange: Exchange, name: string, JobTitle?: string): void {
  const hub = exchange.store.publicFolder('/Company/Contacts')
  const id = hub.items().find(({ contact }) => contact.GivenName === name)?.id ?? ''
  if (JobTitle === undefined) hub.delete(id)
  else hub.update(id, { JobTitle })
}

const bytesHold = (place: Place, text: string) =>
  readdirSync(place.state)
    .filter((name) => name.startsWith('exsync.db'))
    .some((name) => readFileSync(join(place.state, name)).includes(text))

test.concurrent.each([['plain'], ['encrypted']])(
  'of a %s state',
  async (how) => {
    const exchange = await started()
    using place = new Place([
      serverOf(exchange.url),
      secretOf('account', { username: account, password }),
      groupOf({ members: [{ mailbox: anna }] }),
    ])
    const sealed = how === 'encrypted'
    const keyFile = join(place.local, '..', 'key')
    if (sealed) writeFileSync(keyFile, `${'0123456789abcdef'.repeat(4)}\n`, { mode: 0o600 })
    const key = sealed ? ['--key-file', keyFile] : []
    const file = join(place.local, '..', 'copy.db')
    const state = ['--state', place.state]
    const restored = (from: string, code: number, ...more: readonly string[]) =>
      done(exsync(['restore-state', from, ...state, ...key, ...more]).ended, code)
    let running = place.start('run', ...key)
    const stopped = async () => {
      running.child.kill('SIGTERM')
      expect((await running.ended).code).toBe(0)
    }
    try {
      await isShown(exchange, 'Gwidon:1 Jan:1 Olgierda:1')
      await until('it is Ready', () => readyOf(place.status('company-contacts'))?.status === 'True')
      // Without the key: a backup takes none.
      const made = await done(exsync(['backup', file, ...state]).ended)
      expect(made).toMatch(
        /copy\.db is a backup of the state: \d+ KiB, 1 group, 0 entries in the bin/,
      )
      expect(made).toContain(sealed ? 'keep the key file as well' : 'it is not encrypted')
      expect(statSync(file).mode & 0o777).toBe(0o600)
      expect(readFileSync(file).includes('Gwidon')).toBe(!sealed)
      const again = await done(exsync(['backup', file, ...state]).ended, 1)
      expect(again).toMatch(/exists already.*another file/)
      expect(await restored(file, 1)).toMatch(/is in use by another process: stop that process/)

      changeHub(exchange, 'Olgierda', '2')
      changeHub(exchange, 'Gwidon')
      await isShown(exchange, 'Jan:1 Olgierda:2')
      await stopped()
      expect(await restored(file, 0, '--dry-run')).toMatch(/nothing was changed \(--dry-run\)/)
      const said = await restored(file, 0)
      expect(said).toMatch(/copy\.db is the state in .* from now on\nit holds 1 group/)
      const undo = /to undo it: exsync restore-state (\S+) --state/.exec(said)?.[1] ?? ''
      expect(existsSync(undo)).toBe(true)
      if (sealed) {
        const without = await exsync(['restore-state', undo, ...state]).ended
        expect(without).toMatchObject({ code: 1, stderr: expect.stringMatching(/--key-file/) })
      }
      const before = holdingsOf(exchange.store)
      await done(place.start('run', '--once', ...key).ended)
      expect(shownIn(exchange)).toEqual(['Jan:1 Olgierda:2', 'Jan:1 Olgierda:2'])
      expect(holdingsOf(exchange.store)).toEqual(before)
      await restored(undo, 0)
      await done(place.start('run', '--once', ...key).ended)
      expect(holdingsOf(exchange.store)).toEqual(before)

      // Gwidon asks to be forgotten, while the controller runs.
      running = place.start('run', ...key)
      await until('it runs', () => running.said().includes('pass'))
      const forget = (code: number, ...more: readonly string[]) =>
        done(exsync(['forget', ...state, ...key, ...more]).ended, code)
      const shown = await forget(2, '--match', 'gwidon')
      expect(shown).toMatch(/^1 entry of 1 contact in sales\/company-contacts, from 20/)
      expect(shown).not.toMatch(/Gwidon/)
      expect(shown).toMatch(/\.before-\S+, kept by restore-state, may contain it, too: delete it/)
      expect(await forget(0, '--match', 'gwidon', '--yes')).toMatch(/1 entry erased/)
      expect(await forget(0, '--match', 'gwidon')).toMatch(/nothing in the bin matches/)
      changeHub(exchange, 'Olgierda', '3')
      await isShown(exchange, 'Jan:1 Olgierda:3')
      await stopped()
      const aside = readdirSync(place.state).filter((name) => name.includes('.before-'))
      expect(aside).toHaveLength(2)
      for (const name of aside) rmSync(join(place.state, name))
      expect(bytesHold(place, 'Gwidon')).toBe(false)
      expect(bytesHold(place, 'Olgierda')).toBe(!sealed)
    } finally {
      running.child.kill('SIGKILL')
      await exchange.close()
    }
  },
  120_000,
)

test.concurrent('what cannot be done is said, and leaves nothing', async () => {
  using place = new Place([])
  const state = ['--state', place.state]
  const file = join(place.local, 'copy.db')
  expect(await done(exsync(['backup', file, ...state]).ended, 1)).toMatch(/there is no state in/)
  expect(await done(exsync(['backup', file]).ended, 1)).toMatch(/--state DIR is missing/)
  expect(await done(exsync(['restore-state', file, ...state]).ended, 1)).toMatch(
    /does not exist: check the name/,
  )
  expect(await done(exsync(['forget', '--match', 'abc', ...state]).ended, 1)).toMatch(/no state/)
  expect(existsSync(file)).toBe(false)
}, 60_000)

const program = fileURLToPath(new URL('../../controller/main.ts', import.meta.url))

test('where the disk is full there is no backup, and nothing is left over', async () => {
  const place = await filled(2_000, undefined)
  const to = directory()
  // No file of this process may grow beyond 100 kB.
  const args = [
    '--fsize=100000:unlimited',
    process.execPath,
    '--disable-warning=ExperimentalWarning',
  ]
  const command = [...args, program, 'backup', join(to, 'copy.db'), '--state', place]
  const env = { ...process.env, NODE_COMPILE_CACHE: '', HOME: '', XDG_CACHE_HOME: '' }
  const { status, stderr } = spawnSync('prlimit', command, { encoding: 'utf8', env })
  expect([status, stderr]).toEqual([1, expect.stringMatching(/copy\.db.*disk/)])
  expect(readdirSync(to)).toEqual([])
}, 60_000)

test('a backup that is killed is none; a state that is being put back is one of the two', async () => {
  const place = await filled(20, undefined)
  // So large that it takes a while.
  const many = 'WITH RECURSIVE r (n) AS (SELECT 21 UNION ALL SELECT n + 1 FROM r WHERE n < 20000)'
  changed(place, (db) =>
    db.exec(`${many} INSERT INTO bin (n, grp, link, replica, reason, fields, item, time_ms, pass)
      SELECT n, 'ns/g', 'l' || n, 'ann', 'Deleted', '[]', '{"A":"' || hex(randomblob(1500)) || '"}', 1, 'p' FROM r`),
  )
  const to = directory()
  const file = join(to, 'copy.db')
  const killed = async (args: readonly string[], at: () => boolean) => {
    const { child, ended } = exsync([...args, '--state', place])
    while (!at() && child.exitCode === null) await tick()
    child.kill('SIGKILL')
    return (await ended).code === null
  }
  expect(await killed(['backup', file], () => existsSync(`${file}.part`))).toBe(true)
  expect(existsSync(file)).toBe(false)
  await done(exsync(['backup', file, '--state', place]).ended)
  const old = countOf(place)
  changed(place, (db) => db.exec('DELETE FROM bin WHERE n > 10000'))
  const began = [
    (name: string) => name.endsWith('.next'),
    (name: string) => name.endsWith('.part'),
    (name: string) => name.includes('.before-') && !name.endsWith('.part'),
  ]
  for (const sign of began) {
    const before = new Set(readdirSync(place))
    const isNew = () => readdirSync(place).some((name) => sign(name) && !before.has(name))
    await killed(['restore-state', file], isNew)
    expect([old, 10_000]).toContain(countOf(place))
  }
  await done(exsync(['restore-state', file, '--state', place]).ended)
  expect(countOf(place)).toBe(old)
  expect(readdirSync(place).filter((name) => /part$|next$/.test(name))).toEqual([])
}, 120_000)

/** How many entries the bin has, for a command that may write; throws when the state does not open. */
function countOf(place: string): number {
  const state = openState(place, { existing: true })
  try {
    return state.bin.counts().bin
  } finally {
    state.close()
  }
}
