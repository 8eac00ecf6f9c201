// The objects of a Kubernetes API server in memory, as far as the controller has to do with them: versions, generations,
// finalizers, conflicts, server-side apply of a status, and a history that watches read. What it does is held against a
// real server: test/conformance/apiserver.ts.
import { contracts } from '../../controller/validation/schemas.ts'

/** Any object. */
export type Stored = Readonly<{
  apiVersion: string
  kind: string
  metadata: Readonly<Record<string, unknown>> & Readonly<{ name: string; namespace: string }>
  [field: string]: unknown
}>
/** One change. */
export type Change = Readonly<{
  version: number
  type: 'ADDED' | 'MODIFIED' | 'DELETED'
  object: Stored
}>
/** A refusal, as an HTTP status and Kubernetes' own word. */
export class Refused extends Error {
  readonly status: number
  readonly reason: string
  constructor(status: number, reason: string) {
    super(reason)
    this.status = status
    this.reason = reason
  }
}

type Fields = Readonly<Record<string, unknown>>
const fieldManager = 'exchange-sync-controller'

/** The kinds that are served, by their plural. */
export const served: Readonly<Record<string, Readonly<{ apiVersion: string; kind: string }>>> = {
  syncgroups: { apiVersion: 'exchangesync.dev/v1alpha1', kind: 'SyncGroup' },
  exchangeservers: { apiVersion: 'exchangesync.dev/v1alpha1', kind: 'ExchangeServer' },
  secrets: { apiVersion: 'v1', kind: 'Secret' },
  leases: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
  events: { apiVersion: 'events.k8s.io/v1', kind: 'Event' },
}

/** All objects, and what became of them. */
export class Objects {
  readonly #all = new Map<string, Stored>()
  readonly #changes = new Map<string, Change[]>()
  readonly #listeners = new Set<() => void>()
  #version = 1
  #made = 0
  #compacted = 0

  /** The version of the last change. */
  get version(): number {
    return this.#version
  }

  /** What happened before this version is not known any more. */
  get compacted(): number {
    return this.#compacted
  }

  /** Forgets what happened until now. */
  compact(): void {
    this.#compacted = this.#version
    this.#changes.clear()
  }

