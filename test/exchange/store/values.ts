// What an item or a folder holds: text, or texts, under keys (see protocol/fields.ts). A key that is not
// there is a property that the item does not have, which is not the same as an empty text.

/** One stored value. */
export type Value = string | readonly string[]

/** All values of one item or folder. */
export type Values = Map<string, Value>

/** Those values that a change sets; undefined takes one away. */
export type Changes = ReadonlyMap<string, Value | undefined>

/** The text under a key; undefined when there is none. */
export function textAt(values: ReadonlyMap<string, Value>, key: string): string | undefined {
  const value = values.get(key)
  return typeof value === 'string' ? value : undefined
}

/** A time as EWS writes it: to the second, in UTC. */
export function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

/** The instant that an xs:dateTime means, as EWS writes it; without a zone it is UTC. */
export function instant(dateTime: string): string | undefined {
  const text = dateTime.trim()
  const ms = Date.parse(/(?:Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`)
  return Number.isNaN(ms) ? undefined : timestamp(ms)
}
