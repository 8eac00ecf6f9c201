// Histories that once broke a law, as they were shrunk, each with what was wrong. They are lived again
// before any new one.
import type { Act } from './acts.ts'
import { type Setting, strict } from './casts.ts'
import type { Step } from './steps.ts'

const act = (who: number, what: Act['what'], which = 0, field = 0): Act => ({
  who,
  what,
  which,
  field,
})
const does = (who: number, what: Act['what'], which = 0, field = 0): Step => ({
  step: 'act',
  act: act(who, what, which, field),
})
const passes = (more: Partial<Extract<Step, { step: 'pass' }>> = {}): Step => ({
  step: 'pass',
  events: [],
  acts: [],
  ...more,
})
const forgets: Step = { step: 'forget' }
const turns = (who: number): Step => ({ step: 'turn', who })
const restores = (back = 0): Step => ({ step: 'restore', group: 0, back })
const offline = (who: number): Step => ({ step: 'offline', who })

// Two people are agreed on, one of the first replica's and one of the second's.
const begun: readonly Step[] = [
  does(0, 'put'),
  does(1, 'put'),
  ...[0, 1, 0, 1].map((group) => passes({ group })),
]

/**
 * What was wrong, the history that showed it, and under which rules, where they are not the plain ones. In
 * the star 0 is the hub, 1 and 2 write, 3 receives.
 */
