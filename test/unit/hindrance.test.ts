// How a group reaches a server that it names, and what blocks it: a table.
import { expect, test } from 'vitest'
import { accessOf, type Found } from '../../controller/api/references.ts'
import type { ExchangeServer, SyncGroup } from '../../controller/api/resources.generated.ts'

const group = (namespace?: string) =>
  ({
    metadata: { namespace: 'sales' },
    spec: { serverRef: { name: 'corp', namespace } },
  }) as SyncGroup
const spec = { url: 'https://mail/', auth: { type: 'Basic', secretRef: { name: 'login' } } }
const server = (more: object = {}) =>
  ({ metadata: { name: 'corp' }, spec: { ...spec, ...more } }) as ExchangeServer
const credentials = { username: 'u', password: 'p' }
const usual: Found = { server: server(), credentials, ca: undefined }
const tls = { caSecretRef: { name: 'ca', key: 'ca.crt' } }
const pem = '-----BEGIN CERTIFICATE-----x-----END CERTIFICATE-----'

test.each<readonly [string, SyncGroup, Found & { crossNamespace?: boolean }, string | undefined]>([
  ['nothing', group(), usual, undefined],
  ['its own namespace, named', group('sales'), usual, undefined],
  ['another namespace', group('other'), usual, 'CrossNamespaceRef'],
  ['another one that is allowed', group('other'), { ...usual, crossNamespace: true }, undefined],
  [
    'a suspended server',
    group(),
    { ...usual, server: server({ suspend: true }) },
    'ServerSuspended',
  ],
  ['a Secret that may not be read', group(), { ...usual, forbidden: 's' }, 'SecretForbidden'],
  ['a Secret without its label', group(), { ...usual, unlabelled: 'n/s' }, 'SecretNotLabelled'],
  ['a Secret that is not handed out', group(), { ...usual, unreadable: 's' }, 'SecretUnreadable'],
  ['no Secret', group(), { ...usual, credentials: undefined }, 'SecretNotFound'],
  [
    'a stray character',
    group(),
    { ...usual, credentials: { username: 'u', password: 'p\n' } },
    'InvalidSecret',
  ],
  ['no authority', group(), { ...usual, server: server({ tls }) }, 'SecretNotFound'],
  ['an authority', group(), { ...usual, server: server({ tls }), ca: pem }, undefined],
  ['no certificate', group(), { ...usual, server: server({ tls }), ca: 'x' }, 'InvalidCertificate'],
  ['no URL', group(), { ...usual, server: server({ url: 'https://:' }) }, 'InvalidSpec'],
  ['no server', group(), { ...usual, server: undefined }, 'ServerNotFound'],
  ['an odd server', group(), { ...usual, server: undefined, unusable: 'odd' }, 'InvalidServer'],
])('%s', (_what, asking, { crossNamespace = false, ...found }, code) => {
  const named = { ref: asking.spec.serverRef, field: 'spec.serverRef' }
  const access = accessOf(asking, named, found, { crossNamespace })
  expect(access.state === 'blocked' ? access.error.code : undefined).toBe(code)
})