  /** Changes of a kind after a version. */
  since(plural: string, version: number): readonly Change[] {
    return (this.#changes.get(plural) ?? []).filter((change) => change.version > version)
  }

  /** Calls at each change. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The objects of a kind, in order of their names. */
  list(plural: string): readonly Stored[] {
    const found = [...this.#all].filter(([key]) => key.startsWith(`${plural}/`))
    return found.sort(([one], [other]) => (one < other ? -1 : 1)).map(([, object]) => object)
  }

  /** One object. Throws Refused when there is none. */
  get(plural: string, namespace: string, name: string): Stored {
    const found = this.#all.get(`${plural}/${namespace}/${name}`)
    if (found === undefined) throw new Refused(404, 'NotFound')
    return found
  }

  /** A new object. */
  create(plural: string, namespace: string, body: Fields): Stored {
    const { metadata = {}, ...rest } = body as { metadata?: Fields }
    const name = String(metadata.name)
    if (this.#all.has(`${plural}/${namespace}/${name}`)) throw new Refused(409, 'AlreadyExists')
    this.#made += 1
    const own = {
      ...metadata,
      name,
      namespace,
      uid: `uid-${this.#made}`,
      creationTimestamp: new Date(this.#made * 1000).toISOString().replace(/\.\d+/, ''),
      generation: 1,
    }
    const status = hasStatus(plural) ? { status: { observedGeneration: -1 } } : {}
    return this.#put(plural, 'ADDED', { ...rest, ...served[plural], ...status, metadata: own })
  }

  /** A merge patch; the last finalizer of what is deleted takes it away. */
  merge(plural: string, namespace: string, name: string, patch: Fields): Stored {
    const before = this.get(plural, namespace, name)
    const { uid, resourceVersion = '' } = (patch.metadata ?? {}) as Fields
    // A uid by itself is a field that may not be changed.
    if (resourceVersion === '' && uid !== undefined && uid !== before.metadata.uid)
      throw new Refused(422, 'Invalid')
    refuseOthers(before, patch)
    const { status: _, ...change } = patch
    return this.#changed(plural, before, merged(before, change) as Stored)
  }

  /** Another object in its place. */
  replace(plural: string, namespace: string, name: string, body: Fields): Stored {
    const before = this.get(plural, namespace, name)
    refuseOthers(before, body)
    const { metadata = {}, ...rest } = body as { metadata?: Fields }
    const { finalizers, annotations, labels } = metadata
    const own = { ...before.metadata, finalizers, annotations, labels }
    const kept = hasStatus(plural) ? { status: before.status } : {}
    return this.#changed(plural, before, { ...rest, ...kept, metadata: own } as unknown as Stored)
  }

  /** Server-side apply of a status: the applier's conditions that it leaves out go, another's stay. */
  applyStatus(plural: string, namespace: string, name: string, body: Fields): Stored {
    const before = this.get(plural, namespace, name)
    // Of a status that is applied the uid is not looked at.
    const { resourceVersion } = (body.metadata ?? {}) as Fields
    refuseOthers(before, { metadata: { resourceVersion } })
    const mine = new Set((before.metadata.applied as string[] | undefined) ?? [])
    const old = (before.status ?? {}) as { conditions?: { type: string }[] }
    const now = (body.status ?? {}) as { conditions?: { type: string }[] }
    const others = (old.conditions ?? []).filter(
      ({ type }) => !mine.has(type) && !now.conditions?.some((each) => each.type === type),
    )
    const fields = Object.entries(old).filter(([key]) => !mine.has(`.${key}`))
    const conditions = [...(now.conditions ?? []), ...others]
    const status = { ...Object.fromEntries(fields), ...now, conditions }
    const applied = [
      ...(now.conditions ?? []).map(({ type }) => type),
      ...Object.keys(now).map((key) => `.${key}`),
    ]
    const metadata = { ...before.metadata, applied }
    return this.#changed(plural, before, { ...before, metadata, status })
  }

  /** Of JSON patches, those of a status that test and remove. */
  patchStatus(plural: string, namespace: string, name: string, patches: readonly Fields[]): Stored {
    const before = this.get(plural, namespace, name)
    const after = structuredClone(before) as Stored
    for (const { op, path, value } of patches) {
      const parts = String(path).split('/').slice(1)
      const last = parts.pop() ?? ''
      const inner = parts.reduce<Fields>((each, part) => each?.[part] as Fields, after)
      if (inner?.[last] === undefined) throw new Refused(422, 'Invalid')
      if (op === 'test' && inner[last] !== value) throw new Refused(422, 'Invalid')
      if (op !== 'remove') continue
      if (Array.isArray(inner)) inner.splice(Number(last), 1)
      else delete (inner as Record<string, unknown>)[last]
    }
    return this.#changed(plural, before, after)
  }

  /** Deletes: at once, or as soon as the last finalizer is gone. */
  remove(plural: string, namespace: string, name: string): Stored {
    const before = this.get(plural, namespace, name)
    const { finalizers = [], deletionTimestamp } = before.metadata as {
      finalizers?: string[]
    } & Fields
    if (finalizers.length === 0) return this.#gone(plural, before)
    if (deletionTimestamp !== undefined) return before
    const metadata = { ...before.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' }
    return this.#put(plural, 'MODIFIED', { ...before, metadata })
  }

  #changed(plural: string, before: Stored, after: Stored): Stored {
    const { finalizers = [], deletionTimestamp } = after.metadata as {
      finalizers?: string[]
    } & Fields
    if (deletionTimestamp !== undefined && finalizers.length === 0) return this.#gone(plural, after)
    const same = JSON.stringify(before.spec) === JSON.stringify(after.spec)
    const generation = Number(before.metadata.generation) + (same ? 0 : 1)
    return this.#put(plural, 'MODIFIED', { ...after, metadata: { ...after.metadata, generation } })
  }

  #gone(plural: string, object: Stored): Stored {
    this.#all.delete(keyOf(plural, object))
    return this.#noted(plural, 'DELETED', object)
  }

  #put(plural: string, type: Change['type'], object: unknown): Stored {
    const now = withDefaults(object as Stored)
    const kept = this.#noted(plural, type, now)
    this.#all.set(keyOf(plural, kept), kept)
    return kept
  }

  #noted(plural: string, type: Change['type'], object: Stored): Stored {
    this.#version += 1
    const version = this.#version
    const metadata = { ...object.metadata, resourceVersion: String(version) }
    const now = { ...object, metadata }
    const changes = this.#changes.get(plural) ?? []
    changes.push({ version, type, object: now })
    this.#changes.set(plural, changes)
    for (const listener of [...this.#listeners]) listener()
    return now
  }
}

/** As it goes over the wire. */
export function shownOf({ metadata: { applied: _, ...metadata }, ...rest }: Stored): Fields {
  const managedFields = [{ manager: fieldManager, operation: 'Apply' }]
  return { ...rest, metadata: { ...metadata, managedFields } }
}

function keyOf(plural: string, { metadata }: Stored): string {
  return `${plural}/${metadata.namespace}/${metadata.name}`
}

function hasStatus(plural: string): boolean {
  return plural === 'syncgroups' || plural === 'exchangeservers'
}

function withDefaults(object: Stored): Stored {
  const contract = contracts().find(({ kind }) => kind === object.kind)
  if (contract === undefined || object.kind === 'Secret') return object
  const { spec } = contract.judged?.({ spec: object.spec }) ?? {}
  return spec === undefined ? object : { ...object, spec }
}

// A write may name the version, and the very object, that it is for.
function refuseOthers({ metadata }: Stored, body: Fields): void {
  const { uid, resourceVersion } = (body.metadata ?? {}) as Fields
  const other =
    (uid !== undefined && uid !== metadata.uid) ||
    (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion)
  if (other) throw new Refused(409, 'Conflict')
}

function merged(before: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const fields: Record<string, unknown> = {
    ...(typeof before === 'object' && !Array.isArray(before) ? before : {}),
  }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete fields[key]
    else fields[key] = merged(fields[key], value)
  }
  return fields
}
