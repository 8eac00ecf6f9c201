// exchangelib (Python) on the embedded Exchange.
import { join } from 'node:path'
import { spokenClient } from './client.ts'
import { exchangelib } from './install.ts'
import { ANNA, liveStory, REFUSED } from './story.ts'

const obtained = await exchangelib()

liveStory({
  name: 'exchangelib, Basic',
  obtained,
  open: ({ url }) =>
    spokenClient({
      path: join(obtained.path ?? '', 'bin', 'python'),
      args: [join(import.meta.dirname, 'exchangelib_client.py')],
      env: { CLIENT: JSON.stringify({ ...ANNA, url, signIn: 'Basic' }) },
    }),
  cannot: REFUSED,
})
