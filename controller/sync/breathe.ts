// Long work gives way now and then, so that probes, timers and other groups have their turn.
import { setImmediate } from 'node:timers/promises'

/** Lets everything else that is ready run first. */
export async function breathe(): Promise<void> {
  await setImmediate()
}

/** How many steps are taken between two breaths. */
const stepsMax = 64

/** Takes all steps of what is done step by step, with a breath now and then; what it comes to. */
export async function breathing<Result>(work: Generator<void, Result>): Promise<Result> {
  for (let step = 1; ; step += 1) {
    const next = work.next()
    if (next.done) return next.value
    if (step % stepsMax === 0) await breathe()
  }
}
