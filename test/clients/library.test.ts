// ews-javascript-api on the embedded Exchange.
import { readFileSync } from 'node:fs'
import { libraryClient } from './library.ts'
import { BASIC, BASIC_TLS, NTLM, NTLM_REFUSED, NTLM_UNBOUND, OAUTH } from './sign-ins.ts'
import { liveStory, REFUSED } from './story.ts'

// It sends no channel binding.
for (const signIn of [BASIC, BASIC_TLS, NTLM, NTLM_UNBOUND, NTLM_REFUSED, OAUTH]) {
  liveStory({
    name: 'ews-javascript-api',
    signIn,
    short: signIn !== BASIC,
    open: ({ url, caFile }) =>
      libraryClient(url, signIn, signIn.tls && readFileSync(caFile, 'utf8')),
    cannot: REFUSED,
  })
}
