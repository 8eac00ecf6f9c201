// Resources as their files have them, for tests of what is wrong with one of them and where.

/** A server and its Secret. */
export const SERVER = `
apiVersion: exchangesync.dev/v1alpha1
kind: ExchangeServer
metadata: { name: corp }
spec:
  url: https://mail.corp.example/EWS/Exchange.asmx
  auth: { type: Basic, secretRef: { name: login } }
---
apiVersion: v1
kind: Secret
metadata: { name: login }
stringData: { username: sync, password: geheim }
`

/** A group in which line 8 is the first of the spec's own lines. */
export const group = (...lines: readonly string[]) => `apiVersion: exchangesync.dev/v1alpha1
kind: SyncGroup
metadata:
  name: all
spec:
  serverRef: { name: corp }
  hub: { publicFolder: /Company/Contacts }
${lines.map((line) => `  ${line}`).join('\n')}
`
