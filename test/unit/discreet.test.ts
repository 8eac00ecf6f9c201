// A status whose reader may name any host tells nothing of what is there: every way of not reaching a server looks alike.
import { expect, test } from 'vitest'
import { discreetError, isConnecting } from '../../controller/api/discreet.ts'
import { serverStatusOf } from '../../controller/api/server-status.ts'
import { SyncError } from '../../controller/core/sync-error.ts'
import { networkError, statusError, timedOut } from '../../controller/ews/http-errors.ts'

// biome-ignore format: a table
const codes = [
  'ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'EPIPE', 'ETIMEDOUT', 'EPROTO',
  'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_SOCKET', 'CERT_HAS_EXPIRED', 'SELF_SIGNED_CERT_IN_CHAIN', 'ERR_TLS_CERT_ALTNAME_INVALID',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'ERR_SSL_WRONG_VERSION_NUMBER', 'HPE_INVALID_CONSTANT', 'EACCES', '',
]
const errors = [
  timedOut,
  ...codes.map((code) => networkError(Object.assign(new Error('x'), { code }), 'https://host/')),
]

test('whatever keeps it from being reached, there is one status', () => {
  expect(new Set(errors.map(({ code, kind }) => `${code} ${kind}`)).size).toBeGreaterThan(4)
  const statuses = errors.map((error) => {
    const server = { metadata: { generation: 1 }, spec: {} } as never
    return JSON.stringify(
      serverStatusOf(server, { kind: 'failed', error: discreetError(error) }, 0),
    )
  })
  expect(new Set(statuses).size).toBe(1)
  expect(statuses[0]).toMatch(/"reason":"Unreachable".*controller’s log.*--allowed-server-hosts/)
  expect(errors.filter((error) => !isConnecting(error))).toEqual([])
})

test('what a server answered is told as it is', () => {
  for (const status of [401, 403, 404, 407, 413, 429, 302, 500]) {
    const error = statusError({ status, headers: {} }, 0)
    expect(discreetError(error)).toBe(error)
  }
  const local = new SyncError('transient', 'ConnectionLost', 'x', { local: true })
  expect(discreetError(local)).toBe(local)
})
