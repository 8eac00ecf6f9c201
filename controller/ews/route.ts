// Makes the replica of a participant: the kind of its place decides the adapter, the route and the account.
import { allowsPublicFolder } from '../api/allowed.ts'
import type { ExchangeServer } from '../api/resources.generated.ts'
import { type Participant, type Place, pathIn } from '../api/topology.ts'
import type { Role } from '../core/model.ts'
import type { Pace, Replica } from '../sync/ports.ts'
import type { Codec } from './codec.ts'
import { Control } from './folders.ts'
import { addressIn } from './identity.ts'
import { MailboxFolder } from './mailbox-folder.ts'
import type { Missing } from './missing-folder.ts'
import type { Pool } from './pool.ts'
import { type Learnt, Premises } from './premises.ts'
import { PublicFolder, publicFolderRoute } from './public-folder.ts'
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
  const { codec, endpoint, transport, pool, now, server, pace } = line
  const { route, control, premises } = entryTo(line, place)
  const where = { codec, role, transport, control, pool, premises }
  if (place.kind === 'mailbox') {
    const asOwner = actsAsOwner(server)
    return new MailboxFolder({
      ...where,
      place,
      route,
      asOwner,
      missing: missingMailboxFolder(role),
    })
  }
  const account = addressIn(endpoint.identity)
  const allows = (names: readonly string[]) => allowsPublicFolder(server, names)
  const missing = missingPublicFolder(role)
  return new PublicFolder({ ...where, place, account, allows, missing, now, pace })
}

/** The ways into a place: the route of its requests, its folders, and the checks before a folder is used. */
export type Entry = Readonly<{ route: Route; control: Control; premises: Premises }>

/** The ways into a place. Requests nothing. */
export function entryTo(line: Omit<Line, 'pool'>, place: Place): Entry {
  const { codec, endpoint, transport, learnt, now, signal, server, pace } = line
  const mailbox = place.kind === 'mailbox' ? place.mailbox : undefined
  const route: Route =
    mailbox === undefined
      ? { ...publicFolderRoute(addressIn(endpoint.identity), undefined), pace }
      : {
          actAs: actsAsOwner(server) ? mailbox : undefined,
          anchor: mailbox,
          limit: mailbox.toLowerCase(),
          pace,
        }
  const start = mailbox === undefined ? { publicFolders: true as const } : { mailbox }
  const control = new Control(codec, transport, endpoint.url, route, start, () => signal)
  const path = pathIn(place)
  const find = async () => {
    const lookup = await control.find(path)
    return lookup.found ? lookup.folder.id : undefined
  }
  const { home } = codec.type
  const where = { home, server, transport, route, mailbox, learnt, now, find, path }
  return { route, control, premises: new Premises(where) }
}

/** Does the account act as the owner of each mailbox, who sees every folder? */
export function actsAsOwner({ spec }: ExchangeServer): boolean {
  return spec.access === 'Impersonation'
}

/** The error to report if a public folder does not exist. */
export function missingPublicFolder({ hub }: Pick<Role, 'hub'>): Missing {
  return hub
    ? { code: 'HubNotFound', field: 'spec.hub.publicFolder' }
    : { code: 'FolderNotFound', field: 'the member’s publicFolder' }
}

/** The error to report if a mailbox folder does not exist; undefined: the controller creates it. */
export function missingMailboxFolder({ hub }: Pick<Role, 'hub'>): Missing | undefined {
  // A hub with a wrong path must not be created: the new, empty folder would look like a mass deletion.
  return hub ? { code: 'HubNotFound', field: 'spec.hub' } : undefined
}
