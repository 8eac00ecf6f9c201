// Limits for answers. A server, or a single contact, may send any amount; too much is refused while it arrives, before it
// fills the memory. Only a few answers per server may be large at the same time; the others wait.

import { itemTooLarge } from '../core/scope.ts'
import { SyncError } from '../core/sync-error.ts'
import { Semaphore } from './semaphore.ts'

/** The default limit for a contact, bytes. A larger one is skipped. */
export const itemBytesUsual = 4 * 1024 * 1024

/** The limits of an answer. */
export type AnswerLimits = Readonly<{
  /** Its bytes as they arrive. */
  bytes: number
  /** The characters that are kept of it: text and attributes. */
  kept: number
}>

/** Open elements at the same time. */
export const depthMax = 100
/** Elements of one answer. */
export const elementsMax = 500_000
/** Elements that are kept at the same time. */
export const nodesMax = 200_000
/** Attributes of one element. */
export const attributesMax = 100
/** Response messages of one answer: no request asks for as many. */
export const messagesMax = 1000

/** An answer with this many characters counts as large. */
export const largeFrom = 1024 * 1024
const largeMax = 2

/** The limits for one server's answers. */
export class Intake {
  readonly itemBytes: number
  readonly limits: AnswerLimits
  readonly #large = new Semaphore(largeMax)

  /** `itemBytes`: the largest contact that is read, bytes. */
  constructor(itemBytes = itemBytesUsual) {
    this.itemBytes = itemBytes
    const least = 4 * 1024 * 1024
    // Escaped, a character takes up to six bytes; as a reference, up to ten.
    this.limits = {
      bytes: Math.max(4 * least, 8 * itemBytes),
      kept: Math.max(2 * least, itemBytes + least),
    }
  }

  /** Waits for room for a large answer; resolves with the function that releases it. Rejects if the signal aborts. */
  room(signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const held = () => new Promise<void>((leave) => resolve(leave))
      this.#large.run(held, signal).catch(reject)
    })
  }
}

/** The error for an answer above a limit. */
export function tooLarge(what: string): SyncError {
  return new SyncError(
    'transient',
    'AnswerTooLarge',
    `the server’s answer is too large (${what}) and was cut off; if this persists, check which server answers at spec.url`,
  )
}

/** The error for a contact above the limit. */
export function itemTooLargeError(itemBytes: number): SyncError {
  return new SyncError(
    'terminal',
    itemTooLarge,
    `the contact is larger than ${itemBytes} bytes (--max-contact-size): make it smaller, for example remove a picture or shorten its notes`,
  )
}
