// Parses the arguments of a command by the tables of commands and flags. A flag that the command does not take, a word too
// many and an unknown name are errors, because ignoring them would look as if they had an effect.
import { type ParseArgsOptionDescriptor, parseArgs } from 'node:util'
import { nearest } from '../core/nearest.ts'
import { invalidArguments } from '../core/sync-error.ts'
import { commandOf, commands, topCommands } from './commands.ts'
import { type FlagName, flagOf, flags, type Values, writtenOf } from './flags.ts'

/** The command's words and arguments, and its flags. `command` is undefined for an unknown one. */
export type Parsed = Readonly<{
  words: readonly string[]
  command: string | undefined
  values: Values & Readonly<{ version?: boolean }>
  /** Was it called as `kubectl exsync`? */
  plugin: boolean
}>

/** The first word of the arguments of `kubectl exsync`, which its launcher adds. */
export const pluginWord = 'kubectl'

const names = Object.keys(flags) as readonly FlagName[]
/** The flags as Node parses them. */
export const parseOptions: Readonly<Record<string, ParseArgsOptionDescriptor>> = {
  version: { type: 'boolean' },
  ...Object.fromEntries(
    names.map((name) => {
      const { value, short, multiple } = flagOf(name)
      const type = value === undefined ? 'boolean' : 'string'
      return [name, { type, ...(short && { short }), ...(multiple && { multiple }) }]
    }),
  ),
}

/** Reads the arguments, the command's words first. Throws InvalidArguments with the near match of what is misspelt. */
export function parsed(typed: readonly string[]): Parsed {
  const plugin = typed[0] === pluginWord
  const [first = 'help', ...given] = withoutAlias(plugin ? typed.slice(1) : typed)
  const asked = /^(-h|--help)$/.test(first) ? 'help' : first === '--version' ? 'version' : first
  const settings = {
    args: [...given],
    options: parseOptions,
    allowPositionals: true,
    allowNegative: true,
  }
  const { tokens, positionals } = parseArgs({ ...settings, strict: false, tokens: true })
  const words = [asked, ...positionals]
  const command = commandOf(words)
  const used = tokens.filter((token) => token.kind === 'option')
  for (const { rawName } of used) refuseUnknown(command, rawName)
  const { values } = strictly(settings)
  if (values.help || values.version || command === 'help' || command === undefined)
    return { words, command, values, plugin }
  refuseOthers(
    command,
    used.map(({ name }) => name.replace(/^no-/, '') as FlagName),
  )
  refuseSurplus(command, words, values)
  return { words, command, values, plugin }
}

/** The command's words without the word of the plugin, `restore` as the `bin restore` that it is. */
export function withoutAlias(args: readonly string[]): readonly string[] {
  const [first, ...rest] = args
  return first === 'restore' && !rest.some((each) => /^(-h|--help)$/.test(each))
    ? ['bin', 'restore', ...rest]
    : args
}

function strictly(settings: Parameters<typeof parseArgs>[0]): Pick<Parsed, 'values'> {
  try {
    return parseArgs({ ...settings, strict: true }) as unknown as Pick<Parsed, 'values'>
  } catch (error) {
    throw invalidArguments(
      error instanceof Error ? error.message : 'the arguments cannot be parsed',
    )
  }
}

function refuseUnknown(command: string | undefined, rawName: string): void {
  const name = rawName.replace(/^--?/, '')
  const short = !rawName.startsWith('--')
  const known = short
    ? names.some((each) => flagOf(each).short === name)
    : Object.hasOwn(parseOptions, name) || Object.hasOwn(parseOptions, name.replace(/^no-/, ''))
  if (known) return
  const takes = command === undefined ? names : [...flagsOf(command), 'help' as const]
  const written = takes.flatMap((flag) => [`--${flag}`, writtenOf(flag)])
  const near = short ? undefined : nearest(rawName, written)
  const help = command === undefined ? 'exsync --help' : `exsync ${command} --help`
  const hint = near === undefined ? `see ${help}` : `did you mean ${near}? See ${help}`
  throw invalidArguments(`the flag ${rawName} is unknown: ${hint}`)
}

function refuseOthers(command: string, used: readonly FlagName[]): void {
  const { noOutput } = commands[command] ?? {}
  const surplus = names.filter(
    (name) => used.includes(name) && name !== 'help' && !flagsOf(command).includes(name),
  )
  if (surplus.length === 0) return
  const texts = surplus.map((name) => (name === 'output' ? '-o' : `--${name}`)).join(' ')
  const why = surplus.includes('output') && noOutput !== undefined ? ` (${noOutput})` : ''
  throw invalidArguments(`exsync ${command} takes no ${texts}${why}: see exsync ${command} --help`)
}

function refuseSurplus(command: string, words: readonly string[], { file, against }: Values): void {
  const { takes } = commands[command] ?? {}
  const rest = words.slice(command.split(' ').length)
  const [verb] = rest
  const help = `exsync ${command} --help`
  // The shell expands a pattern after -f to several words.
  const isFile = (file ?? against) !== undefined
  if (takes === 'none' && !isFile && verb !== undefined)
    throw invalidArguments(`exsync ${command} takes no ${rest.join(' ')}: see ${help}`)
  if (typeof takes !== 'object' || verb === undefined || takes.includes(verb)) return
  const near = nearest(verb, takes)
  if (near !== undefined)
    throw invalidArguments(
      `exsync ${command} ${verb} is unknown: did you mean exsync ${command} ${near}? See ${help}`,
    )
}

/** The text for an unknown command, with its near match, or with the usage if there is none. */
export function unknownCommand(word: string, usage: string): string {
  const near = nearest(word, topCommands)
  return near === undefined
    ? `exsync ${word} is unknown\n\n${usage}`
    : `exsync ${word} is unknown: did you mean exsync ${near}? All commands: exsync help`
}

function flagsOf(command: string): readonly FlagName[] {
  return commands[command]?.flags ?? []
}
