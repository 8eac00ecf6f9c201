// How much of an answer is taken in. A server, or a single contact, may send any amount: what is too much is refused
// while it comes, before it fills the memory. So many answers are large at once for each server, and the others wait.

import { itemTooLarge } from '../core/scope.ts'
import { SyncError } from '../core/sync-error.ts'
import { Semaphore } from './semaphore.ts'

/** The bytes of a contact above which it is left alone, when nothing else is said. */
export const itemBytesUsual = 4 * 1024 * 1024

/** The most of an answer. */
export type AnswerLimits = Readonly<{
  /** Its bytes, as they come. */
  bytes: number
  /** Characters that are kept of it: text and attributes. */
  kept: number
}>

/** Elements that are open at once. */
export const depthMax = 100
/** Elements of one answer. */
export const elementsMax = 500_000
/** Elements that are kept at once. */
export const nodesMax = 200_000
/** Attributes of one element. */
export const attributesMax = 100
/** Response messages of one answer: no request asks for as many. */
export const messagesMax = 1000

/** From so many characters on an answer is a large one. */
export const largeFrom = 1024 * 1024
const largeMax = 2

/** What one server's answers may be. */
export class Intake {
  readonly itemBytes: number
  readonly limits: AnswerLimits
  readonly #large = new Semaphore(largeMax)

  /** `itemBytes`: the bytes of the largest contact that is taken in. */
  constructor(itemBytes = itemBytesUsual) {
    this.itemBytes = itemBytes
    const least = 4 * 1024 * 1024
    // Escaped, a character may take six bytes, and ten in a reference.
    this.limits = {
      bytes: Math.max(4 * least, 8 * itemBytes),
      kept: Math.max(2 * least, itemBytes + least),
    }
  }

  /** Waits for room for a large answer; resolves with what gives it back. Rejects when the signal aborts. */
  room(signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const held = () => new Promise<void>((leave) => resolve(leave))
      this.#large.run(held, signal).catch(reject)
    })
  }
}

/** The answer holds more than is taken in. */
export function tooLarge(what: string): SyncError {
  return new SyncError(
    'transient',
    'AnswerTooLarge',
    `the server’s answer is too large (${what}), and was not read to its end; should it stay so, look at what answers at spec.url`,
  )
}

/** A contact that is too large. */
export function itemTooLargeError(itemBytes: number): SyncError {
  return new SyncError(
    'terminal',
    itemTooLarge,
    `the contact is larger than ${itemBytes} bytes (--max-contact-size): make it smaller`,
  )
}
