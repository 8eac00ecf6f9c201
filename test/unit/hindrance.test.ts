// What hinders a group, whatever else is declared: a table.
import { expect, test } from 'vitest'
import { hindranceOf, type Referred } from '../../controller/api/references.ts'
import type { ExchangeServer, SyncGroup } from '../../controller/api/resources.generated.ts'

const group = (namespace?: string) =>
  ({
    metadata: { namespace: 'sales' },
    spec: { serverRef: { name: 'corp', namespace } },
  }) as SyncGroup
const server = (suspend: boolean) => ({ spec: { suspend } }) as ExchangeServer
const usual: Referred = { crossNamespace: false, server: server(false) }

test.each<readonly [string, SyncGroup, Referred, string | undefined]>([
  ['nothing', group(), usual, undefined],
  ['its own namespace, named', group('sales'), usual, undefined],
  ['another namespace', group('other'), usual, 'CrossNamespaceRef'],
  ['another one that is allowed', group('other'), { ...usual, crossNamespace: true }, undefined],
  ['a suspended server', group(), { ...usual, server: server(true) }, 'ServerSuspended'],
  ['a Secret that may not be read', group(), { ...usual, forbidden: 's' }, 'SecretForbidden'],
  ['a Secret without its label', group(), { ...usual, unlabelled: 'n/s' }, 'SecretNotLabelled'],
  ['no server', group(), { ...usual, server: undefined }, undefined],
])('%s', (_what, group, referred, code) => {
  expect(hindranceOf(group, referred)?.code).toBe(code)
})
