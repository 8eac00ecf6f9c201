// curl on the embedded Exchange.
import { curlClient } from './curl.ts'
import { curl } from './install.ts'
import { ANNA, liveStory, REFUSED } from './story.ts'

const obtained = await curl()
const user = ['--user', `${ANNA.user}:${ANNA.password}`]

liveStory({
  name: 'curl, Basic',
  obtained,
  open: async ({ url }) => curlClient(url, ['--basic', ...user]),
  cannot: REFUSED,
})