export const seeds: readonly (readonly [string, readonly Step[], Partial<Setting>?])[] = [
  [
    'a moved item whose link had moved on was taken for new',
    [
      does(1, 'put'),
      passes({ acts: [{ at: 1, act: act(1, 'copy') }] }),
      does(0, 'edit'),
      does(1, 'move'),
      passes({ events: [{ at: 2, what: 'fail' }], acts: [{ at: 1, act: act(0, 'edit', 1) }] }),
      does(0, 'edit'),
      passes(),
    ],
  ],
  [
    'a drift that was seen was forgotten when the process died before reverting it',
    [
      does(0, 'put'),
      passes(),
      does(1, 'put'),
      does(3, 'edit'),
      passes({ events: [{ at: 9, what: 'die' }] }),
      does(0, 'move'),
      does(0, 'edit'),
      passes(),
    ],
  ],
  [
    'a drift that was seen was forgotten when the process died right after it had agreed',
    [
      ...begun,
      does(3, 'edit'),
      does(0, 'edit', 1),
      offline(1),
      passes({ events: [{ at: 1, what: 'die after commit' }] }),
    ],
  ],
  [
    'an adopted copy whose update failed was created once more',
    [
      does(0, 'put'),
      passes(),
      forgets,
      passes({ events: [{ at: 9, what: 'fail' }], acts: [{ at: 1, act: act(0, 'edit') }] }),
      passes(),
      passes(),
    ],
  ],
  [
    'of two items with one stamp the wrong one was taken for the copy',
    [does(1, 'put'), passes(), does(0, 'copy'), passes(), forgets, forgets, does(0, 'clear')],
  ],
  [
    'the item from which two of the hub’s were copied came back after the state was lost',
    [
      does(2, 'put'),
      passes(),
      forgets,
      offline(2),
      does(0, 'edit'),
      does(0, 'copy'),
      passes(),
      offline(0),
      does(0, 'clear'),
      passes(),
    ],
  ],
  [
    'a copy whose source had moved was not matched with the one that was left over',
    [
      does(0, 'put'),
      passes(),
      does(0, 'move'),
      passes({ acts: [{ at: 1, act: act(0, 'copy') }] }),
      does(0, 'edit'),
      forgets,
      does(0, 'edit'),
    ],
  ],
  [
    'a copy that nobody knew of came back after its link was deleted and edited elsewhere',
    [
      passes({ acts: [{ at: 2, act: act(0, 'put') }] }),
      passes({ events: [{ at: 9, what: 'die' }] }),
      offline(1),
      passes(),
      offline(2),
      passes({ acts: [{ at: 1, act: act(0, 'remove') }] }),
      does(2, 'edit'),
      passes(),
      passes(),
      does(0, 'edit'),
    ],
  ],
  [
    'the item that began a link was not known by its copies’ stamps after the state was lost',
    [
      does(2, 'put'),
      passes({ acts: [{ at: 8, act: act(2, 'edit') }] }),
      does(0, 'remove'),
      does(1, 'copy'),
      forgets,
      does(0, 'edit'),
    ],
  ],
  [
    'a moved item’s new id was not written down before its update failed',
    [
      does(0, 'put'),
      offline(1),
      passes(),
      does(2, 'edit'),
      does(0, 'move'),
      passes({ events: [{ at: 8, what: 'fail' }] }),
      does(0, 'edit'),
    ],
  ],
  [
    'a lost reply, a death and an edit in between',
    [
      does(0, 'put'),
      passes({ events: [{ at: 9, what: 'lose' }], acts: [{ at: 6, act: act(0, 'clear') }] }),
      passes({ events: [{ at: 9, what: 'die' }] }),
      passes(),
      does(0, 'clear'),
      does(0, 'edit'),
    ],
  ],
  [
    'a drift that was ignored was overwritten by a later edit, and not kept',
    [does(0, 'put'), passes(), does(3, 'edit'), does(0, 'edit'), restores(), passes()],
    { drift: 'Ignore' },
  ],
  [
    'an item that its owner marked private after it was shared was doubled when the state was lost',
    [does(1, 'put'), passes(), forgets, does(1, 'mark'), passes(), passes(), passes()],
  ],
  [
    'what a hub that only gives had cleared stayed with its members when it had moved as well',
    [does(0, 'put'), passes(), passes({ group: 1 }), does(0, 'move'), passes(), does(0, 'clear')],
    { cast: 'oneWayBeside' },
  ],
  [
    'a copy that nobody could be matched with yet was doubled when its source was seen again',
    [does(1, 'put'), passes(), offline(1), forgets, passes(), does(0, 'edit'), passes()],
    { cast: 'manyToOne' },
  ],
  [
    'what was edited and moved at once was doubled beside a user’s copy',
    [does(1, 'put'), passes(), does(0, 'copy'), does(1, 'edit'), does(0, 'edit'), does(1, 'move')],
  ],
  [
    'what one that only gives had edited and moved at once lost to what was agreed',
    [...begun, does(1, 'edit'), does(1, 'move'), does(0, 'edit'), passes(), does(0, 'clear')],
    { cast: 'manyToOne' },
  ],
  [
    'a hub that was behind when it ceased to receive was never heard of again',
    [
      ...begun,
      does(2, 'clear'),
      passes({ group: 1, events: [{ at: 5, what: 'fail' }] }),
      turns(2),
      passes(),
      does(0, 'edit', 0, 1),
    ],
    { cast: 'twoWayBeside' },
  ],
  [
    'what was agreed while nobody else could be reached was not counted by the guard',
    [offline(2), does(1, 'fill'), does(0, 'clear'), offline(0), passes()],
    { cast: 'ring', limits: strict },
  ],
  [
    'deleting all of two items one by one was more than all of the one that was left',
    [
      ...begun,
      does(0, 'remove', 3),
      passes({ acts: [{ at: 2, act: act(0, 'remove') }] }),
      does(0, 'edit'),
    ],
  ],
  [
    'a copy whose source was missing when the state was lost was doubled when it came back',
    [
      ...begun,
      does(1, 'edit'),
      does(0, 'empty'),
      { step: 'forget', group: 1 },
      does(1, 'fill'),
      does(0, 'fill'),
    ],
    { cast: 'oneWayBeside', limits: strict },
  ],
  [
    'an unrecorded copy of older content was taken for its reader’s drift, and left',
    [
      does(0, 'put'),
      passes({ events: [{ at: 7, what: 'die' }] }),
      does(0, 'clear'),
      does(0, 'put'),
      passes(),
      passes(),
    ],
    { cast: 'oneToMany', drift: 'Ignore' },
  ],
  [
    'who lost with an edited and moved item got no copy of what won, with KeepBoth',
    [
      ...begun,
      does(0, 'edit'),
      does(0, 'move'),
      passes({ events: [{ at: 1, what: 'die after commit' }] }),
    ],
    { cast: 'ring', policy: 'KeepBoth' },
  ],
  [
    'an original whose owner only receives by now was doubled when the state was lost',
    [
      does(0, 'put'),
      passes(),
      turns(0),
      passes({ acts: [{ at: 1, act: act(2, 'mark') }] }),
      offline(1),
      does(0, 'edit'),
      forgets,
      passes(),
    ],
    { cast: 'ring' },
  ],
  [
    'a contact deleted in the hub, edited by a member of each of two groups, one of them away, was there twice',
    [
      passes({ group: 1, acts: [{ at: 1, act: act(0, 'put') }] }),
      passes({ group: 0 }),
      does(0, 'remove'),
      offline(2),
      does(2, 'edit'),
      does(1, 'edit'),
      passes({ group: 1 }),
      offline(0),
      does(0, 'edit'),
    ],
    { cast: 'twoWayBeside' },
  ],
  [
    'our own write whose reply was lost was left as ignored drift when the content was changed back',
    [
      does(0, 'put'),
      passes(),
      does(0, 'edit', 0, 2),
      passes({ events: [{ at: 11, what: 'lose' }] }),
      does(0, 'clear', 0, 2),
    ],
    { drift: 'Ignore' },
  ],
  [
    'what a copy without a mark shows as well was called a leak when its original was marked',
    [does(0, 'fill'), does(0, 'copy'), does(0, 'mark'), does(0, 'edit')],
    { cast: 'ring', limits: strict },
  ],
  [
    'the original of one who wrote for a time was doubled when an earlier state was put back',
    [...begun, turns(1), passes(), turns(1), restores(), does(0, 'clear'), passes()],
    { cast: 'oneToMany' },
  ],
  [
    'what one group made again in the hub after its state was lost was there twice, as the other brought it back, too',
    [
      ...begun,
      does(0, 'remove'),
      offline(2),
      passes({ group: 1 }),
      does(2, 'edit'),
      { step: 'forget', group: 0 },
      passes({ group: 0 }),
      offline(2),
    ],
    { cast: 'twoWayBeside' },
  ],
  [
    'a member’s copy of a copy was taken for what another group had made again, after an earlier state was put back',
    [...begun, does(2, 'copy', 1), { step: 'restore', group: 1, back: 3 }, does(1, 'edit')],
    { cast: 'twoWayBeside' },
  ],
  [
    'drift that was ignored was overwritten, and not kept, when its owner began to write and the hub had marked it private',
    [...begun, does(0, 'mark'), does(2, 'edit'), passes(), turns(2), does(0, 'edit'), passes()],
    { cast: 'oneToMany', drift: 'Ignore' },
  ],
  [
    '… or its owner had',
    [...begun, does(3, 'mark'), does(3, 'edit'), passes(), turns(3), does(0, 'edit'), passes()],
    { drift: 'Ignore' },
  ],
  [
    'an item that yielded to another group’s, and could not be deleted, was taken for a user’s copy',
    [
      ...begun,
      does(0, 'remove'),
      does(1, 'edit', 1),
      does(2, 'edit'),
      passes({ amid: 5 }),
      passes({
        group: 1,
        events: [
          { at: 6, what: 'fail' },
          { at: 7, what: 'fail' },
        ],
      }),
      passes({ amid: 1 }),
      { step: 'forget', group: 1 },
      does(0, 'edit', 1),
      passes(),
      passes(),
    ],
    { cast: 'twoWayBeside' },
  ],
]
