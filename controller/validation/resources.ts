// Reads SyncGroups, ExchangeServers and Secrets from YAML, with defaults, and reports all their
// faults.
//
//   files ──► YAML documents ──► resources ──► references ──► Loaded
//             documents.ts       schemas.ts    references.ts
//
// Documents of other API groups (a Kustomization, a Deployment, a ConfigMap) may be in the same files
// and are ignored.

import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { breathe } from '../sync/breathe.ts'
import { documentsOf, type Source, type YamlDocument } from './documents.ts'
import type { Draft, Resource, Secret } from './draft.ts'
import {
  type Fault,
  type Path,
  type Problem,
  pathText,
  type Ref,
  sorted,
  toldOf,
} from './problem.ts'
import { danglingReferences, duplicateResources } from './references.ts'
import { contracts, GROUP } from './schemas.ts'

/** One resource in a file. */
export type LoadedDocument = Readonly<{
  ref: Ref
  file: string
  /** The first line of its document; lines count from 1. */
  line: number
  /**
   * The resource as an API server would store it: with defaults and namespace, without a status; a
   * Secret has everything in `data`. Absent if the document itself is invalid, or a duplicate. With a
   * dangling reference it is present: it is valid, and the other resource may come later, as in a
   * cluster.
   */
  resource?: Resource
  /**
   * SHA-256, in hex, of the whole declaration without its status: changes whenever the declaration
   * changes.
   */
  hash: string
  problems: readonly Problem[]
}>

/**
 * The content of some files. `problems` are all problems, also those of the documents, sorted by
 * position.
 */
export type Loaded = Readonly<{
  documents: readonly LoadedDocument[]
  problems: readonly Problem[]
  /** The number of ignored documents of other kinds. */
  ignored: number
  /** The names of files without any document: empty, or only white space and comments. */
  blank: readonly string[]
}>

type Options = {
  externalSecrets?: boolean
  externalServers?: boolean
  allowed?: boolean
  namespace?: string
}
type Entry = Readonly<{ document: YamlDocument; base: Path; value: unknown }>
type Reading = Draft | Readonly<{ problems: readonly Problem[] }> | 'ignored'
/** The content of one file; `problems` are those of its YAML. */
type FileReading = Readonly<{
  name: string
  problems: readonly Problem[]
  readings: readonly Reading[]
  blank: boolean
  over: boolean
}>

const NAMESPACE = 'default'
const ENCRYPTED = 'is encrypted; decrypt it first (sops decrypt), or add --external-secrets'

/**
 * Reads resources from the texts of YAML files. Never throws, whatever they contain.
 * @param options.externalSecrets a Secret that is not in the files is no problem: it exists in the
 *   cluster only
 * @param options.externalServers the same for an ExchangeServer
 * @param options.namespace that of resources that name none; default: `default`
 * @param options.allowed a SyncGroup that its ExchangeServer does not allow is a problem
 */
export function readResources(files: readonly Source[], options: Options = {}): Loaded {
  return joined(
    files.map((file) => fileOf(file, options)),
    options,
  )
}

/** The same; yields to other work between two files. */
export async function readResourcesSoon(files: readonly Source[]): Promise<Loaded> {
  const read: FileReading[] = []
  for (const file of files) {
    read.push(fileOf(file, {}))
    await breathe()
  }
  return joined(read, {})
}

function fileOf(source: Source, options: Options): FileReading {
  const { documents, problems } = documentsOf(source)
  const entries = documents.flatMap(entriesOf)
  const readings = entries.map((entry) => readingOf(entry, options))
  const blank = documents.length + problems.length === 0
  return { name: source.name, problems, readings, blank, over: source.over === true }
}

function joined(read: readonly FileReading[], options: Options): Loaded {
  const readings = read.flatMap((file) => file.readings)
  const drafts = replaced(
    draftsIn(read.filter(({ over }) => !over)),
    draftsIn(read.filter(({ over }) => over)),
  )
  const twice = duplicateResources(drafts)
  const dangling = danglingReferences(drafts, options)
  const documents = drafts.map((draft) =>
    loadedOf(draft, twice.get(draft) ?? [], dangling.get(draft) ?? []),
  )
  const nameless = readings.flatMap((r) => (r !== 'ignored' && 'problems' in r ? r.problems : []))
  const problems = [
    ...read.map((file) => file.problems),
    nameless,
    documents.map((d) => d.problems),
  ]
  return {
    documents,
    problems: sorted(problems.flat(2)),
    ignored: readings.filter((reading) => reading === 'ignored').length,
    blank: read.filter(({ blank }) => blank).map(({ name }) => name),
  }
}

function draftsIn(read: readonly FileReading[]): readonly Draft[] {
  return read
    .flatMap(({ readings }) => readings)
    .filter((reading): reading is Draft => reading !== 'ignored' && 'ref' in reading)
}

/** The declared resources with those that replace them. A replaced resource keeps its uid and its age. */
function replaced(declared: readonly Draft[], over: readonly Draft[]): readonly Draft[] {
  if (over.length === 0) return declared
  const keyOf = ({ ref: { kind, namespace, name } }: Draft) => `${kind}/${namespace}/${name}`
  const before = new Map(declared.map((draft) => [keyOf(draft), draft.resource?.metadata]))
  const now = new Set(over.map(keyOf))
  const identified = over.map((draft): Draft => {
    const { resource } = draft
    const { uid, creationTimestamp } = before.get(keyOf(draft)) ?? {}
    if (resource === undefined || uid === undefined) return draft
    const metadata = { ...resource.metadata, uid, creationTimestamp }
    return { ...draft, resource: { ...resource, metadata } as Resource }
  })
  return [...declared.filter((draft) => !now.has(keyOf(draft))), ...identified]
}

