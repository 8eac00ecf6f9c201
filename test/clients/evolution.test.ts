// evolution-ews on the embedded Exchange.
import { evolutionClient } from './evolution.ts'
import { evolution } from './install.ts'
import { BASIC, NTLM_UNBOUND } from './sign-ins.ts'
import { liveStory } from './story.ts'

const obtained = await evolution()

// It speaks NTLM over TLS only, and sends no channel binding.
for (const signIn of [BASIC, NTLM_UNBOUND]) {
  liveStory({
    name: 'evolution-ews',
    signIn,
    short: signIn !== BASIC,
    obtained,
    open: (door) => evolutionClient(obtained.path ?? '', door),
    eventually: true,
    // It has no other way into a public folder than SyncFolderItems.
    options: { publicFolderSync: 'works' },
  })
}
