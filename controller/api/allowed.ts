// Checks what an ExchangeServer allows (spec.allowed), in one place: the namespaces of groups, hubs, mailboxes,
// folders, directions, private items, and the ceilings of the guard. A participant that is not allowed is unreachable;
// it does not count as removed.
//
//   checked for …              before any request to Exchange         again, with Exchange's answer
//   a reference to a server    namespace
//   the hub, on its server     private
//   a member, on its own       private, direction
//   a public folder            hubs                                   the folder's actual place
//   a mailbox folder           mailbox, folder                        primary address, the folder's actual place
//
// Guarantees: a message names declared things only, never others. So a denial reads the same if the denied thing exists
// or not.

import { SyncError } from '../core/sync-error.ts'
import { folded, namesIn } from './path.ts'
import {
  matches,
  matchesPath,
  type PathPattern,
  type Pattern,
  pathPatternOf,
  patternOf,
} from './pattern.ts'
import type { ExchangeServer, ExchangeServerAllowed, SyncGroup } from './resources.generated.ts'
import { type Labels, namespacesIn, selects } from './selector.ts'
import { namespaceOf, type Participant, type Place, type ServerRef } from './topology.ts'

/** A denied request of a group: its field, and the reason. */
export type Denial = Readonly<{
  field: 'serverRef' | 'publicFolder' | 'private' | 'mailbox' | 'folder' | 'direction'
  message: string
}>

/** A namespace: its labels, `missing` if it does not exist, or `unreadable` if this controller may not read it. */
export type NamespaceLook = Labels | 'missing' | 'unreadable'

/** The code of a denial. */
export const notAllowed = 'NotAllowed'

/** The denial as a terminal error: only a changed declaration ends it. */
export function denied({ message }: Pick<Denial, 'message'>): SyncError {
  return new SyncError('terminal', notAllowed, message)
}

/** Does the server select namespaces by labels? */
export function needsLabels(server: ExchangeServer): boolean {
  return namespacesIn(allowedOf(server).namespaces).kind === 'selector'
}

/** The denial for a server that selects namespaces by labels, if none can be read (in a directory); else undefined. */
export function labelsDenial(server: ExchangeServer | undefined): Denial | undefined {
  if (server === undefined || !needsLabels(server)) return undefined
  return { field: 'serverRef', message: unreadable(server.metadata.name ?? '') }
}

/** The fault in the form of spec.allowed.namespaces; undefined without one. */
export function namespacesFault(value: unknown): string | undefined {
  const namespaces = namespacesIn(value)
  return namespaces.kind === 'invalid' ? namespaces.why : undefined
}

/**
 * Why a group of this namespace may not refer to the server; undefined if it may. A missing server of another namespace
 * (`server` undefined) is denied in the same words. `look` reads the group's namespace.
 */
export function namespaceDenial(
  group: SyncGroup,
  { name, namespace: own = namespaceOf(group) }: ServerRef,
  server: ExchangeServer | undefined,
  look: () => NamespaceLook,
): Denial | undefined {
  const namespace = namespaceOf(group)
  const deny = (message: string): Denial => ({ field: 'serverRef', message })
  const usual = `the namespace ${namespace} may not use the ExchangeServer ${name} of the namespace ${own}, if there is one: have it added to its spec.allowed.namespaces, or name another server`
  if (server === undefined) return own === namespace ? undefined : deny(usual)
  const allowed = namespacesIn(allowedOf(server).namespaces)
  switch (allowed.kind) {
    case 'All':
      return undefined
    case 'Same':
      return own === namespace ? undefined : deny(usual)
    case 'names':
      return allowed.names.includes(namespace) ? undefined : deny(usual)
    case 'invalid':
      return own === namespace
        ? deny(`spec.allowed.namespaces of the ExchangeServer ${name}: ${allowed.why}`)
        : deny(usual)
    case 'selector': {
      const labels = look()
      // Only groups of the server's own namespace learn that it has a selector.
      if (labels === 'unreadable') return deny(own === namespace ? unreadable(name) : usual)
      return labels !== 'missing' && selects(allowed.demands, labels) ? undefined : deny(usual)
    }
  }
}

function unreadable(name: string): string {
  return `spec.allowed.namespaces.selector of the ExchangeServer ${name} needs the labels of namespaces, which this controller cannot read (in a directory and with --watch-namespace never, else with the rights get, list and watch on namespaces): list the namespaces by name`
}

/**
 * Why a declared participant may not take part on its server; undefined if it may. `policy`: the group's treatment of
 * private items. `left`: a former participant, for which neither direction nor private items are checked.
 */
export function participantDenial(
  { role, place }: Participant,
  policy: SyncGroup['spec']['private'],
  server: ExchangeServer,
  left = false,
): Denial | undefined {
  const { private: copies, directions } = allowedOf(server)
  const direction = role.writes ? 'TwoWay' : 'OneWay'
  const denial = placeDenial(place, server, role.hub)
  if (denial !== undefined || left) return denial
  if (policy === 'Copy' && !copies)
    return {
      field: 'private',
      message: `spec.private is Copy, which needs spec.allowed.private of ${titled(server)}: set it there, or spec.private to Skip`,
    }
  if (!role.hub && directions !== undefined && !directions.includes(direction))
    return {
      field: 'direction',
      message: `the direction ${direction} is not in spec.allowed.directions of ${titled(server)}: have it added there, or give the member another direction`,
    }
  return undefined
}

