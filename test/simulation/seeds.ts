// Histories that once broke a law, as they were shrunk, each with what was wrong. They are lived again before
// any new one.
import type { Step } from './history.ts'
import { free, type Plan, type Team } from './office.ts'
import { person } from './stories.ts'
import type { Act } from './users.ts'

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
  audit: false,
  events: [],
  acts: [],
  ...more,
})

const namesake = (title: number) =>
  person('Shared0', { CompanyName: 'Acme & Sons', JobTitle: `<${title}>` })
const p0 = person('P0', { JobTitle: '<1001>' })

const planOf = (team: Partial<Team>): Plan => ({
  hub: [p0],
  concurrency: 1,
  teams: [
    {
      name: 'contacts',
      conflicts: 'HubWins',
      drift: 'Revert',
      private: 'Skip',
      guard: free,
      members: [
        { name: 'ann', direction: 'TwoWay' },
        { name: 'bob', direction: 'TwoWay', has: [] },
      ],
      ...team,
    },
  ],
})

const theirs: Omit<Team, 'name' | 'members'> = {
  conflicts: 'HubWins',
  drift: 'Ignore',
  private: 'Skip',
  guard: free,
}

/** What was wrong, where, and the history that showed it. 0 is the hub, then come the members. */
export const seeds: readonly (readonly [string, Plan, readonly Step[]])[] = [
  [
    'an edit of a copy within two seconds of its create, whose reply was lost, was overwritten and not kept',
    planOf({
      members: [
        {
          name: 'ann',
          direction: 'TwoWay',
          has: [
            person('Own1002', { JobTitle: '<1004>' }),
            person('Own1005', { JobTitle: '<1008>', EmailAddress1: '1007@client.example' }),
            person('Own1009', { JobTitle: '<1010>' }),
          ],
        },
        { name: 'bob', direction: 'TwoWay' },
      ],
    }),
    [
      passes({
        events: [{ of: 'writes', at: 2, what: 'truncated' }],
        acts: [{ of: 'writes', at: 3, act: act(1, 'edit', 3) }],
      }),
      does(0, 'edit'),
      does(0, 'edit'),
      passes(),
    ],
  ],
  [
    'drift that was ignored was overwritten by the hub’s edit and not kept',
    planOf({
      drift: 'Ignore',
      members: [
        { name: 'ann', direction: 'OneWay', has: [{ ...p0, JobTitle: '<1004>' }] },
        { name: 'bob', direction: 'TwoWay' },
      ],
    }),
    [passes(), passes(), does(0, 'edit')],
  ],
  [
    'drift that was ignored, in a copy that nobody touched since, was overwritten and not kept',
    planOf({
      drift: 'Ignore',
      members: [
        { name: 'ann', direction: 'OneWay', has: [] },
        { name: 'bob', direction: 'TwoWay' },
      ],
    }),
    [passes(), does(1, 'edit'), passes(), passes(), does(0, 'edit')],
  ],
  [
    'a copy that was deleted from a folder made by a pass that died was never missed',
    planOf({}),
    [
      passes({ end: { at: 2, when: 'after' } }),
      passes({ acts: [{ at: 1, of: 'requests', act: act(1, 'remove') }] }),
      does(0, 'edit'),
    ],
  ],
  [
    'a copy that was made by a pass that died and deleted before the next was never missed',
    planOf({ members: [{ name: 'ann', direction: 'TwoWay', has: [] }] }),
    [passes({ end: { at: 3, when: 'before' } }), does(1, 'erase'), does(0, 'edit', 0, 2)],
  ],
  [
    'what could not be seen any more was taken for deleted, and forgotten',
    planOf({
      members: [
        { name: 'ann', direction: 'TwoWay', has: [] },
        { name: 'bob', direction: 'TwoWay', has: [] },
      ],
    }),
    [
      passes(),
      does(1, 'erase'),
      // The right goes between the look and the read that comes before the deletion.
      passes({ acts: [{ at: 6, of: 'requests', act: act(0, 'deny') }] }),
    ],
  ],
  [
    'a folder that a pass made before it died was discarded, and never missed',
    planOf({ members: [{ name: 'ann', direction: 'TwoWay' }] }),
    [passes({ end: { at: 3, when: 'before' } }), does(1, 'discard')],
  ],
  [
    'of two of a receive-only member’s own, one came between the hub’s and a writer’s, who became two',
    planOf({
      members: [
        { name: 'ann', direction: 'OneWay', has: [p0] },
        { name: 'bob', direction: 'TwoWay', has: [p0] },
      ],
    }),
    [does(0, 'edit'), does(1, 'copy')],
  ],
  [
    'our own delete was taken for the receive-only member’s, when its item came back',
    {
      hub: [],
      concurrency: 1,
      teams: [
        {
          ...theirs,
          name: 'contacts',
          members: [
            { name: 'ann', direction: 'OneWay' },
            { name: 'bob', direction: 'TwoWay' },
          ],
        },
        {
          ...theirs,
          name: 'others',
          members: [{ name: 'jan', direction: 'TwoWay', has: [p0] }],
        },
      ],
    },
    [
      passes(),
      passes(),
      does(0, 'erase'),
      does(3, 'edit'),
      passes({ end: { at: 5, when: 'before' } }),
      passes(),
      does(0, 'edit'),
    ],
  ],
  [
    'a copy that was written down unread, and that went between two requests of a look, was updated',
    {
      ...planOf({
        members: [
          { name: 'ann', direction: 'TwoWay', has: [{ ...p0, JobTitle: '<1003>' }] },
          { name: 'bob', direction: 'TwoWay' },
          { name: 'jan', direction: 'TwoWay', has: [{ ...p0, JobTitle: '<1006>' }] },
        ],
      }),
      hub: [],
    },
    [
      passes({ events: [{ of: 'writes', at: 1, what: 'die before' }] }),
      passes({ audit: true, acts: [{ at: 9, of: 'requests', act: act(3, 'away') }] }),
    ],
  ],
  // The witness looked between a delete's effect and its answer, and what had just been written lies in the dumpster.
  [
    'what was written right before a delete was called lost, since another group’s answer came first',
    {
      hub: [],
      concurrency: 4,
      teams: [
        {
          ...theirs,
          name: 'contacts',
          members: [
            { name: 'ann', direction: 'TwoWay', has: [] },
            { name: 'bob', direction: 'TwoWay' },
          ],
        },
        {
          ...theirs,
          name: 'others',
          members: [
            { name: 'jan', direction: 'OneWay' },
            { name: 'ewa', direction: 'TwoWay', has: [{ ...p0, JobTitle: '<1002>' }] },
          ],
        },
      ],
    },
    [
      { step: 'run', minutes: 2, events: [], acts: [] },
      does(2, 'twice'),
      passes({
        acts: [{ at: 1, of: 'requests', act: act(1, 'empty') }],
        end: { at: 4, when: 'before' },
      }),
      does(3, 'edit'),
      passes({ acts: [{ at: 24, of: 'requests', act: act(0, 'edit') }] }),
      passes(),
    ],
  ],
  [
    'a note that was emptied was not called none',
    planOf({
      members: [
        { name: 'ann', direction: 'TwoWay' },
        { name: 'bob', direction: 'OneWay' },
      ],
    }),
    [
      { step: 'run', minutes: 2, events: [], acts: [] },
      does(2, 'edit', 0, 3),
      does(0, 'edit'),
      passes(),
    ],
  ],
  [
    'what was listed, and could not be seen any more when it was read, was never looked for again',
    {
      hub: [p0],
      concurrency: 1,
      teams: [
        {
          ...theirs,
          name: 'contacts',
          members: [{ name: 'ann', direction: 'TwoWay', has: [] }],
        },
        {
          ...theirs,
          name: 'others',
          members: [
            { name: 'bob', direction: 'TwoWay' },
            { name: 'jan', direction: 'TwoWay', has: [] },
          ],
        },
      ],
    },
    [
      // The right to the hub goes between its listing and the read of what was listed.
      passes({ acts: [{ at: 16, of: 'requests', act: act(0, 'deny') }] }),
      passes({ end: { at: 1, when: 'before' } }),
      does(0, 'allow'),
    ],
  ],
  [
    'a folder whose ids are all others was compared with what it no longer held: an edited namesake was doubled',
    {
      hub: [],
      concurrency: 1,
      plain: false,
      teams: [
        {
          ...theirs,
          drift: 'Revert',
          name: 'contacts',
          members: [
            { name: 'ann', direction: 'TwoWay' },
            { name: 'bob', direction: 'TwoWay', has: [1003, 1006].map(namesake) },
            { name: 'jan', direction: 'TwoWay' },
            { name: 'ewa', direction: 'TwoWay' },
          ],
        },
      ],
    },
    [
      { step: 'run', minutes: 2, events: [], acts: [] },
      does(0, 'edit'),
      passes({ acts: [{ of: 'requests', at: 4, act: act(2, 'restore') }] }),
      does(0, 'edit'),
    ],
  ],
]
