// Characters in a Secret that nobody meant are named, and nothing else of it; what somebody meant is let pass.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { accessTo } from '../../controller/api/references.ts'
import type { ExchangeServer } from '../../controller/api/resources.generated.ts'
import { serverStatusOf } from '../../controller/api/server-status.ts'
import { strayIn } from '../../controller/api/stray.ts'
import { Connections } from '../../controller/ews/connections.ts'
import { problemText } from '../../controller/validation/problem.ts'
import { readResources } from '../../controller/validation/resources.ts'
import { contracts } from '../../controller/validation/schemas.ts'
import { realClock } from '../support/clock.ts'

test.each([
  ['password', 'geheim\n', 'ends with a line feed (U+000A)'],
  ['password', 'geheim\r\n', 'ends with a carriage return (U+000D) and a line feed (U+000A)'],
  ['password', 'geheim\r', 'ends with a carriage return (U+000D)'],
  ['password', 'geheim\n \n', 'ends with a line feed (U+000A)'],
  ['password', '\ufeffgeheim', 'begins with a byte order mark (U+FEFF)'],
  ['password', 'geheim\ufeff', 'ends with a byte order mark (U+FEFF)'],
  ['password', 'geheim\u00a0', 'ends with a no-break space (U+00A0)'],
  ['password', '\tgeheim', 'begins with a tab (U+0009)'],
  ['password', 'geh\neim', 'contains a line feed (U+000A)'],
  ['password', 'g\0e\0h\0', 'ends with a NUL (U+0000)'],
  ['password', 'ge\0heim', 'contains a NUL (U+0000)'],
  ['password', 'ge\u200bheim', 'contains a zero-width space (U+200B)'],
  ['password', 'ge\u202eheim', 'contains an invisible character (U+202E)'],
  ['password', Buffer.from('ż', 'latin1').toString(), undefined],
  [
    'password',
    Buffer.from([0x67, 0xbf, 0x68]).toString('utf8'),
    'contains a byte that is not UTF-8',
  ],
  ['password', '\n', 'ends with a line feed (U+000A)'],
  ['username', 'sync@corp.example ', 'ends with a blank (U+0020)'],
  ['username', ' sync', 'begins with a blank (U+0020)'],
  ['username', 'CORP\\sync', undefined],
  ['username', 'the sync account', undefined],
  ['password', ' with blanks ', undefined],
  ['password', 'zażółć gęślą 🌻 "\'\\<&>', undefined],
  ['password', '', undefined],
])('the %s %j %s', (key, value, said) => {
  expect(strayIn(key, value)).toBe(said)
})

test('what can be seen and typed is never stray, and nothing that is meant is named', () => {
  const typed = fc.string({ unit: fc.constantFrom(...'aZ0żŁß!"§$%&/()=?\\`´+*~#,.-;:_<>|@€🌻') })
  fc.assert(
    fc.property(typed, (value) => {
      expect(strayIn('password', value)).toBeUndefined()
      expect(strayIn('username', value)).toBeUndefined()
      expect(strayIn('password', `${value}\r\n`)).toMatch(
        /^ends with a carriage .* feed \(U\+000A\)$/,
      )
    }),
  )
})

const file = (kind: string, secret: string) => `
apiVersion: exchangesync.dev/v1alpha1
kind: ExchangeServer
metadata: { name: corp }
spec: { url: "https://mail/", auth: { type: ${kind}, secretRef: { name: login } } }
---
apiVersion: v1
kind: Secret
metadata: { name: login }
${secret}
---
apiVersion: v1
kind: Secret
metadata: { name: somebody-elses }
stringData: { password: "other\\n" }
`
const base64 = (text: string) => Buffer.from(text).toString('base64')

test.each([
  [
    'Basic',
    'stringData:\n  username: sync\n  password: |\n    geheim\n',
    ['f:12:13: stringData.password: ends with a line feed (U+000A): write it without'],
  ],
  [
    'Basic',
    `data: { username: ${base64('sync\r\n')}, password: ${base64('\ufeffgeheim')} }`,
    [
      'f:10:19: data.username: ends with a carriage return (U+000D) and a line feed (U+000A): write',
      'f:10:39: data.password: begins with a byte order mark (U+FEFF): write it without',
    ],
  ],
  [
    'OAuth',
    'stringData: { tokenURL: "https://t/", clientID: a, clientSecret: "geheim\\n", scope: s }',
    ['f:10:66: stringData.clientSecret: ends with a line feed (U+000A): write it without'],
  ],
  ['Basic', 'stringData: { username: sync, password: geheim, note: "a\\nb\\n" }', []],
])('validate names them, of %s: %s', (kind, secret, expected) => {
  const { problems, documents } = readResources([{ name: 'f', text: file(kind, secret) }])
  const lines = problems.map(problemText)
  expect(lines).toEqual(expected.map((line) => expect.stringContaining(line)))
  expect(lines.join()).not.toContain('geheim')
  // The Secret is sound; what it is used for is told in the status.
  expect(documents.every(({ resource }) => resource !== undefined)).toBe(true)
})

test('a server is told apart before anything is sent, and its status says what to do', async () => {
  const asked: unknown[] = []
  const network = (options: unknown): never => {
    asked.push(options)
    throw new Error('nothing may be sent')
  }
  const connections = new Connections(realClock, { network })
  const { signal } = new AbortController()
  const contract = contracts().find(({ kind }) => kind === 'ExchangeServer')
  const server = contract?.defaulted({
    metadata: { name: 'corp', namespace: 'sales' },
    spec: { url: 'https://mail/', auth: { type: 'Basic', secretRef: { name: 'login' } } },
  }) as ExchangeServer
  const credentials = { username: 'sync', password: 'geheim\n' }
  const access = accessTo('corp', { server, credentials, ca: undefined })
  const error = await connections.probe(access, false, signal).catch((reason) => reason)
  expect(error).toMatchObject({ kind: 'terminal', code: 'InvalidSecret' })
  const { conditions = [] } = serverStatusOf(server, { kind: 'failed', error }, 0)
  expect(conditions.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
    'Ready InvalidSecret',
    'Stalled InvalidSecret',
  ])
  expect(conditions[0]?.message).toMatch(
    /^the key password of the Secret login ends with a line feed \(U\+000A\): write it without/,
  )
  expect([asked, JSON.stringify(conditions).includes('geheim')]).toEqual([[], false])
})