function placeDenial(place: Place, server: ExchangeServer, hub: boolean): Denial | undefined {
  const other = hub ? 'name another one in spec.hub' : 'remove the member'
  if (place.kind === 'publicFolder')
    return allowsPublicFolder(server, namesIn(place.path))
      ? undefined
      : {
          field: 'publicFolder',
          message: `the public folder ${place.path} is not in spec.allowed.hubs of ${titled(server)}, nor is one above it: have it added there, or ${other}`,
        }
  if (!allowsMailbox(server, place.mailbox))
    return {
      field: 'mailbox',
      message: `the mailbox ${place.mailbox} is not in spec.allowed.mailboxes of ${titled(server)}: have it added there, or ${other}`,
    }
  if (!allowsFolder(server, namesIn(place.folder)))
    return {
      field: 'folder',
      message: `the folder ${place.folder} is not in spec.allowed.folders of ${titled(server)}: have it added there, or name another folder`,
    }
  return undefined
}

/** May the public folder with these names take part? */
export function allowsPublicFolder(server: ExchangeServer, names: readonly string[]): boolean {
  const { hubs } = allowedOf(server)
  return hubs === undefined || hubs.some((prefix) => begins(names, namesIn(prefix)))
}

/** May the mailbox with this address take part? */
export function allowsMailbox(server: ExchangeServer, address: string): boolean {
  const { mailboxes } = allowedOf(server)
  if (mailboxes === undefined) return true
  const { domains, globs } = compiled(mailboxes, addressesOf)
  const [local, domain] = halvesOf(folded(address))
  if (local === undefined || domain === '') return false
  return (
    domains.has(domain) ||
    globs.some(([of, at]) => (of === undefined || matches(of, local)) && matches(at, domain))
  )
}

/** May the mailbox folder with these names, outermost first, take part? */
export function allowsFolder(server: ExchangeServer, names: readonly string[]): boolean {
  const patterns = compiled(allowedOf(server).folders, (paths) => paths.map(pathPatternOf))
  return patterns.some((pattern) => matchesPath(pattern, names))
}

/** The fields that need a check of Exchange's answer; not those that allow everything. */
export function restrictions(
  server: ExchangeServer,
): Readonly<Record<'hubs' | 'mailboxes' | 'folders', boolean>> {
  const { hubs, mailboxes, folders } = allowedOf(server)
  const all = folders.some((path) => namesIn(path).length === 1 && namesIn(path)[0] === '*')
  return { hubs: hubs !== undefined, mailboxes: mailboxes !== undefined, folders: !all }
}

/** The name of a server for messages. */
export function titled({ metadata: { name = '' } }: ExchangeServer): string {
  return `the ExchangeServer ${name}`
}

const usual: ExchangeServerAllowed = { namespaces: 'Same', folders: ['Contacts/*'], private: false }

/** The rules of a server; declarations without the field (of older versions) get the defaults. */
export function allowedOf({ spec: { allowed } }: ExchangeServer): ExchangeServerAllowed {
  return { ...usual, ...(allowed as Partial<ExchangeServerAllowed> | undefined) }
}

function begins(names: readonly string[], prefix: readonly string[]): boolean {
  return (
    prefix.length > 0 &&
    prefix.length <= names.length &&
    prefix.every((name, index) => folded(name) === folded(names[index] ?? ''))
  )
}

type Addresses = Readonly<{
  domains: ReadonlySet<string>
  /** The part before the `@`, undefined without one, and the domain. */
  globs: readonly (readonly [Pattern | undefined, Pattern])[]
}>

function addressesOf(entries: readonly string[]): Addresses {
  const halves = entries.map((entry) => halvesOf(folded(entry)))
  const whole = ([local = '*', domain]: Halves) => local === '*' && !domain.includes('*')
  return {
    domains: new Set(halves.filter(whole).map(([, domain]) => domain)),
    globs: halves
      .filter((each) => !whole(each))
      .map(
        ([local, domain]) =>
          [local === undefined ? local : patternOf(local), patternOf(domain)] as const,
      ),
  }
}

type Halves = readonly [string | undefined, string]

function halvesOf(text: string): Halves {
  const at = text.lastIndexOf('@')
  return at < 0 ? [undefined, text] : [text.slice(0, at), text.slice(at + 1)]
}

const made = new WeakMap<readonly string[], Addresses | readonly PathPattern[]>()

// Parses each declared list once.
function compiled<Made extends Addresses | readonly PathPattern[]>(
  list: readonly string[],
  make: (list: readonly string[]) => Made,
): Made {
  const known = (made.get(list) as Made | undefined) ?? make(list)
  made.set(list, known)
  return known
}
