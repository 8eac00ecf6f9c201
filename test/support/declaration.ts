// A group and its server as the engine is told of them, from the resources that people write.
import { stringify } from 'yaml'
import type { ExchangeServer, SyncGroup } from '../../controller/api/resources.generated.ts'
import type { GroupId } from '../../controller/core/id.ts'
import type { Declared } from '../../controller/sync/ports.ts'
import { readResources } from '../../controller/validation/resources.ts'

type Parts = Readonly<{
  metadata: Readonly<{ name: string; namespace: string; annotations?: object }>
  spec: object
}>

/** Declares the group, with defaults; what the server refers to is given. */
export function declaration(
  server: Parts,
  group: Parts,
  { credentials, fingerprint }: Pick<Declared, 'credentials' | 'fingerprint'>,
): Declared {
  const apiVersion = 'exchangesync.dev/v1alpha1'
  const resources = [
    { apiVersion, kind: 'ExchangeServer', ...server },
    { apiVersion, kind: 'SyncGroup', ...group },
  ]
  const text = resources.map((each) => stringify(each)).join('---\n')
  const read = readResources([{ name: 'it.yaml', text }], { externalSecrets: true })
  const [exchange, declared] = read.documents.map(({ resource }) => resource)
  return {
    id: `${group.metadata.namespace}/${group.metadata.name}` as GroupId,
    group: declared as SyncGroup,
    server: exchange as ExchangeServer,
    unusable: undefined,
    generation: 1,
    credentials,
    ca: undefined,
    fingerprint,
    invalid: undefined,
    previous: undefined,
  }
}
