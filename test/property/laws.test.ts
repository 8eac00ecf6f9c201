// The laws, on folders in memory: whatever users do and whatever fails, once all is healed everybody has
// the same, nothing is lost, doubled or leaked, and then all is quiet. RUNS and SEED come from the
// environment; a failure prints the seed and the shrunk history.
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import type { ReplicaId } from '../../controller/core/id.ts'
import { type Item, legal } from '../../controller/core/item.ts'
import type { Role } from '../../controller/core/link.ts'
import { type Act, type Counters, type Step, World } from './history.ts'
import { seeds } from './seeds.ts'

const runs = Number(process.env.RUNS ?? 400)
const counters: Counters = {}

const role = (id: string, part: Partial<Role> = {}): Role => ({
  id: id as ReplicaId,
  hub: false,
  writes: true,
  receives: true,
  drift: 'Revert',
  private: 'Skip',
  ...part,
})

const roles = [
  role('hub', { hub: true, private: 'Copy' }),
  role('ann'),
  role('bob'),
  role('jan', { writes: false }),
]

const act: fc.Arbitrary<Act> = fc.record({
  who: fc.nat(3),
  what: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('edit' as const, 'put' as const) },
    fc.constantFrom(
      'clear' as const,
      'remove' as const,
      'touch' as const,
      'copy' as const,
      'move' as const,
      'hide' as const,
      'twice' as const,
    ),
  ),
  which: fc.nat(7),
  field: fc.nat(3),
})

const step = (forgetful: boolean, restoring: boolean): fc.Arbitrary<Step> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ step: fc.constant('act' as const), act }) },
    {
      weight: 5,
      arbitrary: fc.record({
        step: fc.constant('pass' as const),
        events: fc.array(
          fc.record({
            at: fc.integer({ min: 1, max: 30 }),
            what: fc.constantFrom('fail' as const, 'lose' as const, 'die' as const),
          }),
          { maxLength: 2 },
        ),
        acts: fc.array(fc.record({ at: fc.integer({ min: 1, max: 30 }), act }), { maxLength: 2 }),
        full: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined, freq: 4 }),
      }),
    },
    fc.record({ step: fc.constant('offline' as const), who: fc.nat(3) }),
    ...(forgetful ? [fc.record({ step: fc.constant('forget' as const) })] : []),
    ...(restoring
      ? [
          {
            weight: 3,
            arbitrary: fc.record({ step: fc.constant('restore' as const), which: fc.nat(9) }),
          },
        ]
      : []),
  )

const history = (forgetful: boolean, restoring = false) =>
  fc.array(step(forgetful, restoring), { minLength: 3, maxLength: 24 })

// Somebody has deleted something, so that there is something to ask for from the beginning.
const binned: readonly Step[] = [
  { step: 'act', act: { who: 0, what: 'put', which: 0, field: 0 } },
  { step: 'act', act: { who: 0, what: 'put', which: 0, field: 0 } },
  { step: 'pass', events: [], acts: [] },
  { step: 'act', act: { who: 1, what: 'remove', which: 0, field: 0 } },
  { step: 'pass', events: [], acts: [] },
]

async function lived(
  steps: readonly Step[],
  habits: (world: World) => void = () => {},
): Promise<World> {
  const world = new World(roles, counters)
  habits(world)
  for (const each of steps) await world.take(each)
  world.heal()
  return world
}

// Users rest; at most four passes later everybody has the same.
async function demand(
  world: World,
  modulo: (item: string) => string = (item) => item,
): Promise<void> {
  for (let pass = 0; pass < 4; pass += 1) await world.pass()
  const hub = world.contents(0).map(modulo).sort()
  const shared = (item: Item) => item.Sensitivity !== 'Private'
  for (const index of [1, 2]) {
    expect(world.contents(index, shared).map(modulo).sort(), 'convergence').toEqual(hub)
  }
  const received = new Set(world.contents(3).map(modulo))
  expect(
    hub.filter((each) => !received.has(each)),
    'the receiver has everything',
  ).toEqual([])
  const before = world.writes()
  expect(await world.planned(), 'quiet: nothing planned').toBe(0)
  await world.pass()
  expect(world.writes() - before, 'quiet: nothing written').toBe(0)
  expect(world.lost(), 'nothing lost').toEqual([])
  expect(world.leaked(), 'nothing leaked').toEqual([])
  for (const [name, count] of world.identities(0)) {
    expect(count, `nothing doubled: ${name}`).toBeLessThanOrEqual(world.made.get(name) ?? 0)
  }
}

const options = { numRuns: runs }

test.each(seeds)('once: %s', async (_what, steps) => {
  await demand(await lived(steps))
})

test('whatever happens, all converge, and nothing is lost, doubled or leaked', async () => {
  await fc.assert(
    fc.asyncProperty(history(false), async (steps) => demand(await lived(steps))),
    options,
  )
}, 600_000)

test('forgetting the state at any moment is safe', async () => {
  await fc.assert(
    fc.asyncProperty(history(true), async (steps) => demand(await lived(steps))),
    options,
  )
}, 600_000)

test('what comes back from the bin at any moment breaks no law', async () => {
  await fc.assert(
    fc.asyncProperty(history(false, true), async (steps) =>
      demand(await lived([...binned, ...steps])),
    ),
    options,
  )
}, 600_000)

test('a server that rewrites what it is given starts no storm', async () => {
  const rewrite = (item: Item): Item => {
    const body = item.Body as Readonly<Record<string, string>> | undefined
    return {
      ...item,
      ...(body === undefined
        ? {}
        : {
            Body: {
              type: 'HTML',
              text: `<html><body>${legal(body.text ?? '')}<b>.</b></body></html>`,
            },
          }),
      FileAs: `${String(item.Surname)}, ${String(item.GivenName)}`,
    }
  }
  const rewritten = (text: string) =>
    (/<\d+>/.exec(text.split('JobTitle')[1] ?? '')?.[0] ?? '') + text.includes('Person')
  await fc.assert(
    fc.asyncProperty(history(false), async (steps) =>
      demand(
        await lived(steps, (world) => {
          for (const index of [1, 3])
            (world.folders[index] as World['folders'][number]).normalise = rewrite
        }),
        rewritten,
      ),
    ),
    options,
  )
}, 600_000)

afterAll(() => {
  for (const what of [
    'conflicts',
    'stale',
    'lost replies',
    'deaths',
    'forgotten',
    'offline',
    'copy',
    'move',
    'twice',
    'hide',
    'failed',
    'full',
    'restore Conflict',
    'restore Drift',
    'restore Deleted',
  ]) {
    expect(counters[what] ?? 0, `the generator reached: ${what}`).toBeGreaterThan(0)
  }
})
