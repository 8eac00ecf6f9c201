// What an image holds, and that the program runs from it: read-only, by a user who is nobody, seeing nothing but what is in it.
import { spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { startExchange } from '../exchange/exchange.ts'
import { parseWorld } from '../exchange/world.ts'
import { imageOf, root } from './dockerfile.ts'
import { makeRootfs } from './rootfs.ts'

const image = imageOf()
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const program = JSON.parse(read('package.json')) as Readonly<{
  dependencies: Readonly<Record<string, string>>
  devDependencies: Readonly<Record<string, string>>
}>
type Component = Readonly<{ group?: string; name: string; version: string; purl: string }>
const stateFolder = 'var/lib/exsync'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'exsync-image-'))
  // As the root of an image is: for everybody.
  chmodSync(folder, 0o755)
  makeRootfs(folder)
})
afterAll(() => {
  for (const path of everything()) if (!lstatSync(path).isSymbolicLink()) chmodSync(path, 0o755)
  rmSync(folder, { recursive: true, force: true })
})

/** Everything in the image, by its path here. */
function everything(): readonly string[] {
  const inside = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return [folder, ...inside.map((path) => join(folder, path))]
}

const paths = () => everything().map((path) => relative(folder, path))

describe('what is in it', () => {
  test('is the program, its schema, its packages, Node and the libraries of Node', () => {
    const top = readdirSync(folder).filter((name) => !name.startsWith('lib'))
    expect(top.sort()).toEqual(['app', 'etc', 'usr', 'var'])
    const [app, controller, crds] = ['app', 'app/controller', 'app/crds'].map((path) =>
      readdirSync(join(folder, path)).sort(),
    )
    expect(app).toEqual([
      ...['LICENSE', 'THIRD-PARTY-NOTICES', 'controller', 'crds', 'node_modules', 'package.json'],
      'sbom.cdx.json',
    ])
    expect(controller).toEqual(readdirSync(join(root, 'controller')).sort())
    expect(crds?.every((name) => name.endsWith('.yaml'))).toBe(true)
    expect(readdirSync(join(folder, 'usr/local/bin')).sort()).toEqual(['exsync', 'node'])
    expect(readdirSync(join(folder, stateFolder))).toEqual([])
  })

  test('is every package that the program imports, and none for development', () => {
    const packages = readdirSync(join(folder, 'app/node_modules'), { encoding: 'utf8' })
    const scoped = packages
      .filter((name) => name.startsWith('@'))
      .flatMap((scope) =>
        readdirSync(join(folder, 'app/node_modules', scope)).map((name) => `${scope}/${name}`),
      )
    const there = new Set([...packages, ...scoped])
    expect(Object.keys(program.dependencies).filter((name) => !there.has(name))).toEqual([])
    const lock = JSON.parse(read('package-lock.json')).packages
    // What the program needs too may be there.
    const development = Object.keys(program.devDependencies).filter(
      (name) => lock[`node_modules/${name}`].dev,
    )
    expect(development.length).toBeGreaterThan(5)
    expect(development.filter((name) => there.has(name))).toEqual([])
  })

  test('is a bill of materials and the licences of every package that is there', () => {
    const installed = readdirSync(join(folder, 'app/node_modules'), { recursive: true })
      .map((path) => `app/node_modules/${path}`)
      .filter((path) => /node_modules\/(@[^/]+\/)?[^/@]+\/package\.json$/.test(path))
      .map((path) => JSON.parse(readFileSync(join(folder, path), 'utf8')))
    expect(installed.length).toBeGreaterThan(100)
    const inside = (name: string) => readFileSync(join(folder, 'app', name), 'utf8')
    const { components } = JSON.parse(inside('sbom.cdx.json')) as { components: Component[] }
    const listed = components.filter(({ purl }) => purl.startsWith('pkg:npm/'))
    const names = listed.map(
      ({ group, name, version }) => `${group ? `${group}/` : ''}${name} ${version}`,
    )
    expect(names.sort()).toEqual(installed.map(({ name, version }) => `${name} ${version}`).sort())
    const notices = inside('THIRD-PARTY-NOTICES')
    expect(
      installed.filter((each) => !notices.includes(`\n${each.name} ${each.version} (`)),
    ).toEqual([])
  })

  test('is no test, no example, no key and nothing of Git', () => {
    const own = paths().filter((path) => !path.startsWith('app/node_modules/'))
    const foreign =
      /(^|\/)(test|examples|charts|image|\.git.*|\.env.*|\.npmrc|.*\.(pem|key|sqlite|test\.ts))$/
    expect(own.filter((path) => foreign.test(path))).toEqual([])
    const texts = own.filter((path) => lstatSync(join(folder, path)).isFile() && /app\//.test(path))
    const secret = /-----BEGIN [A-Z ]*PRIVATE KEY-----|sync-secret/
    const telling = texts.filter((path) => secret.test(readFileSync(join(folder, path), 'utf8')))
    expect(telling).toEqual([])
  })

  test('is let through by .dockerignore, and nothing else is', () => {
    const sources = read('Dockerfile')
      .split('\n')
      .filter((line) => /^COPY (?!--from|<<|--chmod)/.test(line))
      .flatMap((line) => line.split(/\s+/).slice(1, -1))
    const lines = read('.dockerignore').split('\n')
    const allowed = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
    const below = (path: string, top: string) => path === top || path.startsWith(`${top}/`)
    expect(sources.filter((path) => !allowed.some((top) => below(path, top)))).toEqual([])
    expect(allowed.filter((top) => !sources.some((path) => below(path, top)))).toEqual([])
    expect(lines).toContain('*')
  })
})

test('the image starts as the sources do, as the user that the chart names, with the tested Node', () => {
  const [, flags = ''] = /node (.*)$/m.exec(read('controller/main.ts')) ?? []
  expect(image.entrypoint).toEqual([
    '/usr/local/bin/node',
    ...flags.split(' '),
    '/app/controller/main.ts',
  ])
  const values = parse(read('charts/exchange-sync-controller/values.yaml'))
  expect(image.user).toBe(values.podSecurityContext.runAsUser)
  expect(read('charts/exchange-sync-controller/templates/deployment.yaml')).toContain(
    `mountPath: ${image.environment.EXSYNC_STATE}\n`,
  )
  expect(image.environment.EXSYNC_STATE).toBe(`/${stateFolder}`)
  const [tag, digest] = image.base.split('@')
  expect(tag).toBe(`node:${program.devDependencies.node}-bookworm-slim`)
  expect(digest).toMatch(/^sha256:[a-f0-9]{64}$/)
})

type Ended = Readonly<{ code: number | null; output: string }>

/** Only root may lock a process into a folder and run it as somebody else. Who is not root runs it from there as they are. */
const boxed = process.getuid?.() === 0
/** A path of the image, as the program sees it. */
const inside = (path: string) => (boxed ? path : join(folder, path))

/** Runs a program of the image with nothing of the outside but the network. */
function run(command: readonly string[]): Promise<Ended> {
  const user = `${image.user}:${image.user}`
  const box = boxed ? ['chroot', `--userspec=${user}`, folder] : []
  const [file = '', ...args] = [...box, ...command]
  const env = { ...image.environment, PATH: `${image.environment.PATH}:/usr/sbin:/usr/bin` }
  const child = spawn(file, args, { env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output }))
  })
}

