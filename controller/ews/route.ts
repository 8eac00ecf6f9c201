// From a place to the replica in it: which route, which account, and that the server allows it.
import { allowsHub, denied, memberDenial } from '../api/allowed.ts'
import type { ExchangeServer } from '../api/resources.generated.ts'
import type { Cast, Place } from '../api/topology.ts'
import type { Pace, Replica } from '../sync/ports.ts'
import type { Codec } from './codec.ts'
import { Denied } from './denied.ts'
import { Control } from './folders.ts'
import { Member } from './mailbox-folder.ts'
import type { Pool } from './pool.ts'
import { type Learnt, Premises } from './premises.ts'
import { Hub } from './public-folder.ts'
import type { SignIn } from './sign-in.ts'
import type { Endpoint, Route, Transport } from './transport.ts'

/** How a server is reached, and what was learnt of its mailboxes. */
export type Way = Readonly<{
  server: ExchangeServer
  endpoint: Endpoint
  transport: Transport
  learnt: Learnt
  signIn: SignIn
}>

/** What the replicas of one pass share. */
export type Line = Way &
  Readonly<{
    codec: Codec
    pool: Pool
    now: () => number
    signal: AbortSignal
    pace: Pace | undefined
  }>

/** The account's address, where its user name is one. */
export function addressIn({ username }: Endpoint): string | undefined {
  return username.includes('@') ? username : undefined
}

/** The hub of a group. */
export function hubOf(line: Line, { role, path }: Cast['hub']): Replica {
  const { codec, endpoint, transport, pool, now, signal, server, pace } = line
  const account = addressIn(endpoint)
  const route: Route = { anchor: account, lane: 'hub', pace }
  const control = new Control(
    codec,
    transport,
    endpoint.url,
    route,
    { publicFolders: true },
    () => signal,
  )
  const premises = premisesOf(line, { mailbox: undefined, path, route, control })
  const allows = (names: readonly string[]) => allowsHub(server, names)
  const written = role.receives
  const where = { codec, role, path, transport, control, pool, account, written, allows, premises }
  return new Hub({ ...where, now, pace })
}

/** A member of a group, who rejects when the server does not allow them; `left`: it takes part no more. */
export function memberOf(line: Line, place: Place, left: boolean): Replica {
  const { role, mailbox, folder } = place
  const { codec, endpoint, transport, pool, signal, server, pace } = line
  const denial = memberDenial(place, server, left)
  if (denial !== undefined) return new Denied(role, denied(denial))
  const asOwner = server.spec.access === 'Impersonation'
  const route: Route = {
    actAs: asOwner ? mailbox : undefined,
    anchor: mailbox,
    lane: mailbox.toLowerCase(),
    pace,
  }
  const control = new Control(codec, transport, endpoint.url, route, { mailbox }, () => signal)
  const premises = premisesOf(line, { mailbox, path: folder, route, control })
  return new Member({
    codec,
    role,
    path: folder,
    transport,
    control,
    pool,
    route,
    asOwner,
    premises,
  })
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