/** A document, or the resources in a `List`. */
function entriesOf(document: YamlDocument): readonly Entry[] {
  return unpacked({ document, base: [], value: document.value })
}

function unpacked(entry: Entry): readonly Entry[] {
  const { kind, apiVersion, items } = fieldsOf(entry.value)
  const list = kind === 'List' || (groupOf(apiVersion) === GROUP && /List$/.test(String(kind)))
  if (!list || !Array.isArray(items)) return [entry]
  return items.flatMap((value, i) =>
    unpacked({ ...entry, base: [...entry.base, 'items', i], value }),
  )
}

function readingOf(entry: Entry, options: Options): Reading {
  const { document, base, value } = entry
  const { apiVersion, kind, metadata } = fieldsOf(value)
  const known = contracts().find((c) => c.apiVersion === apiVersion && c.kind === kind)
  if (known === undefined) {
    const fault = strangerFault(document, value)
    if (fault === undefined) return 'ignored'
    return { problems: [problemOf(document, base, fault)] }
  }
  const whole = known.defaulted(value)
  const faults = known.faults(whole)
  const { name, namespace } = fieldsOf(metadata)
  if (typeof name !== 'string' || name === '') {
    return { problems: toldOf(faults).map((fault) => problemOf(document, base, fault)) }
  }
  const ref = {
    kind: known.kind,
    namespace:
      typeof namespace === 'string' && namespace !== ''
        ? namespace
        : (options.namespace ?? NAMESPACE),
    name,
  }
  const draft = { ref, document, base, value, faults }
  // A Secret encrypted by SOPS looks like a Secret, but its values are of no use for Exchange.
  if (known.kind === 'Secret' && fieldsOf(value).sops !== undefined) {
    const fault: Fault = { path: ['sops'], at: 'key', message: ENCRYPTED }
    return { ...draft, faults: options.externalSecrets === true ? [] : [fault] }
  }
  return faults.length > 0 ? draft : { ...draft, resource: resourceOf(whole, ref) }
}

/**
 * The faults of a document of an unknown kind: none, unless it seems to be meant for this
 * controller.
 */
function strangerFault(document: YamlDocument, value: unknown): Fault | undefined {
  const { apiVersion, kind } = fieldsOf(value)
  const ours = contracts().filter((contract) => contract.kind !== 'Secret')
  const known = ours.map((contract) => `${contract.apiVersion} ${contract.kind}`).join(', ')
  const fault = (path: Path, message: string): Fault => ({ path, at: 'value', message })
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return fault([], 'must be a mapping with apiVersion, kind, metadata and spec')
  }
  if (groupOf(apiVersion) === GROUP) {
    const wrong = ours.some((contract) => contract.kind === kind) ? 'apiVersion' : 'kind'
    return fault([wrong], `is unknown; known are ${known}`)
  }
  const meant = ours.find((contract) => contract.kind === kind)
  if (meant !== undefined) return fault(['apiVersion'], `must be ${meant.apiVersion} for a ${kind}`)
  // A kustomization may leave out its apiVersion and kind.
  if (/^kustomization\.ya?ml$/i.test(basename(document.file))) return undefined
  if (typeof apiVersion !== 'string' || apiVersion === '') {
    return fault(['apiVersion'], `is required, but missing; known are ${known}, v1 Secret`)
  }
  if (typeof kind !== 'string' || kind === '') {
    return fault(['kind'], `is required, but missing; known are ${known}, v1 Secret`)
  }
  return undefined
}

/**
 * The valid resource with its namespace. A Secret's stringData is moved into its data, as an API server
 * does.
 */
function resourceOf(whole: unknown, { kind, namespace }: Ref): Resource {
  const { status: _, ...declared } = fieldsOf(whole)
  const resource = declared as unknown as Resource
  const metadata = { ...resource.metadata, namespace }
  if (kind !== 'Secret') return { ...resource, metadata } as Resource
  const { stringData = {}, ...secret } = resource as Secret
  const encoded = Object.entries(stringData).map(
    ([key, text]) => [key, Buffer.from(text).toString('base64')] as const,
  )
  return { ...secret, metadata, data: { ...secret.data, ...Object.fromEntries(encoded) } }
}

function loadedOf(
  draft: Draft,
  twice: readonly Fault[],
  dangling: readonly Fault[],
): LoadedDocument {
  const { ref, document, base, value, faults, resource } = draft
  const problems = toldOf([...faults, ...twice, ...dangling]).map((fault) => ({
    ...problemOf(document, base, fault),
    ref,
  }))
  return {
    ref,
    file: document.file,
    line: document.place(base).line,
    ...(resource !== undefined && twice.length === 0 && { resource }),
    hash: hashOf(resource ?? value),
    problems,
  }
}

function problemOf(document: YamlDocument, base: Path, { path, at, message }: Fault): Problem {
  const full = [...base, ...path]
  return { file: document.file, ...document.place(full, at), path: pathText(full), message }
}

function hashOf(value: unknown): string {
  const { status: _, ...declared } = fieldsOf(value)
  return createHash('sha256').update(canonical(declared)).digest('hex')
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function groupOf(apiVersion: unknown): string {
  return String(apiVersion ?? '').split('/')[0] ?? ''
}
