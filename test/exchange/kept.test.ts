// A world that is kept over a restart is the same world: ids, change keys, sync states, tags, passwords, rights. And
// a file that is not whole is refused, and left alone.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { startExchange } from './exchange.ts'
import { bytesFor, Keeper, KeptError, readKept } from './kept.ts'
import type { Normalise, State } from './store/item.ts'
import { type Store, storeOf } from './store/store.ts'
import {
  all,
  bodyOf,
  codes,
  createItem,
  distinguished,
  envelope,
  first,
  refs,
  syncItems,
  WORLD,
} from './support.ts'
import type { Element } from './xml/reader.ts'

const folder = mkdtempSync(join(tmpdir(), 'exsync-kept-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const fresh = () => join(folder, `${++files}.world`)

const main = fileURLToPath(new URL('main.ts', import.meta.url))
const world = join(folder, 'world.yaml')
writeFileSync(
  world,
  `domain: corp.example
users:
  - { mailbox: anna@corp.example, password: anna-secret, folders: { Contacts: 3 } }
publicFolders: [{ path: /Company, permissions: { anna@corp.example: Owner }, contacts: 2 }]
`,
)

/** The program, when it is ready. */
async function started(...flags: string[]) {
  const child = spawn(process.execPath, [main, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += String(chunk)
  })
  const [chunk] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [
    unknown,
  ]
  const url = /^ready (\S+)/.exec(String(chunk))?.[1]
  if (url === undefined) throw new Error(said)
  const answer = async (request: string) => {
    const authorization = `Basic ${btoa('anna@corp.example:anna-secret')}`
    const headers = { authorization, 'content-type': 'text/xml; charset=utf-8' }
    return fetch(url, { method: 'POST', headers, body: envelope(request) })
  }
  const ask = async (request: string): Promise<Element> =>
    bodyOf(await (await answer(request)).text())
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    child.kill(signal)
    return (await once(child, 'exit'))[0] as number | null
  }
  return { url, answer, ask, end, said: () => said }
}

/** How the program ends when it cannot start. */
async function refusal(...flags: string[]): Promise<string> {
  const child = spawn(process.execPath, [main, ...flags], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += String(chunk)
  })
  const [code] = await once(child, 'close')
  expect(code).toBe(1)
  expect(said).not.toMatch(/^\s+at /m)
  return said
}

const tags =
  '<t:ExtendedFieldURI PropertyTag="0x670a" PropertyType="SystemTime"/><t:ExtendedFieldURI PropertyTag="0x670b" PropertyType="Integer"/>'
const getFolder = `<m:GetFolder><m:FolderShape><t:BaseShape>AllProperties</t:BaseShape><t:AdditionalProperties>${tags}</t:AdditionalProperties></m:FolderShape><m:FolderIds>${distinguished('contacts')}</m:FolderIds></m:GetFolder>`
const findItem = `<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>AllProperties</t:BaseShape></m:ItemShape><m:ParentFolderIds>${distinguished('contacts')}</m:ParentFolderIds></m:FindItem>`
const made = (name: string) =>
  createItem([`<t:GivenName>${name}</t:GivenName>`], distinguished('contacts'))

