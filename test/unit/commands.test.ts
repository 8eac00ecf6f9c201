// The table of commands: parsing, help and completion know the same commands and flags, and a misspelt word gets its near
// match. The completion scripts run in real shells.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { completionFor } from '../../controller/cli/completion.ts'
import { helpFor, usage } from '../../controller/cli/help.ts'
import { commands, topCommands } from '../../controller/config/commands.ts'
import { writtenOf } from '../../controller/config/flags.ts'
import { unknownCommand } from '../../controller/config/parse.ts'
import { configOf } from '../../controller/config.ts'
import { nearest } from '../../controller/core/nearest.ts'

const refused = (line: string) => () => configOf(line.split(' '), { EXSYNC_STATE: 's' })

test.each([
  ['status --sate x', 'the flag --sate is unknown: did you mean --state? See exsync status --help'],
  ['run --leader-elct', /did you mean --leader-elect\?/],
  ['run --no-leader-elct', /did you mean --no-leader-elect\?/],
  ['status -x', 'the flag -x is unknown: see exsync status --help'],
  ['validate --external-secret a.yaml', /did you mean --external-secrets\?/],
  ['status --once', 'exsync status takes no --once: see exsync status --help'],
  ['validate --once a', /^exsync validate takes no --once/],
  ['run -o json', /^exsync run takes no -o \(its log is JSON already\): see exsync run --help$/],
  ['backup f -o json', /^exsync backup takes no -o/],
  ['status -o yaml', '-o yaml is not known: table or json'],
  ['plan -o yaml', '-o yaml is not known: table, wide, json or markdown'],
  ['status -o wide', '-o wide is not known: table or json'],
  [
    'plan -f a --against b c',
    /^c: with both -f and --against, write one of them before each file$/,
  ],
  ['bin lsit', 'exsync bin lsit is unknown: did you mean exsync bin list? See exsync bin --help'],
  ['conflicts shwo 1', /did you mean exsync conflicts show\?/],
  ['bin list surplus', 'exsync bin list takes no surplus: see exsync bin list --help'],
  ['version 2', 'exsync version takes no 2: see exsync version --help'],
  ['status --state', /--state/],
])('%s is refused', (line, message) => {
  expect(refused(line)).toThrow(expect.objectContaining({ code: 'InvalidArguments' }))
  expect(refused(line)).toThrow(message)
})

test('an unknown command gets its near match, if there is one', () => {
  expect(unknownCommand('staus', 'usage')).toBe(
    'exsync staus is unknown: did you mean exsync status? All commands: exsync help',
  )
  expect(unknownCommand('frobnicate', 'usage')).toBe('exsync frobnicate is unknown\n\nusage')
})

test.each([
  ['hsitory', 'history'],
  ['lsit', 'list'],
  ['RUN', 'run'],
  ['x'.repeat(65), undefined],
  ['abc', undefined],
])('near %s is %s', (word, near) => {
  expect(nearest(word, [...topCommands, 'list'])).toBe(near)
})

test('the version is a command and a flag', () => {
  for (const args of [['version'], ['--version'], ['run', '--version']])
    expect(configOf(args, {}).command).toBe('version')
  expect(configOf(['version', '-o', 'json'], {}).output).toBe('json')
})

test.each(Object.entries(commands))('%s: its flags are parsed and explained', (name, command) => {
  const help = helpFor(name.split(' '))
  for (const flag of command.flags) expect(help).toContain(`${writtenOf(flag)}`)
  expect(configOf([...name.split(' '), '--help'], {}).command).toBe('help')
  expect(command.flags.includes('output')).toBe(command.noOutput === undefined)
  expect(usage).toContain(`\n  ${name.split(' ')[0]}`)
})

describe('completion', () => {
  let top = ''
  beforeAll(() => {
    top = mkdtempSync(join(tmpdir(), 'exsync-completion-'))
    mkdirSync(join(top, 'a folder'))
    writeFileSync(join(top, 'a file.yaml'), '')
  })
  afterAll(() => rmSync(top, { recursive: true, force: true }))

  const there = (shell: string) => {
    try {
      execFileSync(shell, ['-c', 'exit 0'])
      return true
    } catch {
      return false
    }
  }
  const inBash = (...words: readonly string[]) => {
    const script = `${completionFor(['bash'])}
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _exsync; printf '%s\\n' "\${COMPREPLY[@]}"`
    const printed = execFileSync('bash', ['-c', script, 'bash', 'exsync', ...words], {
      cwd: top,
      encoding: 'utf8',
    })
    return printed.split('\n').filter(Boolean)
  }

  test.each([
    [['sta'], ['status']],
    [['re'], ['restore', 'restore-state', 'rekey', 'reconcile', 'resume']],
    [
      ['bin', ''],
      ['list', 'show', 'restore', 'cancel'],
    ],
    [['bin', '--state', 'x', 'ca'], ['cancel']],
    [['bin', 'restore', '--d'], ['--dry-run']],
    [['run', '--no-'], ['--no-leader-elect']],
    [
      ['status', '-o', ''],
      ['table', 'json'],
    ],
    [
      ['plan', '--local', 'd', '-o', ''],
      ['table', 'wide', 'json', 'markdown'],
    ],
    [
      ['plan', '--against', 'a'],
      ['a file.yaml', 'a folder'],
    ],
    [['bin', 'list', '--reason', 'De'], ['Deleted']],
    [['status', '--state', 'a'], ['a folder']],
    [
      ['validate', 'a'],
      ['a file.yaml', 'a folder'],
    ],
    [
      ['plan', '-f', 'a f'],
      ['a file.yaml', 'a folder'],
    ],
    [['history', '--since', ''], []],
    [['completion', 'p'], ['powershell']],
    [['status', 'surplus'], []],
    [['--v'], ['--version']],
  ])('in bash after %j: %j', (words, offered) => {
    expect(inBash(...words).sort()).toEqual([...offered].sort())
  })

  test('the script of bash makes no other completion of the shell fail', () => {
    const set = `set -euo pipefail; ${completionFor(['bash'])}; complete -p exsync`
    expect(execFileSync('bash', ['-c', set], { encoding: 'utf8' })).toContain('_exsync')
  })

  const zsh = there('zsh')
  test.skipIf(!zsh)('zsh reads its script (skipped without zsh)', () => {
    writeFileSync(join(top, '_exsync'), completionFor(['zsh']))
    execFileSync('zsh', ['-n', join(top, '_exsync')])
  })

  const fish = there('fish')
  test.skipIf(!fish)('fish completes (skipped without fish)', () => {
    const script = `${completionFor(['fish'])}\ncomplete -C 'exsync bin restore --dr'`
    expect(execFileSync('fish', ['-c', script], { encoding: 'utf8' })).toContain('--dry-run')
  })

  test('each script knows each command and flag', () => {
    for (const shell of ['bash', 'zsh', 'fish', 'powershell'])
      for (const [name, { flags }] of Object.entries(commands)) {
        const script = completionFor([shell])
        expect(script).toContain(name)
        for (const flag of flags)
          expect(script).toContain(shell === 'fish' ? writtenOf(flag).slice(2) : writtenOf(flag))
      }
  })

  test('another shell is refused', () => {
    expect(() => completionFor(['bsh'])).toThrow(/did you mean bash\?/)
    expect(() => completionFor([])).toThrow(/takes one of bash, zsh, fish, powershell$/)
    expect(() => completionFor(['bash', 'zsh'])).toThrow(/takes one of/)
  })
})
