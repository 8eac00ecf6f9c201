// Who lives with whom: the cases of one room share one process of the controller and one healthy group.
import type { Room } from './case.ts'
import { answers } from './cases/answers.ts'
import { files } from './cases/files.ts'
import { endless, listings } from './cases/listings.ts'
import { large, many, notes } from './cases/mailboxes.ts'
import { proxies } from './cases/proxies.ts'
import { refusals } from './cases/refusals.ts'
import { slow, tricklers } from './cases/slow.ts'

/** All rooms: the first ones keep the processor busy, the others mostly wait, so one of each lives at a time. */
export const rooms: readonly Room[] = [
  { name: 'answers', cases: answers },
  { name: 'listings', cases: listings },
  { name: 'endless', cases: [...endless, ...many] },
  { name: 'notes', cases: notes },
  { name: 'large', cases: large },
  { name: 'files', cases: files },
  // Its interval, and 5 s.
  {
    name: 'tricklers',
    cases: tricklers,
    flags: ['--concurrent', '4'],
    gapMaxMs: 7_100,
    passes: 5,
    waits: true,
  },
  { name: 'slow', cases: slow, waits: true },
  { name: 'proxies', cases: proxies, waits: true },
  { name: 'refusals', cases: refusals, waits: true },
]
