// A release: its version is everywhere the same, its notes and files are what they say, its workflows may do only what they do, and
// its scripts refuse. test/cluster/release.test.ts runs the scripts, and actionlint.
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import {
  definitions,
  faultsOf,
  notes,
  prepare,
  ReleaseError,
  writeChart,
} from '../../release/main.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const chart = 'charts/exchange-sync-controller'
const image = 'ghcr.io/owner/exchange-sync-controller'
const digest = `sha256:${'a1'.repeat(32)}`

/** A folder that goes with the test. */
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'exsync-release-'))
  onTestFinished(() => rmSync(made, { recursive: true }))
  return made
}

/** The files of the repository that have the version, with the changelog as it was before a release. */
function copied(): string {
  const copy = folder()
  for (const file of ['package.json', 'package-lock.json', `${chart}/Chart.yaml`, 'CHANGELOG.md']) {
    mkdirSync(dirname(join(copy, file)), { recursive: true })
    cpSync(join(root, file), join(copy, file))
  }
  edit(copy, 'CHANGELOG.md', /^## .*$/m, '## Unreleased')
  return copy
}

function edit(copy: string, file: string, from: RegExp, to: string): void {
  const text = readFileSync(join(copy, file), 'utf8')
  expect(text).toMatch(from)
  writeFileSync(join(copy, file), text.replace(from, to))
}

describe('the version', () => {
  test('is the same in all files', () => {
    const { version } = JSON.parse(read('package.json'))
    const faults = faultsOf(`v${version}`)
    // The changelog has a date on the day of the release only.
    expect(faults.filter((fault) => !fault.startsWith('CHANGELOG.md has no '))).toEqual([])
  })

  test('is prepared in all files, and then a tag of it is taken and no other one', () => {
    const copy = copied()
    expect(faultsOf('v7.8.9', copy)).toHaveLength(6)
    prepare('7.8.9', '2026-01-31', copy)
    expect(faultsOf('v7.8.9', copy)).toEqual([])
    expect(faultsOf('v7.8.8', copy)).toHaveLength(6)
    const lock = JSON.parse(readFileSync(join(copy, 'package-lock.json'), 'utf8'))
    expect([lock.version, lock.packages[''].version]).toEqual(['7.8.9', '7.8.9'])
    const { packages } = JSON.parse(read('package-lock.json'))
    expect({ ...lock.packages, '': packages[''] }).toEqual(packages)
    // A second release needs a section of its own.
    expect(() => prepare('7.9.0', '2026-02-01', copy)).toThrow('“## 7.8.9 – 2026-01-31”')
    expect(() => prepare('8', '2026-02-01', copy)).toThrow(ReleaseError)
  })

  test.each([
    ['package.json', /"version": "7/, '"version": "8'],
    ['package-lock.json', /"version": "7/, '"version": "8'],
    ['package-lock.json', /^( {6}"version": )"7/m, '$1"8'],
    [`${chart}/Chart.yaml`, /^version: 7/m, 'version: 8'],
    [`${chart}/Chart.yaml`, /^appVersion: 7/m, 'appVersion: 8'],
    ['CHANGELOG.md', / – 2026-01-31/, ' – unreleased'],
  ])('another one in %s (%s) is refused', (file, from, to) => {
    const copy = copied()
    prepare('7.8.9', '2026-01-31', copy)
    edit(copy, file, from, to)
    expect(faultsOf('v7.8.9', copy)).toEqual([expect.stringMatching(file)])
  })

  test.each(['7.8.9', 'v7.8', 'v7.8.9 ', 'v7.8.9;id', 'vv7.8.9', ''])('%j is no tag', (tag) => {
    expect(faultsOf(tag)).toEqual([expect.stringContaining('is not a tag like v1.2.3')])
  })
})

describe('the notes', () => {
  const copy = () => {
    const made = copied()
    const text =
      '# Changelog\n\n## 2.0.0 – 2026-02-01\n\n- Two.\n\n## 1.0.0 – 2026-01-01\n\n- One.\n'
    writeFileSync(join(made, 'CHANGELOG.md'), text)
    mkdirSync(join(made, 'release'))
    cpSync(join(root, 'release/notes.md'), join(made, 'release/notes.md'))
    return made
  }

  test('are the section of the version, and the commands with the names filled in', () => {
    const text = notes('v1.0.0', 'Owner/exchange-sync-controller', image, digest, copy())
    expect(text).toMatch(/^- One\.\n\n## Install\n/)
    expect(text).not.toMatch(/Two|[{}]/)
    expect(text).toContain('oci://ghcr.io/owner/charts/exchange-sync-controller --version 1.0.0')
    expect(text).toContain(`cosign verify ${image}@${digest}`)
    const identity =
      'https://github.com/Owner/exchange-sync-controller/.github/workflows/release.yaml@refs/tags/v1.0.0'
    expect(text).toContain(`--certificate-identity ${identity}`)
    expect(existsSync(join(root, '.github/workflows/release.yaml'))).toBe(true)
    expect(existsSync(join(root, 'docs/releases.md'))).toBe(true)
  })

  test('are refused for names that are none, and for a version without a section', () => {
    const made = copy()
    const of = (tag: string, name: string, at: string, by: string) => () =>
      notes(tag, name, at, by, made)
    expect(of('v3.0.0', 'o/r', image, digest)).toThrow('no section 3.0.0')
    expect(of('v1.0.0', 'o/r/$(id)', image, digest)).toThrow('is not OWNER/REPOSITORY')
    expect(of('v1.0.0', 'o/r', 'ghcr.io/Owner/x', digest)).toThrow('in small letters')
    expect(of('v1.0.0', 'o/r', image, 'sha256:1')).toThrow('is not a digest')
  })
})

test('the chart of a release differs in the name of its image only', () => {
  const to = join(folder(), 'chart')
  writeChart(to, image, digest)
  const files = readdirSync(to, { recursive: true, encoding: 'utf8' })
  expect(files.sort()).toEqual(
    readdirSync(join(root, chart), { recursive: true, encoding: 'utf8' }).sort(),
  )
  const values = readFileSync(join(to, 'values.yaml'), 'utf8')
  const { image: own, ...others } = parse(values)
  const { image: before, ...same } = parse(read(`${chart}/values.yaml`))
  expect(others).toEqual(same)
  expect(own).toEqual({
    ...before,
    registry: 'ghcr.io',
    repository: 'owner/exchange-sync-controller',
    digest,
  })
  const changed = values
    .split('\n')
    .filter((line, i) => read(`${chart}/values.yaml`).split('\n')[i] !== line)
  expect(changed).toHaveLength(3)
  expect(() => writeChart(to, image, digest)).toThrow(/EEXIST|already exists/)
})

test('the resource definitions are one file with all of them', () => {
  const names = readdirSync(join(root, 'crds')).filter((name) => name.endsWith('.yaml'))
  expect(definitions().match(/^kind: CustomResourceDefinition$/gm)).toHaveLength(names.length)
  for (const name of names) expect(definitions()).toContain(read(`crds/${name}`).trimEnd())
})

const scripts = ['release', '.ci'].flatMap((from) =>
  readdirSync(join(root, from))
    .map((name) => `${from}/${name}`)
    .filter((file) => read(file).startsWith('#!')),
)

describe('the scripts', () => {
  test('are for bash, end at the first fault, and print no command with its words', () => {
    expect(scripts.length).toBeGreaterThan(5)
    for (const file of scripts) {
      expect([file, read(file)]).toEqual([
        file,
        expect.stringMatching(/^#!\/usr\/bin\/env bash\n# /),
      ])
      expect([file, read(file)]).toEqual([file, expect.stringMatching(/^set -euo pipefail$/m)])
      expect([file, read(file)]).toEqual([file, expect.not.stringMatching(/^set -.*x/m)])
      expect(spawnSync('bash', ['-n', join(root, file)], { encoding: 'utf8' })).toMatchObject({
        status: 0,
        stderr: '',
      })
    }
  })

  const run = (file: string, ...args: readonly string[]) =>
    spawnSync('bash', [join(root, file), ...args], { encoding: 'utf8' })

  test('npm: a package without a scope is not published', () => {
    const made = folder()
    mkdirSync(join(made, 'package'))
    writeFileSync(join(made, 'package/package.json'), '{"name": "exsync", "version": "1.0.0"}')
    const file = join(made, 'exsync.tgz')
    expect(spawnSync('tar', ['-czf', file, '-C', made, 'package'])).toMatchObject({ status: 0 })
    expect(run('release/publish-npm.sh', file)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('exsync@1.0.0 has no scope'),
    })
  })

  test('a README: its first commands run, until one fails', () => {
    const file = join(folder(), 'README.md')
    writeFileSync(
      file,
      'A\n\n```sh\necho one \\\n  two\nfalse | cat\necho three\n```\n\n```sh\necho four\n```\n',
    )
    expect(run('.ci/readme', file)).toMatchObject({ status: 1, stdout: 'one two\n' })
    writeFileSync(file, 'A\n')
    expect(run('.ci/readme', file)).toMatchObject({ status: 1, stdout: '' })
  })

  test('of the parts of .ci/run, only those that there are', () => {
    expect(run('.ci/run', 'tset')).toMatchObject({
      status: 1,
      stderr: 'there is no such part: tset\n',
    })
  })
})

describe('workflows', () => {
  const from = '.github/workflows'
  const files = readdirSync(join(root, from))
  type Step = Readonly<{ uses?: string; run?: string; with?: Readonly<Record<string, unknown>> }>
  type Job = Readonly<{
    permissions?: Readonly<Record<string, string>>
    steps?: readonly Step[]
    uses?: string
    strategy?: { matrix: { part: readonly string[] } }
  }>
  type Workflow = Readonly<{ permissions: unknown; jobs: Readonly<Record<string, Job>> }>
  const workflows = files.map((file) => [file, parse(read(`${from}/${file}`)) as Workflow] as const)
  const jobs = workflows.flatMap(([, each]) => Object.entries(each.jobs))
  const stepsOf = ([, { steps = [] }]: (typeof jobs)[number]) => steps

  test('may do nothing but what a job asks for', () => {
    expect(files.sort()).toEqual(['audit.yaml', 'ci.yaml', 'release.yaml'])
    for (const [file, { permissions }] of workflows) expect([file, permissions]).toEqual([file, {}])
    const asked = (right: string) =>
      jobs.filter(([, { permissions }]) => permissions?.[right] === 'write').map(([name]) => name)
    expect(asked('contents')).toEqual(['release'])
    expect(asked('packages')).toEqual(['image', 'chart'])
    expect(asked('attestations')).toEqual(['image', 'chart', 'release'])
    expect(asked('id-token')).toEqual(['image', 'chart', 'npm', 'release'])
    for (const [name, { permissions }] of jobs)
      if (!asked('id-token').includes(name))
        expect([name, permissions]).toEqual([name, { contents: 'read' }])
  })

  test('a job that may write runs no package of others', () => {
    const able = jobs.filter(([, { permissions }]) =>
      Object.values(permissions ?? {}).includes('write'),
    )
    const runs = able.flatMap(stepsOf).flatMap(({ run }) => run ?? [])
    expect(runs.length).toBeGreaterThan(6)
    expect(
      runs.filter((each) => /\bnpm (ci|install|run|test|pack)|\bnpx\b|assets\.sh/.test(each)),
    ).toEqual([])
  })

  test('run actions by their commit, with the version beside it', () => {
    for (const [file] of workflows)
      for (const [line, action = ''] of read(`${from}/${file}`).matchAll(/^.*\buses: (.*)$/gm)) {
        if (action === './.github/workflows/ci.yaml') continue
        expect(line).toMatch(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
      }
    for (const { uses, with: given } of jobs.flatMap(stepsOf))
      if (uses?.startsWith('actions/checkout@')) expect(given?.['persist-credentials']).toBe(false)
  })

  test('no text from outside and no secret is put into a shell', () => {
    const runs = jobs.flatMap(stepsOf).flatMap(({ run }) => run ?? [])
    expect(runs.filter((script) => script.includes('${{'))).toEqual([])
    // The only secret is the token of the run itself, which registries are signed in to with.
    const secrets = files.flatMap(
      (file) => read(`${from}/${file}`).match(/^.*secrets\..*$/gm) ?? [],
    )
    expect(new Set(secrets.map((line) => line.replace(/ +/g, ' ')))).toEqual(
      new Set([` password: $\{{ secrets.GITHUB_TOKEN }}`]),
    )
    expect(read(`${from}/ci.yaml`)).not.toMatch(/secrets|pull_request_target/)
  })

  test('run scripts that there are, and every script of a release', () => {
    const runs = jobs.flatMap(stepsOf).flatMap(({ run }) => run ?? [])
    const named = runs.flatMap(
      (script) => script.match(/(?:^|\s)(?:release|\.ci|examples)\/[\w./-]+/g) ?? [],
    )
    const paths = new Set(named.map((each) => each.trim()))
    for (const path of paths) expect([path, existsSync(join(root, path))]).toEqual([path, true])
    expect(scripts.filter((file) => !paths.has(file))).toEqual([])
  })

  test('ci runs all parts of .ci/run', () => {
    const parts = [...read('.ci/run').matchAll(/^part (\S+) /gm)].map(([, name]) => name)
    const ci = jobs.find(([name]) => name === 'part')?.[1]
    expect(ci?.strategy?.matrix.part).toEqual(parts)
  })
})