describe('the program', () => {
  test.each(['SIGKILL', 'SIGTERM'] as const)(
    'after %s everything is as it was answered',
    async (signal) => {
      const state = fresh()
      const before = await started('--world', world, '--state', state)
      expect(codes(await before.ask(made('Ewa')))).toEqual(['NoError'])
      const told = await before.ask(syncItems(distinguished('contacts'), ''))
      const held = [await before.ask(getFolder), await before.ask(findItem)]
      expect(codes(await before.ask(made('Jan')))).toEqual(['NoError'])
      const last = [await before.ask(getFolder), await before.ask(findItem)]
      expect(last).not.toEqual(held)
      expect(await before.end(signal)).toBe(signal === 'SIGTERM' ? 0 : null)

      const after = await started('--state', state)
      expect([await after.ask(getFolder), await after.ask(findItem)]).toEqual(last)
      const news = await after.ask(
        syncItems(distinguished('contacts'), first(told, 'SyncState').text),
      )
      expect(all(news, 'Create')).toHaveLength(1)
      expect(refs(await after.ask(made('Ula')))[0]?.id).not.toBe(refs(last[1] as Element)[0]?.id)
      expect(after.said()).toContain(state)
      expect(statSync(state).mode & 0o77).toBe(0)
    },
  )

  test('a time of its own is told, stands still meanwhile, and does not go back', async () => {
    const state = fresh()
    const before = await started(
      '--world',
      world,
      '--state',
      state,
      '--now',
      '2031-05-06T07:08:09Z',
    )
    const dateOf = async (asked: Promise<Response>) =>
      Date.parse((await asked).headers.get('date') ?? '')
    expect(await dateOf(before.answer(getFolder))).toBeGreaterThanOrEqual(
      Date.UTC(2031, 4, 6, 7, 8, 9),
    )
    const item = first(await before.ask(made('Ewa')), 'ItemId')
    expect(item).toBeDefined()
    const text = await (await before.answer(getFolder)).text()
    expect(text).toContain('2031-05-06T07:0')
    const lastMs = await dateOf(before.answer(getFolder))
    await before.end('SIGTERM')

    const after = await started('--state', state)
    const nowMs = await dateOf(after.answer(getFolder))
    expect(nowMs).toBeGreaterThanOrEqual(lastMs)
    expect(nowMs).toBeLessThan(Date.UTC(2031, 4, 7))
    await after.end('SIGTERM')
    expect(await refusal('--state', state, '--now', '2031-05-06')).toMatch(
      /--now 2031-05-06 is before 2031-05-06T07:.* name a later time/,
    )
    const later = await started('--state', state, '--now', '2032-01-01')
    expect(await dateOf(later.answer(getFolder))).toBeGreaterThanOrEqual(Date.UTC(2032, 0, 1))
  })

  test.each([
    ['no time', ['--world', world, '--now', 'tomorrow'], /--now tomorrow is no time/],
    ['a time before 1970', ['--world', world, '--now', '1969-01-01'], /is no time after 1970/],
    ['a state without a world', ['--state', join(folder, 'none')], /--world is missing/],
    [
      'no directory',
      ['--world', world, '--state', join(folder, 'no/x')],
      /cannot be kept there \(ENOENT\)/,
    ],
    ['a directory', ['--world', world, '--state', folder], /cannot be read \(EISDIR\)/],
  ])('%s is explained', async (_, flags, said) => {
    expect(await refusal(...flags)).toMatch(said)
  })

  test('what is damaged is refused, and left alone', async () => {
    const state = fresh()
    const program = await started('--world', world, '--state', state)
    await program.end('SIGTERM')
    const good = readFileSync(state)
    const bad = Buffer.from(good)
    bad[good.length - 100] = (bad.at(-100) ?? 0) ^ 1
    writeFileSync(state, bad)
    expect(await refusal('--world', world, '--state', state)).toMatch(
      /it is damaged.*put back a copy/,
    )
    expect(readFileSync(state).equals(bad)).toBe(true)
  })
})

