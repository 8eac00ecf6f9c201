// Kerberos without a KDC: what becomes of each text of GSSAPI, and of the helper process. With a KDC: test/clients/kerberos.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isGeneral, isRefused } from '../../controller/core/scope.ts'
import { kerberosError, notInstalled, unavailable } from '../../controller/ews/kerberos/failures.ts'
import { Tickets } from '../../controller/ews/kerberos/tickets.ts'

const unspecified = 'Unspecified GSS failure.  Minor code may provide more information: '
const none = 'No credentials were supplied, or the credentials were unavailable or inaccessible: '
const refused = ['terminal', 'AuthenticationFailed'] as const
const passes = ['transient', 'KerberosUnavailable'] as const

describe('a text of GSSAPI', () => {
  test.each([
    [
      `${unspecified}Server HTTP/mail.corp.example@CORP.EXAMPLE not found in Kerberos database`,
      ...refused,
      /setspn -S HTTP\/<host>/,
    ],
    [
      `${none}Client 'svc@CORP.EXAMPLE' not found in Kerberos database`,
      ...refused,
      /correct username/,
    ],
    [`${none}Preauthentication failed`, ...refused, /refuses the key in the keytab/],
    [
      `${none}Can't find client principal svc@CORP.EXAMPLE in cache collection`,
      ...refused,
      /the keytab has no key of the principal/,
    ],
    [`${none}KDC has no support for encryption type`, ...refused, /AES256-SHA1/],
    [`${none}Client's credentials have been revoked`, ...refused, /locked, disabled or expired/],
    [
      `${none}Configuration file does not specify default realm`,
      ...refused,
      /like svc@CORP\.EXAMPLE/,
    ],
    [`${none}Clock skew too great`, ...passes, /clocks .* more than 5 minutes/],
    [`${none}Cannot find KDC for realm "CORP.EXAMPLE"`, ...passes, /no KDC of the realm is found/],
    [`${none}Cannot contact any KDC for realm 'CORP.EXAMPLE'`, ...passes, /port 88/],
    [`${unspecified}KDC returned error string: X-9`, ...passes, /does not know/],
    ['', ...passes, /does not know/],
  ])('%s', (text, kind, code, said) => {
    const error = kerberosError(text)
    expect(error).toMatchObject({ kind, code })
    expect(error.message).toMatch(said)
    expect(error.message.replaceAll('svc@CORP.EXAMPLE', '')).not.toMatch(
      /mail\.corp|CORP\.EXAMPLE|X-9/,
    )
  })
})

test('the version of the package, and the base of the image with it, are named alike everywhere', () => {
  const read = (file: string) => readFileSync(join(import.meta.dirname, '../..', file), 'utf8')
  const { kerberos } = JSON.parse(read('image/kerberos/package.json')).dependencies
  expect(kerberos).toMatch(/^\d+\.\d+\.\d+$/)
  const install = `npm install --no-save kerberos@${kerberos}`
  expect(notInstalled().message).toContain(install)
  expect(read('docs/exchange-prerequisites.md')).toContain(install)
  const bases = ['Dockerfile', 'image/kerberos/Dockerfile'].map((file) =>
    /^FROM (node:\S+)/m.exec(read(file))?.at(1),
  )
  expect(new Set(bases).size).toBe(1)
})

test('without a ticket nothing is sent, whatever the request', () => {
  for (const error of [notInstalled(), unavailable('x'), kerberosError('')]) {
    expect(isRefused(error)).toBe(true)
    expect(isGeneral(error)).toBe(true)
  }
})

describe('the helper', () => {
  const keytab = Buffer.from([5, 2]).toString('base64')
  const url = 'https://mail.corp.example/EWS/Exchange.asmx'
  const tickets = () => {
    const username = 'svc@CORP.INVALID'
    return new Tickets({ type: 'Kerberos', username, keytab }, url)
  }
  const { signal } = new AbortController()

  test('says that the package is missing, where it is', async () => {
    const made = tickets()
    const code = installed() ? /^(AuthenticationFailed|KerberosUnavailable)$/ : /^KerberosNotInst/
    await expect(made.token(signal)).rejects.toMatchObject({ code: expect.stringMatching(code) })
    made.close()
  })

  test('waits no longer than its caller', async () => {
    const made = tickets()
    const reason = new Error('no caller waits')
    const caller = new AbortController()
    const asked = made.token(caller.signal)
    caller.abort(reason)
    await expect(asked).rejects.toBe(reason)
    await expect(made.token(AbortSignal.abort(reason))).rejects.toBe(reason)
    made.close()
  })

  test('is not started again once it is closed, and who waits is answered', async () => {
    const made = tickets()
    const asked = made.token(signal)
    setImmediate(() => made.close())
    await expect(asked).rejects.toMatchObject({ code: 'KerberosUnavailable' })
    await expect(made.token(signal)).rejects.toMatchObject({ code: 'KerberosUnavailable' })
  })
})

function installed(): boolean {
  try {
    createRequire(import.meta.url).resolve('kerberos')
    return true
  } catch {
    return false
  }
}
