// All mutants, in the order in which a pass comes by what they change.
import type { Mutant } from './mutant.ts'
import { allowing } from './mutants/allowing.ts'
import { carryingOut } from './mutants/carrying-out.ts'
import { comparing } from './mutants/comparing.ts'
import { contents } from './mutants/contents.ts'
import { deciding } from './mutants/deciding.ts'
import { declaring } from './mutants/declaring.ts'
import { guarding } from './mutants/guarding.ts'
import { leading } from './mutants/leading.ts'
import { matching } from './mutants/matching.ts'
import { notifying } from './mutants/notifying.ts'
import { placing } from './mutants/placing.ts'
import { planning } from './mutants/planning.ts'
import { proving } from './mutants/proving.ts'
import { remembering } from './mutants/remembering.ts'
import { sealing } from './mutants/sealing.ts'
import { sharing } from './mutants/sharing.ts'
import { signingIn } from './mutants/signing-in.ts'
import { trusting } from './mutants/trusting.ts'
import { undoing } from './mutants/undoing.ts'
import { verifying } from './mutants/verifying.ts'

export const mutants: readonly Mutant[] = [
  ...contents,
  ...comparing,
  ...matching,
  ...deciding,
  ...placing,
  ...guarding,
  ...remembering,
  ...undoing,
  ...carryingOut,
  ...proving,
  ...verifying,
  ...leading,
  ...signingIn,
  ...sharing,
  ...declaring,
  ...allowing,
  ...trusting,
  ...sealing,
  ...notifying,
  ...planning,
]

// biome-ignore format: a table
const others = new Set([
  'member-without-end', 'large-is-same', 'moved-unmatched', 'source-unmatched', 'equal-unmatched', 'key-unmatched',
  'born-twice', 'backup-deletes', 'too-large-agreed', 'percent-rounded-down', 'nothing-kept', 'held-is-consumed',
  'keep-after-write', 'agreed-after-write', 'odd-listing-proves', 'unasked-permit', 'one-witness', 'older-event',
  'short-list', 'any-404', 'last-valid',
])

/** Those that only the whole run lives: the sample of a day takes them once one whole run has lived them all. */
export const unsampled: ReadonlySet<Mutant> = new Set([
  ...[...allowing, ...notifying, ...planning, ...sealing, ...sharing, ...trusting],
  ...mutants.filter(({ id }) => others.has(id)),
])
