// One office: an embedded Exchange, groups declared over it, a state that outlives the controller, and
// time that passes only when everybody waits. All in one process, so that any history can be told again.

import type { ExchangeServer, SyncGroup } from '../../controller/api/resources.generated.ts'
import type { GroupId } from '../../controller/core/id.ts'
import { openState, type SqliteState } from '../../controller/store/state.ts'
import type { Declared } from '../../controller/sync/ports.ts'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import type { Literal } from '../exchange/store/literal.ts'
import type { FolderHandle } from '../exchange/store/store.ts'
import { VirtualClock } from '../support/clock.ts'
import { accessesOf } from '../support/declaration.ts'

/** Somebody whose folder takes part. */
export type Colleague = Readonly<{
  name: string
  direction: 'TwoWay' | 'OneWay'
  /** What lies in the folder at first; undefined: there is no folder yet. */
  has?: readonly Literal[] | undefined
}>

/** One group of the office. */
export type Team = Readonly<{
  name: string
  members: readonly Colleague[]
  conflicts: SyncGroup['spec']['conflicts']
  drift: SyncGroup['spec']['drift']
  private: SyncGroup['spec']['private']
  guard: SyncGroup['spec']['guard']
}>

/** What an office begins with. */
export type Plan = Readonly<{
  hub: readonly Literal[]
  teams: readonly Team[]
  /** How many requests may be under way at once. */
  concurrency: number
  /** Habits of Exchange to switch off, so that what is stored is what was sent. */
  plain?: boolean
}>

/** Limits that never bite. */
export const free: SyncGroup['spec']['guard'] = {
  window: '24h',
  deletions: { maxPercent: 100, maxCount: 1e6 },
  publications: { maxCount: 1e6 },
  updates: { maxPercent: 100, maxCount: 1e6 },
  minCount: 0,
}

/** The account that the controller signs in with. */
export const account = 'sync@corp.example'
const password = 'sync-secret'

/** Where the hub lies, and every member's folder. */
export const hubPath = '/Team'
export const memberPath = 'Contacts/Team'

/** What there is. The state and the declarations may be replaced. */
export type Office = {
  readonly plan: Plan
  readonly exchange: Exchange
  readonly clock: VirtualClock
  readonly members: readonly Readonly<{ team: Team; who: Colleague }>[]
  state: SqliteState
  groups: readonly Declared[]
}

/** Opens the office, before any pass. */
export async function openOffice(
  plan: Plan,
  state: SqliteState = openState(':memory:'),
): Promise<Office> {
  const clock = new VirtualClock(Date.UTC(2026, 0, 5, 8))
  const members = plan.teams.flatMap((team) => team.members.map((who) => ({ team, who })))
  const exchange = await startExchange(
    {
      domain: 'corp.example',
      users: [
        { mailbox: account, password, impersonates: 'all' },
        ...members.map(({ who: { name, has } }) => ({
          mailbox: addressOf(name),
          password,
          ...(has === undefined ? {} : { folders: { [memberPath]: has } }),
        })),
      ],
      publicFolders: [
        { path: hubPath, permissions: { [account]: 'PublishingEditor' }, contacts: plan.hub },
      ],
    },
    { port: 'none', clock: () => clock.now(), ...(plan.plain ? { normalise: false } : {}) },
  )
  // The first pass comes later than the second in which the folder was filled.
  clock.advance(60_000)
  const groups = plan.teams.map((team) => declaredOf(plan, team, exchange.url))
  return { plan, exchange, clock, members, state, groups }
}

/** A colleague's address. */
export function addressOf(name: string): string {
  return `${name}@corp.example`
}

/** The hub's folder, as its editor sees it. */
export function hubOf({ exchange }: Office): FolderHandle {
  return exchange.store.publicFolder(hubPath).as('editor@corp.example')
}

/** A member's folder; it may not be there yet. */
export function folderOf({ exchange }: Office, name: string): FolderHandle {
  return exchange.store.mailbox(addressOf(name)).folder(memberPath)
}

/** Declares a group anew: other limits, or an approval. */
export function redeclare(
  office: Office,
  change: (group: SyncGroup) => SyncGroup,
  only: (id: GroupId) => boolean = () => true,
): void {
  office.groups = office.groups.map((declared) => {
    if (!only(declared.id)) return declared
    const generation = declared.generation + 1
    const group = change(declared.group)
    return { ...declared, group, generation, fingerprint: String(generation) }
  })
}

function declaredOf(plan: Plan, team: Team, url: string): Declared {
  const { name, members, guard, conflicts, drift } = team
  const server: ExchangeServer = {
    apiVersion: 'exchangesync.dev/v1alpha1',
    kind: 'ExchangeServer',
    metadata: { name: 'corp', namespace: 'sales' },
    spec: {
      url,
      auth: { type: 'Basic', secretRef: { name: 'account' } },
      access: 'Impersonation',
      interval: '5m',
      suspend: false,
      allowed: { namespaces: 'Same', folders: ['Contacts/*'], private: team.private === 'Copy' },
      limits: { concurrency: plan.concurrency, concurrencyPerMailbox: 1, requestTimeout: '60s' },
    },
  }
  const group: SyncGroup = {
    apiVersion: 'exchangesync.dev/v1alpha1',
    kind: 'SyncGroup',
    metadata: { name, namespace: 'sales' },
    spec: {
      serverRef: { name: 'corp' },
      items: 'Contacts',
      hub: { publicFolder: hubPath },
      direction: 'TwoWay',
      members: members.map((who) => ({
        mailbox: addressOf(who.name),
        publicFolder: '',
        direction: who.direction,
        folder: memberPath,
      })),
      conflicts,
      drift,
      private: team.private,
      guard,
      interval: '1m',
      retryInterval: '30s',
      timeout: '10m',
      suspend: false,
      deletionPolicy: 'Orphan',
    },
  }
  return {
    id: `sales/${name}` as GroupId,
    group,
    generation: 1,
    access: accessesOf(group, [server], { username: account, password }),
    fingerprint: '1',
    invalid: undefined,
    previous: undefined,
  }
}
