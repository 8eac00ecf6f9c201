// ews-javascript-api on the embedded Exchange.
import { libraryClient } from './library.ts'
import { liveStory, REFUSED } from './story.ts'

liveStory({
  name: 'ews-javascript-api, Basic',
  open: async ({ url }) => libraryClient(url),
  cannot: REFUSED,
})
