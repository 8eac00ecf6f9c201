// The brake.
import { mutantsOf } from '../mutant.ts'

export const guarding = [
  ...mutantsOf('controller/core/guard.ts', [
    [
      'shared-deletes-uncounted',
      'a deletion counts although nobody has a copy left',
      `return step.deleters.includes(replica) && ends(step)`,
      `return step.deleters.includes(replica) && ends(step) && step.actions.length > 0`,
    ],
    [
      'later-copies-uncounted',
      'a publication that will reach somebody later is counted now',
      `(later || actions.some(({ kind }) => kind === 'create'))`,
      `actions.some(({ kind }) => kind === 'create')`,
    ],
    [
      'approval-for-ever',
      'an approval is spent once it was used',
      `digestOfAll([reason, replica, String(epoch), ...links])`,
      `digestOfAll([reason, replica, ...links])`,
    ],
    [
      'limit-less-one',
      'as many as the limit may pass',
      `before + steps.length <= least`,
      `before + steps.length < least`,
    ],
    [
      'limit-plus-one',
      'no more than the limit may pass',
      `before + steps.length <= least`,
      `before + steps.length <= least + 1`,
    ],
    ['percent-rounded-down', 'percent is rounded up', `Math.ceil(`, `Math.floor(`],
    [
      'greater-limit',
      'the smaller of percent and count is the limit',
      `Math.min(maxPercent === 0 ? 0 : Math.max(share, minCount), maxCount)`,
      `Math.max(maxPercent === 0 ? 0 : Math.max(share, minCount), maxCount)`,
    ],
    [
      'window-ignored',
      'what was caused within the window counts',
      `before + steps.length <= least`,
      `steps.length <= least`,
    ],
    [
      'published-before-ignored',
      'what was published within the window counts',
      `countOf(caused, kind)`,
      `kind === 'publications' ? 0 : countOf(caused, kind)`,
    ],
    [
      'deletions-not-counted',
      'deletions are counted',
      `return step.deleters.includes(replica) && ends(step)`,
      `return step.deleters.length < 0 && ends(step) && replica !== ''`,
    ],
    [
      'publications-not-counted',
      'publications are counted',
      `return publisher === replica && (later`,
      `return publisher === '' && (later`,
    ],
    [
      'hub-may-delete',
      'an emptied hub empties nobody',
      `judgement.alone && kind !== 'publications' ? []`,
      `(judgement.alone || (hub && kind === 'deletions')) && kind !== 'publications' ? []`,
    ],
    [
      'hub-publishes',
      'what the hub has is everybody’s',
      `publications: hub ? [] : steps`,
      `publications: steps`,
    ],
    [
      'approval-covers-all',
      'an approval covers what was shown, and no more',
      `(!above && approved.has(hash))`,
      `(!above && approved.size > 0)`,
    ],
    [
      'ceiling-approved-below',
      'what is above the ceiling is approved on the server only',
      `(!above && approved.has(hash))`,
      `approved.has(hash)`,
    ],
    [
      'approval-covers-later',
      'an approval names the very items',
      `digestOfAll([reason, replica, String(epoch), ...links])`,
      `digestOfAll([reason, replica, String(epoch)])`,
    ],
    [
      'approval-covers-others',
      'an approval names the replica',
      `digestOfAll([reason, replica, String(epoch), ...links])`,
      `digestOfAll([reason, String(epoch), ...links])`,
    ],
    [
      'approval-by-order',
      'a refusal’s name stays the same while its effects do',
      `steps.map((step) => nameOf(step, replica, reason)).sort()`,
      `steps.map((step) => nameOf(step, replica, reason))`,
      'items, and so the links that they begin, come in the order of their ids already',
    ],
    [
      'joint-approval-void',
      'one name approves all that was set aside',
      `if (refusals.length < 2 || `,
      `if (refusals.length >= 0 || `,
    ],
    [
      'set-aside-is-seen',
      'who is set aside counts as if it could not be read',
      `{ state: 'unknown', error: setAside }`,
      `{ state: 'seen', changed: [], gone: [] }`,
    ],
  ]),
  ...mutantsOf('controller/core/plan.ts', [
    [
      'old-is-published',
      'only what is new is published',
      `publisher: link.revision === 0 ? publisherIn(readings) : undefined`,
      `publisher: publisherIn(readings)`,
    ],
    [
      'deleters-unnamed',
      'a deletion names who deleted',
      `deleters: target.deleters,`,
      `deleters: [],`,
    ],
  ]),
  ...mutantsOf('controller/sync/decided.ts', [
    [
      'caused-not-written',
      'what a replica caused is remembered for the window',
      `    { write: 'caused', caused: causedBy(guarded, rules.roles) },\n`,
      ``,
    ],
  ]),
  ...mutantsOf('controller/sync/propose.ts', [
    [
      'window-has-no-start',
      'what was caused long ago does not count',
      `baseline.causedSince(clock.now() - windowMs)`,
      `baseline.causedSince(windowMs - windowMs)`,
    ],
  ]),
  ...mutantsOf('controller/core/record.ts', [
    [
      'approved-uses-up',
      'what was approved does not use up the window',
      `approval?.byServer === by ?`,
      `(approval?.byServer === by || by === undefined) ?`,
    ],
    [
      'approved-escapes-ceiling',
      'what only the group approved counts towards the server’s limit',
      `effects(false)]`,
      `effects(true)]`,
    ],
  ]),
]
