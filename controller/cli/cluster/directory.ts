// `exsync reconcile`, `suspend`, `resume` and `approve` in a directory: the declaration lives in a file, which a person or Git
// owns. They refuse, and name the key and the file; approve first shows what waits.
import { approveAnnotation, requestAnnotation } from '../../api/annotations.ts'
import { awaitedIn } from '../../api/approval.ts'
import type { Config } from '../../config.ts'
import { invalidArguments, SyncError } from '../../core/sync-error.ts'
import { sourcesIn } from '../../local/directory.ts'
import { readResources } from '../../validation/resources.ts'
import { statusesOf } from '../look.ts'
import type { Out } from '../output.ts'
import type { Target } from './connection.ts'
import { targetOf, titleOf } from './target.ts'

// That of a name without one; longer than the name of any namespace.
const anyNamespace = 'any'.padEnd(64, 'y')

/** Rejects with a SyncError that names the line for the file. `nowMs`: ms since 1970. */
export async function editInDirectory(config: Config, nowMs: number, out: Out): Promise<number> {
  const { command, rest, local, state } = config
  if (local === undefined)
    throw invalidArguments(
      `exsync ${command} needs the directory of the declarations, --local DIR, or a cluster, as by kubectl exsync ${command}`,
    )
  const [text, hash] = rest
  const target = targetOf(command, text, { namespace: anyNamespace, given: false })
  const { documents } = readResources(await sourcesIn(local), { externalSecrets: true })
  const found = documents.find(
    ({ ref }) =>
      ref.kind === target.kind.kind &&
      ref.name === target.name &&
      [ref.namespace, anyNamespace].includes(target.namespace),
  )
  if (found === undefined)
    throw invalidArguments(
      `no file in ${local} declares ${target.kind.kind} ${text}: name it as NAMESPACE/NAME`,
    )
  const own = { ...target, namespace: found.ref.namespace ?? target.namespace }
  const waits =
    command === 'approve' && state !== '' ? await showWaiting(state, own, out) : undefined
  throw new SyncError(
    'terminal',
    'DeclaredInFile',
    `${titleOf(own)} is declared in ${found.file}, line ${found.line}, and the controller follows that file: ${lineFor(command, hash ?? waits ?? 'HASH', nowMs)}`,
  )
}

function lineFor(command: string, hash: string, nowMs: number): string {
  const annotation = (name: string, value: string) =>
    `set the annotation ${name}: "${value}" in its metadata.annotations there`
  switch (command) {
    case 'reconcile':
      return annotation(requestAnnotation, new Date(nowMs).toISOString())
    case 'approve':
      return annotation(approveAnnotation, hash)
    default:
      return `set spec.suspend: ${command === 'suspend'} there`
  }
}

// Answers the hash of what waits; undefined: nothing.
async function showWaiting(state: string, target: Target, out: Out): Promise<string | undefined> {
  const id = `${target.namespace}/${target.name}`
  const status = statusesOf(state).groups.find(({ name }) => name === id)?.status
  const awaited = awaitedIn(status)
  await out(
    awaited === undefined ? `nothing of ${id} waits for an approval` : `${id}: ${awaited.message}`,
  )
  return awaited?.hash
}
