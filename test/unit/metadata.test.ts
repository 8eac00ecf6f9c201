// What a server takes as metadata, of any kind: the forms of its keys and names, at their edges.
import { expect, test } from 'vitest'
import { pathText } from '../../controller/validation/problem.ts'
import { contracts } from '../../controller/validation/schemas.ts'

const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: 'b' }
const long = (length: number) => 'k'.repeat(length)

//   metadata, the paths that are refused
const cases: readonly (readonly [Readonly<Record<string, unknown>>, ...string[]])[] = [
  [{ namespace: '' }],
  [{ namespace: 'a.b' }, 'metadata.namespace'],
  [{ labels: { a: 'b', 'x.y/Z_1': '', [long(63)]: '' } }],
  [{ labels: { [long(64)]: '' } }, `metadata.labels.${long(64)}`],
  [{ labels: { 'X/y': '', 'x/y/z': '' } }, 'metadata.labels[X/y]', 'metadata.labels[x/y/z]'],
  [{ labels: { '/y': '', '-a': '' } }, 'metadata.labels[/y]', 'metadata.labels[-a]'],
  [{ annotations: { 'X.y/Z': 'b c ż' } }],
  [{ annotations: { 'a b': 'c' } }, 'metadata.annotations[a b]'],
  [{ annotations: { a: 'x'.repeat(2 ** 18 - 1) } }],
  [{ annotations: { a: 'ż'.repeat(2 ** 17) } }, 'metadata.annotations'],
  [{ finalizers: ['exchangesync.dev/copies', 'nobody'] }],
  [{ finalizers: ['nobody', 'a b/c'] }, 'metadata.finalizers[1]'],
  [{ ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: false }] }],
  [{ ownerReferences: [{ ...owner, kind: '' }] }, 'metadata.ownerReferences[0].kind'],
  [{ ownerReferences: [{ ...owner, colour: 1 }] }, 'metadata.ownerReferences[0].colour'],
]

test.each(contracts())('metadata of $kind is judged as a server does', (contract) => {
  const group = { serverRef: { name: 'corp' }, hub: { publicFolder: '/Company' } }
  const spec = {
    SyncGroup: group,
    SyncPlan: { syncGroup: { name: 'a', spec: group } },
    ExchangeServer: { url: 'https://mail', auth: { type: 'Basic', secretRef: { name: 'a' } } },
  }[contract.kind]
  for (const [metadata, ...refused] of cases) {
    const { apiVersion, kind } = contract
    const value = { apiVersion, kind, metadata: { name: 'a', ...metadata }, ...(spec && { spec }) }
    const faults = contract.faults(contract.defaulted(value))
    expect(faults.map(({ path }) => pathText(path))).toEqual(refused)
  }
})
