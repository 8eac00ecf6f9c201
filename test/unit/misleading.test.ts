// Files that are not what they seem, and groups that do not get along: the line that `exsync validate` prints names the
// cause, not its consequence.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { validate } from '../../controller/cli/validate.ts'
import { problemText } from '../../controller/validation/problem.ts'
import { textOf } from '../../controller/validation/read-file.ts'
import { readResources } from '../../controller/validation/resources.ts'
import { group, SERVER } from './validate-texts.ts'

const printedOf = (text: string, allowed = false) =>
  readResources([{ name: 'a.yaml', text }], { externalSecrets: true, allowed }).problems.map(
    problemText,
  )
const nbsp = '\u00a0'
const unrendered = /^a\.yaml:\d+:\d+: .*template.*render it first/

test.each([
  ['a template as a value', group('interval: {{ .Values.x }}'), unrendered],
  ['a template in text', group('interval: {{ .Values.x }}m'), unrendered],
  ['a template around lines', `{{- if .Values.on }}\n${group()}{{- end }}\n`, unrendered],
  ['a quoted template', group('interval: "{{ .Values.x }}"'), unrendered],
  [
    'a no-break space as indentation',
    group('guard:', `${nbsp}${nbsp}minCount: 3`),
    /guard.*no-break space|no-break space \(U\+00A0\)/,
  ],
  [
    'a no-break space after an address',
    group('members:', `  - mailbox: anna@corp.example${nbsp}`),
    /^a\.yaml:9:16: .*must be an SMTP address.*it contains a no-break space \(U\+00A0\)/,
  ],
  [
    'a zero-width space in a word',
    group('direction: TwoWay\u200b'),
    /must be one of TwoWay, OneWay.*an odd space \(U\+200B\)/,
  ],
  ['a number as a duration', group('interval: 30'), /like 30s, not the number 30/],
  ['a duration without a unit', group('interval: "30"'), /30 has no unit: write 30s/],
])('%s', (_, text, printed) => {
  expect(printedOf(`${text}---${SERVER}`)).toEqual(
    expect.arrayContaining([expect.stringMatching(printed)]),
  )
})

test('a forgotten --- is one problem, at the second resource', () => {
  expect(printedOf(`${group()}${group()}`)).toEqual([
    'a.yaml:9:1: invalid YAML: a second resource begins here: put a line --- before it',
  ])
})

test('templates in the text of other resources are theirs', () => {
  const map = 'apiVersion: v1\nkind: ConfigMap\ndata:\n  t: |\n    {{ range . }}\n    {{ end }}\n'
  expect(printedOf(map)).toEqual([])
})

test('a server of the same name in another namespace', () => {
  const text = group().replace('name: all', 'name: all\n  namespace: sales')
  expect(printedOf(`${text}---${SERVER}`).join()).toMatch(
    /no ExchangeServer corp in namespace sales .* the one in namespace default is another/,
  )
})

describe('two groups of one folder', () => {
  const named = (name: string, ...lines: readonly string[]) =>
    group(...lines).replace('name: all', `name: ${name}`)
  const both = (one: string, other: string) =>
    printedOf(`${one}---\n${other}---${SERVER}`, true).map((line) => line.replace(/^[^ ]+ /, ''))
  const anna = (folder: string) => `members: [{ mailbox: anna@corp.example, folder: ${folder} }]`

  test('one folder of a mailbox', () => {
    expect(both(named('a', anna('Contacts/X')), named('b', anna('contacts/x')))).toEqual([
      'spec.members[0]: the folder belongs to the group default/a: remove the member here or there, or name another folder (a.yaml:1)',
    ])
  })

  test('the hub of one as a member of another', () => {
    const member = named('b', 'members: [{ publicFolder: /Company/Contacts }]').replace(
      'hub: { publicFolder: /Company/Contacts }',
      'hub: { publicFolder: /Other }',
    )
    expect(both(named('a'), member)).toEqual([
      expect.stringMatching(/^spec\.members\[0\]: the folder is the hub of the group default\/a/),
    ])
  })

  test.each([
    ['one hub for both', named('a'), named('b')],
    ['other folders', named('a', anna('Contacts/X')), named('b', anna('Contacts/Y'))],
  ])('%s: no problem', (_, one, other) => {
    expect(both(one, other)).toEqual([])
  })

  test('a directory that is read for a controller has no such problem: the older group continues', () => {
    const text = `${named('a', anna('Contacts/X'))}---\n${named('b', anna('Contacts/X'))}---${SERVER}`
    expect(printedOf(text)).toEqual([])
  })
})

describe('the command', () => {
  let top = ''
  beforeAll(() => {
    top = mkdtempSync(join(tmpdir(), 'exsync-misleading-'))
  })
  afterAll(() => rmSync(top, { recursive: true, force: true }))
  const run = async (text: string | Uint8Array, options: Parameters<typeof validate>[2] = {}) => {
    const file = join(top, 'a.yaml')
    writeFileSync(file, text)
    const lines: string[] = []
    const code = await validate(
      [file],
      (line) => lines.push(line.replaceAll(`${top}/`, '')),
      options,
    )
    return { code, lines }
  }
  const whole = `${group()}---${SERVER}`

  test('UTF-16 with a byte order mark is read as kubectl reads it', async () => {
    const little = Buffer.from(`\ufeff${whole}`, 'utf16le')
    for (const bytes of [little, Buffer.from(little).swap16(), Buffer.from(`\ufeff${whole}`)])
      expect((await run(bytes)).code).toBe(0)
    expect(textOf(little.subarray(0, 5)).unread).toMatch(/is not UTF-16 text/)
  })

  test('-o json has problems, warnings and counts', async () => {
    const sound = JSON.parse((await run(whole, { output: 'json' })).lines.join('\n'))
    expect(sound).toMatchObject({ valid: true, problems: [], documents: 3, ignored: 0 })
    expect(sound.warnings).toMatchObject([{ file: 'a.yaml', ref: { kind: 'Secret' } }])
    const wrong = await run(group('membres: []'), { output: 'json', externalSecrets: true })
    expect(wrong.code).toBe(1)
    expect(JSON.parse(wrong.lines.join('\n'))).toMatchObject({
      valid: false,
      problems: [{ file: 'a.yaml', line: 8, column: 3, path: 'spec.membres' }],
    })
  })

  test('a reference to another namespace is a warning unless the controller allows it', async () => {
    const text = group()
      .replace('name: all', 'name: all\n  namespace: sales')
      .replace('{ name: corp }', '{ name: corp, namespace: default }')
    const open = SERVER.replace('spec:\n', 'spec:\n  allowed: { namespaces: All }\n')
    const warned = await run(`${text}---${open}`, { externalSecrets: true })
    const about = /^a\.yaml:1: warning: spec\.serverRef names the namespace default: .*Ref/
    expect([warned.code, warned.lines.some((line) => about.test(line))]).toEqual([0, true])
    const quiet = await run(`${text}---${open}`, { crossNamespace: true })
    expect(quiet.lines.some((line) => about.test(line))).toBe(false)
  })
})
