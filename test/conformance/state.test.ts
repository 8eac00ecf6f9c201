// The suites of the Baseline, State and Bin ports, over SQLite: in a file that is closed and opened again. The Baseline
// suite also over the state in memory that the laws copy and put back.
import { describe } from 'vitest'
import { stateOver } from '../../controller/store/port.ts'
import { openState } from '../../controller/store/state.ts'
import { openMemory } from '../property/memory.ts'
import { directory, keyOfBytes } from '../support/state.ts'
import { conformsToBaseline } from './baseline.ts'
import { conformsToBin } from './bin.ts'
import { group } from './changes.ts'
import { conformsToState, type StateOptions, type StatePlace } from './state.ts'

describe('SQLite', () => {
  describe('a baseline', () => conformsToBaseline(() => baselineOf()))
  describe('a state', () => conformsToState((options) => openPlace(options)))
  describe('a bin', () => conformsToBin((options) => openPlace(options)))
})

describe('SQLite, encrypted', () => {
  const key = keyOfBytes(7)
  describe('a baseline', () => conformsToBaseline(() => baselineOf(key)))
  describe('a bin', () => conformsToBin((options) => openPlace(options, key)))
})

describe('the state in memory of the laws', () => {
  conformsToBaseline(async () => {
    let memory = openMemory(group)
    return {
      baseline: memory.baseline,
      reopened: async () => {
        const copied = memory.copy()
        memory.close()
        memory = openMemory(group, copied)
        return memory.baseline
      },
      close: async () => memory.close(),
    }
  })
})

async function openPlace(
  options: StateOptions = {},
  key?: ReturnType<typeof keyOfBytes>,
): Promise<StatePlace> {
  const place = directory()
  const opened = (binMaxBytes = options.binMaxBytes) =>
    stateOver(openState(place, { key, ...(binMaxBytes !== undefined && { binMaxBytes }) }))
  let state = opened()
  return {
    state,
    reopened: async (binMaxBytes) => {
      await state.close()
      state = opened(binMaxBytes)
      return state
    },
    close: () => state.close(),
  }
}

async function baselineOf(key?: ReturnType<typeof keyOfBytes>) {
  const { state, reopened, close } = await openPlace({}, key)
  return {
    baseline: state.baseline(group),
    reopened: async () => (await reopened()).baseline(group),
    close,
  }
}
