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
 * The request to a controller: undefined unless the command is `plan` with files and a cluster. `rest`: the words after the
 * flags, which are files as well. Throws InvalidArguments for a duration that is none.
 */
export function planRequestOf(
  command: string,
  { kubeconfig, context, namespace = [], timeout, file }: Values,
  rest: readonly string[],
  environment: NodeJS.ProcessEnv,
): PlanRequest | undefined {
  const named = kubeconfig !== undefined || context !== undefined
  if (command !== 'plan' || file === undefined || !named) {
    if (timeout === undefined) return undefined
    throw invalidArguments('--timeout is for exsync plan with --kubeconfig and -f')
  }
  if (namespace.length > 1) throw invalidArguments('with -f, exsync plan takes one -n')
  return {
    kubeconfig: kubeconfig ?? (environment.KUBECONFIG || undefined),
    context,
    namespace: namespace[0],
    files: [...file, ...rest],
    timeoutMs: duration('--timeout', timeout ?? '5m'),
  }
}