/** The command that the image starts, with arguments. */
const started = (...args: readonly string[]) =>
  run([...image.entrypoint.map((word) => (word.startsWith('/') ? inside(word) : word)), ...args])

/** Every file but those of the state: what it is, how large, how old. */
function marks(): readonly string[] {
  return paths()
    .filter((path) => !path.startsWith(stateFolder))
    .map((path) => {
      const { mode, size, mtimeMs } = lstatSync(join(folder, path))
      return `${path} ${mode} ${size} ${mtimeMs}`
    })
}

/** The resources of the demo, for the Exchange at the URL, where the state is. */
function declare(url: string): void {
  const declared = join(folder, stateFolder, 'declared')
  mkdirSync(declared)
  for (const name of readdirSync(join(root, 'examples/demo'))) {
    cpSync(join(root, 'examples/demo', name), join(declared, name))
    const text = readFileSync(join(declared, name), 'utf8')
    writeFileSync(join(declared, name), text.replace(/http:\/\/127\.0\.0\.1:\d+\/\S*/, url))
  }
}

test('runs from a tree that cannot be written, and writes its state only', async () => {
  for (const path of everything())
    if (!lstatSync(path).isSymbolicLink() && !path.startsWith(join(folder, stateFolder)))
      chmodSync(path, lstatSync(path).mode & 0o7555)
  const help = await started('--help')
  expect(help).toEqual({ code: 0, output: expect.stringContaining('usage: exsync <command>') })

  const world = 'examples/worlds/demo.yaml'
  const exchange = await startExchange(parseWorld(read(world), world))
  try {
    declare(exchange.url)
    const state = join(folder, stateFolder)
    if (boxed) chownSync(state, image.user, image.user)
    const before = marks()
    const { code, output } = await started(
      ...['run', '--once', '--local', inside(`/${stateFolder}/declared`)],
      ...['--state', inside(`/${stateFolder}/state`)],
    )
    expect({ code, output: output.slice(-2000) }).toEqual({ code: 0, output: expect.any(String) })
    expect(marks()).toEqual(before)
    expect(lstatSync(join(state, 'state')).uid).toBe(boxed ? image.user : process.getuid?.())

    // As `kubectl exec … exsync` finds it; it names Node by its place in the image.
    const exsync = boxed ? [inside('/usr/local/bin/exsync')] : undefined
    const args = ['status', '--state', inside(`/${stateFolder}/state`)]
    const status = await (exsync ? run([...exsync, ...args]) : started(...args))
    expect(status).toEqual({ code: 0, output: expect.stringMatching(/sales\/clients.*True/s) })
  } finally {
    await exchange.close()
  }
})
