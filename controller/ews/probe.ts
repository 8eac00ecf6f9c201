// Asks a server the least that tells whether it answers, takes the credentials, and of which version it is: for
// the account's own top folder (GetFolder). An error about that mailbox is an answer, too.
import { envelopeXml } from './envelope.ts'
import { question } from './sign-in.ts'
import type { Route, Transport } from './transport.ts'
import { at, type Node } from './xml.ts'

/** The version that the server tells, like 15.2.2562.17; undefined when it tells none. Rejects with a SyncError. */
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
