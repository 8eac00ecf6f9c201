// A group and its server as a file has them, for tests of what stands beside or within them.

/** Two sound documents; the group's spec comes last. */
export function groupText(name: string): string {
  return `apiVersion: exchangesync.dev/v1alpha1
kind: ExchangeServer
metadata: {name: corp}
spec:
  url: https://mail.corp.example/EWS/Exchange.asmx
  auth: {type: Basic, secretRef: {name: account}}
---
apiVersion: exchangesync.dev/v1alpha1
kind: SyncGroup
metadata: {name: ${name}}
spec:
  serverRef: {name: corp}
  hub: {publicFolder: /Company/Contacts}
  members: []`
}
