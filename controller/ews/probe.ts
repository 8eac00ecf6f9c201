// Probes a server with the smallest request: does it answer, does it accept the credentials, and which version is it? It
// asks for the account's own top folder (GetFolder). An error about that mailbox counts as an answer.
import { envelopeXml } from './envelope.ts'
import { question } from './sign-in.ts'
import type { Route, Transport } from './transport.ts'
import { at, type Node } from './xml.ts'

/** The server's version, such as 15.2.2562.17; undefined if it reports none. Rejects with a SyncError. */
export async function probe(
  transport: Transport,
  route: Route,
  signal: AbortSignal,
): Promise<string | undefined> {
  const xml = envelopeXml(question, undefined)
  const { envelope } = await transport.exchange('GetFolder', xml, route, signal)
  return versionIn(envelope)
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
