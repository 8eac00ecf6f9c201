// The resource that a person names: NAME, NAMESPACE/NAME, KIND/NAME or KIND/NAMESPACE/NAME. Without a kind it is a SyncGroup.
import { printableUpTo } from '../../core/printable.ts'
import { invalidArguments } from '../../core/sync-error.ts'
import { kinds } from '../../kube/kinds.ts'
import type { ResourceKind } from '../../kube/runtime/resource.ts'
import type { Target } from './connection.ts'

const words: Readonly<Record<string, ResourceKind>> = {
  syncgroup: kinds.syncGroup,
  syncgroups: kinds.syncGroup,
  sg: kinds.syncGroup,
  exchangeserver: kinds.exchangeServer,
  exchangeservers: kinds.exchangeServer,
  exs: kinds.exchangeServer,
}

const isName = (text: string) => /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(text)

/**
 * Reads the resource of a line. `namespace`: of a name without one; `given`: the line has -n. Throws InvalidArguments.
 */
export function targetOf(
  command: string,
  text: string | undefined,
  { namespace, given }: Readonly<{ namespace: string; given: boolean }>,
): Target {
  if (text === undefined)
    throw invalidArguments(
      `exsync ${command} needs a resource: the name of a SyncGroup, or exchangeserver/NAME`,
    )
  const parts = text.split('/')
  const [first = ''] = parts
  const named = parts.length > 1 && Object.hasOwn(words, first) ? words[first] : undefined
  const rest = named === undefined ? parts : parts.slice(1)
  const [name = '', own = namespace] = rest.toReversed()
  if (rest.length > 2 || ![name, own].every(isName))
    throw invalidArguments(
      `${printableUpTo(text, 100)} is not a resource: NAME, NAMESPACE/NAME or exchangeserver/NAME`,
    )
  if (given && own !== namespace)
    throw invalidArguments(`${text} is in ${own}, and -n names ${namespace}: name one of them`)
  return { kind: named ?? kinds.syncGroup, namespace: own, name }
}

/** The resource in a line for a person to type: `company -n sales`, `exchangeserver/corp -n sales`. */
export function typedOf({ kind, namespace, name }: Target): string {
  const prefix = kind.kind === kinds.syncGroup.kind ? '' : 'exchangeserver/'
  return `${prefix}${name} -n ${namespace}`
}

/** The resource in a sentence: `SyncGroup sales/company`. */
export function titleOf({ kind, namespace, name }: Target): string {
  return `${kind.kind} ${namespace}/${name}`
}
