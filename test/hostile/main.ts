// `npm run test:hostile`: hostile servers, mailboxes, proxies and files against the real controller, beside a healthy
// group. Names of rooms or cases narrow it down; --alone gives each case a process of its own, --log prints what each logged. A table follows, and the
// line that counts. README.md says what is shown.
import { parseArgs } from 'node:util'
import { invalid, validated } from '../support/validation.ts'
import type { Room } from './case.ts'
import { lived, type Outcome } from './room.ts'
import { rooms } from './rooms.ts'

const validation = validated()
process.exitCode = await main()
process.exit()

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      alone: { type: 'boolean', default: false },
      log: { type: 'boolean', default: false },
    },
  })
  const chosen = chosenOf(positionals, values.alone)
  if (chosen.length === 0) {
    console.error(`there are ${rooms.map(({ name }) => name).join(', ')}, and the cases in them`)
    return 1
  }
  const outcomes: Outcome[] = []
  const live = async (some: readonly Room[]) => {
    for (const room of some) {
      const outcome = await lived(room)
      outcomes.push(outcome)
      show(outcome)
      if (values.log) console.log(outcome.life.log)
    }
  }
  const startMs = performance.now()
  await Promise.all(
    [true, undefined].map((waits) => live(chosen.filter((room) => room.waits === waits))),
  )
  console.log(`\n${((performance.now() - startMs) / 1000).toFixed(0)} s in all`)
  return summed(outcomes)
}

function chosenOf(names: readonly string[], alone: boolean): readonly Room[] {
  const wanted = (room: Room) =>
    names.length === 0 || names.includes(room.name)
      ? room.cases
      : room.cases.filter(({ name }) => names.includes(name))
  return rooms.flatMap((room) => {
    const cases = wanted(room)
    if (cases.length === 0) return []
    return alone
      ? cases.map((each) => ({ ...room, name: each.name, cases: [each] }))
      : [{ ...room, cases }]
  })
}

function show({ room, fates, life, carried, tookMs }: Outcome): void {
  const { seen, passes, gapMs, faults } = life
  const figures = [
    `${(tookMs / 1000).toFixed(1)} s`,
    `${Math.round(seen.memoryMb)} MB`,
    `frozen ${Math.round(seen.cpuMaxMs)} ms (${Math.round(seen.wallMaxMs)} by the clock, load ${seen.load.toFixed(1)})`,
    `${passes} healthy passes, longest wait ${(gapMs / 1000).toFixed(1)} s, ${carried} edits carried`,
    `log ${Math.round(life.log.length / 1024)} kB, metrics ${Math.round(life.metricsBytes / 1024)} kB`,
  ]
  console.log(`\n${room.name}: ${figures.join(', ')}`)
  for (const fault of faults) console.log(`  FAILED  ${fault}`)
  for (const { name, reason, afterMs, faults: own } of fates) {
    const after = Number.isNaN(afterMs) ? '' : `${(afterMs / 1000).toFixed(1)} s`
    console.log(
      `  ${own.length === 0 ? 'held  ' : 'FAILED'}  ${name.padEnd(22)} ${after.padStart(7)}  ${reason}`,
    )
    for (const fault of own) console.log(`          ${fault}`)
  }
}

function summed(outcomes: readonly Outcome[]): number {
  const cases = outcomes.flatMap(({ fates }) => fates)
  const failed = cases.filter(({ faults }) => faults.length > 0).length
  const rough = outcomes.filter(({ life }) => life.faults.length > 0)
  const most = (figure: (outcome: Outcome) => number) =>
    Math.round(Math.max(...outcomes.map(figure)))
  console.log(
    `\nmost memory ${most(({ life }) => life.seen.memoryMb)} MB, longest freeze ${most(({ life }) => life.seen.cpuMaxMs)} ms, ` +
      `longest wait of the healthy group ${most(({ life }) => life.gapMs)} ms`,
  )
  for (const { room } of rough)
    console.log(`${room.name}: the process did not live well; try ${room.name} --alone`)
  const wrong = invalid()
  for (const each of wrong) console.log(`not valid by the schemas: ${each}`)
  console.log(`${validation.messages} messages validated by the schemas`)
  const bad = failed + rough.length + wrong.length
  console.log(`${cases.length - failed} passed, ${bad} failed`)
  return bad === 0 ? 0 : 1
}
