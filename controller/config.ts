// Flags and environment → one frozen Config. The only reader of process.env and process.argv.
import { parseArgs } from 'node:util'
import { durationMs } from './core/duration.ts'
import { SyncError } from './core/sync-error.ts'

/** Everything that a command was told. Durations in ms. */
export type Config = Readonly<{
  command: string
  /** What follows the command and its flags. */
  rest: readonly string[]
  local: string | undefined
  files: readonly string[]
  state: string
  once: boolean
  output: 'table' | 'json'
  logLevel: string
  auditMs: number
  binRetentionMs: number
  binMaxBytes: number
  /** Where the key of the state is; undefined: it has none. */
  keyFile: string | undefined
}>

/** What each command is, for people. */
export const usage = `\
usage: exsync <command>

  run --local DIR --state DIR [--once]     keep the groups of a directory the same; --once: one pass each
  plan (--local DIR | -f FILE…) --state DIR [-o table|json]
                                           what a pass would do now; writes nothing anywhere
                                           exits 0: nothing to do, 2: changes, 1: error
  validate FILE…                           check resources offline
  status --state DIR                       how the groups stand
  conflicts [show N] --state DIR           the fields for which there were two different edits; both sides of one
  bin list | show N --state DIR            what was kept before it was overwritten or deleted
  bin restore N --state DIR                have it put back, by the next pass, for everybody

  --audit-interval 6h      how often a pass looks at everything
  --bin-retention 720h     how long the bin and the journal are kept
  --bin-limit 1Gi          how much the bin may hold; when it is full nothing is overwritten or deleted
  --key-file FILE          the state is encrypted with this key: 32 bytes, raw, hexadecimal or base64;
                           also EXSYNC_KEY_FILE; for every command with --state
  --log-level info         also EXSYNC_LOG_LEVEL; trace, debug, info, warn, error`

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/** Reads the arguments; throws a terminal SyncError that names the flag and what it takes. */
export function configOf(args: readonly string[], environment: NodeJS.ProcessEnv): Config {
  const [command = 'help', ...given] = args
  // `validate` has flags of its own.
  const { values, positionals } =
    command === 'validate' ? { values: {} as Values, positionals: given } : read(given)
  const state = values.state ?? environment.EXSYNC_STATE
  if (state === undefined && ['run', 'plan', 'status', 'conflicts', 'bin'].includes(command)) {
    throw invalid('--state DIR is missing: name the directory of the state')
  }
  const output = values.output ?? 'table'
  if (output !== 'table' && output !== 'json')
    throw invalid(`-o ${output} is not known: table or json`)
  const logLevel = values['log-level'] ?? environment.EXSYNC_LOG_LEVEL ?? 'info'
  if (!levels.includes(logLevel))
    throw invalid(`--log-level ${logLevel} is not known: ${levels.join(', ')}`)
  return Object.freeze({
    command,
    rest: positionals,
    local: values.local,
    files: values.file ?? [],
    state: state ?? '',
    once: values.once ?? false,
    output,
    logLevel,
    auditMs: duration('--audit-interval', values['audit-interval'] ?? '6h'),
    binRetentionMs: duration('--bin-retention', values['bin-retention'] ?? '720h'),
    binMaxBytes: bytes('--bin-limit', values['bin-limit'] ?? '1Gi'),
    keyFile: values['key-file'] ?? environment.EXSYNC_KEY_FILE,
  })
}

type Values = ReturnType<typeof read>['values']

function read(given: readonly string[]) {
  try {
    return parseArgs({
      args: [...given],
      allowPositionals: true,
      options: {
        local: { type: 'string' },
        file: { type: 'string', short: 'f', multiple: true },
        state: { type: 'string' },
        once: { type: 'boolean' },
        output: { type: 'string', short: 'o' },
        'log-level': { type: 'string' },
        'audit-interval': { type: 'string' },
        'bin-retention': { type: 'string' },
        'bin-limit': { type: 'string' },
        'key-file': { type: 'string' },
      },
    })
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : 'the arguments cannot be read')
  }
}

function duration(flag: string, text: string): number {
  const ms = durationMs(text)
  if (ms === undefined || ms < 1000)
    throw invalid(`${flag} ${text} is not a duration from 1s up, like 1h30m`)
  return ms
}

const units = { '': 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 } as const

function bytes(flag: string, text: string): number {
  const [, count, unit = ''] = /^([1-9]\d{0,11})(Ki|Mi|Gi|Ti)?$/.exec(text) ?? []
  if (count === undefined)
    throw invalid(`${flag} ${text} is not a number of bytes, like 500Mi or 1Gi`)
  return Number(count) * units[unit as keyof typeof units]
}

function invalid(message: string): SyncError {
  return new SyncError('terminal', 'InvalidArguments', message)
}
