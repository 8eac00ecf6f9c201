// `exsync verify` reads every copy again and says whether all are as agreed, and does nothing else.
import { describe, expect, test } from 'vitest'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import { members, password, worldOf } from './crash-world.ts'
import {
  difference,
  type Ended,
  groupOf,
  holdingsOf,
  Place,
  secretOf,
  serverOf,
} from './support.ts'

type Found = Readonly<{
  groups: readonly Readonly<{
    group: string
    result: string
    copies: number
    replicas: Readonly<{ total: number; read: number }>
    apart: Readonly<Record<string, number>>
    problems: readonly Readonly<{ replica: string; reason: string }>[]
    deviations: readonly Readonly<{
      link: string
      replica: string
      kind: string
      fields: readonly string[]
      since?: string
    }>[]
  }>[]
}>

describe.concurrent('exsync verify', () => {
  test('proves what a sync has made, and names what deviates since', async () => {
    await using world = await started()
    const { place, exchange } = world
    expect((await place.once()).code).toBe(0)
    const proved = await quietly(world)
    expect(proved).toMatchObject({ code: 0, stderr: '' })
    // 60 of the hub's and 12 of anna's in four folders; three of ewa's, who only receives.
    expect(proved.stdout).toBe(
      'sales/company-contacts  Proved: 288 copies in 4 of 4 folders were read, 0 deviations; set apart: 3 of receive-only members alone\n',
    )

    const jans = exchange.store.mailbox('jan@corp.example').folder('Contacts/Contacts')
    const [first, second] = jans.items()
    jans.update(first?.id ?? '', { JobTitle: 'Director' })
    jans.delete(second?.id ?? '')
    const json = await quietly(world, '-o', 'json', '--group', 'sales/company-contacts')
    expect(json).toMatchObject({ code: 2, stderr: '' })
    const [found] = foundIn(json)
    expect(found).toMatchObject({ result: 'Deviating', copies: 287, apart: { Own: 3 } })
    expect(found?.deviations.map(({ kind, fields }) => [kind, ...fields].join(' ')).sort()).toEqual(
      ['Differs JobTitle', 'Missing'],
    )
    const table = await quietly(world)
    expect(table.code).toBe(2)
    expect(table.stdout).toMatch(
      /^ {2}Differs [\w-]{22} {2}jan@corp\.example {2}\d{4}-[\d-]+T[\d:.]+Z {2}JobTitle$/m,
    )
    // It names links and fields, never what is in them.
    expect(table.stdout + json.stdout).not.toMatch(/Director|hub-\d|anna-\d|\+48|client\.example/)

    exchange.store.mailbox('ewa@corp.example').deny('ErrorMailboxStoreUnavailable')
    const unread = await quietly(world, '-o', 'json')
    expect(unread.code).toBe(2)
    expect(foundIn(unread)[0]).toMatchObject({
      replicas: { total: 4, read: 3 },
      problems: [{ replica: 'ewa@corp.example', reason: 'MailboxStoreUnavailable' }],
    })
  })

  test('refuses a group that is not declared, a state that is not there, and no declarations', async () => {
    await using world = await started()
    const { place } = world
    const stateless = await quietly(world)
    expect(stateless.code).toBe(1)
    expect(stateless.stderr).toMatch(/there is no state/)
    expect((await place.once()).code).toBe(0)
    const unknown = await quietly(world, '--group', 'sales/other')
    expect(unknown).toMatchObject({
      code: 1,
      stderr: 'exsync: --group sales/other is not declared: known are sales/company-contacts\n',
    })
    const both = await quietly(world, '-f', 'x.yaml')
    expect(both).toMatchObject({
      code: 1,
      stderr: 'exsync: verify needs either --local DIR or -f FILE\n',
    })
    const ignored = await place.start('plan', '--group', 'sales/other').ended
    expect(ignored.code).toBe(1)
    expect(ignored.stderr).toMatch(/exsync plan takes no --group/)
  })

  test('says what may not be used, and what is suspended', async () => {
    await using world = await started()
    const { place, exchange } = world
    expect((await place.once()).code).toBe(0)
    place.declare([serverOf(exchange.url), groupOf({ members })])
    const refused = await quietly(world)
    expect(refused.code).toBe(1)
    expect(refused.stdout).toMatch(/^sales\/company-contacts {2}error {2}SecretNotFound: /)
    place.declare([
      ...declared(exchange.url).slice(0, 2),
      groupOf({ members, spec: { suspend: true } }),
    ])
    expect(await quietly(world)).toMatchObject({
      code: 2,
      stdout: 'sales/company-contacts  not verified: spec.suspend is true\n',
    })
  })

  test('is made by a run as well, where an annotation asks for it', async () => {
    await using world = await started()
    const { place, exchange } = world
    const ask = (token: string) => {
      const group = groupOf({ members })
      const annotations = { 'exchangesync.dev/verifyAt': token }
      const metadata = { ...(group.metadata as object), annotations }
      place.declare([...declared(exchange.url).slice(0, 2), { ...group, metadata }])
    }
    ask('one')
    expect((await place.once()).code).toBe(0)
    const { verified } = place.status('company-contacts') ?? {}
    expect(verified).toMatchObject({
      requestedAt: 'one',
      copies: 288,
      deviations: 0,
      result: 'Proved',
    })
    const again = await place.once()
    expect(again.stdout).not.toMatch(/"msg":"verified"/)
    expect(place.status('company-contacts')?.verified).toEqual(verified)
    ask('two')
    expect((await place.once()).stdout).toMatch(
      /"copies":288,"deviations":0,"result":"Proved","msg":"verified"/,
    )
    expect(place.status('company-contacts')?.verified?.requestedAt).toBe('two')
  })
})

type World = AsyncDisposable & Readonly<{ exchange: Exchange; place: Place }>

async function started(): Promise<World> {
  const exchange = await startExchange(worldOf())
  const place = new Place(declared(exchange.url))
  const dispose = async () => {
    place[Symbol.dispose]()
    await exchange.close()
  }
  return { exchange, place, [Symbol.asyncDispose]: dispose }
}

function declared(url: string) {
  return [
    serverOf(url),
    secretOf('account', { username: 'sync@corp.example', password }),
    groupOf({ members }),
  ]
}

/** Verifies, and sees that neither Exchange nor the state is different afterwards. */
async function quietly({ exchange, place }: World, ...flags: readonly string[]): Promise<Ended> {
  const [held, state] = [holdingsOf(exchange.store), place.stateDigests()]
  const ended = await place.start('verify', ...flags).ended
  expect(difference(holdingsOf(exchange.store), held)).toEqual({ missing: [], surplus: [] })
  expect(place.stateDigests()).toEqual(state)
  return ended
}

function foundIn({ stdout }: Ended): Found['groups'] {
  return (JSON.parse(stdout) as Found).groups
}
