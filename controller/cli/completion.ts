// `exsync completion SHELL`: the scripts that complete commands, flags and their values, made from the tables of commands
// and flags. Each script finds the command among the words before the cursor, without flags and their values.
import { type Command, commands, outputsOf, topCommands } from '../config/commands.ts'
import { type FlagName, flagOf, flags, writtenOf } from '../config/flags.ts'
import { nearest } from '../core/nearest.ts'
import { invalidArguments } from '../core/sync-error.ts'

const shells: Readonly<Record<string, () => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
  powershell: powershellScript,
}

/** The script for the shell that the words name. Throws InvalidArguments for another word. */
export function completionFor([shell, ...others]: readonly string[]): string {
  const known = Object.keys(shells)
  const script = shell !== undefined && Object.hasOwn(shells, shell) ? shells[shell] : undefined
  if (script !== undefined && others.length === 0) return script()
  const near = shell === undefined || others.length > 0 ? undefined : nearest(shell, known)
  const hint = near === undefined ? '' : `; did you mean ${near}?`
  throw invalidArguments(`exsync completion takes one of ${known.join(', ')}${hint}`)
}

const names = Object.keys(flags) as readonly FlagName[]
const entries = Object.entries(commands)
const pairs = entries.map(([name]) => name).filter((name) => name.includes(' '))

/** The ways to write a flag: `--file`, `-f`. */
function waysOf(name: FlagName): readonly string[] {
  const { short } = flagOf(name)
  return [writtenOf(name), ...(short ? [`-${short}`] : [])]
}

/** The flags with a value for which completion offers this. */
function offering(offers: 'file' | 'directory' | 'nothing'): readonly string[] {
  return names
    .filter((name) => {
      const { value, offers: offered } = flagOf(name)
      return value !== undefined && (offered ?? 'nothing') === offers
    })
    .flatMap(waysOf)
}

const worded = names.flatMap((name) => {
  const { offers } = flagOf(name)
  return typeof offers === 'object' ? [{ ways: waysOf(name), words: offers }] : []
})
const valued = names.filter((name) => flagOf(name).value !== undefined).flatMap(waysOf)

/** The commands with values of `-o` of their own. */
const formed = entries.flatMap(([name, { outputs }]) =>
  outputs === undefined ? [] : [{ name, ways: waysOf('output'), words: outputs }],
)

function flagsOf({ flags }: Command): readonly string[] {
  return [...flags, 'help' as const].map(writtenOf)
}

function wordsOf({ takes }: Command): readonly string[] {
  return typeof takes === 'object' ? takes : []
}

function takesFiles({ takes }: Command): boolean {
  return takes === 'file' || takes === 'files'
}

function bashScript(): string {
  return `# bash completion for exsync
_exsync() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
  local first= second= skip= word= i= flags= words= files=
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ -n $skip ]]; then skip=; continue; fi
    case $word in
      ${valued.join('|')}) skip=1 ;;
      -*) ;;
      *) if [[ -z $first ]]; then first=$word; elif [[ -z $second ]]; then second=$word; fi ;;
    esac
  done
  case "$first $prev" in
${formed.map(({ name, ways, words }) => `    ${ways.map((way) => `'${name} ${way}'`).join('|')}) COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$cur")); return ;;`).join('\n')}
  esac
  case $prev in
    ${offering('directory').join('|')})
      local IFS=$'\\n'; compopt -o filenames 2>/dev/null
      COMPREPLY=($(compgen -d -- "$cur")); return ;;
    ${offering('file').join('|')})
      local IFS=$'\\n'; compopt -o filenames 2>/dev/null
      COMPREPLY=($(compgen -f -- "$cur")); return ;;
${worded.map(({ ways, words }) => `    ${ways.join('|')}) COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$cur")); return ;;`).join('\n')}
    ${offering('nothing').join('|')}) return ;;
  esac
  case "$first $second" in
    ${pairs.map((name) => `'${name}'`).join('|')}) first="$first $second" ;;
  esac
  case $first in
    '') words='${topCommands.join(' ')}' flags='--help --version' ;;
${entries.map(([name, command]) => `    '${name}') flags='${flagsOf(command).join(' ')}' words='${wordsOf(command).join(' ')}' files=${takesFiles(command) ? 1 : ''} ;;`).join('\n')}
  esac
  if [[ -n $second && $first != *' '* ]]; then words=; fi
  if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "$flags" -- "$cur"))
  elif [[ -n $files ]]; then
    local IFS=$'\\n'; compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$cur"))
  else COMPREPLY=($(compgen -W "$words" -- "$cur")); fi
}
complete -F _exsync exsync`
}

function zshScript(): string {
  const described = (name: string, about: string) => quoted(`${name}:${about}`)
  const top = topCommands.map((name) => described(name, commands[name]?.about ?? ''))
  const flagsIn = (command: Command) =>
    [...command.flags, 'help' as const].map((name) => described(writtenOf(name), flagOf(name).help))
  const verbs = (name: string, command: Command) =>
    wordsOf(command).map((word) => described(word, commands[`${name} ${word}`]?.about ?? word))
  return `#compdef exsync
