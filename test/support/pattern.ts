// How a regular expression works: the parts of which it is made, so that a test can take its steps one by one.

/** How a regular expression works, as far as its steps go. */
export type Part =
  | Readonly<{ kind: 'one'; fits: (character: string) => boolean; source: string }>
  | Readonly<{ kind: 'all'; parts: readonly Part[] }>
  | Readonly<{ kind: 'any'; parts: readonly Part[] }>
  | Readonly<{ kind: 'many'; part: Part; least: number; most: number; lazy: boolean }>
  | Readonly<{ kind: 'look'; part: Part; behind: boolean; negative: boolean }>
  | Readonly<{ kind: 'edge'; holds: (text: string, at: number) => boolean }>

type Most = readonly [least: number, most: number]

const { exec } = RegExp.prototype

/** The parts of a pattern. Classes and escapes are left to the engine itself, one character at a time. */
export function partOf(pattern: RegExp): Part {
  return new PatternReader(pattern).all()
}

class PatternReader {
  readonly #source: string
  readonly #flags: string
  readonly #multiline: boolean
  #at = 0

  constructor({ source, flags, multiline }: RegExp) {
    this.#source = source
    this.#flags = flags.replace(/[gym]/g, '')
    this.#multiline = multiline
  }

  all(): Part {
    const all = this.#alternatives()
    if (this.#at < this.#source.length) throw new Error(`not read to its end: ${this.#source}`)
    return all
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const found = exec.call(pattern, this.#source) ?? undefined
    this.#at += found?.[0].length ?? 0
    return found
  }

  #alternatives(): Part {
    const first = this.#sequence()
    const parts = [first]
    while (this.#take(/\|/y)) parts.push(this.#sequence())
    return parts.length === 1 ? first : { kind: 'any', parts }
  }

  #sequence(): Part {
    const parts: Part[] = []
    while (this.#at < this.#source.length && !'|)'.includes(this.#source[this.#at] ?? ''))
      parts.push(this.#quantified(this.#atom()))
    return { kind: 'all', parts }
  }

  #quantified(part: Part): Part {
    const found = this.#take(/(?:([*+?])|\{(\d+)(,?)(\d*)\})(\??)/y)
    if (found === undefined) return part
    const [, sign, from = '', comma, to = '', lazy] = found
    const most = comma === '' ? Number(from) : Number(to || Number.POSITIVE_INFINITY)
    const bounds: Readonly<Record<string, Most>> = {
      '*': [0, Number.POSITIVE_INFINITY],
      '+': [1, Number.POSITIVE_INFINITY],
      '?': [0, 1],
    }
    const [least, at] = bounds[sign ?? ''] ?? [Number(from), most]
    return { kind: 'many', part, least, most: at, lazy: lazy !== '' }
  }

  #atom(): Part {
    const group = this.#take(/\((?:\?(?:[:=!]|<[=!]|<\w+>))?/y)?.[0]
    if (group !== undefined) return this.#group(group)
    if (this.#take(/\^/y)) return this.#edge((text, at) => at === 0 || this.#ends(text, at - 1))
    if (this.#take(/\$/y))
      return this.#edge((text, at) => at === text.length || this.#ends(text, at))
    const border = this.#take(/\\[bB]/y)?.[0]
    if (border !== undefined)
      return this.#edge(
        (text, at) => (border === '\\b') === (isWord(text, at - 1) !== isWord(text, at)),
      )
    if (this.#take(/\\[1-9k]/y)) throw new Error(`no back references here: ${this.#source}`)
    const one =
      /\[(?:\\.|[^\]\\])*\]|\\(?:u\{[^}]*\}|u[\da-f]{4}|x[\da-f]{2}|p\{[^}]*\}|[\s\S])|[\s\S]/iy
    return this.#single(this.#take(one)?.[0] ?? '')
  }

  #group(opening: string): Part {
    const part = this.#alternatives()
    this.#at += 1
    if (!/[=!]$/.test(opening)) return part
    return { kind: 'look', part, behind: opening.includes('<'), negative: opening.endsWith('!') }
  }

  #ends(text: string, at: number): boolean {
    return this.#multiline && text[at] === '\n'
  }

  #edge(holds: (text: string, at: number) => boolean): Part {
    return { kind: 'edge', holds }
  }

  #single(source: string): Part {
    const one = new RegExp(`^(?:${source})$`, this.#flags)
    const known = new Map<string, boolean>()
    const fits = (character: string) => {
      const does = known.get(character) ?? exec.call(one, character) !== null
      known.set(character, does)
      return does
    }
    return { kind: 'one', fits, source }
  }
}

function isWord(text: string, at: number): boolean {
  return /\w/.test(text[at] ?? '')
}
