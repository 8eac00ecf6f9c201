// Finds learned values in a text, in any letter case, in one look at the text.
//
// A path of several parts, a mailbox and a host are found wherever they are whole. The name of a single folder may be a word of
// everyday language or part of a resource's name: written as it was learned, it is found from `shortMax` characters on; in
// another letter case, or if it is shorter, only as part of a path, after a colon, in quotes, or after the word folder.

/** The most values that are looked for. */
const literalsMax = 20_000
/** A longer word is rare enough to be a name wherever it is. */
const shortMax = 3

/** A character of a value. If a learned value ends here, with its pseudonym and its forms; if a name that stays does, with the name. */
type Letter = {
  readonly next: Map<string, Letter>
  pseudonym?: string
  forms?: Set<string>
  name?: string
}

type Found = Readonly<{ pseudonym: string; end: number }>

/** Learned values with their pseudonyms, as a tree of their characters in lower case. */
export class Literals {
  readonly #root: Letter = { next: new Map() }
  #learned = 0

  /** Looks for the value from now on; one of too many is not looked for. */
  learn(value: string, pseudonym: string): void {
    if (value === '' || this.#learned >= literalsMax) return
    const at = this.#endOf(value)
    if (at.pseudonym === undefined) this.#learned += 1
    at.pseudonym ??= pseudonym
    at.forms = (at.forms ?? new Set()).add(value)
  }

  /** From now on no part of this name is taken for a learned value; the whole of it may be one. */
  keep(name: string): void {
    this.#endOf(name).name = name
  }

  #endOf(value: string): Letter {
    let at = this.#root
    for (const unit of folded(value).split('')) {
      const next: Letter = at.next.get(unit) ?? { next: new Map() }
      at.next.set(unit, next)
      at = next
    }
    return at
  }

  /** The text with the pseudonyms. */
  replaced(text: string): string {
    const lower = folded(text)
    const parts: string[] = []
    let from = 0
    for (let at = 0; at < text.length; at += 1) {
      const found = this.#longestAt(text, lower, at)
      if (found === undefined) continue
      parts.push(text.slice(from, at), found.pseudonym)
      from = found.end
      at = from - 1
    }
    return [...parts, text.slice(from)].join('')
  }

  // One path may begin with another: the longest counts.
  #longestAt(text: string, lower: string, start: number): Found | undefined {
    let longest: Found | undefined
    let letter = this.#root.next.get(lower.charAt(start))
    for (let end = start + 1; letter !== undefined; end += 1) {
      const { pseudonym, forms, name } = letter
      if (pseudonym !== undefined && forms !== undefined && isMeant(text, start, end, forms))
        longest = { pseudonym, end }
      else if (name === text.slice(start, end) && isWhole(text, start, end))
        longest = { pseudonym: name, end }
      letter = letter.next.get(lower.charAt(end))
    }
    return longest
  }
}

// By units, so that each keeps its place.
function folded(text: string): string {
  const lower = text.toLowerCase()
  if (lower.length === text.length) return lower
  const units = text.split('').map((unit) => {
    const one = unit.toLowerCase()
    return one.length === 1 ? one : unit
  })
  return units.join('')
}

const letter = /[\p{L}\p{N}_]/u
const quote = /["'“”‘’«»„]/

// Part of a longer word is another word.
function isWhole(text: string, from: number, to: number): boolean {
  const inside = (one: number, other: number) =>
    letter.test(text.charAt(one)) && letter.test(text.charAt(other))
  return !inside(from - 1, from) && !inside(to - 1, to)
}

function isMeant(text: string, from: number, to: number, forms: ReadonlySet<string>): boolean {
  if (!isWhole(text, from, to)) return false
  const value = text.slice(from, to)
  const isLong = value.length > shortMax
  if (isLong && (/.[/@.]/s.test(value) || forms.has(value))) return true
  // The names of resources have dashes.
  if (/^-[\p{L}\p{N}]/u.test(text.slice(to, to + 2))) return false
  const before = text.charAt(from - 1)
  // `/hr` is a path of its own only if nothing is before it.
  if (value.startsWith('/')) return !/[\p{L}\p{N}_)\]]/u.test(before)
  if (/[/\\:]/.test(before)) return true
  if (quote.test(before) && quote.test(text.charAt(to))) return true
  return /folder[\s:"'“‘]{1,3}$/i.test(text.slice(Math.max(0, from - 12), from))
}
