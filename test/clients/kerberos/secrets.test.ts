// A run of the program that signs in by Kerberos, with a sign-in that is refused at its end: no byte of a key is in what it
// writes, in the environment or the arguments of a process, or in a file that has a name.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writtenBy } from '../../e2e/sign-in-run.ts'
import { groupOf, Place, type Resource, serverOf, until } from '../../e2e/support.ts'
import { type Exchange, startExchange } from '../../exchange/exchange.ts'
import type { FaultInjector } from '../../exchange/http/fault.ts'
import type { World } from '../../exchange/world.ts'
import { kerberos } from './install.ts'
import { type Kdc, keysIn, REALM, startKdc } from './kdc.ts'

const obtained = await kerberos()
const { path: root = '' } = obtained
const svc = 'svc@corp.example'

describe.skipIf(obtained.missing !== undefined)('Kerberos', () => {
  let kdc: Kdc
  beforeAll(async () => {
    // The program keeps files for a moment there, and other tests do not.
    process.env.TMPDIR = mkdtempSync(join(tmpdir(), 'exsync-secrets-'))
    kdc = await startKdc(root)
    Object.assign(process.env, kdc.env)
    for (const name of ['svc', 'HTTP/127.0.0.1']) await kdc.add(name, '+requires_preauth')
  })
  afterAll(async () => {
    await kdc.close()
    rmSync(tmpdir(), { recursive: true, force: true })
  })

  test('leaves no secret behind', async () => {
    const old = await kdc.keytab('svc')
    const right = await kdc.keytab('svc')
    const sent = new Set<string>()
    const exchange = await exchangeWith(await kdc.keytab('HTTP/127.0.0.1'), sent)
    const declared = (keytab: string): readonly Resource[] => [
      groupOf({ members: [{ mailbox: 'anna@corp.example' }] }),
      serverOf(exchange.url, { auth: { type: 'Kerberos', secretRef: { name: 'account' } } }),
      secretWith(keytab),
    ]
    using place = new Place(declared(right))
    const shown: string[] = []
    const written = await writtenBy(place, exchange, {
      wrong: declared(old),
      meanwhile: (pid) => {
        expect(childrenOf(pid).length).toBeGreaterThan(0)
        shown.push(...[pid, ...childrenOf(pid)].flatMap(shownOf))
        expect(readdirSync(tmpdir()).filter((name) => /^exsync-kerberos/.test(name))).toEqual([])
      },
      refused: (pid) => until('the helpers are gone', () => childrenOf(pid).length === 0),
    })
    const all = [...shown, written].join('\n')
    expect(sent.size).toBeGreaterThan(3)
    const forms = [old, right].flatMap(formsOf)
    for (const each of [...forms, ...sent]) expect(all.includes(each)).toBe(false)
  })
})

// Every token that it is sent goes into the set.
function exchangeWith(keytab: string, sent: Set<string>): Promise<Exchange> {
  const world: World = {
    domain: 'corp.example',
    users: [
      { mailbox: svc, password: 'p', impersonates: 'all' },
      { mailbox: 'anna@corp.example', password: 'p' },
    ],
    publicFolders: [
      { path: '/Company/Contacts', permissions: { [svc]: 'PublishingEditor' }, contacts: 3 },
    ],
    signIn: { offers: ['Negotiate'], kerberos: { keytab } },
  }
  const fault: FaultInjector = ({ headers }) => {
    sent.add((headers.authorization ?? '').replace('Negotiate ', ''))
    return undefined
  }
  return startExchange(world, { fault })
}

// The keytab and the two keys in it, in each form that a text could hold them in.
function formsOf(keytab: string): readonly string[] {
  const keys = keysIn(keytab)
  expect(keys).toHaveLength(2)
  return [readFileSync(keytab), ...keys].flatMap((bytes) =>
    (['hex', 'base64', 'latin1'] as const).map((form) => bytes.toString(form)),
  )
}

function shownOf(pid: number): readonly string[] {
  return ['environ', 'cmdline'].map((what) => readFileSync(`/proc/${pid}/${what}`, 'latin1'))
}

function secretWith(keytab: string): Resource {
  const data = {
    username: Buffer.from(`svc@${REALM}`).toString('base64'),
    keytab: readFileSync(keytab).toString('base64'),
  }
  const labels = { 'exchangesync.dev/credentials': 'true' }
  const metadata = { name: 'account', namespace: 'sales', labels }
  return { apiVersion: 'v1', kind: 'Secret', metadata, data }
}

function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.split(' ').filter(Boolean).map(Number)
}
