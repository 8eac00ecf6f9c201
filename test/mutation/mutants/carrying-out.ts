// Looking, writing down, and carrying out: in which order, and what happens when it fails in between.
import { type Mutant, mutantsOf } from '../mutant.ts'

const pass = 'controller/sync/pass.ts'

export const carryingOut: readonly Mutant[] = [
  ...mutantsOf('controller/sync/observe.ts', [
    [
      'unreadable-is-unchanged',
      'a replica that cannot be read is unknown',
      `observations.set(id, { state: 'unknown', error: syncErrorOf(error) })`,
      `observations.set(id, { state: 'seen', changed: [], gone: [] })`,
    ],
    [
      'replaced-not-seen',
      'another folder in the same place deletes nothing',
      `if (other) replaced.push(id)`,
      ``,
    ],
    [
      'lens-ignored',
      'under another role everything is looked at again',
      `memory !== undefined && memory.lens !== lensOf(replica.role)`,
      `memory !== undefined && memory.lens === ''`,
    ],
    [
      'let-pass-for-ever',
      'under another role what was let pass counts',
      `...(changedLens ? await baseline.deviating(id) : [])`,
      `...[]`,
    ],
    [
      'stamp-touches-nothing',
      'an item that carries a stamp is laid beside its link',
      `for (const { stamp } of observation.changed) if (stamp !== undefined) touched.add(stamp.link)`,
      ``,
      'a copy of ours that no link knows is read again in every pass (core/unclaimed.ts), also when its link moves',
    ],
  ]),
  ...mutantsOf(pass, [
    [
      'nothing-kept',
      'what loses goes into the bin',
      `kept: [...kept, ...history] },`,
      `kept: history },`,
    ],
    [
      'read-before-agreed',
      'a cursor is consumed together with the agreement',
      `  await baseline.commit({ at: at(), writes })\n`,
      `  await baseline.commit({ at: at(), writes: [{ write: 'memories', memories: now }] })\n  await baseline.commit({ at: at(), writes })\n`,
    ],
    [
      'recheck-not-written',
      'what is to be changed is read again should it not come to that',
      `withRecheck(agedIn(memories, sight.restored), pendingOf(plan.steps))`,
      `agedIn(memories, sight.restored)`,
    ],
    [
      'held-is-consumed',
      'what was seen of a link whose hub item is too large is read again',
      `withRecheck(seen, plan.held ?? new Map())`,
      `seen`,
    ],
    [
      'unused-is-consumed',
      'what was set aside is not consumed',
      `decided && observations.get(id)?.state === 'seen'`,
      `decided`,
    ],
    [
      'no-hub-consumed',
      'without the hub nothing is consumed',
      `rules.roles.every(({ id, hub }) => !hub || observations.get(id)?.state === 'seen')`,
      `rules.roles.every(({ id }) => id !== '')`,
    ],
    [
      'joiner-waits',
      'who joins gets everything',
      `...(sight.fresh.length > 0 ? [`,
      `...(sight.fresh.length < 0 ? [`,
      'the same pass compares the joiner with every link, and what then lacks is unsettled by its agreement',
    ],
    [
      'left-still-counts',
      'who leaves is forgotten',
      `decided ? [...left, ...sight.replaced] : []`,
      `decided ? [...sight.replaced] : []`,
    ],
    [
      'conflicts-not-counted',
      'conflicts are counted',
      `    { write: 'conflicts', conflicts },\n`,
      ``,
    ],
    [
      'done-too-early',
      'who is behind is looked at again',
      `settled(link, rules.roles, attempts.get(link.id)) && !again.has(link.id)`,
      `settled(link, rules.roles, attempts.get(link.id)) || link.revision > 0`,
    ],
  ]),
  {
    id: 'keep-after-write',
    file: pass,
    drops: 'the loser is in the bin before the winner is written',
    changes: [
      ['kept: [...kept, ...history] },', 'kept: history },'],
      [
        '  const behind = await settle(',
        "  await baseline.commit({ at: at(), writes: [{ write: 'kept', kept }] })\n  const behind = await settle(",
      ],
    ],
  },
  {
    id: 'agreed-after-write',
    file: pass,
    drops: 'the agreement is written down before anything is carried out',
    changes: [
      ["    { write: 'agreements', agreements: plan.steps.map(agreementOf) },\n", ''],
      [
        '  const behind = await settle(',
        "  const agreements = plan.steps.map(agreementOf)\n  await baseline.commit({ at: at(), writes: [{ write: 'agreements', agreements }] })\n  const behind = await settle(",
      ],
    ],
  },
  ...mutantsOf('controller/sync/checkpoint.ts', [
    [
      'stale-ignored',
      'what was stale is read again by the next pass',
      `const recheck = [...new Set([...memory.recheck, ...left])]`,
      `const recheck = [...new Set([...memory.recheck, ...left.slice(left.length)])]`,
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
  ...mutantsOf('controller/sync/deleting.ts', [
    [
      'deleted-unread',
      'a copy that shows something else is kept before it is deleted',
      `await site.baseline.commit({ at: site.at(), writes: [{ write: 'kept', kept }] })\n  if (doomed.length === 0) return`,
      `if (doomed.length === 0) return`,
    ],
    [
      'moved-on-deleted',
      'a copy that moved on is not deleted',
      ` && item?.version === job.action.expect)`,
      ` && item !== undefined)`,
    ],
    [
      'delete-believed',
      'a delete counts once the item can no longer be read',
      `const error = answers[index] ?? (still ? notDeleted : undefined)`,
      `const error = answers[index]`,
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
  ...mutantsOf('controller/sync/propose.ts', [
    [
      'old-hub-stays',
      'under another hub a group begins anew',
      `anotherHub([...before.keys()], roles)`,
      `anotherHub([], roles)`,
    ],
    [
      'joiner-sees-changes',
      'who joins is compared with everything',
      `if (sight.fresh.length > 0) for`,
      `if (sight.fresh.length < 0) for`,
    ],
    [
      'older-state-believed',
      'a state that is older than the folders looks at them whole',
      `return older ? looked(`,
      `return older && course.audit ? looked(`,
    ],
  ]),
  ...mutantsOf('controller/sync/pass.ts', [
    [
      'cursor-while-making',
      'a copy that is made and deleted is not missed',
      `...withoutCursors(now, plan.steps)`,
      `...now`,
    ],
    [
      'orphans-not-read',
      'an item that a set-aside plan left over is read again',
      `withRecheck(new Map([...sight.memories].filter(used)), orphans)`,
      `new Map([...sight.memories].filter(used))`,
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