# zsh completion for exsync
_exsync() {
  local first= second= skip= word= files= prev=$words[CURRENT-1]
  local -a flags subcommands
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if [[ -n $skip ]]; then skip=; continue; fi
    case $word in
      (${valued.join('|')}) skip=1 ;;
      (-*) ;;
      (*) if [[ -z $first ]]; then first=$word; elif [[ -z $second ]]; then second=$word; fi ;;
    esac
  done
  case "$first $prev" in
${formed.map(({ name, ways, words }) => `    (${ways.map((way) => quoted(`${name} ${way}`)).join('|')}) compadd -- ${words.join(' ')}; return ;;`).join('\n')}
  esac
  case $prev in
    (${offering('directory').join('|')}) _files -/; return ;;
    (${offering('file').join('|')}) _files; return ;;
${worded.map(({ ways, words }) => `    (${ways.join('|')}) compadd -- ${words.join(' ')}; return ;;`).join('\n')}
    (${offering('nothing').join('|')}) return ;;
  esac
  case "$first $second" in
    (${pairs.map(quoted).join('|')}) first="$first $second" ;;
  esac
  case $first in
    ('') subcommands=(${top.join(' ')}) flags=('--help:the help' '--version:the version') ;;
${entries.map(([name, command]) => `    (${quoted(name)}) flags=(${flagsIn(command).join(' ')}) subcommands=(${verbs(name, command).join(' ')}) files=${takesFiles(command) ? 1 : ''} ;;`).join('\n')}
  esac
  if [[ -n $second && $first != *' '* ]]; then subcommands=(); fi
  if [[ $words[CURRENT] == -* ]]; then _describe flag flags
  elif [[ -n $files ]]; then _files
  else _describe command subcommands; fi
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _exsync "$@"; else compdef _exsync exsync; fi`
}

function fishScript(): string {
  const option = (command: string, name: FlagName) => {
    const { value, short, help, ...flag } = flagOf(name)
    const offers = name === 'output' ? outputsOf(command) : flag.offers
    const long = writtenOf(name).slice(2)
    const offer =
      value === undefined
        ? ''
        : offers === 'directory'
          ? " -x -a '(__fish_complete_directories)'"
          : offers === 'file'
            ? ' -r -F'
            : ` -x${typeof offers === 'object' ? ` -a '${offers.join(' ')}'` : ''}`
    return `complete -c exsync -n '__exsync_at "${command}"' -l ${long}${short ? ` -s ${short}` : ''}${offer} -d ${quoted(help)}`
  }
  const word = (command: string, name: string, about: string) =>
    `complete -c exsync -n '__exsync_at "${command}"' -a ${name} -d ${quoted(about)}`
  return `# fish completion for exsync
function __exsync_at
    set -l words
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case ${valued.join(' ')}
                set skip 1
            case '-*'
            case '*'
                set -a words $word
        end
    end
    set -l command "$words[1..2]"
    if not contains -- $command ${pairs.map(quoted).join(' ')}
        set command "$words[1]"
    end
    test "$command" = "$argv"
end
complete -c exsync -f
${topCommands.map((name) => word('', name, commands[name]?.about ?? '')).join('\n')}
${entries
  .flatMap(([name, command]) => [
    ...wordsOf(command).map((each) => word(name, each, commands[`${name} ${each}`]?.about ?? each)),
    ...(takesFiles(command) ? [`complete -c exsync -n '__exsync_at "${name}"' -F`] : []),
    ...[...command.flags, 'help' as const].map((flag) => option(name, flag)),
  ])
  .join('\n')}`
}

function powershellScript(): string {
  const list = (words: readonly string[]) => `@(${words.map((word) => `'${word}'`).join(', ')})`
  const tables = entries.map(
    ([name, command]) => `    '${name}' = ${list([...wordsOf(command), ...flagsOf(command)])}`,
  )
  const values = worded.flatMap(({ ways, words }) =>
    ways.map((way) => `    '${way}' = ${list(words)}`),
  )
  const forms = formed.flatMap(({ name, ways, words }) =>
    ways.map((way) => `    '${name} ${way}' = ${list(words)}`),
  )
  return `# PowerShell completion for exsync
Register-ArgumentCompleter -Native -CommandName exsync -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $commands = @{
    '' = ${list([...topCommands, '--help', '--version'])}
${tables.join('\n')}
  }
  # Keys that differ only in case, as -o and -O, do not occur.
  $values = @{
${[...values, ...forms].join('\n')}
  }
  $valued = ${list(valued)}
  $before = @($commandAst.CommandElements | Select-Object -Skip 1 |
    Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
  $words = @()
  $skip = $false
  foreach ($word in $before) {
    if ($skip) { $skip = $false } elseif ($valued -ccontains $word) { $skip = $true }
    elseif (-not $word.StartsWith('-')) { $words += $word }
  }
  $command = ($words | Select-Object -First 2) -join ' '
  if (-not $commands.ContainsKey($command)) { $command = "$($words | Select-Object -First 1)" }
  # A flag with a value of another kind: PowerShell offers files.
  if ($skip -and -not $values.ContainsKey($before[-1])) { return }
  $own = "$command $($before[-1])"
  $offered = if ($skip -and $values.ContainsKey($own)) { $values[$own] }
    elseif ($skip) { $values[$before[-1]] } else { $commands[$command] }
  $offered | Where-Object { $_ -clike "$wordToComplete*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}`
}

/** A text in single quotes, for zsh and fish. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", '’')}'`
}
