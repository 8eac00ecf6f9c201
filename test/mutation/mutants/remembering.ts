// What edits replaced: that it is kept, how long, in how much room, and what the guard counts of it.
import { type Mutant, mutantsOf } from '../mutant.ts'

export const remembering: readonly Mutant[] = [
  ...mutantsOf('controller/store/history.ts', [
    [
      'history-takes-all',
      'the history has its share of the limit, and no more',
      `const historyShare = 0.5`,
      `const historyShare = 1`,
    ],
    [
      'bin-gives-way',
      'the history gives way to the bin',
      `Math.min(binMaxBytes * historyShare, binMaxBytes - binBytes)`,
      `binMaxBytes * historyShare + 0 * binBytes`,
    ],
    [
      'newest-edits-first',
      'the oldest edits go first',
      `ORDER BY n LIMIT 1000`,
      `ORDER BY n DESC LIMIT 1000`,
    ],
    [
      'smallest-history-first',
      'of the group that has most of it the history gives way',
      `ORDER BY bytes DESC LIMIT 2`,
      `ORDER BY bytes LIMIT 2`,
    ],
    [
      'asked-makes-room',
      'what somebody asked to have back makes no room',
      `grp = ? AND n <= ? AND \${unasked}`,
      `grp = ? AND n <= ?`,
    ],
    [
      'first-end-only',
      'the status says how far back the history reaches',
      `SET time_ms = max(time_ms, excluded.time_ms)`,
      `SET time_ms = min(time_ms, excluded.time_ms)`,
    ],
    [
      'ahead-once-empties',
      'a clock that is ahead once empties nothing',
      `const stepMaxMs = 86_400_000`,
      `const stepMaxMs = Number.POSITIVE_INFINITY`,
    ],
    [
      'pruned-by-the-clock',
      'only what was there for a retention of recorded time goes',
      `.get(agedMs - retentionMs)`,
      `.get(agedMs)`,
    ],
    [
      'behind-once-empties',
      'what was kept under a clock that was behind stays',
      `time_ms < ? AND n <= ? AND`,
      `time_ms < ? AND (n <= ? OR 1) AND`,
    ],
    [
      'asked-is-swept',
      'what somebody asked to have back outlasts the retention',
      `time_ms < ? AND n <= ? AND \${unasked}`,
      `time_ms < ? AND n <= ?`,
    ],
    [
      'one-retention',
      'the history has a retention of its own',
      `horizon(historyMs)`,
      `horizon(binMs + 0 * historyMs)`,
    ],
  ]),
  {
    id: 'ahead-often-empties',
    file: 'controller/store/history.ts',
    drops: 'what a clock recorded while it was ahead does not count',
    changes: [
      [`WHERE time_ms > ?').run(nowMs)`, `WHERE time_ms > ? AND 0').run(nowMs)`],
      [
        `Math.min(nowMs - Number(last?.time_ms ?? nowMs), stepMaxMs)`,
        `Math.min(Math.max(0, nowMs - Number(last?.time_ms ?? nowMs)), stepMaxMs)`,
      ],
    ],
  },
  ...mutantsOf('controller/store/keep.ts', [
    [
      'numbers-used-twice',
      'no number of the bin is used twice',
      `SELECT last_n + 1 AS n FROM tally`,
      `SELECT coalesce(max(n), 0) + 1 AS n FROM bin`,
    ],
  ]),
  ...mutantsOf('controller/core/replaced.ts', [
    [
      'joining-is-counted',
      'what lay in a folder before it was linked is no edit that counts',
      `copy === undefined || copy.revision === 0 || old`,
      `copy === undefined || old`,
    ],
    [
      'backup-is-counted',
      'what a backup shows is no edit that counts',
      `copy.revision === 0 || old)`,
      `copy.revision === 0)`,
    ],
    [
      'codec-is-counted',
      'fields that a newer codec reads first are no edit that counts',
      `!added.has(field)`,
      `added.size < 0 || field !== ''`,
    ],
    [
      'one-editor-of-a-set',
      'a set is everybody’s who changed it',
      `if (rule.merge !== undefined) return editors`,
      `if (rule.merge !== undefined) return editors.slice(0, 1)`,
    ],
  ]),
  ...mutantsOf('controller/core/guard.ts', [
    [
      'edits-not-counted',
      'edits are counted',
      `each.counted && each.replica === replica`,
      `each.counted && each.replica === restorer`,
    ],
    [
      'edits-counted-twice',
      'whoever edits one contact several times edits one',
      `!edited.has(link.id)`,
      `edited.size >= 0 || !edited.has(link.id)`,
    ],
    [
      'floor-lifts-count',
      'an explicit number stays the ceiling',
      `Math.min(maxPercent === 0 ? 0 : Math.max(share, minCount), maxCount)`,
      `Math.max(Math.min(share, maxCount), maxPercent === 0 ? 0 : minCount)`,
    ],
    [
      'floor-lifts-zero',
      '0 forbids, whatever the floor',
      `Math.min(maxPercent === 0 ? 0 : Math.max(share, minCount), maxCount)`,
      `Math.min(Math.max(share, minCount), maxCount)`,
    ],
    [
      'last-items-go',
      'whoever would delete the last contacts is set aside',
      `Math.max(0, items - 1 - others)`,
      `Math.max(0, items - others)`,
    ],
    [
      'two-hands-empty-it',
      'nor do two hands together',
      `Math.max(0, items - 1 - others)`,
      `Math.max(0, items - 1 - 0 * others)`,
    ],
    [
      'confirmed-is-counted',
      'a restoration that was seen whole and confirmed is free',
      `return restores && !confirmed`,
      `return restores && (!confirmed || confirmed)`,
    ],
    [
      'refused-begins-anew',
      'nothing of a deleted contact comes back while that is set aside',
      `revision > 0 || !links.has(id)`,
      `revision >= 0 || !links.has(id)`,
    ],
  ]),
  ...mutantsOf('controller/core/record.ts', [
    [
      'refused-is-done',
      'what the guard set aside is still wanted',
      `waits ? wanted.filter(({ confirmed }) => confirmed) : wanted`,
      `waits ? wanted : wanted`,
    ],
    [
      'history-of-what-won',
      'the history has what was agreed before',
      `const item = link.agreed\n`,
      `const item: Item | undefined = agreed\n`,
    ],
  ]),
  ...mutantsOf('controller/sync/decided.ts', [
    [
      'no-history',
      'what edits replace is kept',
      `kept: [...kept, ...history] },`,
      `kept: [...kept, ...history.slice(0, 0)] },`,
    ],
  ]),
  ...mutantsOf('controller/sync/reentered.ts', [
    [
      'any-namesake',
      'of two that a deleted contact may be it is neither',
      `one === undefined || others.length > 0`,
      `one === undefined || others.length < 0`,
    ],
    [
      'another-person',
      'a namesake who contradicts it is another person',
      `if (type.contradicts(each.item, agreed)) continue`,
      ``,
    ],
  ]),
]
