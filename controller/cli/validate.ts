// `exsync validate FILE…`: reports offline all faults of files that an API server, and then the controller,
// would find.
//
//   groups.yaml:12:7: spec.members[2].mailbox: must be an SMTP address, like anna@corp.example
//   1 error in 1 file

import { stat } from 'node:fs/promises'
import { credentialsLabel } from '../api/credentials.ts'
import { isForeign } from '../api/references.ts'
import type { ExchangeServer, SyncGroup } from '../api/resources.generated.ts'
import { serversNamedBy } from '../api/topology.ts'
import { readDirectory } from '../local/directory.ts'
import type { Source } from '../validation/documents.ts'
import { type Problem, problemText, sorted } from '../validation/problem.ts'
import { readFileText, readStream } from '../validation/read-file.ts'
import { type Loaded, readResources } from '../validation/resources.ts'
import { jsonText, type Say } from './output.ts'

/** The usage of the command. */
export const validateUsage = `\
usage: exsync validate [--external-secrets] FILE… [-o table|json]

Checks SyncGroups, ExchangeServers and Secrets without a cluster, and what they refer to.
FILE is a YAML file in UTF-8, or in UTF-16 with a byte order mark, a directory of *.yaml and *.yml files, or - for
standard input. Exits 0: all is valid, 1: not.`

type Input = Readonly<{ sources: readonly Source[]; problems: readonly Problem[] }>

type Options = Readonly<{
  /** References may lead to Secrets that are in the cluster only. */
  externalSecrets?: boolean
  /** Groups may refer to servers of other namespaces without a warning. */
  crossNamespace?: boolean
  output?: 'table' | 'json'
}>

/**
 * Validates files, and prints one line per problem and a summary as the last line; or all as one JSON object.
 * @param names files, directories, or `-` for standard input
 * @returns the exit code: 0 if all is valid, else 1
 */
export async function validate(
  names: readonly string[],
  out: Say,
  options: Options = {},
): Promise<number> {
  if (names.length === 0) {
    await out(validateUsage, 'lines')
    return 1
  }
  const inputs = await Promise.all(names.map(inputOf))
  // A file that is named twice, by itself and by its directory, is read once.
  const sources = new Map(
    inputs.flatMap((input) => input.sources).map((source) => [source.name, source]),
  )
  const { externalSecrets = false, crossNamespace = false } = options
  const loaded = readResources([...sources.values()], { externalSecrets, allowed: true })
  const problems = sorted([...inputs.flatMap((input) => input.problems), ...loaded.problems])
  const warnings = problems.length > 0 ? [] : warningsIn(loaded, crossNamespace)
  if (options.output === 'json') {
    const { documents, ignored } = loaded
    const counts = { documents: documents.length, ignored }
    await out(jsonText({ valid: problems.length === 0, problems, warnings, ...counts }), 'lines')
  } else printed(loaded, problems, warnings, out)
  return problems.length > 0 ? 1 : 0
}

function printed(
  { documents, ignored }: Loaded,
  problems: readonly Problem[],
  warnings: readonly Problem[],
  out: Say,
): void {
  for (const problem of problems) out(problemText(problem))
  if (problems.length > 0) {
    const files = new Set(problems.map(({ file }) => file)).size
    out(`${counted(problems.length, 'error')} in ${counted(files, 'file')}`)
    return
  }
  for (const { file, line, message } of warnings) out(`${file}:${line}: warning: ${message}`)
  const others = ignored === 0 ? '' : `, ${ignored} of other kinds ignored`
  out(`${counted(documents.length, 'document')} valid${others}`)
}

function warningsIn(loaded: Loaded, crossNamespace: boolean): readonly Problem[] {
  const foreign = crossNamespace ? [] : foreignIn(loaded)
  return sorted([...unlabelledIn(loaded), ...foreign])
}

function foreignIn({ documents }: Loaded): readonly Problem[] {
  return documents.flatMap(({ file, line, ref, resource }) => {
    if (resource?.kind !== 'SyncGroup') return []
    const group = resource as SyncGroup
    const named = [...serversNamedBy(group).values()].find((each) => isForeign(group, each.ref))
    if (named === undefined) return []
    const message = `${named.field} names the namespace ${named.ref.namespace}: the controller refuses it (CrossNamespaceRef) unless it runs with --allow-cross-namespace-refs`
    return [{ file, line, column: 1, path: named.field, message, ref }]
  })
}

// A directory accepts unlabelled Secrets.
function unlabelledIn({ documents }: Loaded): readonly Problem[] {
  const servers = documents.flatMap(({ resource }) =>
    resource?.kind === 'ExchangeServer' ? [resource as ExchangeServer] : [],
  )
  const used = new Set(
    servers.map(({ metadata, spec }) => `${metadata.namespace}/${spec.auth.secretRef.name}`),
  )
  return documents.flatMap(({ file, line, ref, resource }) => {
    const key = `${ref.namespace}/${ref.name}`
    if (ref.kind !== 'Secret' || !used.has(key)) return []
    if (resource?.metadata?.labels?.[credentialsLabel] === 'true') return []
    const label = `${credentialsLabel}: "true"`
    const message = `in a cluster the controller does not use the Secret ${key} until it has the label ${label}`
    return [{ file, line, column: 1, path: '', message, ref }]
  })
}

async function inputOf(name: string): Promise<Input> {
  try {
    if (name === '-') {
      const read = await readStream(process.stdin)
      return { sources: [{ name: '<stdin>', ...read }], problems: [] }
    }
    if (!(await stat(name)).isDirectory()) {
      const read = await readFileText(name, true)
      if (read === undefined) throw Object.assign(new Error('it is gone'), { code: 'ENOENT' })
      return { sources: [{ name, ...read }], problems: [] }
    }
    const sources = await readDirectory(name)
    if (sources.length > 0) return { sources, problems: [] }
    return { sources, problems: [unreadable(name, 'holds no *.yaml or *.yml file')] }
  } catch (error) {
    return { sources: [], problems: [unreadable(name, reasonOf(error))] }
  }
}

function unreadable(file: string, message: string): Problem {
  return { file, line: 1, column: 1, path: '', message }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'does not exist; give a file, a directory, or - for standard input'
  return code === 'EACCES' ? 'may not be read; check its permissions' : `cannot be read: ${message}`
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
