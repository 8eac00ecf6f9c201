// Units of work of functions over text, counted instead of timed: every character that a method of String looks at, and
// every step of a regular expression as a backtracking engine takes it. V8 takes as many, or fewer.
import { type Part, partOf } from './pattern.ts'

type Next = (at: number) => number

const { exec } = RegExp.prototype

/** The steps of one regular expression, whatever text it meets. */
export class Stepper {
  readonly root: Part
  readonly #pattern: RegExp
  readonly #unicode: boolean
  readonly #isAnchored: boolean
  #steps = 0

  constructor(pattern: RegExp) {
    this.#pattern = pattern
    this.#unicode = pattern.unicode || pattern.unicodeSets
    this.root = partOf(pattern)
    const { source, multiline } = pattern
    this.#isAnchored = source.startsWith('^') && !multiline && this.root.kind === 'all'
  }

  /** The steps of one search from there. */
  search(text: string, from: number): number {
    this.#steps = 0
    this.#end(text, from)
    return this.#steps
  }

  /** The steps of finding, or replacing, every match in a text. */
  all(text: string): number {
    this.#steps = 0
    for (let at = 0; at <= text.length; ) {
      const found = this.#end(text, at)
      if (found === undefined || !this.#pattern.global) break
      at = Math.max(found.end, found.start + 1)
    }
    return this.#steps
  }

  #end(text: string, from: number): { start: number; end: number } | undefined {
    for (let start = from; start <= text.length; start += 1) {
      const end = this.#match(this.root, text, start, (at) => at)
      if (end >= 0) return { start, end }
      if (this.#pattern.sticky || this.#isAnchored) return undefined
    }
    return undefined
  }

  // Where the whole ends when the part begins there and `next` takes what follows; -1 for nowhere.
  #match(part: Part, text: string, at: number, next: Next): number {
    this.#steps += 1
    switch (part.kind) {
      case 'one': {
        const character = this.#at(text, at)
        return character !== '' && part.fits(character) ? next(at + character.length) : -1
      }
      case 'edge':
        return part.holds(text, at) ? next(at) : -1
      case 'all':
        return this.#each(part.parts, 0, text, at, next)
      case 'any':
        for (const one of part.parts) {
          const end = this.#match(one, text, at, next)
          if (end >= 0) return end
        }
        return -1
      case 'look':
        return this.#looks(part, text, at) === part.negative ? -1 : next(at)
      case 'many':
        return part.part.kind === 'one' && !part.lazy
          ? this.#run(part, part.part, text, at, next)
          : this.#many(part, text, at, next, 0)
    }
  }

  #each(parts: readonly Part[], index: number, text: string, at: number, next: Next): number {
    const part = parts[index]
    if (part === undefined) return next(at)
    return this.#match(part, text, at, (end) => this.#each(parts, index + 1, text, end, next))
  }

  // Of one character after another, without a call for each.
  #run(
    { least, most }: Extract<Part, { kind: 'many' }>,
    { fits }: Extract<Part, { kind: 'one' }>,
    text: string,
    at: number,
    next: Next,
  ): number {
    const ends = [at]
    while (ends.length <= most) {
      this.#steps += 1
      const last = ends.at(-1) ?? at
      const character = this.#at(text, last)
      if (character === '' || !fits(character)) break
      ends.push(last + character.length)
    }
    while (ends.length > least) {
      this.#steps += 1
      const end = next(ends.pop() ?? at)
      if (end >= 0) return end
    }
    return -1
  }

  #many(
    many: Extract<Part, { kind: 'many' }>,
    text: string,
    at: number,
    next: Next,
    count: number,
  ): number {
    const { part, least, most, lazy } = many
    const more = () =>
      count >= most
        ? -1
        : this.#match(part, text, at, (end) =>
            end === at && count >= least ? -1 : this.#many(many, text, end, next, count + 1),
          )
    const enough = () => (count >= least ? next(at) : -1)
    const [first, second] = lazy ? [enough, more] : [more, enough]
    const end = first()
    return end >= 0 ? end : second()
  }

  #looks({ part, behind }: Extract<Part, { kind: 'look' }>, text: string, at: number): boolean {
    if (!behind) return this.#match(part, text, at, (end) => end) >= 0
    for (let from = at; from >= 0 && from >= at - 2; from -= 1)
      if (this.#match(part, text, from, (end) => (end === at ? end : -1)) >= 0) return true
    return false
  }

  #at(text: string, at: number): string {
    const code = this.#unicode ? text.codePointAt(at) : undefined
    return code === undefined ? (text[at] ?? '') : String.fromCodePoint(code)
  }
}

