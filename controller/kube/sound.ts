// Validates stored resources before the engine uses them. The installed CRD may be older than ours or check nothing, so
// the API server may store invalid specs. An invalid resource affects no other one.
//
// Guarantees: a returned spec has its defaults and the shape of our own CRD, and a returned status has the shape of a
// status. If a spec is invalid, the last valid spec of the resource is returned.
import type { ExchangeServer, SyncGroup } from '../api/resources.generated.ts'
import type { KubeObject } from './runtime/resource.ts'

type Stored = Readonly<{ spec?: unknown; status?: unknown }>

/** Answers the spec with its defaults, or its fault; and the status, if it has the shape of one. */
export type Judge = (
  kind: 'SyncGroup' | 'ExchangeServer',
  resource: Stored,
) => Readonly<{ spec?: unknown; fault?: string; status?: unknown }>

/** A usable resource; `standIn`: no spec was ever valid, so only its name means anything. */
export type Sound<Kept> = Readonly<{
  resource: Kept
  invalid: string | undefined
  standIn: boolean
}>

type Kinds = Readonly<{ SyncGroup: SyncGroup; ExchangeServer: ExchangeServer }>

// Valid specs that lead to no server, no hub and no member.
const standIns = {
  SyncGroup: { serverRef: { name: 'none' }, hub: { publicFolder: '/none' }, members: [] },
  ExchangeServer: {
    url: 'https://server.invalid/EWS/Exchange.asmx',
    auth: { type: 'Basic', secretRef: { name: 'none' } },
  },
} as const

/** Validates each version once, and keeps the last valid spec of each resource. */
export class Soundness {
  readonly #judge: Judge
  readonly #judged = new WeakMap<KubeObject, Sound<KubeObject>>()
  /** By uid. */
  readonly #last = new Map<string, unknown>()

  constructor(judge: Judge) {
    this.#judge = judge
  }

  /** The usable version of a resource. */
  of<Kind extends keyof Kinds>(kind: Kind, stored: KubeObject): Sound<Kinds[Kind]> {
    const known = this.#judged.get(stored) ?? this.#soundOf(kind, stored)
    this.#judged.set(stored, known)
    return known as unknown as Sound<Kinds[Kind]>
  }

  /** Drops what is kept about a resource that no longer exists. */
  forget({ metadata: { uid = '' } }: KubeObject): void {
    this.#last.delete(uid)
  }

  #soundOf(kind: keyof Kinds, stored: KubeObject): Sound<KubeObject> {
    const { uid = '' } = stored.metadata
    const { spec, fault: invalid, status } = this.#judge(kind, stored as Stored)
    if (invalid === undefined) this.#last.set(uid, spec)
    const last = this.#last.get(uid)
    const standIn = last === undefined
    const usable = last ?? this.#judge(kind, { spec: standIns[kind] }).spec
    const resource = { ...stored, spec: usable, status } as KubeObject
    return { resource, invalid, standIn }
  }
}
