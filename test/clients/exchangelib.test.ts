// exchangelib (Python) on the embedded Exchange.
import { join } from 'node:path'
import { spokenClient } from './client.ts'
import { exchangelib } from './install.ts'
import {
  ANNA,
  APP,
  BASIC,
  issuerOf,
  NTLM,
  NTLM_BOUND,
  NTLM_REFUSED,
  NTLM_UNBOUND,
  OAUTH,
} from './sign-ins.ts'
import { liveStory, REFUSED } from './story.ts'

const obtained = await exchangelib()

for (const signIn of [BASIC, NTLM, NTLM_BOUND, NTLM_UNBOUND, NTLM_REFUSED, OAUTH]) {
  liveStory({
    name: 'exchangelib',
    signIn,
    short: signIn !== BASIC,
    obtained,
    open: ({ url, caFile }) => {
      const { way, binding } = signIn
      const settings = { ...ANNA, url, way, cbt: binding === 'right', app: APP }
      return spokenClient({
        path: join(obtained.path ?? '', 'bin', 'python'),
        args: [join(import.meta.dirname, 'exchangelib_client.py')],
        env: {
          CLIENT: JSON.stringify({ ...settings, issuer: issuerOf(url) }),
          ...(signIn.tls && { REQUESTS_CA_BUNDLE: caFile }),
        },
      })
    },
    cannot: REFUSED,
  })
}
