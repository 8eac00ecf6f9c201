// Slow servers: those that trickle, hang, or never end.
import { type Case, type Host, mark } from '../case.ts'
import { answer, headOf, listening, pour, times, trickle, wire } from '../wire.ts'

const mega = 1024 * 1024
const late = /^(RequestTimeout|ServerTooSlow)$/
const quick = { limits: { requestTimeout: '3s' } }

function* letters(): Generator<string> {
  for (;;) yield 'a'
}

/** A server that sends to the place that `to` names; `other` counts who goes there. */
const redirecting =
  (status: string, to: (own: string, other: string) => string) => async (): Promise<Host> => {
    let strangers = 0
    const other = await wire((socket) => {
      strangers += 1
      answer(socket, '')
    })
    let own = ''
    const host = await wire((socket) =>
      answer(socket, mark, status, [`Location: ${to(own, other.url)}`]),
    )
    own = host.url
    return {
      ...host,
      wrong: () => (strangers === 0 ? [] : [`${strangers} requests followed the redirect`]),
      close: async () => {
        await other.close()
        await host.close()
      },
    }
  }

/** Asks for another sign-in, each time; more than a few would lock the account out. */
const challenging = (challenges: readonly string[], most: number) => async (): Promise<Host> => {
  const host = await wire((socket) =>
    answer(
      socket,
      mark,
      '401 Unauthorized',
      challenges.map((each) => `WWW-Authenticate: ${each}`),
    ),
  )
  const wrong = () =>
    host.hits() > most ? [`the password was sent ${host.hits()} times, more than ${most}`] : []
  return { ...host, wrong }
}

// A type 2 message whose target information claims to be 4 GB long.
const malformed = Buffer.concat([
  Buffer.from('NTLMSSP\0\x02\0\0\0', 'latin1'),
  Buffer.alloc(44, 0xff),
]).toString('base64')

const overTls = (connected: Parameters<typeof listening>[0]) => async (): Promise<Host> => {
  const host = await listening(connected)
  return { ...host, url: host.url.replace('http:', 'https:') }
}

