// Probes a server with the smallest request: does it answer, does it accept the credentials, and which version is it? It
// asks for the account's own top folder (GetFolder). An error about that mailbox counts as an answer.
import type { SyncError } from '../core/sync-error.ts'
import { answerOf, envelopeXml, errorOf, messagesOf } from './envelope.ts'
import { question } from './sign-in.ts'
import type { Route, Transport } from './transport.ts'
import { at, type Node } from './xml.ts'

/** The answer to a probe. */
export type Probed = Readonly<{
  /** Such as 15.2.2562.17; undefined if the server reports none. */
  version: string | undefined
  /** The error about the mailbox, which counts as an answer. */
  fault: SyncError | undefined
  /** The server's clock, as in `Answer`. */
  serverDateMs: number | undefined
}>

/** The server's version; undefined if it reports none. Rejects with a SyncError. */
export async function probe(
  transport: Transport,
  route: Route,
  signal: AbortSignal,
): Promise<string | undefined> {
  return (await probed(transport, route, signal)).version
}

/** All that the server answers to a probe. Rejects with a SyncError. */
export async function probed(
  transport: Transport,
  route: Route,
  signal: AbortSignal,
): Promise<Probed> {
  const xml = envelopeXml(question, undefined)
  const { envelope, serverDateMs } = await transport.exchange('GetFolder', xml, route, signal)
  const [message] = messagesOf(answerOf(envelope))
  const fault = message === undefined ? undefined : errorOf(message)
  return { version: versionIn(envelope), fault, serverDateMs }
}

function versionIn(envelope: Node): string | undefined {
  const told = at(envelope, 'Header', 'ServerVersionInfo')?.attributes
  const parts = [
    told?.MajorVersion,
    told?.MinorVersion,
    told?.MajorBuildNumber,
    told?.MinorBuildNumber,
  ]
  const known = parts.filter((part) => part !== undefined && /^\d{1,5}$/.test(part))
  return known.length === 0 ? undefined : known.join('.')
}
