// The port of the state: what the controller remembers between two passes. One writer has it open at a time.
// test/conformance/state.ts says what every implementation does.
import type { GroupId } from '../../core/id.ts'
import type { Baseline } from '../ports.ts'
import type { Bin } from './bin.ts'

/** An open state. */
export interface State {
  /** The baseline of a group, which need not be known yet. */
  baseline(group: GroupId): Baseline
  readonly bin: Bin
  /** The groups of resources (with a uid) that hold folders. */
  groups(): Promise<readonly GroupId[]>
  /**
   * Forgets what is older than its retention: bin, history, journal, and what the guard counted; ms. An entry that
   * waits to be restored stays. Time counts only as far as it was recorded by earlier calls.
   */
  prune(nowMs: number, retention: Readonly<{ binMs: number; historyMs: number }>): Promise<void>
  /** Lets the next writer have it. Nothing may be called afterwards. */
  close(): Promise<void>
}