export const slow: readonly Case[] = [
  {
    name: 'trickling-body',
    open: () =>
      wire((socket) => {
        socket.write(headOf('200 OK', undefined))
        trickle(socket, ['1\r\n<\r\n', ...Array.from({ length: 1000 }, () => '1\r\na\r\n')], 1000)
      }),
    reasons: late,
    server: quick,
  },
  {
    name: 'trickling-head',
    open: () =>
      wire((socket) => {
        socket.write('HTTP/1.1 200 OK\r\nX-A: ')
        trickle(socket, letters(), 1000)
      }),
    reasons: late,
    server: quick,
  },
  { name: 'silent', open: () => wire(() => {}), reasons: late, server: quick },
  {
    name: 'silent-tls',
    open: overTls(() => {}),
    reasons: /^(RequestTimeout|ServerTooSlow|ConnectionRefused|ConnectionLost|TlsFailed)$/,
    server: quick,
  },
  {
    name: 'slow-loris-tls',
    open: overTls((socket) => {
      // The head of a handshake record, and never its end.
      socket.write(Buffer.from([0x16, 0x03, 0x03, 0x3f, 0xff, 0x02]))
      trickle(socket, letters(), 500)
    }),
    reasons: /^(RequestTimeout|ServerTooSlow|ConnectionRefused|ConnectionLost|TlsFailed)$/,
    server: quick,
  },
  {
    name: 'garbage-tls',
    open: overTls((socket) => pour(socket, times(64, Buffer.alloc(mega, mark)))),
    reasons: /^TlsFailed$/,
  },
  {
    name: 'garbage-http',
    open: () => wire((socket) => pour(socket, times(64, Buffer.alloc(mega, `${mark}\n`)))),
    reasons: /^ConnectionLost$/,
  },
  {
    name: 'endless-continue',
    open: () => wire((socket) => pour(socket, continues())),
    reasons: /^(ConnectionLost|RequestTimeout|ServerTooSlow)$/,
    server: quick,
  },
  {
    name: 'many-headers',
    open: () =>
      wire((socket) => {
        const many = Array.from({ length: 20_000 }, (_, n) => `X-${n}: ${mark}`)
        answer(socket, '', '200 OK', many)
      }),
    reasons: /^(ConnectionLost|HeadersTooLarge|AnswerTooLarge)$/,
  },
  {
    name: 'huge-header',
    open: () =>
      wire((socket) => {
        socket.write('HTTP/1.1 200 OK\r\nX-A: ')
        pour(socket, times(10, Buffer.alloc(mega, mark)))
      }),
    reasons: /^(ConnectionLost|HeadersTooLarge|AnswerTooLarge)$/,
  },
  {
    name: 'redirect-loop',
    open: redirecting('302 Found', (own) => own),
    reasons: /^Redirected$/,
    says: /spec\.url/,
  },
  {
    name: 'redirect-host',
    open: redirecting('301 Moved', (_, other) => other),
    reasons: /^Redirected$/,
  },
  {
    name: 'redirect-307',
    open: redirecting('307 Temporary Redirect', (_, other) => other),
    reasons: /^Redirected$/,
  },
  {
    name: 'redirect-308',
    open: redirecting('308 Permanent Redirect', (_, other) => other),
    reasons: /^Redirected$/,
  },
  {
    name: 'redirect-file',
    open: redirecting('302 Found', () => 'file:///etc/passwd'),
    reasons: /^Redirected$/,
  },
  {
    name: 'redirect-metadata',
    open: redirecting('307 Temporary Redirect', () => 'http://169.254.169.254/latest/meta-data/'),
    reasons: /^Redirected$/,
  },
  {
    name: 'ntlm-endless',
    open: challenging(['NTLM'], 3),
    reasons: /^AuthenticationFailed$/,
    says: /set spec\.auth\.type to NTLM/,
  },
  {
    name: 'ntlm-no-challenge',
    open: challenging(['NTLM'], 3),
    server: { auth: { type: 'NTLM', secretRef: { name: 'account' } } },
    reasons: /^AuthenticationFailed$/,
    says: /without a challenge, so no password was sent/,
  },
  {
    name: 'ntlm-odd-challenge',
    open: challenging([`NTLM ${malformed}`], 3),
    server: { auth: { type: 'NTLM', secretRef: { name: 'account' } } },
    reasons: /^AuthenticationFailed$/,
    says: /challenge is damaged/,
  },
  {
    name: 'ntlm-malformed',
    open: challenging([`NTLM ${malformed}`], 3),
    reasons: /^AuthenticationFailed$/,
  },
  {
    name: 'ntlm-huge',
    open: challenging(
      [`NTLM ${'A'.repeat(12_000)}`, 'Negotiate', 'Basic realm="', 'Digest '.repeat(300)],
      3,
    ),
    reasons: /^AuthenticationFailed$/,
  },
  {
    name: 'oauth-endpoint',
    open: () =>
      wire((socket) =>
        answer(socket, '{"access_token":"'.padEnd(mega, mark), '307 Temporary Redirect', [
          'Location: http://169.254.169.254/',
        ]),
      ),
    server: { auth: { type: 'OAuth', secretRef: { name: 'account' } }, access: 'Impersonation' },
    secret: ({ url }) => ({
      tokenURL: url,
      clientID: 'c',
      clientSecret: 'pass-Zq7secret-oauth',
      scope: 's',
    }),
    reasons: /^TokenUnavailable$/,
    says: /tokenURL/,
  },
]

function* continues(): Generator<string> {
  for (;;) yield 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000)
}

const trickler = (n: number): Case => ({
  name: `trickler-${n}`,
  open: () =>
    wire((socket) => {
      socket.write(headOf('200 OK', undefined))
      trickle(socket, ['1\r\n<\r\n', ...Array.from({ length: 5000 }, () => '1\r\na\r\n')], 1000)
    }),
  reasons: late,
})

/** Twenty-four of them, with nothing declared that would spare others. */
export const tricklers: readonly Case[] = Array.from({ length: 24 }, (_, n) => trickler(n + 1))
