// The changed resources of `exsync plan --against FILE…`: read, validated, and compared with those that they replace.
import { isDeepStrictEqual } from 'node:util'
import { invalidArguments, SyncError } from '../../core/sync-error.ts'
import type { Source } from '../../validation/documents.ts'
import type { Resource } from '../../validation/draft.ts'
import { type Problem, problemText, type Ref } from '../../validation/problem.ts'
import { type LoadedDocument, readResources } from '../../validation/resources.ts'
import { sourceOf } from '../environment.ts'

/** A proposed resource, and the parts of its spec that differ from the declared one. */
export type ProposedChange = Ref &
  Readonly<{ change: 'Added' | 'Changed' | 'Same'; fields: readonly string[] }>

/** The changed resources, each valid on its own. */
export type Against = Readonly<{
  sources: readonly Source[]
  documents: readonly LoadedDocument[]
}>

/**
 * Reads the files. References may lead to resources that are declared elsewhere. Rejects with a terminal SyncError if a
 * file cannot be read, or holds no resource or an invalid one; `note` gets each problem.
 */
export async function againstIn(
  files: readonly string[],
  note: (message: string) => void,
): Promise<Against> {
  const sources: Source[] = []
  for (const file of files) sources.push({ ...(await sourceOf(file)), over: true })
  const elsewhere = { externalSecrets: true, externalServers: true }
  const { documents, problems } = readResources(sources, elsewhere)
  for (const problem of problems) note(problemText(problem))
  if (problems.length > 0)
    throw new SyncError(
      'terminal',
      'InvalidSpec',
      `nothing is planned: correct ${namesOf(problems)} first`,
    )
  const empty = files.find((name) => !documents.some(({ file }) => file === name))
  if (empty !== undefined)
    throw invalidArguments(
      `--against ${empty} holds no SyncGroup, ExchangeServer or Secret: name a file with a changed resource`,
    )
  return { sources, documents }
}

function namesOf(problems: readonly Problem[]): string {
  return [...new Set(problems.map(({ file }) => file))].join(', ')
}

/** The differences of the proposed resources from the declared ones. `declared`: the resource of this name, if there is one. */
export function changesOf(
  documents: readonly LoadedDocument[],
  declared: (ref: Ref) => Resource | undefined,
): readonly ProposedChange[] {
  return documents.map(({ ref, resource }) => {
    const before = declared(ref)
    if (before === undefined) return { ...ref, change: 'Added', fields: [] }
    const fields = fieldsBetween(before, resource)
    return { ...ref, change: fields.length === 0 ? 'Same' : 'Changed', fields }
  })
}

// The fields one level below the spec. Of a Secret only that it differs: its content is not compared in detail.
function fieldsBetween(before: Resource, now: Resource | undefined): readonly string[] {
  if (before.kind === 'Secret' || now?.kind === 'Secret')
    return isDeepStrictEqual(partOf(before, 'data'), partOf(now, 'data')) ? [] : ['data']
  const [was, is] = [partOf(before, 'spec'), partOf(now, 'spec')]
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])].sort()
  return names
    .filter((name) => !isDeepStrictEqual(was[name], is[name]))
    .map((name) => `spec.${name}`)
}

function partOf(
  resource: Resource | undefined,
  part: 'spec' | 'data',
): Readonly<Record<string, unknown>> {
  return (resource as Partial<Record<typeof part, Record<string, unknown>>>)?.[part] ?? {}
}

/**
 * Refuses a proposed ExchangeServer with another address or certificate authority, unless the user names the hosts that they
 * trust: its credentials would be sent there, and the files may be those of a proposal that is not reviewed yet.
 */
export function refuseOtherHosts(
  changes: readonly ProposedChange[],
  hosts: readonly string[],
): void {
  const leads = ['spec.url', 'spec.tls']
  const odd = changes.find(
    ({ kind, change, fields }) =>
      kind === 'ExchangeServer' &&
      (change === 'Added' || leads.some((field) => fields.includes(field))),
  )
  if (odd === undefined || hosts.length > 0) return
  throw invalidArguments(
    `nothing is planned: ${changeNote(odd)}, and credentials would be sent there: name the hosts that you trust with --allowed-server-hosts`,
  )
}

/** One line about a proposed resource: `SyncGroup sales/company-contacts changes: spec.members`. */
export function changeNote({ kind, namespace, name, change, fields }: ProposedChange): string {
  const what = `${kind} ${namespace}/${name}`
  if (change === 'Added') return `${what} is new`
  return change === 'Same' ? `${what} is as declared` : `${what} changes: ${fields.join(', ')}`
}
