// Which hosts servers may be on: tables of URLs and patterns, and that nothing is asked of any other.

import { describe, expect, test } from 'vitest'
import { anyHost, type HostRules, hostRefusal } from '../../controller/api/hosts.ts'
import { accessTo } from '../../controller/api/references.ts'
import type { ExchangeServer } from '../../controller/api/resources.generated.ts'
import { hostsOf } from '../../controller/cli/environment.ts'
import { configOf } from '../../controller/config.ts'
import { Connections } from '../../controller/ews/connections.ts'
import { contracts } from '../../controller/validation/schemas.ts'
import { realClock } from '../support/clock.ts'

const rules = (hosts: readonly string[], loopbackHttp = false): HostRules => ({
  hosts,
  loopbackHttp,
})
const isRefused = (url: string, given: HostRules) =>
  hostRefusal(url, given, 'spec.url')?.code === 'HostNotAllowed'

//  the patterns, a URL, whether it is allowed
const urls: readonly (readonly [string, string, boolean])[] = [
  ['mail.corp.example', 'https://mail.corp.example/EWS/Exchange.asmx', true],
  ['mail.corp.example', 'https://mail.corp.example:8443/', true],
  ['mail.corp.example', 'https://MAIL.Corp.Example/', true],
  ['mail.corp.example', 'https://mail.corp.example./', true],
  ['mail.corp.example', 'https://mail.corp.example../', false],
  ['mail.corp.example', 'https://mail.corp.example.evil.example/', false],
  ['mail.corp.example', 'https://evil.example/mail.corp.example', false],
  ['mail.corp.example', 'https://mail.corp.example@evil.example/', false],
  ['mail.corp.example', 'https://evil.example#mail.corp.example', false],
  ['mail.corp.example', 'https://evil.example\\@mail.corp.example/', false],
  ['mail.corp.example', 'https://xmail.corp.example/', false],
  ['mail.corp.example', 'https://mailxcorp.example/', false],
  ['mail.corp.example', 'ftp://mail.corp.example/', false],
  ['mail.corp.example', 'mail.corp.example', false],
  ['*.corp.example', 'https://mail.corp.example/', true],
  ['*.corp.example', 'https://a.b.corp.example/', true],
  ['*.corp.example', 'https://corp.example/', false],
  ['*.corp.example', 'https://.corp.example/', false],
  ['*.corp.example', 'https://a..corp.example/', false],
  ['*.corp.example', 'https://xcorp.example/', false],
  ['*.corp.example', 'https://mail.corp.example.evil.example/', false],
  ['xn--mller-kva.example', 'https://m\u00fcller.example/', true],
  ['mail.corp.example', 'https://m\u0430il.corp.example/', false],
  ['192.0.2.1', 'https://192.0.2.1/', true],
  ['192.0.2.1', 'https://3221225985/', true],
  ['192.0.2.1', 'https://0xC0000201/', true],
  ['192.0.2.1', 'https://[::ffff:192.0.2.1]/', false],
  ['*.2.1', 'https://192.0.2.1/', false],
  ['[2001:db8::1]', 'https://[2001:db8::1]/', true],
  ['[2001:db8::1]', 'https://[2001:0DB8:0:0:0:0:0:1]/', true],
  ['[2001:db8:0::1]', 'https://[2001:db8::1]/', true],
  ['mail.corp.example', 'https://169.254.169.254/', false],
  ['mail.corp.example', 'https://2852039166/', false],
  ['mail.corp.example', 'https://kubernetes.default.svc/', false],
  ['mail.corp.example,*.example.net', 'https://ews.example.net/', true],
]
test.each(urls)('with %s a server at %s: %s', (list, url, allowed) => {
  const args = ['run', '--state', 'x', '--allowed-server-hosts', list]
  const given = hostsOf(configOf(args, {}))
  expect([isRefused(url, given), isRefused(url, rules([]))]).toEqual([
    !allowed,
    // Without a list only what is not encrypted is refused.
    false,
  ])
})

//  a URL, whether the flag lets it pass, whether a list must name it as well
const plain: readonly (readonly [string, boolean])[] = [
  ['http://localhost:8080/EWS/Exchange.asmx', true],
  ['http://127.0.0.1:80/', true],
  ['http://127.9.9.9/', true],
  ['http://[::1]/', true],
  ['http://2130706433/', true],
  ['http://localhost.evil.example/', false],
  ['http://127.0.0.1.evil.example/', false],
  ['http://mail.corp.example/', false],
  ['http://[::ffff:127.0.0.1]/', false],
  ['http://0.0.0.0/', false],
  ['HTTP://169.254.169.254/', false],
]
test.each(plain)('http, %s: only where it is allowed, and on a loopback host', (url, loopback) => {
  expect(isRefused(url, rules([]))).toBe(true)
  expect(isRefused(url, anyHost)).toBe(!loopback)
  expect(isRefused(url, rules(['mail.corp.example'], true))).toBe(true)
})

test('a directory may have a server on a loopback host, Kubernetes only by flag', () => {
  const of = (...args: readonly string[]) => hostsOf(configOf(args, {})).loopbackHttp
  expect(of('run', '--local', 'd', '--state', 's')).toBe(true)
  expect(of('plan', '-f', 'd', '--state', 's')).toBe(true)
  expect(of('run', '--state', 's')).toBe(false)
  expect(of('run', '--state', 's', '--allow-loopback-http')).toBe(true)
})

describe('a server on another host', () => {
  const contract = contracts().find(({ kind }) => kind === 'ExchangeServer')
  const serverAt = (url: string, type: string) =>
    contract?.defaulted({
      metadata: { name: 'corp', namespace: 'sales' },
      spec: { url, auth: { type, secretRef: { name: 'login' } } },
    }) as ExchangeServer
  const asked = async (server: ExchangeServer, credentials: Record<string, string>) => {
    const made: unknown[] = []
    const network = (options: unknown) => {
      made.push(options)
      throw new Error('nothing may be asked')
    }
    const given = rules(['mail.corp.example'])
    const connections = new Connections(realClock, { network })
    const access = accessTo('corp', { server, credentials, ca: undefined }, given)
    const { signal } = new AbortController()
    const error = await connections.probe(access, false, signal).catch((reason) => reason)
    expect(made).toEqual([])
    return error
  }

  test('is refused before there is a connection, and before its Secret is looked into', async () => {
    const error = await asked(serverAt('https://evil.example/', 'Basic'), {})
    expect(error).toMatchObject({ kind: 'terminal', code: 'HostNotAllowed' })
    expect(error.message).toMatch(/^spec\.url is on a host .* --allowed-server-hosts$/)
  })

  test('is refused where only its tokens come from there, without telling the Secret', async () => {
    const server = serverAt('https://mail.corp.example/', 'OAuth')
    const error = await asked(server, { tokenURL: 'https://evil.example/token' })
    expect(error).toMatchObject({ kind: 'terminal', code: 'HostNotAllowed' })
    expect(error.message).toMatch(/^the tokenURL in the Secret login is on a host /)
    expect(error.message).not.toContain('evil')
    const other = await asked(server, { tokenURL: 'https://mail.corp.example/token' })
    expect(other.code).toBe('SecretNotFound')
  })
})
