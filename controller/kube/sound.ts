// Resources as the engine can take them. The API server has checked them by the definition that is installed, which may
// be an older one, or check nothing: what does not fit ours is the fault of that resource, and of no other.
//
// Guarantees: a spec that is handed out has its defaults and the shape of our own definition, and a status that is
// handed out has the shape of one. Of a resource whose spec is not valid, the last valid spec goes on.
import type { ExchangeServer, SyncGroup } from '../api/resources.generated.ts'
import type { KubeObject } from './runtime/resource.ts'

type Stored = Readonly<{ spec?: unknown; status?: unknown }>

/** What is wrong with a stored spec, or the spec with its defaults; and the status, where it is one. */
export type Judge = (
  kind: 'SyncGroup' | 'ExchangeServer',
  resource: Stored,
) => Readonly<{ spec?: unknown; fault?: string; status?: unknown }>

/** A resource that can be taken; `standIn`: none of its specs could, so that it says nothing but its name. */
export type Sound<Kept> = Readonly<{
  resource: Kept
  invalid: string | undefined
  standIn: boolean
}>

type Kinds = Readonly<{ SyncGroup: SyncGroup; ExchangeServer: ExchangeServer }>

// Specs that are valid, of resources that nobody can reach anything by.
const standIns = {
  SyncGroup: { serverRef: { name: 'none' }, hub: { publicFolder: '/none' }, members: [] },
  ExchangeServer: {
    url: 'https://server.invalid/EWS/Exchange.asmx',
    auth: { type: 'Basic', secretRef: { name: 'none' } },
  },
} as const

/** Judges each resource once, and remembers the last spec of each that was valid. */
export class Soundness {
  readonly #judge: Judge
  readonly #judged = new WeakMap<KubeObject, Sound<KubeObject>>()
  /** By uid. */
  readonly #last = new Map<string, unknown>()

  constructor(judge: Judge) {
    this.#judge = judge
  }

  /** The resource as it can be taken. */
  of<Kind extends keyof Kinds>(kind: Kind, stored: KubeObject): Sound<Kinds[Kind]> {
    const known = this.#judged.get(stored) ?? this.#soundOf(kind, stored)
    this.#judged.set(stored, known)
    return known as unknown as Sound<Kinds[Kind]>
  }

  /** It is not there any more. */
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
