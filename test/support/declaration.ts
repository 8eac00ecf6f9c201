// A group and its server as the engine is told of them, from the resources that people write.
import { stringify } from 'yaml'
import type { Credentials } from '../../controller/api/credentials.ts'
import { accessOf, hindranceOf, hubAccess } from '../../controller/api/references.ts'
import type { ExchangeServer, SyncGroup } from '../../controller/api/resources.generated.ts'
import { idOfGroup, serversNamedBy } from '../../controller/api/topology.ts'
import type { Declared } from '../../controller/sync/ports.ts'
import { readResources } from '../../controller/validation/resources.ts'

type Parts = Readonly<{
  metadata: Readonly<{ name: string; namespace: string; annotations?: object }>
  spec: object
}>

/** How the servers are reached with one account, for a group that names them; the group's own rules count. */
export function accessesOf(
  group: SyncGroup,
  servers: readonly (ExchangeServer | undefined)[],
  credentials: Credentials | undefined,
): Declared['access'] {
  const named = [...serversNamedBy(group)]
  return new Map(
    named.map(([name, each]) => {
      const server = servers.find((one) => one?.metadata.name === each.ref.name)
      const found = { server, credentials, ca: undefined }
      return [name, accessOf(group, each, found, { crossNamespace: false })]
    }),
  )
}

/** What a group's hub is reached with, as it is declared. */
export function hubOf(declared: Declared | undefined) {
  if (declared === undefined)
    return { hindrance: undefined, server: undefined, credentials: undefined }
  const access = hubAccess(declared)
  const { server } = access
  const credentials = access.state === 'ready' ? access.credentials : undefined
  return { hindrance: hindranceOf(declared), server, credentials }
}

/** Declares the group, with defaults; what the server refers to is given. */
export function declaration(
  server: Parts,
  group: Parts,
  { credentials, fingerprint }: Readonly<{ credentials?: Credentials; fingerprint: string }>,
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
    id: idOfGroup(group),
    group: declared as SyncGroup,
    access: accessesOf(declared as SyncGroup, [exchange as ExchangeServer], credentials),
    generation: 1,
    fingerprint,
    invalid: undefined,
    previous: undefined,
  }
}
