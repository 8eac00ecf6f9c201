// Who wins when the same field was edited in two ways. Whatever the policy, the answer depends on the
// contenders alone, never on the order in which they were seen.
//
//   policy      between hub and member   between members              against what was agreed meanwhile
//   ──────────  ───────────────────────  ───────────────────────────  ─────────────────────────────────
//   HubWins     the hub                  the later edit, then the id  what was agreed
//   MemberWins  the member               the later edit, then the id  the member
//   LatestWins  the later edit           the later edit, then the id  the later edit
//   KeepBoth    as HubWins; the losing version becomes a contact of its own
//
// Something that comes back from the bin counts as the hub's edit, made when it was asked for; under MemberWins
// as a member's. Who loses to it is kept; when it loses itself, it is in the bin already.
//
// "Against what was agreed meanwhile": the editor's copy was behind, so the edit was made blindly.
import type { ReplicaId } from './id.ts'
import type { Value } from './item.ts'

/** How conflicts are settled; the resource's word. */
export type Policy = 'HubWins' | 'MemberWins' | 'LatestWins' | 'KeepBoth'

/** One of several values that one field got. `replica` is undefined for what was agreed meanwhile. */
export type Contender = Readonly<{
  replica: ReplicaId | undefined
  hub: boolean
  value: Value | undefined
  modifiedMs: number
}>

/** The contender that wins; there must be at least one. */
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
