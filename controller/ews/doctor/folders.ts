// Examines the folders of one group: is each there, may the account use it, and do its rights suffice for its role?
// A few folders at a time, one after the other within a folder. Nothing is created: a member's folder that does not exist
// yet is one that the controller will create.
import { allowsPublicFolder } from '../../api/allowed.ts'
import { namesIn } from '../../api/path.ts'
import { accessFor } from '../../api/references.ts'
import {
  itemTypeOf,
  type Participant,
  participantsOf,
  pathIn,
  type ServerName,
  titleOf,
} from '../../api/topology.ts'
import { syncErrorOf } from '../../core/sync-error.ts'
import type { Declared } from '../../sync/ports.ts'
import type { FolderState } from '../folder-state.ts'
import { demandReadable, demandWritable, getFolder } from '../folder-state.ts'
import type { Lookup } from '../folders.ts'
import { addressIn } from '../identity.ts'
import { codecOf } from '../items.ts'
import { noMailboxFolder, noPublicFolder } from '../missing-folder.ts'
import { findItem } from '../operations.ts'
import { publicFolderRoute } from '../public-folder.ts'
import {
  actsAsOwner,
  type Entry,
  entryTo,
  missingMailboxFolder,
  missingPublicFolder,
  type Way,
} from '../route.ts'
import type { Tools } from './bench.ts'
import { type Finding, Findings } from './finding.ts'
import {
  accountIn,
  impersonationLine,
  permissionLine,
  publicFolderLine,
  recipientLine,
} from './shell.ts'

/** The ways to the examined servers; undefined for one whose folders cannot be looked at. */
export type Ways = ReadonlyMap<ServerName, Way | undefined>

/** One folder to look at, with what its checks need. */
type Visit = Participant &
  Entry &
  Readonly<{
    codec: ReturnType<typeof codecOf>
    way: Way
    findings: Findings
    signal: AbortSignal
    account: string
  }>

/** The most folders that are looked at at the same time. */
const atOnce = 6

/** Examines the folders of a group, hub first, that are on one of these servers. */
export async function* groupFindings(
  declared: Declared,
  ways: Ways,
  tools: Tools,
): AsyncGenerator<Finding> {
  const { id, group, deleted } = declared
  const subject = `SyncGroup ${id}`
  const own = new Findings(subject)
  const idle = group.spec.suspend ? 'spec.suspend is true' : deleted ? 'it is being deleted' : ''
  if (idle !== '') {
    yield own.unknown('references', `not checked: ${idle}`)
    return
  }
  if (declared.broken !== undefined) {
    yield own.failed('references', declared.broken, tools.signal)
    return
  }
  if (declared.invalid !== undefined)
    yield own.missing('references', `its last valid version is in use: ${declared.invalid}`)
  const { all } = participantsOf(group)
  const there = all.filter(({ place }) => ways.has(place.server))
  const [hub, ...members] = there.map(
    (participant) => () => participantFindings(declared, participant, ways, tools),
  )
  if (hub !== undefined) yield* await hub()
  for await (const findings of inParallel(members, atOnce)) yield* findings
}

// The results as they come, of at most `most` tasks at a time.
async function* inParallel<Result>(
  tasks: readonly (() => Promise<Result>)[],
  most: number,
): AsyncGenerator<Result> {
  const running = new Map<number, Promise<readonly [number, Result]>>()
  let next = 0
  while (next < tasks.length || running.size > 0) {
    for (; next < tasks.length && running.size < most; next += 1) {
      const n = next
      const task = tasks[n]
      if (task !== undefined)
        running.set(
          n,
          task().then((result) => [n, result] as const),
        )
    }
    const [n, result] = await Promise.race(running.values())
    running.delete(n)
    yield result
  }
}

async function participantFindings(
  declared: Declared,
  participant: Participant,
  ways: Ways,
  { clock, signal }: Tools,
): Promise<readonly Finding[]> {
  const { role, place } = participant
  const findings = new Findings(`SyncGroup ${declared.id} ${role.hub ? 'hub' : titleOf(place)}`)
  const way = ways.get(place.server)
  if (way === undefined)
    return [findings.unknown('access', `not checked: see ExchangeServer ${place.server}`)]
  const access = accessFor(declared, participant)
  if (access.state === 'blocked') return [findings.failed('references', access.error, signal)]
  const codec = codecOf(itemTypeOf(declared.group))
  const now = () => clock.now()
  const entry = entryTo({ ...way, codec, now, signal, pace: undefined }, place)
  const account = accountIn(way.endpoint.identity)
  const visit: Visit = { ...participant, ...entry, codec, way, findings, signal, account }
  return visited(visit)
}

async function visited(visit: Visit): Promise<readonly Finding[]> {
  const { place, control, premises, findings, signal, way } = visit
  const owner = actsAsOwner(way.server)
  let lookup: Lookup
  try {
    await premises.demandMailbox(signal)
    lookup = await control.find(pathIn(place))
  } catch (error) {
    return [findings.failed('access', error, signal, accessRemedy(visit, error))]
  }
  const access = findings.ok(
    'access',
    place.kind === 'publicFolder'
      ? 'the account reads the public folders'
      : owner
        ? 'the account may act for the mailbox'
        : 'the account reads the mailbox as a delegate',
  )
  if (!lookup.found) return [access, await absent(visit, lookup)]
  const folder = findings.ok('folder', `${pathIn(place)} exists`)
  return [access, folder, ...(await present(visit, lookup.folder.id))]
}

