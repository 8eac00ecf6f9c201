// `exsync validate FILE…`: reports offline all faults of files that an API server, and then the controller,
// would find.
//
//   groups.yaml:12:7: spec.members[2].mailbox: must be an SMTP address, like anna@corp.example
//   1 error in 1 file

import { stat } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { credentialsLabel } from '../api/credentials.ts'
import type { ExchangeServer } from '../api/resources.generated.ts'
import { readDirectory } from '../local/directory.ts'
import type { Source } from '../validation/documents.ts'
import { type Problem, problemText, sorted } from '../validation/problem.ts'
import { readFileText, readStream } from '../validation/read-file.ts'
import { type Loaded, readResources } from '../validation/resources.ts'
import type { Say } from './output.ts'

/** The usage of the command. */
export const validateUsage = `\
usage: exsync validate [--external-secrets] FILE…

Checks SyncGroups, ExchangeServers and Secrets without a cluster, and what they refer to.
FILE is a YAML file, a directory of *.yaml and *.yml files, or - for standard input.

  --external-secrets   accept references to Secrets that are in the cluster only`

type Input = Readonly<{ sources: readonly Source[]; problems: readonly Problem[] }>

/**
 * Validates the files of the arguments, and prints one line per problem and a summary as the last
 * line.
 * @param args the arguments after `exsync validate`
 * @returns the exit code: 0 if all is valid, else 1
 */
export async function validate(args: readonly string[], out: Say): Promise<number> {
  const options = optionsOf(args)
  if (options === undefined || options.help) {
    await out(validateUsage, 'lines')
    return options?.help ? 0 : 1
  }
  const inputs = await Promise.all(options.names.map(inputOf))
  // A file that is named twice, by itself and by its directory, is read once.
  const sources = new Map(
    inputs.flatMap((input) => input.sources).map((source) => [source.name, source]),
  )
  const loaded = readResources([...sources.values()], { ...options, allowed: true })
  const problems = sorted([...inputs.flatMap((input) => input.problems), ...loaded.problems])
  for (const problem of problems) out(problemText(problem))
  if (problems.length > 0) {
    const files = new Set(problems.map(({ file }) => file)).size
    out(`${counted(problems.length, 'error')} in ${counted(files, 'file')}`)
    return 1
  }
  for (const line of unlabelledIn(loaded)) out(line)
  const others = loaded.ignored === 0 ? '' : `, ${loaded.ignored} of other kinds ignored`
  out(`${counted(loaded.documents.length, 'document')} valid${others}`)
  return 0
}

// A directory accepts unlabelled Secrets.
function unlabelledIn({ documents }: Loaded): readonly string[] {
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
    return `${file}:${line}: warning: in a cluster the controller does not use the Secret ${key} until it has the label ${label}`
  })
}

function optionsOf(args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        'external-secrets': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    if (positionals.length === 0 && !values.help) return undefined
    const { 'external-secrets': externalSecrets, help } = values
    return { names: positionals, externalSecrets, help }
  } catch {
    return undefined // An unknown option.
  }
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
