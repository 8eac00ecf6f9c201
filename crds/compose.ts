// Puts the spec of a SyncGroup into the CRD of SyncPlan, so that the two schemas cannot differ. YAML knows no reference to
// another file, and a CRD no reference at all: the text is copied between two marks.

const START = '# The spec of a SyncGroup: made by npm run generate'
const END = '# End of the spec of a SyncGroup'

/** The text of the CRD of SyncPlan with the spec that the CRD of SyncGroup has. Throws when a mark or the spec is missing. */
export function composed(plan: string, group: string): string {
  const lines = plan.split('\n')
  const [start, end] = [START, END].map((mark) => lines.findIndex((line) => line.trim() === mark))
  if (start === undefined || end === undefined || start < 0 || end < start)
    throw new Error(`the CRD of SyncPlan needs the lines ${START} and ${END}`)
  const depth = lines[start]?.search(/\S/) ?? 0
  return [
    ...lines.slice(0, start + 1),
    ...specIn(group).map((line) => (line === '' ? '' : ' '.repeat(depth) + line)),
    ...lines.slice(end),
  ].join('\n')
}

/** The lines of `spec` in the schema of a CRD, indented from 0. */
function specIn(crd: string): readonly string[] {
  const lines = crd.split('\n')
  const schema = lines.findIndex((line) => line.trim() === 'openAPIV3Schema:')
  const start = lines.findIndex((line, at) => at > schema && line.trim() === 'spec:')
  if (schema < 0 || start < 0) throw new Error('the CRD of SyncGroup has no spec in its schema')
  const depth = lines[start]?.search(/\S/) ?? 0
  const after = lines.findIndex(
    (line, at) => at > start && line !== '' && line.search(/\S/) <= depth,
  )
  return lines.slice(start, after < 0 ? undefined : after).map((line) => line.slice(depth))
}
