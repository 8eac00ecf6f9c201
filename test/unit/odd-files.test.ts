// Files that nobody means: each is told by name with what to do, none keeps the others from being read, and none takes
// more work than its size.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { validate } from '../../controller/cli/validate.ts'
import { readDirectory, watchDirectory } from '../../controller/local/directory.ts'
import { fileBytesMax } from '../../controller/validation/bounds.ts'
import { documentsOf } from '../../controller/validation/documents.ts'
import { problemText } from '../../controller/validation/problem.ts'
import { readResources } from '../../controller/validation/resources.ts'
import { groupText } from './odd-texts.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'odd-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const problemsOf = async () =>
  readResources(await readDirectory(dir), { externalSecrets: true }).problems.map((problem) =>
    problemText(problem).replace(`${dir}/`, ''),
  )

describe('in a directory', () => {
  const sound = groupText('sound')
  type Case = readonly [what: string, make: (file: string) => unknown, told: RegExp]
  const bytes =
    (...some: readonly (string | Uint8Array)[]) =>
    (file: string) =>
      writeFileSync(file, Buffer.concat(some.map((each) => Buffer.from(each))))
  const utf16 = Buffer.from(`\ufeff${sound}`, 'utf16le')
  test.each<Case>([
    [
      'one that is too large',
      bytes(`# ${'x'.repeat(fileBytesMax)}`),
      /larger than 1 MiB; split it/,
    ],
    ['a pipe that nobody writes', (file) => execFileSync('mkfifo', [file]), /no regular file/],
    ['a link to a device', (file) => symlinkSync('/dev/zero', file), /no regular file/],
    ['a binary file', bytes(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0xff, 0xfe)), /not UTF-8 text/],
    ['invalid UTF-8', bytes('a: ', Uint8Array.of(0xc3, 0x28)), /not UTF-8 text/],
    ['half of UTF-16', bytes(utf16.subarray(0, 101)), /is not UTF-16 text; save it as UTF-8/],
    ['UTF-16 without its mark', bytes(utf16.subarray(2)), /U\+0000 is not allowed/],
    ['a NUL', bytes('a: b\nc: \u0000'), /:2:4: invalid YAML: the character U\+0000 is not allowed/],
    ['a control sequence', bytes('a: \u001b[2J'), /U\+001B is not allowed/],
  ])('%s is told, and the others are read', async (_what, make, told) => {
    writeFileSync(join(dir, 'sound.yaml'), sound)
    make(join(dir, 'odd.yaml'))
    const [problem, ...others] = await problemsOf()
    expect(problem).toMatch(told)
    expect(problem).toMatch(/^odd\.yaml:\d+:\d+: /)
    expect(others).toEqual([])
    const { documents } = readResources(await readDirectory(dir), { externalSecrets: true })
    expect(documents.map(({ ref, resource }) => [ref.name, resource?.kind])).toEqual([
      ['corp', 'ExchangeServer'],
      ['sound', 'SyncGroup'],
    ])
  })

  test('a socket', async () => {
    const server = createServer().listen(join(dir, 'odd.yaml'))
    await new Promise((resolve) => server.once('listening', resolve))
    expect(await problemsOf()).toEqual([expect.stringMatching(/^odd.yaml:1:1: is no regular file/)])
    server.close()
  })

  test('a byte order mark, Windows lines and a huge line are none', async () => {
    writeFileSync(join(dir, 'a.yaml'), `\ufeff${sound.replaceAll('\n', '\r\n')}`)
    writeFileSync(join(dir, 'b.yaml'), `# ${'y'.repeat(1_000_000)}\n`)
    expect(await problemsOf()).toEqual([])
  })

  test('what may not be read is told, a file as well as a directory', async () => {
    writeFileSync(join(dir, 'sound.yaml'), sound)
    writeFileSync(join(dir, 'shut.yaml'), sound)
    mkdirSync(join(dir, 'closed'))
    chmodSync(join(dir, 'shut.yaml'), 0)
    chmodSync(join(dir, 'closed'), 0)
    // Nothing is shut to root.
    const expected = process.getuid?.() === 0 ? 0 : 2
    const told = (await problemsOf()).filter((each) => /check its permissions/.test(each))
    expect(told.length).toBe(expected)
    chmodSync(join(dir, 'closed'), 0o700)
  })

  test('links in a circle, and what editors leave beside a file', async () => {
    symlinkSync('b.yaml', join(dir, 'a.yaml'))
    symlinkSync('a.yaml', join(dir, 'b.yaml'))
    for (const name of ['.c.yaml.swp', 'c.yaml~', '#c.yaml#', '4913', 'c.yaml.tmp', '.#c.yaml'])
      writeFileSync(join(dir, name), 'half: [')
    mkdirSync(join(dir, 'd.yaml'))
    const sources = await readDirectory(dir)
    expect(sources.map(({ name, text }) => [name.replace(`${dir}/`, ''), text])).toEqual([
      ['a.yaml', ''],
      ['b.yaml', ''],
      ['d.yaml', ''],
    ])
  })

  test('more files than are meant: the rest is told as not read', async () => {
    for (let n = 0; n < 60; n += 1) writeFileSync(join(dir, `${n + 100}.yaml`), '')
    const sources = await readDirectory(dir, { files: 50, directories: 5, mib: 1 })
    expect(sources.length).toBe(51)
    expect(sources.find(({ unread }) => unread !== undefined)).toMatchObject({
      name: dir,
      unread: expect.stringMatching(/more than 50 YAML files.*150\.yaml on is not read/),
    })
  })

  test('more text than is meant: the rest is told as not read', async () => {
    for (let n = 0; n < 4; n += 1)
      writeFileSync(join(dir, `${n + 10}.yaml`), `# ${'x'.repeat(400_000)}`)
    const sources = await readDirectory(dir, { files: 50, directories: 5, mib: 1 })
    expect(sources.map(({ unread }) => unread ?? '')).toEqual([
      '',
      '',
      expect.stringMatching(/together they have more than 1 MiB/),
    ])
  })

  test('a pipe that is put in place of a file is a change, and is not waited for', async () => {
    const file = join(dir, 'a.yaml')
    writeFileSync(file, sound)
    const stop = new AbortController()
    const { promise, resolve } = Promise.withResolvers<void>()
    await watchDirectory(dir, resolve, stop.signal, { debounceMs: 1, pollMs: 50 })
    rmSync(file)
    execFileSync('mkfifo', [file])
    await promise
    stop.abort()
    expect(await problemsOf()).toEqual([expect.stringMatching(/no regular file/)])
  })
})

