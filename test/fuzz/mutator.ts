// What a mutator is, and the two forms that most of them have: one says what the server is asked, one changes
// what the server said.
import type { Fault } from '../exchange/http/fault.ts'
import type { Ask, Reply } from '../simulation/life.ts'
import type { Chance } from './chance.ts'

/**
 * What TLS does not keep out, and must never do harm: `damage`. What is well-formed and not true: a `lie` that the
 * controller must see through in the end; or one that no client can tell from the truth (`hidden`, with the reason).
 */
export type Kind = 'damage' | 'lie' | 'hidden'

/**
 * Earlier true answers, the newest last: to the same operation for the same mailbox, for other mailboxes, and to other
 * operations for the same mailbox.
 */
export type Past = Readonly<{
  own: readonly string[]
  others: readonly string[]
  foreign: readonly string[]
}>

/** A request, as a mutator sees it. */
export type Scene = Readonly<{
  operation: string
  /** The request's text. */
  body: string
  ask: Ask
  chance: Chance
  past: Past
  nowMs: number
  /** Lets time pass. */
  wait: (ms: number) => void
  /** What mutators write down for themselves, for the length of a history. */
  notes: Map<string, string>
  /** Aborts when nobody waits any more. */
  enough: AbortSignal
}>

/** What comes back, and whether anything was changed: a mutator may find nothing to do in an answer. */
export type Effect = Readonly<{ reply: Reply | undefined; met: boolean }>

/** One way in which answers go wrong. */
export type Mutator = Readonly<{
  name: string
  kind: Kind
  /** Why no client can tell: of a `hidden` one. */
  why?: string
  /** The operations that it is for; undefined: all. */
  of?: RegExp
  /** Goes on until the passes with mutations end, once it has begun. */
  lasts?: boolean
  /** What it does not concern must go on while it lasts, and what does not is named in the status. */
  isolated?: boolean
  apply: (scene: Scene) => Promise<Effect>
}>

/** Changes the text of a good answer; undefined where there is nothing to change. */
export function changing(
  change: (xml: string, scene: Scene) => string | Uint8Array | undefined,
): Mutator['apply'] {
  return async (scene) => {
    const reply = await scene.ask()
    if (reply?.status !== 200 || typeof reply.body !== 'string') return { reply, met: false }
    const body = change(reply.body, scene)
    if (body === undefined || body === reply.body) return { reply, met: false }
    return { reply: { ...reply, body }, met: true }
  }
}

/** Lets a fault of the embedded Exchange happen. */
export function faulting(fault: (scene: Scene) => Fault | undefined): Mutator['apply'] {
  return async (scene) => {
    const what = fault(scene)
    if (what === undefined) return { reply: await scene.ask(), met: false }
    return { reply: await scene.ask(undefined, what), met: true }
  }
}

/** Operations that write items. */
export const writes = /^(Create|Update|Delete)Item$/
