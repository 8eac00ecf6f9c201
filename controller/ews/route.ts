// Makes the replica of a participant: the kind of its place decides the adapter, the route and the account.
import { allowsPublicFolder } from '../api/allowed.ts'
import type { ExchangeServer } from '../api/resources.generated.ts'
import type { Participant, Place } from '../api/topology.ts'
import type { Role } from '../core/model.ts'
import type { Pace, Replica } from '../sync/ports.ts'
import type { Codec } from './codec.ts'
import { Control } from './folders.ts'
import { addressIn } from './identity.ts'
import { MailboxFolder } from './mailbox-folder.ts'
import type { Pool } from './pool.ts'
import { type Learnt, Premises } from './premises.ts'
import { PublicFolder, publicFoldersLimit } from './public-folder.ts'
import type { SignIn } from './sign-in.ts'
import type { Endpoint, Route, Transport } from './transport.ts'

/** The way to a server, and the known facts about its mailboxes. */
export type Way = Readonly<{
  server: ExchangeServer
  endpoint: Endpoint
  transport: Transport
  learnt: Learnt
  signIn: SignIn
}>

/** The inputs that the replicas of one pass share. */
export type Line = Way &
  Readonly<{
    codec: Codec
    pool: Pool
    now: () => number
    signal: AbortSignal
    pace: Pace | undefined
  }>

/** The replica of a participant, by the kind of its place. */
export function replicaOf(line: Line, { role, place }: Participant): Replica {
  return place.kind === 'publicFolder'
    ? publicFolderOf(line, role, place)
    : mailboxFolderOf(line, role, place)
}

function publicFolderOf(
  line: Line,
  role: Role,
  place: Extract<Place, { kind: 'publicFolder' }>,
): Replica {
  const { codec, endpoint, transport, pool, now, signal, server, pace } = line
  const { path } = place
  const account = addressIn(endpoint.identity)
  const route: Route = { anchor: account, limit: publicFoldersLimit, pace }
  const control = new Control(
    codec,
    transport,
    endpoint.url,
    route,
    { publicFolders: true },
    () => signal,
  )
  const premises = premisesOf(line, { mailbox: undefined, path, route, control })
  const allows = (names: readonly string[]) => allowsPublicFolder(server, names)
  const missing = role.hub
    ? { code: 'HubNotFound', field: 'spec.hub.publicFolder' }
    : { code: 'FolderNotFound', field: 'the member’s publicFolder' }
  const where = { codec, role, place, missing, transport, control, pool, account, allows, premises }
  return new PublicFolder({ ...where, now, pace })
}

function mailboxFolderOf(
  line: Line,
  role: Role,
  place: Extract<Place, { kind: 'mailbox' }>,
): Replica {
  const { mailbox, folder } = place
  const { codec, endpoint, transport, pool, signal, server, pace } = line
  const asOwner = server.spec.access === 'Impersonation'
  const route: Route = {
    actAs: asOwner ? mailbox : undefined,
    anchor: mailbox,
    limit: mailbox.toLowerCase(),
    pace,
  }
  const control = new Control(codec, transport, endpoint.url, route, { mailbox }, () => signal)
  const premises = premisesOf(line, { mailbox, path: folder, route, control })
  // A hub with a wrong path must not be created: the new, empty folder would look like a mass deletion.
  const missing = role.hub ? { code: 'HubNotFound', field: 'spec.hub' } : undefined
  const where = { codec, role, place, missing, transport, control, pool, route, asOwner, premises }
  return new MailboxFolder(where)
}

function premisesOf(
  { codec, transport, learnt, now, server }: Line,
  where: Readonly<{ mailbox: string | undefined; path: string; route: Route; control: Control }>,
): Premises {
  const { mailbox, path, route, control } = where
  const find = async () => {
    const lookup = await control.find(path)
    return lookup.found ? lookup.folder.id : undefined
  }
  const { home } = codec.type
  return new Premises({ home, server, transport, route, mailbox, learnt, now, find, path })
}
