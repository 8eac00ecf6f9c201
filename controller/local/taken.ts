// Decides which resources run after a directory was read: the valid ones, and the last valid version of each other one
// until its deletion is proved.
import type { V1Secret } from '@kubernetes/client-node'
import type { Access } from '../api/references.ts'
import type { ExchangeServer, SyncGroup } from '../api/resources.generated.ts'
import { fullNameOf, namesIn, type ServerName } from '../api/topology.ts'
import { type Problem, problemText, type Ref } from '../validation/problem.ts'
import type { Loaded } from '../validation/resources.ts'

/** The last valid version of a resource; `invalid`: the fault of a newer version. */
export type Valid = Readonly<{
  kind: string
  resource: SyncGroup | ExchangeServer | V1Secret
  file: string
  hash: string
  invalid: string | undefined
}>

/** The result of a reading. */
export type Taken = Readonly<{
  /** The resources that run, by `keyOf`. */
  next: ReadonlyMap<string, Valid>
  /** Declared resources that were never valid. */
  refused: readonly (readonly [Ref, Problem | undefined])[]
  /** Is a resource missing that keeps running because of a doubt? */
  spared: boolean
}>

/**
 * Compares a reading with the valid resources before it. `doubts`: the reasons why a missing resource does not count as
 * deleted (`doubtsOf`), each with the file to correct. While there is a doubt, no resource is dropped.
 */
export function taken(
  loaded: Loaded,
  before: ReadonlyMap<string, Valid>,
  doubts: readonly Problem[],
): Taken {
  const next = new Map<string, Valid>()
  const refused: (readonly [Ref, Problem | undefined])[] = []
  for (const { ref, file, resource, hash, problems } of loaded.documents) {
    const key = keyOf(ref.kind, ref.namespace, ref.name)
    const last = before.get(key)
    const [problem] = problems
    if (resource !== undefined)
      next.set(key, { kind: ref.kind, resource, file, hash, invalid: undefined })
    else if (last !== undefined && !next.has(key)) {
      const invalid = problem === undefined ? 'it is not valid' : problemText(problem)
      next.set(key, { ...last, invalid })
    } else refused.push([ref, problem])
  }
  const missing = [...before].filter(([key]) => !next.has(key))
  for (const [key, last] of missing) {
    // The problem of the file that declared the resource before explains best why it is missing.
    const doubt = doubts.find(({ file }) => file === last.file) ?? doubts[0]
    if (doubt !== undefined) next.set(key, { ...last, invalid: problemText(doubt) })
  }
  return { next, refused, spared: doubts.length > 0 && missing.length > 0 }
}

/** The same resources while the directory cannot be read; `why` is shown in their conditions. */
export function keptOn(before: ReadonlyMap<string, Valid>, why: string): Map<string, Valid> {
  return new Map([...before].map(([key, valid]) => [key, { ...valid, invalid: why }]))
}

/** The fault of a newer version of a server or Secret that the group refers to; undefined if there is none. */
export function staleIn(
  valid: ReadonlyMap<string, Valid>,
  access: ReadonlyMap<ServerName, Access>,
): string | undefined {
  const keys = [...access].flatMap(([name, { server }]) => {
    const { namespace, name: own } = namesIn(name)
    const { auth, tls } = server?.spec ?? {}
    const secrets = [auth?.secretRef.name, tls?.caSecretRef.name]
    return [
      keyOf('ExchangeServer', namespace, own),
      ...secrets.map((secret) => keyOf('Secret', namespace, secret)),
    ]
  })
  return keys.map((key) => valid.get(key)?.invalid).find((why) => why !== undefined)
}

/** The key of a resource. Without a namespace it is in `default`. */
export function keyOf(
  kind: string,
  namespace: string | undefined,
  name: string | undefined,
): string {
  return `${kind}/${fullNameOf({ metadata: { namespace, name } })}`
}
