// A SyncGroup with members, for tests of its status.
import type { SyncGroup } from '../../controller/api/resources.generated.ts'

/** A group as the API server would complete it. */
export function groupWith(members: readonly Readonly<{ mailbox: string }>[]): SyncGroup {
  const folder = 'Contacts/Contacts'
  return {
    apiVersion: 'exchangesync.dev/v1alpha1',
    kind: 'SyncGroup',
    metadata: { name: 'clients', namespace: 'sales', generation: 1 },
    spec: {
      serverRef: { name: 'corp' },
      hub: { publicFolder: '/Company/Contacts' },
      suspend: false,
      members: members.map((member) => ({ folder, ...member })),
    },
  } as unknown as SyncGroup
}
