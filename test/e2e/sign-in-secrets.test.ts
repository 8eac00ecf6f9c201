// A run for each way of signing in, with a sign-in that is refused at its end: no byte that the program writes – output,
// log, status, metrics, state, the core of an error – holds what it signs in with, nor what it sends for it.
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { responseKey } from '../../controller/ews/ntlm/keys.ts'
import { md4 } from '../../controller/ews/ntlm/md4.ts'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import type { Scheme } from '../exchange/sign-in/settings.ts'
import { writtenBy } from './sign-in-run.ts'
import { groupOf, Place, type Resource, secretOf, serverOf } from './support.ts'

const username = 'sync@corp.example'
const password = 'geheim-Wort-42'
const clientSecret = 'app-geheim-43'
const hash = md4(Buffer.from(password, 'utf16le'))
const key = responseKey({ domain: '', name: username, password })

type Way = Readonly<{
  type: 'Basic' | 'NTLM' | 'OAuth'
  offers: readonly Scheme[]
  secret: (exchange: Exchange) => Readonly<Record<string, string>>
  /** The same with something wrong in it. */
  wrong: Readonly<Record<string, string>>
}>

const person = () => ({ username, password })
const client = (exchange: Exchange) => ({
  tokenURL: new URL('/adfs/oauth2/token', exchange.url).href,
  clientID: 'app-1',
  clientSecret,
  scope: 'ews',
})

const ways: readonly Way[] = [
  { type: 'Basic', offers: ['Basic'], secret: person, wrong: { password: `${password}-x` } },
  { type: 'NTLM', offers: ['NTLM'], secret: person, wrong: { password: `${password}-x` } },
  {
    type: 'OAuth',
    offers: ['Bearer'],
    secret: client,
    wrong: { clientSecret: `${clientSecret}-x` },
  },
]

test.concurrent.each(ways)(
  '$type leaves no secret behind',
  async ({ type, offers, secret, wrong }) => {
    const sent = new Set<string>()
    const exchange = await startExchange(
      {
        domain: 'corp.example',
        users: [
          { mailbox: username, password, impersonates: 'all' },
          { mailbox: 'anna@corp.example', password: 'p' },
        ],
        publicFolders: [
          {
            path: '/Company/Contacts',
            permissions: { [username]: 'PublishingEditor' },
            contacts: 3,
          },
        ],
        signIn: {
          offers,
          ...(type === 'OAuth' && { apps: [{ id: 'app-1', secret: clientSecret, as: username }] }),
        },
      },
      {
        fault: ({ headers }) => {
          const [, value] = (headers.authorization ?? '').split(' ')
          if (value !== undefined) sent.add(value)
          return undefined
        },
      },
    )
    const declared = (more: Readonly<Record<string, string>> = {}): readonly Resource[] => [
      groupOf({ members: [{ mailbox: 'anna@corp.example' }] }),
      serverOf(exchange.url, { auth: { type, secretRef: { name: 'account' } } }),
      secretOf('account', { ...secret(exchange), ...more }),
    ]
    using place = new Place(declared())
    const all = await writtenBy(place, exchange, { wrong: declared(wrong) })
    expect(sent.size).toBeGreaterThan(0)
    const own = [password, clientSecret, ...sent]
    const derived = [hash, key].flatMap((bytes) => [
      bytes.toString('hex'),
      bytes.toString('base64'),
      bytes.toString('latin1'),
    ])
    for (const each of [...own, ...derived, 'TlRMTVNTUA', digestOf(password)])
      expect(all.includes(each), each.slice(0, 12)).toBe(false)
  },
)

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
