// evolution-ews on the embedded Exchange.
import { evolutionClient } from './evolution.ts'
import { evolution } from './install.ts'
import { BASIC } from './sign-ins.ts'
import { liveStory } from './story.ts'

const obtained = await evolution()

liveStory({
  name: 'evolution-ews',
  signIn: BASIC,
  obtained,
  open: ({ exchange }) => evolutionClient(obtained.path ?? '', exchange),
  eventually: true,
  // It has no other way into a public folder than SyncFolderItems.
  options: { publicFolderSync: 'works' },
})