const steppers = new Map<string, Stepper>()

function stepperOf(pattern: RegExp): Stepper {
  const key = `${pattern.flags} ${pattern.source}`
  const known = steppers.get(key) ?? new Stepper(pattern)
  steppers.set(key, known)
  return known
}

type Method = (this: string, ...given: never[]) => unknown

// What a method of String looks at, given its result.
const costs: Readonly<
  Record<string, (text: string, given: readonly unknown[], result: unknown) => number>
> = {
  indexOf: (text, [, from], result) =>
    1 + (Number(result) < 0 ? text.length : Number(result)) - Number(from ?? 0),
  lastIndexOf: (text) => text.length,
  includes: (text) => text.length,
  trim: (text, _given, result) => 1 + text.length - String(result).length,
  // Marks are sorted by insertion.
  normalize: (text) => {
    const runs = text.match(/\p{M}+/gu) ?? []
    return text.length + runs.reduce((sum, { length }) => sum + length ** 2 / 30, 0)
  },
  toLowerCase: (text) => text.length,
  toUpperCase: (text) => text.length,
  charCodeAt: () => 1,
  codePointAt: () => 1,
  startsWith: (_text, [mark]) => String(mark).length,
  replaceAll: (text) => text.length,
}

/** The units of work of what is done, and what it answers. Nothing else may run meanwhile. */
export async function counted<Result>(
  work: () => Result | Promise<Result>,
): Promise<Readonly<{ steps: number; result: Result }>> {
  let steps = 0
  let busy = false
  const prototype = String.prototype as unknown as Record<string, Method>
  const known = Object.keys(costs).map((name) => [name, prototype[name] as Method] as const)
  const aside = (add: () => number) => {
    if (busy) return
    busy = true
    try {
      steps += add()
    } finally {
      busy = false
    }
  }
  RegExp.prototype.exec = function (text: string) {
    const from = this.global || this.sticky ? this.lastIndex : 0
    aside(() => stepperOf(this).search(String(text), from))
    return exec.call(this, text)
  }
  for (const [name, method] of known) {
    prototype[name] = function (this: string, ...given: never[]) {
      const result = method.apply(this, given)
      aside(() => costs[name]?.(String(this), given, result) ?? 0)
      return result
    }
  }
  try {
    const result = await work()
    return { result, steps }
  } finally {
    RegExp.prototype.exec = exec
    for (const [name, method] of known) prototype[name] = method
  }
}

/** Texts of about so many characters that attack a pattern: what its parts take, again and again, and then what none takes. */
export function attacks(pattern: RegExp): (length: number) => readonly string[] {
  const words = [...wordsIn(new Stepper(pattern).root)].slice(0, 12)
  const pairs = words.flatMap((one) => words.map((other) => (one === other ? one : one + other)))
  return (length) =>
    pairs.flatMap((pump) => {
      const many = pump.repeat(Math.ceil(length / pump.length))
      return [many, `${many}\u0001`, `${words[0] ?? ''}${many}\u0001`]
    })
}

const letters = [
  ...'</>ab0z9 AZTX.:,;-_+=!?@#$%&*()[]{}|\\"\'`~^\t\n\r\0',
  ...['\u00a0', '\u0301', '\u200b', '\ud800', '\udc00', '\u0085'],
]

// Words that the parts take: one or two characters of each, and what is written out in a row.
function wordsIn(part: Part, words = new Set<string>()): Set<string> {
  if (part.kind === 'one') {
    const some = letters.filter((letter) => part.fits(letter))
    const written = part.fits(part.source) ? part.source : undefined
    for (const word of [written, some[0], some.at(-1)]) if (word !== undefined) words.add(word)
  } else if (part.kind === 'all') {
    const written = part.parts.map((each) => {
      const literal = each.kind === 'one' && /^\\?[^\\[.]$/.test(each.source)
      return literal ? each.source.slice(-1) : '\n\n'
    })
    for (const run of written.join('').split(/\n\n+/)) if (run.length > 1) words.add(run)
    for (const each of part.parts) wordsIn(each, words)
  } else if (part.kind === 'any') for (const each of part.parts) wordsIn(each, words)
  else if (part.kind === 'many' || part.kind === 'look') wordsIn(part.part, words)
  return words
}
