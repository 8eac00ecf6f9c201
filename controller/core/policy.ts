// Decides which value wins when the same field was edited in two ways. The result depends on the contenders alone, never on
// the order in which they were seen.
//
//   policy      between hub and member   between members              against a value agreed meanwhile
//   ──────────  ───────────────────────  ───────────────────────────  ─────────────────────────────────
//   HubWins     the hub                  the later edit, then the id  the agreed value
//   MemberWins  the member               the later edit, then the id  the member
//   LatestWins  the later edit           the later edit, then the id  the later edit
//   KeepBoth    as HubWins; the losing version becomes a separate contact
//
// A restore from the bin counts as an edit of the hub, made at the time of the request; under MemberWins as an edit of a
// member. A version that loses to it is kept in the bin; a restore that loses is in the bin already.
//
// "Against a value agreed meanwhile": the editor's copy was behind, so the edit did not take that value into account.
import type { ReplicaId } from './id.ts'
import type { Value } from './item.ts'

/** How conflicts are resolved (spec.conflicts). */
export type Policy = 'HubWins' | 'MemberWins' | 'LatestWins' | 'KeepBoth'

/** One of several values of one field. `replica` is undefined for the value that was agreed meanwhile. */
export type Contender = Readonly<{
  replica: ReplicaId | undefined
  hub: boolean
  value: Value | undefined
  modifiedMs: number
}>

/** The contender that wins. Throws without contenders. */
export function winner(policy: Policy, contenders: readonly Contender[]): Contender {
  const [best] = [...contenders].sort((one, other) => {
    const [mine, others] = [rank(policy, one), rank(policy, other)]
    if (mine !== others) return mine - others
    if (one.modifiedMs !== other.modifiedMs) return other.modifiedMs - one.modifiedMs
    return (one.replica ?? '') < (other.replica ?? '') ? -1 : 1
  })
  if (best === undefined) throw new Error('a conflict without contenders')
  return best
}

function rank(policy: Policy, { replica, hub }: Contender): number {
  if (policy === 'LatestWins') return 0
  if (policy === 'MemberWins') return hub ? 1 : replica === undefined ? 2 : 0
  return hub ? 0 : replica === undefined ? 1 : 2
}
