// `exsync run --local` on a terminal: a board of the groups that is drawn again in place, and above it the log in words.
// If the terminal cannot be drawn on, or the environment asks for it, plain lines only.
//
//   log, results ──► lines above ──┐
//   passes, declarations ──► board ──► one write over the old board
//
// Guarantees: nothing of the controller waits for the drawing, or fails with it; the cursor is never hidden and waits below
// the board, so nothing needs to be restored after a signal or a crash; no unprintable character is written.
// Caveats: a key that the user presses moves the cursor, and one line of an old board may stay.
import type { Writable } from 'node:stream'
import type { Moment } from '../api/progress.ts'
import type { SyncGroupStatus } from '../api/resources.generated.ts'
import type { GroupId } from '../core/id.ts'
import { printable } from '../core/printable.ts'
import type { Clock } from '../sync/ports.ts'
import { boardOf, type Last, passText, type Row, type Size, widthOf } from './board.ts'
import { humanLine, isQuiet, isUnderWay, recordOf } from './human.ts'

/** The time between two drawings, ms. */
const everyMs = 250

/** The size of a terminal that does not say it. */
const usual: Size = { columns: 80, rows: 24 }

/** A terminal: standard output, as Node opens it. */
export type Terminal = Writable & Readonly<{ columns?: number; rows?: number }>

/** How a run shows itself. `draws`: in place; `messages`: with messages that may name a mailbox; `once`: one pass each. */
export type DisplayOptions = Readonly<{ draws: boolean; messages: boolean; once: boolean }>

/**
 * How `exsync run` shows itself on standard output, by the environment of the process; undefined: as JSON. It draws unless
 * NO_COLOR, TERM=dumb or CI is set.
 */
export function displayOptionsIn(
  {
    local,
    once,
    logLevel,
  }: Readonly<{ local: string | undefined; once: boolean; logLevel: string }>,
  terminal: boolean,
  { NO_COLOR, TERM, CI }: NodeJS.ProcessEnv,
): DisplayOptions | undefined {
  if (!terminal || local === undefined) return undefined
  const isCi = CI !== undefined && !['', '0', 'false'].includes(CI)
  const warns = !['error', 'fatal', 'silent'].includes(logLevel)
  return { draws: !NO_COLOR && TERM !== 'dumb' && !isCi, messages: warns && !isCi, once }
}

