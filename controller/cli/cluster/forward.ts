// The arguments of a command for the program in the pod: those of the line without the flags that name the cluster. The program
// in the pod knows its state, its key and its namespaces by itself.
import { parseArgs } from 'node:util'
import { named } from '../../config/cluster.ts'
import type { FlagName } from '../../config/flags.ts'
import { parseOptions, pluginWord, withoutAlias } from '../../config/parse.ts'
import { invalidArguments } from '../../core/sync-error.ts'

const ofCluster: readonly FlagName[] = ['kubeconfig', 'context', 'namespace', 'controller']

/**
 * The arguments after `exsync`, as they were typed. `--group NAME` and `--server NAME` get the namespace, because the program in
 * the pod knows no context; a plan is about the groups of the namespace. Throws InvalidArguments for a namespace that nothing uses.
 */
export function forwarded(typed: readonly string[], namespace: string): readonly string[] {
  const args = withoutAlias(typed[0] === pluginWord ? typed.slice(1) : typed)
  const settings = { args: [...args], options: parseOptions, allowPositionals: true }
  const { tokens } = parseArgs({ ...settings, allowNegative: true, strict: false, tokens: true })
  const has = (...names: readonly FlagName[]) =>
    tokens.some((token) => token.kind === 'option' && names.includes(token.name as FlagName))
  const plans = tokens.some(({ kind, index }) => kind === 'positional' && args[index] === 'plan')
  if (has('namespace') && !has('group', 'server') && !plans)
    throw invalidArguments(
      '-n completes --group NAME here, and the line has no --group: without one the command is about all groups of the controller',
    )
  return tokens.flatMap((token) => {
    if (token.kind === 'positional') return [token.value]
    if (token.kind === 'option-terminator') return ['--']
    const { name, value } = token
    // The program in the pod watches the namespaces of its controller: a plan is about one of them.
    if (plans && name === 'namespace') return [`--watch-namespace=${namespace}`]
    if (ofCluster.includes(name as FlagName)) return []
    if (value === undefined) return [token.rawName]
    const bare = named.includes(name as FlagName) && !value.includes('/')
    return [`--${name}=${bare ? `${namespace}/` : ''}${value}`]
  })
}
