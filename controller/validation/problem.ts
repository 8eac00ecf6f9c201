// Faults of a declaration, their positions, and their text for people:
//
//   groups.yaml:12:7: spec.members[2].mailbox: must be an SMTP address, like anna@corp.example
//
// A message says what is wrong and what is allowed instead. It never contains the value of a Secret.

/** A path within a document: field names and list indices, outermost first. */
export type Path = readonly (string | number)[]

/** The identity of a resource. */
export type Ref = Readonly<{ kind: string; namespace: string; name: string }>

/** A fault within one document, before its position in a file is known. */
export type Fault = Readonly<{
  path: Path
  /** Point at the field's name, or at its value. */
  at: 'key' | 'value'
  message: string
}>

/**
 * A fault and its position. Lines and columns count from 1; `path` is empty for a whole document.
 */
export type Problem = Readonly<{
  file: string
  line: number
  column: number
  path: string
  message: string
  ref?: Ref
}>

/** The path as people write it: `spec.members[2].mailbox`, `data[ca.crt]`. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number' || !/^[A-Za-z_]\w*$/.test(part)) return `${text}[${part}]`
    return text === '' ? part : `${text}.${part}`
  }, '')
}

/** The text for people: `file:line:column: path: message`; without a file only the message. */
export function problemText({ file, line, column, path, message }: Problem): string {
  const place = file === '' ? '' : `${file}:${line}:${column}`
  return [place, path, message].filter((part) => part !== '').join(': ')
}

/** The most problems that are reported for one document. */
export const problemsMax = 50

/** One more than that, enough to know that there are more. */
export function someOf<Each>(faults: Iterable<Each>): readonly Each[] {
  const some: Each[] = []
  for (const fault of faults) {
    some.push(fault)
    if (some.length > problemsMax) break
  }
  return some
}

/** The faults to report, with a note if there are more. */
export function toldOf(faults: readonly Fault[]): readonly Fault[] {
  if (faults.length <= problemsMax) return faults
  const more = `there are more than ${problemsMax} problems in this document; correct these first`
  return [...faults.slice(0, problemsMax), { path: [], at: 'value', message: more }]
}

/** The problems sorted by file, line and column. */
export function sorted(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted(
    (a, b) =>
      (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
  )
}

/** The most problems of a directory that are logged. */
const warnedMax = 100

/** The problems of a directory to log, and the number of further ones. */
export function warnedOf(problems: readonly Problem[]): readonly Problem[] {
  const more = problems.length - warnedMax
  if (more <= 0) return problems
  const message = `${more} more problems: run exsync validate to list them all`
  return [...problems.slice(0, warnedMax), { ...notValid, message }]
}

/** A fault without further details. */
export const notValid: Problem = {
  file: '',
  line: 1,
  column: 1,
  path: '',
  message: 'it is not valid',
}

/** The error for a directory that cannot be read. */
export const unreadableDirectory: Problem = {
  ...notValid,
  message: 'the directory cannot be read: make it readable again',
}
