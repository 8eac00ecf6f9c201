// The npm package as its user gets it: packed, installed in an empty folder without running any script, and started by the
// oldest Node of each range that it asks for, and by one that is too old.
import { execFile } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { build, manifestOf } from '../../image/npm/build.ts'
import { groupOf, secretOf, serverOf } from '../e2e/support.ts'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import { parseWorld } from '../exchange/world.ts'
import { root } from './dockerfile.ts'

const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const windows = process.platform === 'win32'
const top = mkdtempSync(join(tmpdir(), 'exsync-package-'))
const [made, empty] = [join(top, 'made'), join(top, 'empty')]
let packed: Packed
afterAll(() => rmSync(top, { recursive: true, force: true }))

type Packed = Readonly<{
  filename: string
  size: number
  files: readonly Readonly<{ path: string; mode: number }>[]
}>
type Ended = Readonly<{ code: unknown; stdout: string; stderr: string }>

function run(file: string, args: readonly string[], cwd: string, path?: string): Promise<Ended> {
  const { PATH = '', ...env } = process.env
  const PATHS = path === undefined ? PATH : `${path}${delimiter}${PATH}`
  const options = { cwd, env: { ...env, PATH: PATHS }, shell: windows, maxBuffer: 2 ** 26 }
  return new Promise((resolve) => {
    execFile(file, args, options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    )
  })
}

/** Runs npm with the registry that this machine has; what it has downloaded before, it takes from its cache. */
async function npm(args: readonly string[], cwd: string): Promise<string> {
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts']
  const { code, stdout, stderr } = await run('npm', [...args, ...quiet], cwd)
  if (code !== 0) throw new Error(`npm ${args.join(' ')}: ${stderr}`)
  return stdout
}

/** The folder with the program of a version of Node, which is kept in the cache. */
async function nodeOf(version: string): Promise<string> {
  const platform = windows ? 'win' : process.platform
  const name = `node-${platform}-${process.arch}`
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const path = join(cache, 'exchange-sync-controller', 'nodes', `${name}-${version}`)
  if (!existsSync(path)) {
    const draft = `${path}.${process.pid}`
    mkdirSync(draft, { recursive: true })
    try {
      await npm(['install', '--no-save', '--prefix', draft, `${name}@${version}`], draft)
      if (!existsSync(path)) renameSync(draft, path)
    } finally {
      rmSync(draft, { recursive: true, force: true })
    }
  }
  return join(path, 'node_modules', name, 'bin')
}

beforeAll(async () => {
  build(made, {})
  const [only] = JSON.parse(await npm(['pack', made, '--json'], top)) as Packed[]
  packed = only as Packed
  mkdirSync(empty)
  await npm(['install', join(top, packed.filename)], empty)
})

/** The lowest version of each part of a range like ^1.2.3 || >=4.5.6. */
function lowest(range: string): string[] {
  return [...range.matchAll(/\d+\.\d+\.\d+/g)].map(([version]) => version)
}

