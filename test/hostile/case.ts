// What a hostile case is: somebody who does harm, on a server of its own or by a file, and what must become of it.
import type { Resource } from '../e2e/support.ts'

/** Hostile text carries this mark: it must reach no log and no metric. */
export const mark = 'Zq7hostile'

/** Contacts carry this one: it must reach no log, no metric and no status. */
export const nameMark = 'Zq7name'

/** A hostile server while it listens. */
export type Host = Readonly<{
  url: string
  /** Its certificate authority, PEM. */
  ca?: string
  /** How many requests, or connections, have come. */
  hits: () => number
  /** From now on it does no harm. */
  heal?: () => void
  /** What is wrong now, in words; asked again until it is nothing, then at the end. */
  wrong?: () => readonly string[]
  close: () => Promise<void>
}>

/** One neighbour: the group `contacts` of a namespace of its own, or files of the directory. */
export type Case = Readonly<{
  name: string
  /** Starts its server, in the process of the hosts. */
  open?: () => Promise<Host>
  /** The reasons that its group's Ready may have in the end; none: the group may say anything. */
  reasons?: RegExp
  /** What its message must name besides: the next step. */
  says?: RegExp
  /** How many requests must have come before it counts as tried; default: one. */
  hits?: number
  /** A forced pass must reach the server, whatever it said of waiting. */
  forced?: true
  members?: number
  /** What its ExchangeServer and its SyncGroup declare otherwise. */
  server?: Resource
  group?: Resource
  /** The credentials, where they are not a user name and a password. */
  secret?: (host: Host) => Resource
  /** Writes files among the declarations before the start. */
  files?: (directory: string) => void
  /** What the log must say of it. */
  logged?: RegExp
}>

/** Cases that live with one process, and one healthy group. */
export type Room = Readonly<{
  name: string
  cases: readonly Case[]
  /** Flags of the controller. */
  flags?: readonly string[]
  /** How long the healthy group may wait for its next pass at most, on a quiet machine; ms. */
  gapMaxMs?: number
  /** How many passes the healthy group makes after everybody was tried. */
  passes?: number
}>

/** The password of a case's account: it must be found nowhere. */
export const passwordOf = (name: string) => `pass-Zq7secret-${name}`

/** The domain of a case's mailboxes: no two companies have one in common. */
export const domainOf = (name: string) => `${name}.example`

/** The account that a case signs in with. */
export const accountOf = (name: string) => `sync@${domainOf(name)}`

/** The address of a member. */
export const memberOf = (name: string, n: number) => `m${n}@${domainOf(name)}`
