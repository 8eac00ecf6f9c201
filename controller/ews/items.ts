// The codecs that there are, one for each kind of item that Exchange can hold.
import type { ItemType } from '../core/item.ts'
import type { Codec } from './codec.ts'
import { contactCodec } from './items/contact.ts'

const codecs: ReadonlyMap<string, Codec> = new Map(
  [contactCodec].map((codec) => [codec.type.name, codec]),
)

/** How items of the kind are read and written. Throws where there is no such codec: every registered kind has one. */
export function codecOf({ name }: ItemType): Codec {
  const codec = codecs.get(name)
  if (codec === undefined) throw new Error(`no codec for ${name}`)
  return codec
}

/** The elements, directly within an item of whatever kind, that some codec reads. */
export const itemElements: readonly string[] = [...codecs.values()].flatMap(
  ({ elements }) => elements,
)