/** Shows a run on a terminal until `end`. */
export class Display {
  readonly #options: DisplayOptions
  readonly #terminal: Terminal
  readonly #clock: Clock
  readonly #ended = new AbortController()
  /** By group: how to look at its pass under way. */
  readonly #passes = new Map<GroupId, () => Moment | undefined>()
  readonly #lasts = new Map<GroupId, Last>()
  /** By group: the message of the last line about it. */
  readonly #messages = new Map<GroupId, string>()
  #declared: readonly GroupId[] = []
  /** The lines of the board on the terminal. */
  #drawn: readonly string[] = []
  #broken = false
  readonly #onResize = () => this.#put([], true)
  readonly #onError = () => {
    this.#broken = true
  }

  constructor(terminal: Terminal, clock: Clock, options: DisplayOptions) {
    this.#terminal = terminal
    this.#clock = clock
    this.#options = options
    // A terminal that is gone must not end the controller by an error without a listener.
    terminal.on('error', this.#onError)
    if (!options.draws) return
    terminal.on('resize', this.#onResize)
    void this.#follow()
  }

  /** Writes a JSON line of the log in words. */
  readonly log = (line: string): void => {
    const record = recordOf(line)
    const { draws, once } = this.#options
    if (record !== undefined && isUnderWay(record)) return
    if (record !== undefined && draws && !once && isQuiet(record)) return
    this.#put([record === undefined ? printable(line.trimEnd()) : humanLine(record)])
  }

  /** These groups are declared. Others leave the board. */
  declared(groups: readonly GroupId[]): void {
    this.#declared = groups
    const known = new Set(groups)
    for (const each of [this.#lasts, this.#messages])
      for (const id of each.keys()) if (!known.has(id)) each.delete(id)
  }

  /** A pass of the group begins; see `ProgressOptions.onBegin`. */
  readonly begun = (group: GroupId, look: () => Moment | undefined): (() => void) => {
    this.#passes.set(group, look)
    return () => {
      if (this.#passes.get(group) === look) this.#passes.delete(group)
    }
  }

  /** Without a board, writes the counts of a pass under way. */
  progress(group: GroupId, now: Moment | undefined): void {
    if (now === undefined || this.#options.draws) return
    const nowMs = this.#clock.now()
    const time = new Date(nowMs).toISOString().slice(11, 19)
    this.#put([printable(`${time}Z ${group}: ${passText(now, nowMs)}`)])
  }

  /** A pass of the group ended with this status. Writes the message of a group that is not ready, when it is new. */
  ended(group: GroupId, status: SyncGroupStatus | undefined, suspended: boolean): void {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready')
    if (status === undefined || ready === undefined) return
    this.#lasts.set(group, lastOf(status, suspended))
    const message = ready.status === 'True' || suspended ? '' : ready.message
    const before = this.#messages.get(group) ?? ''
    this.#messages.set(group, message)
    if (message !== '' && message !== before && this.#options.messages)
      this.#put([printable(`          ${group}: ${ready.reason}: ${message}`)])
  }

  /** The process was stopped and goes on: the terminal shows something else now. */
  resumed(): void {
    this.#drawn = []
  }

  /** Removes the board. Nothing is drawn afterwards. */
  end(): void {
    this.#ended.abort()
    this.#put([])
    this.#terminal.off('resize', this.#onResize)
  }

  async #follow(): Promise<void> {
    const { signal } = this.#ended
    while (!signal.aborted) {
      // A terminal that takes no more is not waited for.
      if (!this.#terminal.writableNeedDrain) this.#put([])
      await this.#clock.sleep(everyMs, signal).catch(() => {})
    }
  }

  // Lines above the board, and the board.
  #put(lines: readonly string[], resized = false): void {
    if (this.#broken) return
    const board = this.#board()
    const isSame =
      board.length === this.#drawn.length && board.every((each, i) => each === this.#drawn[i])
    if (lines.length === 0 && isSame && !resized) return
    // Each line overwrites an old one, and the rest of the old board is erased last: so nothing flickers.
    const isDrawn = this.#drawn.length > 0
    const end = isDrawn ? '\u001b[K\n' : '\n'
    const text = [...lines, ...board].map((line) => `${line}${end}`).join('')
    const written = `${this.#upwards()}${text}${isDrawn ? '\u001b[J' : ''}`
    this.#drawn = board
    if (written !== '') this.#terminal.write(written)
  }

  #board(): readonly string[] {
    if (!this.#options.draws || this.#ended.signal.aborted) return []
    const groups = this.#declared.map((id): Row => {
      const look = this.#passes.get(id)
      const pass = look === undefined ? undefined : (look() ?? 'begun')
      return { id, pass, last: this.#lasts.get(id) }
    })
    return boardOf(groups, this.#size, this.#clock.now())
  }

  // A terminal that became narrower shows a line of the board in several rows; none is above the top of the screen.
  #upwards(): string {
    if (this.#drawn.length === 0) return ''
    const { columns, rows } = this.#size
    const height = this.#drawn
      .map((line) => Math.max(1, Math.ceil(widthOf(line) / columns)))
      .reduce((one, other) => one + other, 0)
    return `\r\u001b[${Math.min(height, Math.max(1, rows - 1))}A`
  }

  get #size(): Size {
    const { columns, rows } = this.#terminal
    return { columns: columns || usual.columns, rows: rows || usual.rows }
  }
}

function lastOf({ conditions = [] }: SyncGroupStatus, suspended: boolean): Last {
  const of = (type: string) => conditions.find((each) => each.type === type)
  const ready = of('Ready')
  if (suspended) return { word: 'Suspended', text: 'spec.suspend is true' }
  // The message of a group that is ready has counts only; any other may name a mailbox, and is above the board.
  if (ready?.status === 'True') return { word: 'Ready', text: ready.message }
  const word = of('Stalled')?.status === 'True' ? 'Stalled' : 'NotReady'
  return { word, text: ready?.reason ?? '' }
}
