// Finds the words of a source: its comments and texts, or its identifiers.
const pieces =
  /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[\s\S])*`/gm

/** The comments and the texts of a source, one per line. */
export function commentsAndStringsOf(text: string): string {
  return [...text.matchAll(pieces)].map(([piece]) => piece).join('\n')
}

/** The source without comments and texts. */
export function identifiersOf(text: string): string {
  return text.replace(pieces, ' ')
}
