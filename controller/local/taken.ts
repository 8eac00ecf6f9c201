// What runs after a directory was read again: what is valid now, and of everything else the last valid version, as
// long as nothing proves that it was deleted.
import type { V1Secret } from '@kubernetes/client-node'
import type { Access } from '../api/references.ts'
import type { ExchangeServer, SyncGroup } from '../api/resources.generated.ts'
import type { ServerName } from '../api/topology.ts'
import { type Problem, problemText, type Ref } from '../validation/problem.ts'
import type { Loaded } from '../validation/resources.ts'

/** A resource that was valid when it was read last, and why a newer version of it cannot be used. */
export type Valid = Readonly<{
  kind: string
  resource: SyncGroup | ExchangeServer | V1Secret
  file: string
  hash: string
  invalid: string | undefined
}>

/** What a reading comes to. */
export type Taken = Readonly<{
  /** What runs, by `keyOf`. */
  next: ReadonlyMap<string, Valid>
  /** What is declared, and was never valid. */
  refused: readonly (readonly [Ref, Problem | undefined])[]
  /** Something is missing, and goes on because of a doubt. */
  spared: boolean
}>

/**
 * Compares a reading with what was valid before. `doubts` are the reasons why what is missing does not count as
 * deleted (`doubtsOf`): each names the file that has to be corrected, and while there is one nothing is dropped.
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
    // The file that declared it before says best what is wrong.
    const doubt = doubts.find(({ file }) => file === last.file) ?? doubts[0]
    if (doubt !== undefined) next.set(key, { ...last, invalid: problemText(doubt) })
  }
  return { next, refused, spared: doubts.length > 0 && missing.length > 0 }
}

/** The same resources while the directory cannot be read; `why` becomes their condition. */
export function keptOn(before: ReadonlyMap<string, Valid>, why: string): Map<string, Valid> {
  return new Map([...before].map(([key, valid]) => [key, { ...valid, invalid: why }]))
}

/** Why a newer version of what the group refers to cannot be used; undefined when what runs is what is declared. */
export function staleIn(
  valid: ReadonlyMap<string, Valid>,
  access: ReadonlyMap<ServerName, Access>,
): string | undefined {
  const keys = [...access].flatMap(([name, { server }]) => {
    const [namespace, own] = name.split('/')
    const { auth, tls } = server?.spec ?? {}
    const secrets = [auth?.secretRef.name, tls?.caSecretRef.name]
    return [
      keyOf('ExchangeServer', namespace, own),
      ...secrets.map((secret) => keyOf('Secret', namespace, secret)),
    ]
  })
  return keys.map((key) => valid.get(key)?.invalid).find((why) => why !== undefined)
}

/** How a resource is looked up. Without a namespace it is in `default`. */
export function keyOf(
  kind: string,
  namespace: string | undefined,
  name: string | undefined,
): string {
  return `${kind}/${namespace ?? 'default'}/${name ?? ''}`
}
