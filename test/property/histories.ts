// Makes histories up, and lives them.
import fc from 'fast-check'
import type { Act } from './acts.ts'
import { casts, free, type Setting, strict } from './casts.ts'
import { demand, type Modulo } from './demands.ts'
import type { Lived } from './kinds.ts'
import type { Step } from './steps.ts'
import { type Counters, World } from './world.ts'

/** What may happen in a history, besides users' acts, passes and their failures. */
export type Scope = Readonly<{
  /** Is the state forgotten, or an earlier one put back? */
  forgetful?: boolean
  /** Do members leave, come back and change their part? */
  moving?: boolean
  /** Do limits bite, and are refusals approved? */
  guarded?: boolean
  /** Does somebody ask for things in the bin? */
  asking?: boolean
}>

/** A history: under which rules, and what happens. */
export type History = Readonly<{ setting: Setting; steps: readonly Step[]; begun?: boolean }>

const bulk = ['fill', 'empty', 'rewrite'] as const
const rare = [
  'clear',
  'remove',
  'touch',
  'copy',
  'move',
  'hide',
  'twice',
  'mark',
  'unmark',
] as const

function acts({ guarded = false }: Scope): fc.Arbitrary<Act> {
  return fc.record({
    who: fc.nat(3),
    what: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('edit' as const, 'edit' as const, 'put' as const) },
      { weight: 2, arbitrary: fc.constantFrom(...rare) },
      ...(guarded ? [{ weight: 3, arbitrary: fc.constantFrom(...bulk) }] : []),
    ),
    which: fc.nat(4),
    field: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(3)),
  })
}

// Something is agreed already: only then can there be conflicts.
const settled: readonly Step[] = [
  { step: 'act', act: { who: 0, what: 'put', which: 0, field: 0 } },
  { step: 'act', act: { who: 1, what: 'put', which: 0, field: 0 } },
  { step: 'act', act: { who: 1, what: 'hide', which: 0, field: 0 } },
  ...[0, 1, 0, 1].map((group): Step => ({ step: 'pass', events: [], acts: [], group })),
]

// Something lies in the bin already: an edit that lost, and what was deleted.
const binned: readonly Step[] = [
  ...settled,
  { step: 'act', act: { who: 0, what: 'edit', which: 0, field: 0 } },
  { step: 'act', act: { who: 1, what: 'edit', which: 2, field: 0 } },
  { step: 'act', act: { who: 1, what: 'remove', which: 0, field: 0 } },
  { step: 'pass', events: [], acts: [], group: 0 },
]

const only = <Name extends Step['step']>(step: Name) => fc.constant(step)

function stepIn(scope: Scope): fc.Arbitrary<Step> {
  const act = acts(scope)
  const at = fc.integer({ min: 1, max: 30 })
  const event = fc.oneof(
    { weight: 3, arbitrary: fc.record({ at, what: fc.constantFrom('fail', 'lose', 'die') }) },
    fc.record({
      at: fc.integer({ min: 1, max: 8 }),
      what: fc.constantFrom('die before commit', 'die after commit', 'no room'),
    }),
  )
  const group = fc.nat(1)
  const who = fc.nat(3)
  const pass = fc.record({
    step: only('pass'),
    events: fc.array(event, { maxLength: 2 }),
    acts: fc.array(fc.record({ at, act }), { maxLength: 2 }),
    group,
    amid: fc.option(fc.integer({ min: 1, max: 15 }), { nil: undefined, freq: 2 }),
  })
  const { forgetful = false, moving = false, guarded = false, asking = false } = scope
  const back = fc.nat(3)
  return fc.oneof(
    { weight: 12, arbitrary: fc.record({ step: only('act'), act }) },
    { weight: 10, arbitrary: pass },
    { weight: 2, arbitrary: fc.record({ step: only('offline'), who }) },
    ...(forgetful
      ? [
          fc.record({ step: only('forget'), group }),
          fc.record({ step: only('restore'), group, back }),
        ]
      : []),
    ...(asking
      ? [{ weight: 3, arbitrary: fc.record({ step: only('ask'), group, which: fc.nat(9) }) }]
      : []),
    ...(moving
      ? [fc.record({ step: only('leave'), who }), fc.record({ step: only('turn'), who })]
      : []),
    ...(guarded
      ? [
          { weight: 3, arbitrary: fc.record({ step: only('approve'), group }) },
          fc.record({ step: only('wait') }),
        ]
      : []),
  ) as fc.Arbitrary<Step>
}

// Deleted in the hub, edited by two members, and two groups that look in the same moment, where there are two.
const struggle: fc.Arbitrary<readonly Step[]> = fc
  .record({
    acts: fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2), fc.nat(3), fc.nat(3)),
    amid: fc.integer({ min: 1, max: 15 }),
    group: fc.nat(1),
  })
  .map(({ acts: [gone, one, other, field, another], amid, group }): readonly Step[] => [
    { step: 'act', act: { who: 0, what: 'remove', which: gone, field: 0 } },
    { step: 'act', act: { who: 1, what: 'edit', which: one, field } },
    { step: 'act', act: { who: 2, what: 'edit', which: other, field: another } },
    { step: 'pass', events: [], acts: [], group, amid },
  ])

/** Any history within the scope. */
export function histories(scope: Scope, more: Partial<Setting> = {}): fc.Arbitrary<History> {
  const setting = fc.record({
    cast: fc.constantFrom(...(Object.keys(casts) as (keyof typeof casts)[])),
    policy: fc.constantFrom('HubWins', 'MemberWins', 'LatestWins', 'KeepBoth'),
    drift: fc.constantFrom('Revert', 'Ignore'),
    private: fc.constantFrom('Skip', 'Copy'),
  }) as fc.Arbitrary<Pick<Setting, 'cast' | 'policy' | 'drift' | 'private'>>
  const always = { limits: scope.guarded ? strict : free, rewrites: false, ...more }
  return fc.record({
    setting: setting.map((each): Setting => ({ ...each, ...always })),
    begun: scope.asking ? fc.constant(false) : fc.boolean(),
    steps: fc
      .array(
        fc.oneof(
          { weight: 30, arbitrary: stepIn(scope).map((step): readonly Step[] => [step]) },
          { weight: 1, arbitrary: struggle },
        ),
        { minLength: 3, maxLength: 24 },
      )
      .map((steps) => [...(scope.asking ? binned : []), ...steps.flat()]),
  })
}

/** Lives the history, and demands the laws. */
export async function live(
  { setting, steps, begun = false }: History,
  counters: Counters,
  {
    modulo,
    anyOrder = false,
    kind,
  }: Readonly<{ modulo?: Modulo; anyOrder?: boolean; kind?: Lived }> = {},
): Promise<void> {
  const world = new World(setting, counters, kind)
  world.anyOrder = anyOrder
  world.copying = steps.some(({ step }) => step === 'restore')
  for (const each of [...(begun ? settled : []), ...steps]) await world.take(each)
  await demand(world, modulo)
}
