// curl on the embedded Exchange.
import { readFileSync } from 'node:fs'
import { curlClient } from './curl.ts'
import { curl } from './install.ts'
import { ANNA, BASIC, NTLM, NTLM_REFUSED, NTLM_UNBOUND, OAUTH, tokenFrom } from './sign-ins.ts'
import { type Door, liveStory, REFUSED } from './story.ts'

const obtained = await curl()
const user = ['--user', `${ANNA.user}:${ANNA.password}`]

async function flagsFor({ url, signIn, caFile }: Door): Promise<readonly string[]> {
  if (signIn.way === 'Basic') return ['--basic', ...user]
  const tls = signIn.tls ? ['--cacert', caFile] : []
  if (signIn.way === 'NTLM') return ['--ntlm', ...user, ...tls]
  const token = await tokenFrom(url, readFileSync(caFile, 'utf8'))
  return ['--oauth2-bearer', token, ...tls]
}

// curl sends no channel binding.
for (const signIn of [BASIC, NTLM, NTLM_UNBOUND, NTLM_REFUSED, OAUTH]) {
  liveStory({
    name: 'curl',
    signIn,
    short: signIn !== BASIC,
    obtained,
    open: async (door) => curlClient(door.url, await flagsFor(door)),
    cannot: REFUSED,
  })
}
