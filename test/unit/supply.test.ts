// What the program is made of: which Node it needs, that it says so, and what the image's bill of materials holds.
import { execFileSync, spawnSync } from 'node:child_process'
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
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { baseIn, billOf, type Locked, noticesOf, runtimePackages } from '../../image/contents.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const { engines, bin } = JSON.parse(read('package.json'))
const { packages } = JSON.parse(read('package-lock.json'))
// npm's own reading of ranges; it comes with a package that the program needs.
const { subset, satisfies } = createRequire(import.meta.url)('semver') as {
  subset: (one: string, other: string) => boolean
  satisfies: (version: string, range: string) => boolean
}

describe('engines', () => {
  test('asks for no Node that a package of the program would not run on', () => {
    const asked = Object.entries(
      packages as Record<string, Locked & { engines?: { node?: string } }>,
    )
      .filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional)
      .flatMap(([path, each]) => (each.engines?.node ? [[path, each.engines.node] as const] : []))
    expect(asked.length).toBeGreaterThan(40)
    expect(asked.filter(([, range]) => !subset(engines.node, range))).toEqual([])
    // The test tells a range that is too wide.
    expect(asked.some(([, range]) => !subset('>=20', range))).toBe(true)
  })

  test('asks for TypeScript and SQLite without a flag, and for SQLite that binds ?1 by its place', () => {
    for (const version of ['20.20.2', '22.18.0', '22.19.0', '23.6.0', '24.0.0', '24.6.0'])
      expect([version, satisfies(version, engines.node)]).toEqual([version, false])
    for (const version of ['22.20.0', '22.22.0', '24.7.0', packages['node_modules/node'].version])
      expect([version, satisfies(version, engines.node)]).toEqual([version, true])
    expect(packages[''].engines).toEqual(engines)
  })

  test('the program has nothing that the oldest of them cannot read', () => {
    // V8 of Node 24 reads `using`; what strips the types leaves it as it is.
    const newer =
      /^\s*(await )?using \w+ =|\bimport\.meta\.main\b|\bPromise\.try\b|\bRegExp\.escape\b/m
    const files = readdirSync(join(root, 'controller'), { recursive: true, encoding: 'utf8' })
    const sources = files.filter((file) => file.endsWith('.ts'))
    expect(sources.length).toBeGreaterThan(100)
    expect(sources.filter((file) => newer.test(read(`controller/${file}`)))).toEqual([])
  })
})

describe('an older Node', () => {
  /** The first lines of the program beside a package.json that asks for this. */
  function started(range: string, file: string) {
    const folder = mkdtempSync(join(tmpdir(), 'exsync-needs-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    mkdirSync(join(folder, 'controller'))
    for (const name of ['needs.mjs', 'exsync.mjs', 'main.ts', 'heap.ts'])
      cpSync(join(root, 'controller', name), join(folder, 'controller', name))
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ type: 'module', engines: { node: range } }),
    )
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, file)], {
      encoding: 'utf8',
    })
    return { status, stdout, stderr: stderr.replace(/^\(.*\n/gm, '') }
  }

  test.each(['controller/exsync.mjs', 'controller/main.ts'])(
    '%s says what it needs and has',
    (file) => {
      const range = '^22.20.0 || >=99.1.0'
      expect(started(range, file)).toEqual({
        status: 1,
        stdout: '',
        stderr: `exsync: needs Node ${range}, but this is ${process.version} (${process.execPath}): install a newer one, or run the image\n`,
      })
    },
  )

  //  a range by what is running, whether it is met
  const [major = 0, minor = 0, patch = 0] = process.versions.node.split('.').map(Number)
  test.each([
    [`>=${major}.${minor}.${patch}`, true],
    [`^${major}.${minor}.${patch}`, true],
    [`>=${major}.${minor}.${patch + 1}`, false],
    [`^${major}.${minor + 1}.0`, false],
    [`>=${major - 1}.99.99`, true],
    [`^${major - 1}.0.0`, false],
    [`^${major - 1}.0.0 || ^${major}.0.0`, true],
  ])('%s: %s', (range, met) => {
    const { stderr } = started(range, 'controller/needs.mjs')
    expect(stderr === '').toBe(met)
  })

  test('the command is the launcher, with the flags that old ones know', () => {
    expect(bin).toEqual({
      exsync: 'controller/exsync.mjs',
      'kubectl-exsync': 'controller/kubectl-exsync.mjs',
    })
    const flagsOf = (file: string) => /node (.*)$/m.exec(read(file))?.[1]?.split(' ')
    const silent = '--disable-warning=ExperimentalWarning'
    for (const file of Object.values<string>(bin)) {
      expect(flagsOf(file)).toEqual(
        flagsOf('controller/main.ts')?.filter((flag) => flag !== silent),
      )
      const command = [join(root, file), '--version']
      expect(spawnSync(process.execPath, command, { encoding: 'utf8' })).toMatchObject({
        status: 0,
        stderr: '',
        stdout: expect.stringMatching(/^exsync /),
      })
    }
  })
})

