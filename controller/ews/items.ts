// All codecs, one for each registered kind of item.
import type { ItemType } from '../core/item.ts'
import type { Codec } from './codec.ts'
import { contactCodec } from './items/contact.ts'

const codecs: ReadonlyMap<string, Codec> = new Map(
  [contactCodec].map((codec) => [codec.type.name, codec]),
)

/** The codec of a kind. Throws an Error without one: every registered kind has a codec. */
export function codecOf({ name }: ItemType): Codec {
  const codec = codecs.get(name)
  if (codec === undefined) throw new Error(`no codec for ${name}`)
  return codec
}

/** The elements directly within an item of any kind that some codec reads. */
export const itemElements: readonly string[] = [...codecs.values()].flatMap(
  ({ elements }) => elements,
)
