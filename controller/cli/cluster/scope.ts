// The part of a controller's output that a support bundle of some namespaces may have. A controller serves other namespaces, too, and
// the bundle knows the folders and mailboxes only of those that it lists: of others it cannot make pseudonyms.

/**
 * The namespaces of a bundle. Undefined: all of them; none: the groups and servers could not be listed, so their folders and
 * mailboxes are not known.
 */
export type Scope = readonly string[] | undefined

/** The command that examines the namespaces of the bundle and no others; undefined if there is none. */
export function doctorOf(scope: Scope): readonly string[] | undefined {
  if (scope?.length === 0) return undefined
  return ['exsync', 'doctor', ...(scope ?? []).map((each) => `--watch-namespace=${each}`)]
}

/**
 * The lines of a log that are about a resource in these namespaces, or about none at all, and the number of others. A line is about
 * its group or server, else about each resource that it names as NAMESPACE/NAME. A line that is no JSON object is about anything.
 */
export function linesIn(scope: Scope, log: string): Readonly<{ text: string; others: number }> {
  if (scope === undefined) return { text: log, others: 0 }
  const lines = log.split('\n').filter((line) => line !== '')
  const kept = lines.filter((line) => isIn(scope, line))
  return { text: kept.map((line) => `${line}\n`).join(''), others: lines.length - kept.length }
}

// A domain, as in app.kubernetes.io/name, is no namespace; neither is a folder of the documentation.
const resource = /(?<![\w./:-])(?!docs\/)([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\/[a-z0-9]/g

function isIn(scope: readonly string[], line: string): boolean {
  const fields = fieldsIn(line)
  if (fields === undefined) return false
  const subjects = [fields.group, fields.server].filter((each) => typeof each === 'string')
  const [subject] = subjects
  if (subject !== undefined) return scope.includes(subject.split('/')[0] ?? '')
  const texts = JSON.stringify(Object.values(fields))
  return [...texts.matchAll(resource)].every(([, namespace = '']) => scope.includes(namespace))
}

function fieldsIn(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
