// Reads the body of an answer: SOAP, or something else in its place.
import { SyncError } from '../core/sync-error.ts'
import { statusError } from './http-errors.ts'
import type { Intake } from './intake.ts'
import type { Incoming } from './network.ts'
import type { Pause } from './pause.ts'
import type { Node } from './xml.ts'
import { parsed } from './xml-reader.ts'

/** How to read an answer: as a whole, or message by message. `begin` is called at every attempt. */
export type Reading = Readonly<{ begin?: () => (message: Node) => void }>

// With `each`, the wait of a busy server is taken over message by message, too.
function heeding({ begin }: Reading, pause: Pause): Reading {
  if (begin === undefined) return {}
  const both = (each: (message: Node) => void) => (message: Node) => {
    pause.heedMessage(message)
    each(message)
  }
  return { begin: () => both(begin()) }
}

/** The inputs of reading an answer. `nowMs`: our own clock, ms since 1970. */
export type SoapSite = Readonly<{
  intake: Intake
  pause: Pause
  nowMs: number
  signal: AbortSignal
}>

/** The envelope of an answer, read as `reading` says. Rejects with a SyncError if it is not an envelope. */
export async function soapIn(
  response: Incoming,
  reading: Reading,
  { intake, pause, nowMs, signal }: SoapSite,
): Promise<Node> {
  const { begin } = heeding(reading, pause)
  let empty = true
  const bytes = async function* () {
    for await (const chunk of response.body) {
      empty &&= chunk.length === 0
      yield chunk
    }
  }
  try {
    const room = () => intake.room(signal)
    return await parsed(bytes(), { each: begin?.(), limits: intake.limits, room })
  } catch (error) {
    if (error instanceof SyncError && error.code === 'NotXml') {
      if (response.status === 500) throw statusError(response, nowMs)
      throw notEws(empty ? 'nothing' : 'a web page')
    }
    throw error
  }
}

function notEws(what: string): SyncError {
  return new SyncError(
    'transient',
    'NotEws',
    `the server answered with ${what} instead of EWS: check that spec.url ends in /EWS/Exchange.asmx and that no proxy or sign-in page answers in its place`,
  )
}
