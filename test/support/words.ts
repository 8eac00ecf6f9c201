// Finds the words of a source, and lists the files that still have words which must not come back (tidy.test.ts).
const pieces =
  /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[\s\S])*`/gm

/** Files whose comments and messages are not in plain words yet. The list is exact, so that it only shrinks. */
export const notPlainYet: readonly string[] = []

/** Files that still have an old name. The list is exact, so that it only shrinks. */
export const notRenamedYet: readonly string[] = []

/** The comments and the texts of a source, one per line. */
export function commentsAndStringsOf(text: string): string {
  return [...text.matchAll(pieces)].map(([piece]) => piece).join('\n')
}

/** The source without comments and texts. */
export function identifiersOf(text: string): string {
  return text.replace(pieces, ' ')
}
