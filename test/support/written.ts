// What a change writes of one kind, for tests that look on.
import type { Change, Write } from '../../controller/sync/ports.ts'

/** The writes of one kind, in their order. */
export function written<Kind extends Write['write']>(
  { writes }: Pick<Change, 'writes'>,
  kind: Kind,
): readonly Extract<Write, { write: Kind }>[] {
  return writes.filter((one): one is Extract<Write, { write: Kind }> => one.write === kind)
}