async function absent(visit: Visit, lookup: Extract<Lookup, { found: false }>): Promise<Finding> {
  const { role, place, findings, signal, way, account } = visit
  if (place.kind === 'publicFolder') {
    const allows = (names: readonly string[]) => allowsPublicFolder(way.server, names)
    const error = noPublicFolder(place.path, lookup, allows, missingPublicFolder(role))
    const above = namesIn(lookup.parent)
    const made = publicFolderLine(above, lookup.missing[0] ?? '')
    const shown = permissionLine(account, place, role.receives)
    const remedy = `if it does not exist: ${made}; then, or if the account does not see it: ${shown}`
    return findings.failed('folder', error, signal, remedy)
  }
  const missing = missingMailboxFolder(role)
  if (missing !== undefined)
    return findings.failed('folder', noMailboxFolder(place.mailbox, place.folder, missing), signal)
  const created = `${place.folder} does not exist yet: the controller creates it`
  if (actsAsOwner(way.server)) return findings.ok('folder', created)
  return delegated(visit, lookup, created)
}

// As a delegate: the account may create the folder only with the right to do so in the folder above.
async function delegated(
  { place, role, control, codec, route, findings, signal, way, account }: Visit,
  { parent }: Extract<Lookup, { found: false }>,
  created: string,
): Promise<Finding> {
  const remedy = permissionLine(account, place, role.receives)
  const lacking = `the account sees no folder ${pathIn(place)}, and may not create it in ${parent}`
  try {
    const above = namesIn(parent).length === 0 ? undefined : await control.find(parent)
    if (above === undefined)
      return findings.unknown('folder', `${created} if the account may; else: ${remedy}`)
    if (!above.found) return findings.missing('folder', lacking, remedy)
    const ask = { folder: above.folder.id }
    const { rights } = await way.transport.call(getFolder(codec), ask, route, signal)
    return rights.subfolders
      ? findings.ok('folder', created)
      : findings.missing('folder', lacking, remedy)
  } catch (error) {
    return findings.failed('folder', error, signal, remedy)
  }
}

async function present(visit: Visit, folder: string): Promise<readonly Finding[]> {
  const { role, place, codec, route, premises, findings, signal, way, account } = visit
  let state: FolderState
  try {
    state = await way.transport.call(getFolder(codec), { folder }, route, signal)
    await premises.demandPlace(state, signal)
  } catch (error) {
    return [findings.failed('folder', error, signal)]
  }
  try {
    demandReadable(state, codec)
    if (role.receives) demandWritable(state)
  } catch (error) {
    const aboutClass = syncErrorOf(error).code === 'WrongFolderClass'
    if (aboutClass) return [findings.failed('folder', error, signal)]
    const remedy = permissionLine(account, place, role.receives)
    return [findings.failed('rights', error, signal, remedy)]
  }
  const rights = findings.ok(
    'rights',
    role.receives ? 'items may be read, created, changed and deleted' : 'items may be read',
  )
  if (place.kind === 'mailbox') return [rights]
  return [rights, await routed(visit, state)]
}

// The hierarchy is asked in one mailbox, and items in the one that holds the folder's content: one item shows whether
// requests arrive there.
async function routed(
  { codec, findings, signal, way }: Visit,
  { id, contentMailbox }: FolderState,
): Promise<Finding> {
  const account = addressIn(way.endpoint.identity)
  const route = publicFolderRoute(account, contentMailbox)
  const byAddress = account !== undefined && contentMailbox !== undefined
  try {
    await way.transport.call(findItem(codec), { folder: id, offset: 0, size: 1 }, route, signal)
    return findings.ok(
      'routing',
      byAddress
        ? `the items are in the public folder mailbox ${contentMailbox}`
        : 'the items are answered without naming their public folder mailbox',
    )
  } catch (error) {
    const remedy =
      account === undefined
        ? 'use a user principal name (user@domain) in the Secret, so that requests can name the public folder mailbox'
        : undefined
    return findings.failed('routing', error, signal, remedy)
  }
}

const denied = [
  'ErrorImpersonateUserDenied',
  'ErrorImpersonationDenied',
  'ErrorImpersonationFailed',
]
const unknownMailbox = [
  'ErrorNonExistentMailbox',
  'ErrorMissingEmailAddress',
  'ErrorNonPrimarySmtpAddress',
]
const unseen = ['ErrorAccessDenied', 'ErrorFolderNotFound', 'ErrorItemNotFound']

function accessRemedy({ place, role, account, way }: Visit, error: unknown): string | undefined {
  const { code } = syncErrorOf(error)
  if (place.kind === 'publicFolder')
    return unseen.includes(code) ? permissionLine(account, place, role.receives) : undefined
  if (denied.includes(code)) return impersonationLine(account, place.mailbox)
  if (unknownMailbox.includes(code))
    return `correct the address in the SyncGroup; at the server: ${recipientLine(place.mailbox)}`
  if (!unseen.includes(code)) return undefined
  return actsAsOwner(way.server)
    ? impersonationLine(account, place.mailbox)
    : permissionLine(account, place, role.receives)
}
