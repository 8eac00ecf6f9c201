// A terminal for tests: shows what a program wrote, as a person would see it. It knows the few sequences that the program
// may write, and throws at any other.

/** A screen of a fixed size, with what scrolled off its top. */
export class Screen {
  #lines: string[] = ['']
  #row = 0
  #column = 0
  #top = 0
  #columns: number
  #rows: number

  constructor(columns: number, rows: number) {
    this.#columns = columns
    this.#rows = rows
  }

  /** Another size. The lines stay as they are: no terminal does it quite like another. */
  resize(columns: number, rows: number): void {
    this.#columns = columns
    this.#rows = rows
  }

  /** Takes output; a sequence must be whole in it. */
  write(text: string): this {
    for (const [token] of text.matchAll(/\u001b\[(\d*)[AKJ]|\r|\n|\u001b?[^\u001b\r\n]/gu))
      this.#take(token)
    return this
  }

  /** All lines, from the first one that was written, without blanks at the end. */
  get all(): readonly string[] {
    return this.#lines.map((line) => line.trimEnd())
  }

  /** The column and the row of the cursor, counted in `all`. */
  get cursor(): Readonly<{ row: number; column: number }> {
    return { row: this.#row, column: this.#column }
  }

  #take(token: string): void {
    if (token === '\r') this.#column = 0
    else if (token === '\n') this.#down()
    else if (token.startsWith('\u001b')) this.#control(token)
    else this.#put(token)
  }

  #control(sequence: string): void {
    const line = this.#lines[this.#row] ?? ''
    if (sequence.endsWith('A') && sequence.startsWith('\u001b[')) {
      this.#row = Math.max(this.#top, this.#row - Number(sequence.slice(2, -1)))
      return
    }
    if (sequence === '\u001b[K' || sequence === '\u001b[J') {
      this.#lines[this.#row] = line.slice(0, this.#column)
      if (sequence === '\u001b[J') this.#lines.length = this.#row + 1
      return
    }
    throw new Error(`a sequence that nothing may write: ${JSON.stringify(sequence)}`)
  }

  #put(character: string): void {
    if (/[\p{Cc}\p{Cs}]/u.test(character))
      throw new Error(`a character that nothing may write: ${JSON.stringify(character)}`)
    if (this.#column >= this.#columns) this.#down()
    const line = (this.#lines[this.#row] ?? '').padEnd(this.#column)
    this.#lines[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1)
    this.#column += 1
  }

  // The terminal's own driver makes a carriage return of each line's end.
  #down(): void {
    this.#row += 1
    this.#column = 0
    this.#lines[this.#row] ??= ''
    this.#top = Math.max(this.#top, this.#row - this.#rows + 1)
  }
}
