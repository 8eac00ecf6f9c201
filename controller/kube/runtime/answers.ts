// Checks that an answer of the API server belongs to its question: a resource of the kind, namespace and name that
// were asked for. Anything else, from the API server or from a proxy before it, is an error: it is neither taken for a
// resource nor read as a missing one.
import { invalidAnswer } from './body.ts'
import type { KubeObject, ResourceKind } from './resource.ts'

/** The resources that a request asks for; an undefined field admits any value. */
export type Asked = Readonly<{
  namespace?: string | undefined
  name?: string | undefined
  uid?: string | undefined
}>

/** One page of a list; `more` is the token of the next page, undefined on the last one. */
export type Page<Kept> = Readonly<{
  items: readonly Kept[]
  version: string
  more: string | undefined
}>

/** An event of a watch. A bookmark carries only a version. */
export type WatchEvent<Kept> =
  | Readonly<{ type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: Kept; version: string }>
  | Readonly<{ type: 'BOOKMARK'; version: string }>
  | Readonly<{ type: 'ERROR' }>

type Fields = Readonly<Record<string, unknown>>

/** The deepest nesting that is accepted; no CRD of ours is half as deep. */
const depthMax = 64

/** The resource in an answer, without managedFields. Throws a transient SyncError ApiAnswerInvalid if it is another one, or none. */
export function resourceIn<Kept extends KubeObject>(
  kind: ResourceKind,
  asked: Asked,
  answer: unknown,
): Kept {
  const { apiVersion, kind: name, metadata, ...rest } = fieldsOf(answer, `no ${kind.kind}`)
  if (apiVersion !== kind.apiVersion || name !== kind.kind)
    throw invalidAnswer(`no ${kind.kind}, but another kind`)
  const { managedFields: _, deletionTimestamp, ...own } = metadataIn(kind, asked, metadata)
  if (isDeep(rest)) throw invalidAnswer(`a ${kind.kind} that is nested too deeply`)
  // Drops managedFields: they are as large as the rest, and no code here reads them.
  const ending = deletionTimestamp === null ? {} : { deletionTimestamp }
  const kept = { ...own, ...(deletionTimestamp !== undefined && ending) }
  return { apiVersion, kind: name, metadata: kept, ...rest } as unknown as Kept
}

/** A page of a list of the kind. Throws as `resourceIn` does. */
export function pageIn<Kept extends KubeObject>(
  kind: ResourceKind,
  asked: Asked,
  answer: unknown,
): Page<Kept> {
  const list = `${kind.kind}List`
  const { apiVersion, kind: name, metadata, items } = fieldsOf(answer, `no ${list}`)
  if (apiVersion !== kind.apiVersion || name !== list) throw invalidAnswer(`no ${list}`)
  if (!Array.isArray(items)) throw invalidAnswer(`a ${list} without items`)
  const { resourceVersion, continue: more } = fieldsOf(metadata, `a ${list} without metadata`)
  if (!isText(resourceVersion)) throw invalidAnswer(`a ${list} without a resourceVersion`)
  if (more !== undefined && typeof more !== 'string')
    throw invalidAnswer(`a ${list} with an odd token`)
  // The API server may leave out apiVersion and kind of the items in a list.
  const itemOf = (item: unknown) =>
    resourceIn<Kept>(kind, asked, {
      apiVersion: kind.apiVersion,
      kind: kind.kind,
      ...fieldsOf(item, `a ${list} with an item that is no ${kind.kind}`),
    })
  return { items: items.map(itemOf), version: resourceVersion, more: more || undefined }
}

/** An event of a watch of the kind. Throws as `resourceIn` does. */
export function eventIn<Kept extends KubeObject>(
  kind: ResourceKind,
  asked: Asked,
  answer: unknown,
): WatchEvent<Kept> {
  const { type, object } = fieldsOf(answer, 'no event')
  if (type === 'ERROR') return { type }
  if (type === 'BOOKMARK') {
    const { apiVersion, kind: name, metadata } = fieldsOf(object, 'an empty bookmark')
    const { resourceVersion } = fieldsOf(metadata, 'an empty bookmark')
    if (apiVersion !== kind.apiVersion || name !== kind.kind || !isText(resourceVersion))
      throw invalidAnswer(`a bookmark of something else than ${kind.kind}`)
    return { type, version: resourceVersion }
  }
  if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED')
    throw invalidAnswer('an event of an unknown type')
  const resource = resourceIn<Kept>(kind, asked, object)
  return { type, object: resource, version: resource.metadata.resourceVersion ?? '' }
}

function metadataIn(kind: ResourceKind, asked: Asked, value: unknown): Fields {
  const metadata = fieldsOf(value, `a ${kind.kind} without metadata`)
  const { namespace, name, uid, resourceVersion, labels, annotations, finalizers } = metadata
  const inside = kind.clusterWide === true || isText(namespace)
  const named = inside && [name, uid, resourceVersion].every(isText)
  if (!named) throw invalidAnswer(`a ${kind.kind} without a name, a uid or a version`)
  const other =
    (asked.namespace ?? namespace) !== namespace ||
    (asked.name ?? name) !== name ||
    (asked.uid ?? uid) !== uid
  if (other) throw invalidAnswer(`another ${kind.kind} than the requested one`)
  const { generation, creationTimestamp, deletionTimestamp } = metadata
  const sound =
    [labels, annotations].every(isTexts) &&
    (finalizers === undefined || (Array.isArray(finalizers) && finalizers.every(isText))) &&
    (generation === undefined || Number.isSafeInteger(generation)) &&
    [creationTimestamp, deletionTimestamp].every((time) => time == null || isText(time))
  if (!sound) throw invalidAnswer(`a ${kind.kind} with malformed metadata`)
  return metadata
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isTexts(value: unknown): boolean {
  if (value === undefined) return true
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every((each) => typeof each === 'string')
}

function fieldsOf(value: unknown, otherwise: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidAnswer(otherwise)
  return value as Fields
}

// Iterative: code that recurses over a deep answer later would overflow the stack and end the process.
function isDeep(value: unknown): boolean {
  const open: [unknown, number][] = [[value, 0]]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [inner, depth] = next
    if (typeof inner !== 'object' || inner === null) continue
    if (depth > depthMax) return true
    for (const each of Object.values(inner)) open.push([each, depth + 1])
  }
  return false
}
