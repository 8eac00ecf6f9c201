// Decides whether `exsync plan` asks the controller of a cluster, and reads how.
import { invalidArguments } from '../core/sync-error.ts'
import type { Values } from './flags.ts'
import { duration } from './values.ts'

/** The cluster, the files with the groups, and how long one answer is waited for, ms. */
export type PlanRequest = Readonly<{
  /** Paths as in KUBECONFIG; undefined: ~/.kube/config, else the service account of the pod. */
  kubeconfig: string | undefined
  context: string | undefined
  /** Of groups that name none; undefined: that of the context. */
  namespace: string | undefined
  files: readonly string[]
  timeoutMs: number
}>

/**
 * The request to a controller: undefined unless the command is `plan` with files and a cluster. Without a state, files that
 * replace resources (--against) are such files. `rest`: the words after the flags, which are files as well. Throws
 * InvalidArguments for a duration that is none.
 */
export function planRequestOf(
  command: string,
  { kubeconfig, context, namespace, timeout, file, against, state, local }: Values,
  rest: readonly string[],
  { plugin, environment }: Readonly<{ plugin: boolean; environment: NodeJS.ProcessEnv }>,
): PlanRequest | undefined {
  const isNamed =
    kubeconfig !== undefined || context !== undefined || (plugin && state === undefined)
  const files = file ?? (state === undefined ? against : undefined)
  if (command !== 'plan' || files === undefined || local !== undefined || !isNamed) {
    if (timeout === undefined) return undefined
    throw invalidArguments('--timeout is for exsync plan with --kubeconfig and -f')
  }
  return {
    kubeconfig: kubeconfig ?? (environment.KUBECONFIG || undefined),
    context,
    namespace,
    files: [...files, ...rest],
    timeoutMs: duration('--timeout', timeout ?? '5m'),
  }
}
