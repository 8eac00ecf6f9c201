// A replica whose access is blocked, or whose server is resting. It counts as unreachable; no request is sent.
import type { Place } from '../api/topology.ts'
import type { Role } from '../core/model.ts'
import type { SyncError } from '../core/sync-error.ts'
import type { Checkpoint, Listing, Replica, Settled } from '../sync/ports.ts'

/** The Replica port whose methods all reject with the given error. */
export class Denied implements Replica {
  readonly role: Role
  readonly place: Place
  readonly #error: SyncError

  constructor(role: Role, place: Place, error: SyncError) {
    this.role = role
    this.place = place
    this.#error = error
  }

  observe(): Promise<Listing> {
    return this.#refused()
  }

  prepare(): Promise<Checkpoint> {
    return this.#refused()
  }

  read(): Promise<never> {
    return this.#refused()
  }

  create(): Promise<never> {
    return this.#refused()
  }

  update(): Promise<never> {
    return this.#refused()
  }

  remove(): Promise<never> {
    return this.#refused()
  }

  settle(): Promise<Settled> {
    return this.#refused()
  }

  async #refused(): Promise<never> {
    throw this.#error
  }
}
