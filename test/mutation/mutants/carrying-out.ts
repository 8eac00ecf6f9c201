// Looking, writing down, and carrying out: in which order, and what happens when it fails in between.
import { type Mutant, mutantsOf } from '../mutant.ts'

const pass = 'controller/sync/pass.ts'
const decided = 'controller/sync/decided.ts'

// Writes of this kind only after everything is carried out.
const late = (kind: string) =>
  [
    `  await commit(decision.writes)\n  const { applied, memories } = await carriedOut(spec, proposal, decision, startMs, signal)\n`,
    `  await commit(decision.writes.filter(({ write }) => write !== '${kind}'))\n  const { applied, memories } = await carriedOut(spec, proposal, decision, startMs, signal)\n  await commit(decision.writes.filter(({ write }) => write === '${kind}'))\n`,
  ] as const

export const carryingOut: readonly Mutant[] = [
  ...mutantsOf('controller/sync/observe.ts', [
    [
      'unreadable-is-unchanged',
      'a replica that cannot be read is unknown',
      `return { state: 'unknown', error: each.error }`,
      `return { state: 'seen', changed: [], gone: [] }`,
    ],
    [
      'replaced-not-seen',
      'another folder in the same place deletes nothing',
      `replaced: seen.filter(isReplaced).map(({ id }) => id),`,
      `replaced: [],`,
    ],
    [
      'role-ignored',
      'under another role everything is looked at again',
      `before !== undefined && !isSame(before.seenAs, role)`,
      `before !== undefined && before.seenAs === undefined`,
    ],
    [
      'let-pass-for-ever',
      'under another role what was let pass counts',
      `[...outdated, ...(await baseline.deviating(id))]`,
      `outdated`,
    ],
    [
      'stamp-touches-nothing',
      'an item that carries a stamp is laid beside its link',
      `for (const { stamp } of observation.changed) if (stamp !== undefined) touched.add(stamp.link)`,
      ``,
      'a copy of ours that no link knows is read again in every pass (core/unclaimed.ts), also when its link moves',
    ],
  ]),
  ...mutantsOf(decided, [
    [
      'nothing-kept',
      'what loses goes into the bin',
      `kept: [...kept, ...history] },`,
      `kept: history },`,
    ],
    [
      'recheck-not-written',
      'what is to be changed is read again should it not come to that',
      `withRecheck(agedIn(memories, observed.rewound), pendingOf(steps))`,
      `agedIn(memories, observed.rewound)`,
    ],
    [
      'held-is-consumed',
      'what was seen of a link whose hub item is too large is read again',
      `withRecheck(withRecheck(new Map(seen), orphans), plan.held ?? new Map())`,
      `withRecheck(new Map(seen), orphans)`,
    ],
    [
      'orphans-not-read',
      'an item that a set-aside plan left over is read again',
      `withRecheck(new Map(seen), orphans), plan.held`,
      `new Map(seen), plan.held`,
    ],
    [
      'unused-is-consumed',
      'what was set aside is not consumed',
      `.filter(([id]) => decided && isSeen(id))`,
      `.filter(() => decided)`,
    ],
    [
      'no-hub-consumed',
      'without the hub nothing is consumed',
      `({ id, hub }) => !hub || isSeen(id)`,
      `({ id }) => id !== ''`,
    ],
    [
      'joiner-waits',
      'who joins gets everything',
      `...(observed.fresh.length > 0 ? [`,
      `...(observed.fresh.length < 0 ? [`,
      'the same pass compares the joiner with every link, and what then lacks is unsettled by its agreement',
    ],
    [
      'left-still-counts',
      'who leaves is forgotten',
      `left: [...left, ...observed.replaced] }`,
      `left: [...observed.replaced, ...left.slice(left.length)] }`,
    ],
    [
      'conflicts-not-counted',
      'conflicts are counted',
      `    { write: 'conflicts', conflicts },\n`,
      ``,
    ],
    [
      'cursor-while-making',
      'a copy that is made and deleted is not missed',
      `...relisting(now, steps)`,
      `...now`,
    ],
  ]),
  ...mutantsOf(pass, [
    [
      'read-before-agreed',
      'a checkpoint is consumed together with the agreement',
      `  await commit(decision.writes)\n`,
      `  await commit(decision.writes.filter(({ write }) => write === 'memories'))\n  await commit(decision.writes)\n`,
    ],
    [
      'done-too-early',
      'who is behind is looked at again',
      `settled(link, roles, attempts.get(link.id)) && !again.has(link.id)`,
      `settled(link, roles, attempts.get(link.id)) || link.revision > 0`,
    ],
    ['keep-after-write', 'the loser is in the bin before the winner is written', ...late('kept')],
    [
      'agreed-after-write',
      'the agreement is written down before anything is carried out',
      ...late('agreements'),
    ],
  ]),
  ...mutantsOf('controller/sync/checkpoint.ts', [
    [
      'stale-ignored',
      'what was stale is read again by the next pass',
      `new Set([...memory.recheck, ...left, ...solved`,
      `new Set([...memory.recheck, ...solved`,
    ],
  ]),
  ...mutantsOf('controller/sync/apply.ts', [
    [
      'members-first',
      'the hub is written first',
      `for (const replicas of [hubs, members])`,
      `for (const replicas of [members, hubs])`,
    ],
  ]),
  ...mutantsOf('controller/sync/removal.ts', [
    [
      'deleted-unread',
      'a copy that shows something else is kept before it is deleted',
      `  await commit([{ write: 'kept', kept: doomed.flatMap(({ kept }) => kept) }])\n`,
      ``,
    ],
    [
      'moved-on-deleted',
      'a copy that moved on is not deleted',
      ` && item?.version === action.expect)`,
      ` && item !== undefined)`,
    ],
    [
      'delete-believed',
      'a delete counts once the item can no longer be read',
      `answers[index] ?? (back.has(id) || unknown.has(id) ? notDeleted : undefined),`,
      `answers[index],`,
    ],
  ]),
  ...mutantsOf('controller/sync/foreseen.ts', [
    [
      'plan-without-deleted',
      'the plan counts what is kept before a copy is deleted',
      `return ownContent(type, step, replica.role.id, item)`,
      `return ownContent(type, step, replica.role.id, item).slice(1)`,
    ],
    [
      'plan-without-overwritten',
      'the plan counts what is kept before a copy is overwritten',
      `append(kept, await overwritten(batch, replica, signal))`,
      ``,
    ],
  ]),
  ...mutantsOf('controller/sync/continuity.ts', [
    [
      'old-hub-stays',
      'under another hub a group begins anew',
      `anotherHub([...before.keys()], rules.roles)`,
      `anotherHub([], rules.roles)`,
    ],
  ]),
  ...mutantsOf('controller/sync/propose.ts', [
    [
      'joiner-sees-changes',
      'who joins is compared with everything',
      `if (observed.fresh.length > 0) for`,
      `if (observed.fresh.length < 0) for`,
    ],
    [
      'older-state-believed',
      'a state that is older than the folders looks at them whole',
      `return older ? snapshotOf(`,
      `return older && spec.audit ? snapshotOf(`,
    ],
  ]),
  ...mutantsOf('controller/ews/folders-answer.ts', [
    [
      'damaged-folder-id',
      'an id that was damaged on its way is no id',
      `idForm.test(Id) && idForm.test(ChangeKey)`,
      `Id !== '' && ChangeKey !== ''`,
    ],
    [
      'folder-error-unread',
      'an error about folders comes out with its code',
      `    if (error !== undefined) throw error\n`,
      ``,
    ],
  ]),
]
