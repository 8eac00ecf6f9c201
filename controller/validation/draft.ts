// A resource while it is read from YAML: its position, its faults, and the resulting resource.
import type { V1Secret } from '@kubernetes/client-node'
import type { ExchangeServer, SyncGroup } from '../api/resources.generated.ts'
import type { YamlDocument } from './documents.ts'
import type { Fault, Path, Ref } from './problem.ts'

/** A resource that may be in a file. */
export type Resource = SyncGroup | ExchangeServer | Secret

/** A Secret whose `stringData` was moved into its `data`. */
export type Secret = V1Secret & Readonly<{ kind: 'Secret' }>

/**
 * A resource while it is read; `base` is its path within the document, empty unless it is in a
 * List.
 */
export type Draft = Readonly<{
  ref: Ref
  document: YamlDocument
  base: Path
  value: unknown
  faults: readonly Fault[]
  resource?: Resource
}>
