// The steps of a release, each by its script, as far as they need no credentials: the files are made, the resource definitions
// and the chart install from them on a real API server, the chart by way of an OCI registry; and actionlint reads the workflows.
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { type Ended, ended, program } from '../support/program.ts'
import type { Json } from './control-plane.ts'
import { Cluster, home } from './fixture.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const image = 'ghcr.io/owner/exchange-sync-controller'
const digest = `sha256:${'a1'.repeat(32)}`

let top = ''
let files = ''
beforeAll(async () => {
  top = mkdtempSync(join(tmpdir(), 'exsync-release-'))
  files = join(top, 'dist')
  const { code, stderr } = await script('assets.sh', files, image, digest)
  expect([code, stderr]).toEqual([0, expect.any(String)])
})
afterAll(() => rmSync(top, { recursive: true, force: true }))

/** Runs a script of the release, with the tests' Helm. */
function script(name: string, ...args: readonly string[]): Promise<Ended> {
  const { PATH = '', KUBEBUILDER_ASSETS = '' } = process.env
  const env = { PATH: `${KUBEBUILDER_ASSETS}${delimiter}${PATH}`, HOME: top }
  return ended('bash', [join(root, 'release', name), ...args], env)
}

function objectsIn(text: string): readonly Json[] {
  return parseAllDocuments(text).map((document) => document.toJS())
}

test('the workflows are as GitHub takes them', async () => {
  const workflows = join(root, '.github/workflows')
  const paths = readdirSync(workflows).map((name) => join(workflows, name))
  // Without the linters that may be on a machine or not.
  const lint = (some: readonly string[]) =>
    ended(program('actionlint'), ['-shellcheck=', '-pyflakes=', ...some], {})
  expect(await lint(paths)).toEqual({ code: 0, stdout: '', stderr: '' })
  const folder = join(top, '.github/workflows')
  mkdirSync(folder, { recursive: true })
  const text = readFileSync(join(workflows, 'release.yaml'), 'utf8')
  for (const name of ['ci.yaml', 'release.yaml'])
    copyFileSync(join(workflows, name), join(folder, name))
  writeFileSync(
    join(folder, 'release.yaml'),
    text.replace('needs.image.outputs.digest', 'needs.image.outputs.none'),
  )
  expect(await lint([join(folder, 'release.yaml')])).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('"none" is not defined'),
  })
})

test('the files are all that a release has, and their checksums', () => {
  const sums = readFileSync(join(files, 'SHA256SUMS'), 'utf8').trimEnd().split('\n')
  const expected = readdirSync(files)
    .filter((name) => name !== 'SHA256SUMS')
    .sort()
    .map((name) => {
      const content = readFileSync(join(files, name))
      return `${createHash('sha256').update(content).digest('hex')}  ${name}`
    })
  expect(sums.sort((a, b) => (a.slice(66) < b.slice(66) ? -1 : 1))).toEqual(expected)
  expect(sums.map((line) => line.slice(66))).toEqual([
    ...['THIRD-PARTY-NOTICES', 'crds.yaml', `exsync-chart-${version}.tgz`],
    ...[`exsync-npm-${version}.tgz`, 'sbom.cdx.json'],
  ])
})

test('the npm package is the program of this version', async () => {
  const to = join(top, 'npm')
  mkdirSync(to)
  const tar = ['-xzf', join(files, `exsync-npm-${version}.tgz`), '-C', to]
  expect(await ended('tar', tar, { PATH: process.env.PATH })).toMatchObject({ code: 0 })
  const packed = JSON.parse(readFileSync(join(to, 'package/package.json'), 'utf8'))
  expect(packed.version).toBe(version)
  const program = join(to, 'package', packed.bin.exsync)
  expect(readFileSync(program, 'utf8')).toMatch(/^#!\/usr\/bin\/env /)
})

/** A registry as a process of its own, on a free port. */
class Registry implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly host: string

  private constructor(child: ChildProcess, host: string) {
    this.#child = child
    this.host = host
  }

  static async start(): Promise<Registry> {
    const child = spawn(program('registry'), ['-port=0'], { stdio: ['ignore', 'ignore', 'pipe'] })
    const port = await new Promise<string>((resolve, reject) => {
      let said = ''
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text
        const found = /serving on port (\d+)\n/.exec(said)?.[1]
        if (found !== undefined) resolve(found)
      })
      child.once('error', reject)
      child.once('close', () => reject(new Error(`the registry ended: ${said}`)))
    })
    return new Registry(child, `localhost:${port}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
  }
}

test('crds.yaml, then the chart out of a registry, install on a cluster', async () => {
  await using registry = await Registry.start()
  const charts = `oci://${registry.host}/owner/charts`
  const file = join(files, `exsync-chart-${version}.tgz`)
  const pushed = await script('push-chart.sh', file, charts, '--plain-http')
  expect(pushed.stderr).toMatch(/^Pushed: /)
  expect(pushed).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^digest=sha256:[0-9a-f]{64}\n$/),
  })
  expect(
    await script('push-chart.sh', file, 'oci://localhost:1/owner', '--plain-http'),
  ).toMatchObject({ code: 1, stdout: '' })

  await using cluster = await Cluster.start(null)
  await cluster.kubectl('apply', '--server-side', '-f', join(files, 'crds.yaml'))
  await cluster.kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s')
  const chart = [`${charts}/exchange-sync-controller`, '--version', version, '--plain-http']
  const rendered = await cluster.helm('template', 'exsync', ...chart, '-n', home, '--include-crds')
  expect(rendered).toMatchObject({ code: 0 })
  const definitions = (text: string) =>
    objectsIn(text)
      .filter((each) => each?.kind === 'CustomResourceDefinition')
      .map(({ metadata: { name }, spec }) => ({ name, spec }))
  const own = definitions(readFileSync(join(files, 'crds.yaml'), 'utf8'))
  expect(own.length).toBeGreaterThan(1)
  expect(definitions(rendered.stdout)).toEqual(own)

  // The chart takes over what was applied by hand before, as its README says.
  const install = ['upgrade', '--install', 'exsync', ...chart, '-n', home, '--create-namespace']
  expect(await cluster.helm(...install, '--take-ownership', '--force-conflicts')).toMatchObject({
    code: 0,
  })
  const { items } = JSON.parse(await cluster.kubectl('get', 'deployment', '-n', home, '-o', 'json'))
  const [container] = items[0].spec.template.spec.containers
  expect(container.image).toBe(`${image}:${version}@${digest}`)
})
