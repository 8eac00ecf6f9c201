// Who lives with whom: the cases of one room share one process of the controller and one healthy group.
import type { Room } from './case.ts'
import { answers } from './cases/answers.ts'
import { files } from './cases/files.ts'
import { endless, listings } from './cases/listings.ts'
import { large, notes } from './cases/mailboxes.ts'
import { proxies } from './cases/proxies.ts'
import { refusals } from './cases/refusals.ts'
import { slow, tricklers } from './cases/slow.ts'

/** All rooms. */
export const rooms: readonly Room[] = [
  { name: 'answers', cases: answers },
  { name: 'slow', cases: slow },
  { name: 'refusals', cases: refusals },
  { name: 'listings', cases: listings },
  { name: 'endless', cases: endless },
  { name: 'notes', cases: notes },
  { name: 'large', cases: large },
  { name: 'proxies', cases: proxies },
  { name: 'files', cases: files },
  // Its interval, and 5 s.
  { name: 'tricklers', cases: tricklers, flags: ['--concurrent', '4'], gapMaxMs: 7_100, passes: 5 },
]
