// Finds the words of a source, and lists the files that still have words which must not come back (tidy.test.ts).
const pieces =
  /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[\s\S])*`/gm

/** Files whose comments and messages are not in plain words yet. The list is exact, so that it only shrinks. */
export const notPlainYet: readonly string[] = []

/** Files that still have an old name. The list is exact, so that it only shrinks. */
export const notRenamedYet: readonly string[] = [
  'controller/cli/plan.ts',
  'controller/cli/program.ts',
  'controller/core/born.ts',
  'controller/core/rows.ts',
  'controller/ews/connections.ts',
  'controller/ews/public-folder.ts',
  'controller/ews/route.ts',
  'controller/ews/transport.ts',
  'controller/ews/xml-reader.ts',
  'controller/kube/runtime/kubeconfig.ts',
  'controller/main.ts',
  'controller/store/baseline.ts',
  'controller/store/changes.ts',
  'controller/store/keep.ts',
  'controller/sync/continuity.ts',
  'controller/sync/decided.ts',
  'controller/sync/departed.ts',
  'controller/sync/inventory.ts',
  'controller/sync/observe.ts',
  'controller/sync/oddities.ts',
  'controller/sync/pass.ts',
  'controller/sync/propose.ts',
  'controller/sync/seat.ts',
]

/** The comments and the texts of a source, one per line. */
export function commentsAndStringsOf(text: string): string {
  return [...text.matchAll(pieces)].map(([piece]) => piece).join('\n')
}

/** The source without comments and texts. */
export function identifiersOf(text: string): string {
  return text.replace(pieces, ' ')
}