describe('the content', () => {
  test('is the program as JavaScript, the definitions, the licence and a page, and is small', () => {
    const sources = readdirSync(join(root, 'controller'), { recursive: true, encoding: 'utf8' })
    const program = sources
      .filter((name) => /\.m?[jt]s$/.test(name))
      .map((name) => `controller/${name.replaceAll('\\', '/').replace(/\.ts$/, '.js')}`)
    const crds = ['exchangeservers', 'syncgroups', 'syncplans'].map(
      (each) => `crds/exchangesync.dev_${each}.yaml`,
    )
    expect(packed.files.map(({ path }) => path).sort()).toEqual(
      [...program, ...crds, 'LICENSE', 'README.md', 'package.json'].sort(),
    )
    expect(packed.size).toBeLessThan(600_000)
    const launchers = packed.files.filter(({ path }) => Object.values(own.bin).includes(path))
    expect(launchers.map(({ mode }) => mode & 0o111)).toEqual([0o111, 0o111])
  })

  test('has no path of this machine, no host of a registry and no source', () => {
    const telling = packed.files
      .map(({ path }) => [path, readFileSync(join(made, path), 'utf8')] as const)
      .filter(
        ([path, text]) =>
          text.includes(root) ||
          /https?:\/\/registry\.|sourceMappingURL/.test(text) ||
          (path.endsWith('js') && /(from|import\() ?'\.[^']*\.ts'/.test(text)),
      )
    expect(telling.map(([path]) => path)).toEqual([])
  })

  test('is described by a manifest without scripts and development, which may be published', () => {
    const manifest = JSON.parse(readFileSync(join(made, 'package.json'), 'utf8'))
    const { name, version, engines, bin, dependencies } = own
    expect(manifest).toMatchObject({ name, version, engines, bin, dependencies })
    const surplus = ['private', 'scripts', 'devDependencies', 'allowScripts', 'repository']
    expect(surplus.filter((key) => key in manifest)).toEqual([])
    expect(name).toMatch(/^@[a-z]+\/[a-z]+$/)
    const GITHUB = { GITHUB_SERVER_URL: 'https://git.example', GITHUB_REPOSITORY: 'a/b' }
    expect(manifestOf(own, GITHUB).repository).toEqual({
      type: 'git',
      url: 'git+https://git.example/a/b.git',
    })
  })

  test('takes the place of nothing: a folder that holds something is refused', () => {
    expect(() => build(made, {})).toThrow('is not empty')
  })

  test('of the repository itself cannot be packed or published by mistake', async () => {
    expect(own.private).toBe(true)
    const { code, stderr } = await run('npm', ['pack', '--dry-run'], root)
    expect([code, stderr]).toEqual([1, expect.stringContaining('npm pack ./dist')])
  })

  test('brings no package for development', () => {
    const there = readdirSync(join(empty, 'node_modules'))
    expect(there).toContain('undici')
    const development = ['vitest', 'typescript', '@biomejs', 'fast-check', 'node', 'libxml2-wasm']
    expect(development.filter((each) => there.includes(each))).toEqual([])
  })
})

const world = parseWorld(
  `
domain: corp.example
users:
  - { mailbox: anna@corp.example, password: anna-secret }
  - { mailbox: sync@corp.example, password: sync-secret, impersonates: all }
publicFolders:
  - { path: /Company/Contacts, permissions: { sync@corp.example: PublishingEditor }, contacts: 5, seed: 7 }
`,
  'world.yaml',
)

/** A server that signs in by Kerberos, whose helper is a process of its own, and a group that names it. */
const kerberos = [
  serverOf('https://mail.corp.invalid/EWS/Exchange.asmx', {
    auth: { type: 'Kerberos', secretRef: { name: 'keytab' } },
  }),
  groupOf({ name: 'kerberos', members: [], spec: { serverRef: { name: 'corp-kerberos' } } }),
  secretOf('keytab', { username: 'svc@CORP.INVALID', keytab: '\x05\x02' }),
].map((each, at) =>
  at === 0 ? { ...each, metadata: { name: 'corp-kerberos', namespace: 'sales' } } : each,
)

describe.each(lowest(own.engines.node))('Node %s', (version) => {
  const exsync = join(empty, 'node_modules', '.bin', windows ? 'exsync.cmd' : 'exsync')
  const folder = join(top, `at-${version}`)
  const local = join(folder, 'declared')
  const state = join(folder, 'state')
  let exchange: Exchange
  let node = ''
  beforeAll(async () => {
    node = await nodeOf(version)
    exchange = await startExchange(world)
    mkdirSync(local, { recursive: true })
  })
  afterAll(() => exchange?.close())
  const started = (...args: string[]) => run(exsync, args, folder, node)

  test('shows its help and its version, and no warning', async () => {
    expect((await run('node', ['--version'], folder, node)).stdout.trim()).toBe(`v${version}`)
    const { code, stdout, stderr } = await started('--help')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain('validate')
    expect((await started('version')).stdout).toBe(`exsync ${own.version}\n`)
  })

  test('validates the examples by the definitions in the package', async () => {
    const { code, stdout, stderr } = await started('validate', join(root, 'examples/two-way.yaml'))
    expect([code, stderr, stdout]).toEqual([0, '', '3 documents valid\n'])
    const wrong = stringify(groupOf({ members: [{ mailbox: 'anna' }] }))
    writeFileSync(join(folder, 'wrong.yaml'), wrong)
    expect((await started('validate', 'wrong.yaml')).code).toBe(1)
  })

  test('synchronises a directory, and says what Kerberos needs', async () => {
    const member = [{ mailbox: 'anna@corp.example' }]
    const account = { username: 'sync@corp.example', password: 'sync-secret' }
    const resources = [
      serverOf(exchange.url),
      secretOf('account', account),
      groupOf({ members: member }),
    ]
    const declare = (all: readonly object[]) =>
      writeFileSync(join(local, 'all.yaml'), all.map((each) => stringify(each)).join('---\n'))
    const once = () => started('run', '--local', local, '--state', state, '--once')
    declare(resources)
    expect(await once()).toMatchObject({ code: 0, stderr: '' })
    const anna = exchange.store.mailbox('anna@corp.example').folder('Contacts/Contacts')
    expect(anna.items().length).toBe(5)
    const writes = exchange.counts.CreateItem
    declare([...resources, ...kerberos])
    expect(await once()).toMatchObject({ code: 1 })
    expect(exchange.counts.CreateItem).toBe(writes)
    const status = parse(readFileSync(join(state, 'status', 'sales.kerberos.yaml'), 'utf8')).status
    expect(status.conditions).toContainEqual(
      expect.objectContaining({ type: 'Ready', reason: 'KerberosNotInstalled' }),
    )
    if (!windows) expect(statSync(join(state, 'exsync.db')).mode & 0o077).toBe(0)
  })
})

// Debian 12 has it.
test('an older Node says what is needed', async () => {
  const node = await nodeOf('18.20.8')
  const exsync = join(empty, 'node_modules', '.bin', windows ? 'exsync.cmd' : 'exsync')
  const { code, stdout, stderr } = await run(exsync, ['--help'], top, node)
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toContain(`exsync: needs Node ${own.engines.node}, but this is v18.20.8`)
  expect(stderr.trim().split('\n').length).toBe(1)
})
