// What those who declare servers are trusted with: hosts, other people's Secrets, and what a status tells of a network.
import { mutantsOf } from '../mutant.ts'

export const trusting = [
  ...mutantsOf('controller/api/hosts.ts', [
    [
      'any-host-below',
      'a pattern is of hosts below a name, not of names that end alike',
      `const end = pattern.slice(1)`,
      `const end = pattern.slice(2)`,
    ],
    [
      'address-below',
      'no address is below a pattern',
      `if (/^[\\d.]+$/.test(plain)) return false`,
      ``,
    ],
    [
      'http-anywhere',
      'http goes to a loopback host only',
      `if (url?.protocol === 'http:' && !(loopbackHttp && isLoopback(url.hostname)))`,
      `if (url?.protocol === 'http:' && !loopbackHttp)`,
    ],
    [
      'listed-as-written',
      'a pattern means the host that a URL with it would lead to',
      `return plain === canonical(pattern)`,
      `return plain === pattern`,
    ],
  ]),
  ...mutantsOf('controller/api/references.ts', [
    [
      'host-unasked',
      'nothing is asked of a host that servers may not be on',
      `return refused ?? (tokenURL ? hostRefusal(tokenURL, hosts, token) : undefined)`,
      `return undefined`,
    ],
  ]),
  ...mutantsOf('controller/kube/secrets.ts', [
    [
      'any-secret',
      'credentials come from Secrets whose owners allow it',
      `if (typeof look === 'string' || labels?.[credentialsLabel] === 'true') return look`,
      `if (typeof look === 'string' || labels !== undefined) return look`,
    ],
    ['warned-always', 'a Secret without its label is named once', `this.#warned.add(key)`, ``],
  ]),
  ...mutantsOf('controller/api/discreet.ts', [
    [
      'timeout-told',
      'a status does not tell a silent host from an unknown one',
      `  'RequestTimeout',\n`,
      ``,
    ],
    [
      'stalled-told',
      'a status does not tell by its conditions what its message keeps back',
      `return new SyncError('transient', reason, message)`,
      `return new SyncError(error.kind, reason, message)`,
    ],
  ]),
]
