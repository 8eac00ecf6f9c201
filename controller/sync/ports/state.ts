// The port of the state, which the controller keeps between two passes. One writer has it open at a time.
// test/conformance/state.ts says what every implementation does.
import type { GroupId } from '../../core/id.ts'
import type { Baseline } from '../ports.ts'
import type { Bin } from './bin.ts'

/** A size and its limit, bytes; the limit is infinite if there is none. */
export type Sized = Readonly<{ bytes: number; maxBytes: number }>

/**
 * The content in the bin and in the history, before encryption, and the files of the state with the size that their disk
 * allows.
 */
export type Sizes = Readonly<{ bin: Sized; history: Sized; files: Sized }>

/** An open state. */
export interface State {
  /** The baseline of a group; the group may still be unknown. */
  baseline(group: GroupId): Baseline
  readonly bin: Bin
  /** The groups of resources (with a uid) that hold folders. */
  groups(): Promise<readonly GroupId[]>
  /**
   * Deletes what is older than its retention (ms): bin, history, journal, and the effects that the guard counted. An
   * entry that waits to be restored stays. Time counts only as far as it was recorded by earlier calls.
   */
  prune(nowMs: number, retention: Readonly<{ binMs: number; historyMs: number }>): Promise<void>
  /** The sizes now. Reads only. */
  sizes(): Promise<Sizes>
  /** Releases the state for the next writer. Nothing may be called afterwards. */
  close(): Promise<void>
}