describe('a file', () => {
  const normalise: Normalise = { names: true, titles: false, bodies: true, lines: true }
  const written = async () => {
    const { store } = await startExchange(WORLD, { port: 'none' })
    return bytesFor(store.state, 1, false)
  }
  const refusedAs = (bytes: Uint8Array, why: RegExp) => {
    const file = fresh()
    writeFileSync(file, bytes)
    expect(() => readKept(file)).toThrow(KeptError)
    expect(() => readKept(file)).toThrow(why)
  }

  test('that is not whole, or another one’s, is refused, wherever it ends', async () => {
    const bytes = await written()
    const line = bytes.indexOf('\n')
    for (const length of [0, 1, line - 1, line, line + 1, bytes.length - 1])
      refusedAs(bytes.subarray(0, length), /is damaged|is no world/)
    refusedAs(Buffer.concat([bytes, Buffer.from('x')]), /is damaged/)
    refusedAs(Buffer.from('null\n'), /is no world/)
    refusedAs(Buffer.from('{"format":"another"}\n'), /is no world/)
    const newer = bytes.toString('latin1').replace('"version":1', '"version":2')
    refusedAs(Buffer.from(newer, 'latin1'), /has the form 2, and this program reads the form 1/)
  })

  test('that is written while it is changed is one moment’s, and the last one is the last', async () => {
    const file = fresh()
    let n = 0
    const { store } = await startExchange(WORLD, { port: 'none' })
    const keeper = new Keeper(file, () => bytesFor(store.state, n, false))
    const saved: Promise<void>[] = []
    for (n = 1; n <= 20; n += 1) {
      saved.push(keeper.save())
      if (n % 5 === 0) await saved[n - 2]
    }
    n = 21
    await Promise.all(saved)
    await keeper.save()
    expect(readKept(file)?.nowMs).toBe(21)
  })

  test('that cannot be written fails the saving, and the next one is tried', async () => {
    let bytes: () => Buffer = () => {
      throw new Error('no room')
    }
    const file = fresh()
    const keeper = new Keeper(file, () => bytes())
    await expect(keeper.save()).rejects.toThrow('no room')
    const good = await written()
    bytes = () => good
    await keeper.save()
    expect(readFileSync(file).equals(good)).toBe(true)
  })

  test('keeps how people sign in, and a token outlives the program', async () => {
    const apps = [{ id: 'app', secret: 's', as: 'anna@corp.example' }]
    const signIn = { offers: ['NTLM', 'Bearer'], apps } as const
    const before = await startExchange({ ...WORLD, signIn }, { port: 'none' })
    const form = { grant_type: 'client_credentials', client_id: 'app', client_secret: 's' }
    const body = new URLSearchParams({ ...form, scope: 'x' })
    const issuer = new URL('/adfs/oauth2/token', before.url)
    const token = await (await before.fetch(issuer, { method: 'POST', body })).json()
    const file = fresh()
    writeFileSync(file, bytesFor(before.store.state, 1, false))
    const kept = readKept(file)
    if (kept === undefined) throw new Error('there is no file')
    const nowhere = { domain: 'nowhere', users: [] }
    const after = await startExchange(nowhere, { port: 'none', resume: kept.state })
    const unknown = await after.fetch(after.url, { method: 'POST' })
    expect(unknown.headers.get('www-authenticate')).toMatch(/^NTLM, Bearer client_id=/)
    const headers = { authorization: `Bearer ${(token as { access_token: string }).access_token}` }
    const known = { method: 'POST', headers, body: envelope(getFolder) }
    expect((await after.fetch(after.url, known)).status).toBe(200)
  })

  // Whatever has happened to a world, what is read is what was written, and lives on in the same way.
  test('holds a world after any life, and it goes on alike', async () => {
    const acts = fc.array(fc.tuple(fc.nat(11), fc.nat(5)), { maxLength: 25 })
    await fc.assert(
      fc.asyncProperty(acts, acts, async (before, after) => {
        let nowMs = Date.UTC(2026, 0, 1)
        const clock = () => ++nowMs
        const { store } = await startExchange(WORLD, { port: 'none', clock })
        for (const act of before) lived(store, act)
        const file = fresh()
        writeFileSync(file, bytesFor(store.state, nowMs, true))
        const keptMs = nowMs
        const kept = readKept(file)
        if (kept === undefined) throw new Error('there is no file')
        let thenMs = keptMs
        const twin = storeOf(kept.state(() => ++thenMs, normalise))
        expect(textOf(twin.state)).toBe(textOf(store.state))
        for (const act of after) for (const each of [store, twin]) lived(each, act)
        expect(textOf(twin.state)).toBe(textOf(store.state))
        rmSync(file)
      }),
      { numRuns: 60 },
    )
  })
})

// The values of a state, each object by the number at which it is met first: the same text for the same values,
// shared and circular in the same way, in the same order.
function textOf({ clock: _clock, ...state }: State): string {
  const met = new Map<unknown, number>()
  const queue: unknown[] = []
  const name = (value: unknown) => {
    if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'none'
    if (!met.has(value)) met.set(value, queue.push(value))
    return `#${met.get(value)}`
  }
  name(state)
  let text = ''
  for (const value of queue) {
    const parts =
      value instanceof Map || value instanceof Set ? [...value] : Object.entries(value as object)
    text += `${parts.map((part) => (Array.isArray(part) ? part.map(name).join(':') : name(part))).join()}\n`
  }
  return text
}

// One thing that happens, as far as it can.
function lived(store: Store, [what, which]: readonly [number, number]): void {
  const anna = store.mailbox('anna@corp.example')
  const contacts = anna.folder('Contacts')
  const shared = store.publicFolder('/Company/Contacts')
  const place = which % 2 === 0 ? contacts : shared
  const id = place.items()[which % Math.max(1, place.size())]?.id
  const acts: (() => unknown)[] = [
    () =>
      place.create({ GivenName: `N${which}`, Body: 'a\nb' }, [{ set: 's', name: 'n', value: 'v' }]),
    () => id && place.update(id, { GivenName: `U${which}` }),
    () => id && place.delete(id),
    () => id && place.copy(id, contacts),
    () => id && contacts.item(id) && contacts.move(id, anna.createFolder(`Contacts/F${which}`)),
    () => anna.createFolder(`Contacts/F${which}`).rename(`G${which}`),
    () => anna.folder(`Contacts/G${which}`).exists() && anna.folder(`Contacts/G${which}`).remove(),
    () => shared.setPermission('jan@corp.example', which % 2 === 0 ? 'Editor' : undefined),
    () => anna.loseSyncStates(),
    () => (which % 2 === 0 ? anna.restore() : anna.replace()),
    () => anna.deny(which % 2 === 0 ? 'ErrorMailboxMoveInProgress' : undefined),
    () => {
      const back = place.backup()
      place.clear('HardDelete')
      back()
    },
  ]
  acts[what]?.()
}
