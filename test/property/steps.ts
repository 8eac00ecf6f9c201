// What histories are made of: users' acts, passes and what happens to them, and what administrators do.
import type { Act } from './acts.ts'

/** One thing that happens to a pass: to its nth request, or at its nth write to the state. */
export type Event = Readonly<{
  at: number
  what: 'fail' | 'lose' | 'die' | 'die before commit' | 'die after commit' | 'no room'
}>

/** One step of a history. */
export type Step =
  | Readonly<{ step: 'act'; act: Act }>
  | Readonly<{
      step: 'pass'
      events: readonly Event[]
      acts: readonly Readonly<{ at: number; act: Act }>[]
      group?: number
      /** Before which of its requests the other group over the hub makes a whole pass. */
      amid?: number | undefined
    }>
  | Readonly<{ step: 'offline'; who: number }>
  | Readonly<{ step: 'forget'; group?: number }>
  | Readonly<{ step: 'restore'; group: number; back: number }>
  | Readonly<{ step: 'ask'; group: number; which: number }>
  | Readonly<{ step: 'leave'; who: number }>
  | Readonly<{ step: 'turn'; who: number }>
  | Readonly<{ step: 'approve'; group: number }>
  | Readonly<{ step: 'wait' }>
