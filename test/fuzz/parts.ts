// Where the elements of an answer begin and end. Answers of the embedded Exchange are well-formed, and hold no
// comments and no CDATA, so that one expression finds every tag.

/** An element in a text: `from` to `to` is all of it, `open` to `close` what is inside. */
export type Part = Readonly<{
  name: string
  from: number
  open: number
  close: number
  to: number
  depth: number
}>

const tag = /<(\/?)([A-Za-z][\w:]*)((?:\s+[\w:]+="[^"]*")*)\s*(\/?)>/g

/** All elements, in the order in which they begin. */
export function partsOf(xml: string): readonly Part[] {
  const parts: Part[] = []
  const open: { at: number; name: string; from: number; open: number }[] = []
  for (const { 0: text, 1: closes, 2: name = '', 4: empty, index } of xml.matchAll(tag)) {
    const end = index + text.length
    if (closes === '/') {
      const begun = open.pop()
      if (begun === undefined) continue
      parts[begun.at] = { ...begun, close: index, to: end, depth: open.length }
    } else {
      const at = parts.length
      // Its place is kept until it ends.
      parts.push({ name, from: index, open: end, close: end, to: end, depth: open.length })
      if (empty !== '/') open.push({ at, name, from: index, open: end })
    }
  }
  return parts
}

/** The elements of that name, without prefix. */
export function named(xml: string, ...names: readonly string[]): readonly Part[] {
  return partsOf(xml).filter(({ name }) => names.includes(local(name)))
}

/** The elements directly within the first one of that name. */
export function within(xml: string, parent: string): readonly Part[] {
  const parts = partsOf(xml)
  const outer = parts.find(({ name }) => local(name) === parent)
  if (outer === undefined) return []
  return parts.filter(
    ({ from, to, depth }) => depth === outer.depth + 1 && from >= outer.open && to <= outer.close,
  )
}

/** The element's whole text. */
export function textOf(xml: string, { from, to }: Part): string {
  return xml.slice(from, to)
}

/** The text with what is between two places replaced. */
export function spliced(xml: string, from: number, to: number, by: string): string {
  return xml.slice(0, from) + by + xml.slice(to)
}

/** The text with two elements in each other's place; neither may contain the other. */
export function swapped(xml: string, one: Part, other: Part): string {
  const [first, second] = one.from < other.from ? [one, other] : [other, one]
  return (
    xml.slice(0, first.from) +
    textOf(xml, second) +
    xml.slice(first.to, second.from) +
    textOf(xml, first) +
    xml.slice(second.to)
  )
}

/** The name without its prefix. */
export function local(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}