describe('YAML of any shape', () => {
  const long = (part: string) => part.repeat(fileBytesMax / part.length)
  const lines = (line: (n: number) => string, count: number) =>
    Array.from({ length: count }, (_, n) => line(n)).join('\n')
  test.each([
    ['brackets', long('['), /150000 words and signs/],
    ['brackets, fewer', '['.repeat(100_000), /nested more than 100 levels/],
    ['entries in entries', '- '.repeat(100_000), /nested more than 100 levels/],
    ['mappings in mappings', lines((n) => `${' '.repeat(n)}a:`, 1_000), /more than 100 levels/],
    ['documents', long('---\n'), /150000 words|5000 documents/],
    ['documents, fewer', '--- a\n'.repeat(5_001), /5000 documents; split it/],
    ['keys', lines((n) => `k${n}: 1`, 40_000), undefined],
    ['equal keys', 'a: 1\n'.repeat(20_000), /occurs twice in one mapping/],
    ['anchors', lines((n) => `- &a${n} x`, 40_000), /1000 anchors and aliases/],
    ['commas', `[${','.repeat(20_000)}]`, /invalid YAML/],
    ['a long key', `a:\n  ${'k'.repeat(2000)}: 1\n`, /:2:3: invalid YAML: a key has at most 1024/],
    ['a text', `a: "${long('\\n').slice(8)}"`, undefined],
    ['comments', '#\n'.repeat(140_000), undefined],
    ['an alias within its anchor', 'a: &a [*a]', /alias is inside its own anchor/],
    ['a merge of itself', 'a: &a\n  <<: *a\n  b: 1', /alias is inside its own anchor/],
    ['a large list, a hundred times', bigTimes(99), /aliases repeat more than 500000 nodes/],
  ])('%s', (_what, text, told) => {
    const { problems } = documentsOf({ name: 'a.yaml', text })
    const [first] = problems.map(problemText)
    expect(first ?? '').toMatch(told ?? /^$/)
    expect(problems.length).toBeLessThanOrEqual(51)
  })

  function bigTimes(count: number): string {
    return `a: &a [${'x, '.repeat(20_000)}]\nb:\n${'- *a\n'.repeat(count)}`
  }

  test('of many problems in a document some are told, and that there are more', () => {
    const keys = lines((n) => `  unknown${n}: 1`, 20_000)
    const { problems } = readResources([{ name: 'a.yaml', text: `${groupText('a')}\n${keys}` }])
    const members = lines((n) => `  - {mailbox: "${n}", folder: / }`, 4_000)
    const text = groupText('a').replace('members: []', `members:\n${members}`)
    const more = readResources([{ name: 'b.yaml', text }]).problems
    for (const some of [problems, more]) {
      expect(some.length).toBeLessThanOrEqual(53)
      expect(some.map(problemText).join('\n')).toMatch(/more than 50 problems in this document/)
    }
  })

  test('keys that objects have of themselves are keys like others', () => {
    const text = `${groupText('a')}\n  constructor: null\n  __proto__: {polluted: true}\n  toString: 1`
    const { problems } = readResources([{ name: 'a.yaml', text }], { externalSecrets: true })
    const told = problems.map(problemText).filter((each) => /unknown field/.test(each))
    expect(told.map((each) => each.split(': ')[1])).toEqual(
      expect.arrayContaining(['spec.constructor', 'spec.__proto__', 'spec.toString']),
    )
    expect('polluted' in {}).toBe(false)
  })
})

describe('exsync validate', () => {
  const said = async (...args: readonly string[]) => {
    const lines: string[] = []
    const code = await validate(args, (line) => lines.push(line), { externalSecrets: true })
    return { code, lines }
  }

  test('names the file and the remedy', async () => {
    const file = join(dir, 'large.yaml')
    writeFileSync(file, 'x'.repeat(fileBytesMax + 1))
    const { code, lines } = await said(file)
    expect(code).toBe(1)
    expect(lines[0]).toBe(`${file}:1:1: is larger than 1 MiB; split it into several files`)
  })

  test('reads a pipe that it is given, and does not wait for one that nobody writes', async () => {
    const file = join(dir, 'pipe')
    execFileSync('mkfifo', [file])
    expect((await said(file)).lines).toEqual(['0 documents valid'])
    const writing = Promise.all([said(file), said('/dev/zero')])
    expect((await writing).map(({ code }) => code)).toEqual([0, 1])
  })

  test('says that a port is none', async () => {
    const file = join(dir, 'a.yaml')
    writeFileSync(file, groupText('a').replace('mail.corp.example', 'mail.corp.example:99999'))
    const { code, lines } = await said(file)
    expect([code, lines[0]]).toEqual([1, expect.stringMatching(/spec\.url: is no URL .* 65535/)])
  })
})