// Outside of a clone npx asks a registry, where the name exsync is not this program's.
test('nothing says to fetch exsync from a registry', () => {
  const fetched =
    /\b(npx|bunx|(npm|pnpm|yarn) (x|i|exec|install|add|dlx))(?! --no-install)( +-\S+)* +exsync\b/
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  }).split('\n')
  const texts = files.filter((file) => file !== 'test/unit/supply.test.ts' && isText(file))
  expect(texts.length).toBeGreaterThan(500)
  expect(texts.filter((file) => fetched.test(read(file)))).toEqual([])
  for (const wrong of ['npx exsync run', 'npx -y exsync', 'npm install --global exsync'])
    expect([wrong, fetched.test(wrong)]).toEqual([wrong, true])
  expect(fetched.test('npx --no-install exsync run')).toBe(false)
})

function isText(file: string): boolean {
  return (
    /(^|\/)([A-Z]\w+|run|.*\.(ts|mjs|md|ya?ml|json|txt|tpl))$/.test(file) &&
    existsSync(join(root, file))
  )
}

describe('the bill of materials', () => {
  const bill = billOf(root) as Readonly<{
    specVersion: string
    metadata: { component: Component }
    components: readonly Component[]
    dependencies: readonly { ref: string; dependsOn: readonly string[] }[]
  }>
  type Component = Readonly<{
    'bom-ref': string
    name: string
    version: string
    purl: string
    type: string
    hashes?: unknown[]
    licenses?: unknown[]
  }>

  test('names every package once, with its hash and licence, and what it depends on', () => {
    const refs = [bill.metadata.component, ...bill.components].map((each) => each['bom-ref'])
    expect(new Set(refs).size).toBe(refs.length)
    const libraries = bill.components.filter(({ purl }) => purl.startsWith('pkg:npm/'))
    expect(libraries.length).toBe(Object.keys(runtimePackages(root)).length)
    expect(
      libraries.filter(({ hashes, licenses }) => !hashes?.length || !licenses?.length),
    ).toEqual([])
    for (const { dependsOn } of bill.dependencies)
      expect(dependsOn.filter((ref) => !refs.includes(ref))).toEqual([])
    // Everything is there for a reason: whoever follows the dependencies comes by all of it.
    const reached = new Set<string>()
    const follow = (ref: string) => {
      if (reached.has(ref)) return
      reached.add(ref)
      for (const next of bill.dependencies.find((each) => each.ref === ref)?.dependsOn ?? [])
        follow(next)
    }
    follow(bill.metadata.component['bom-ref'])
    expect(libraries.filter((each) => !reached.has(each['bom-ref']))).toEqual([])
  })

  test('names Node, what it has in itself, and the base image by its digest', () => {
    const version = (name: string) =>
      bill.components.find((each) => each.name === name && !each.purl.startsWith('pkg:npm'))
        ?.version
    expect([version('openssl'), version('sqlite')]).toEqual([
      process.versions.openssl,
      process.versions.sqlite,
    ])
    const base = bill.components.find(({ type }) => type === 'container')
    const { tag, digest } = baseIn(read('Dockerfile'))
    expect([base?.version, base?.purl]).toEqual([
      tag,
      expect.stringContaining(encodeURIComponent(digest)),
    ])
    expect(() => baseIn('FROM node:24 AS node')).toThrow('without a digest')
  })

  test('is the same each time, and so are the notices', () => {
    expect(JSON.stringify(billOf(root))).toBe(JSON.stringify(bill))
    expect(noticesOf(root)).toBe(noticesOf(root))
  })
})
