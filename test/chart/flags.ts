// The flags of `exsync run` on a cluster, as the chart may give them.
import { parseArgs } from 'node:util'

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const

const options = {
  state: text,
  'log-level': text,
  'metrics-bind-address': text,
  'health-probe-bind-address': text,
  'watch-namespace': { type: 'string', multiple: true },
  'max-contact-size': text,
  'max-request-timeout': text,
  'max-pass-timeout': text,
  'max-members': text,
  'allow-cross-namespace-refs': flag,
  'allowed-server-hosts': { type: 'string', multiple: true },
  'allow-loopback-http': flag,
  'allow-unlabelled-credentials': flag,
  'leader-elect': flag,
  'no-leader-elect': flag,
  'leader-elect-resource-name': text,
  'leader-elect-resource-namespace': text,
  'leader-elect-lease-duration': text,
  'leader-elect-renew-deadline': text,
  'leader-elect-retry-period': text,
  concurrent: text,
  'interval-jitter-percentage': text,
  'graceful-shutdown-timeout': text,
  'audit-interval': text,
  'bin-retention': text,
  'history-retention': text,
  'bin-limit': text,
  'key-file': text,
  'notify-url': text,
  'notify-secret-file': text,
} as const

/** Reads the arguments of the container; throws at a flag that is not known. */
export function flagsOf(args: readonly string[]) {
  const [command, ...given] = args
  if (command !== 'run') throw new Error(`the container must run, not ${command}`)
  return parseArgs({ args: given, options, strict: true }).values
}
