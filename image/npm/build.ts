// Makes the npm package: `node image/npm/build.ts [DIR]` (npm run build) writes a folder, `dist` by default, that is the package,
// with the same layout as the repository, so that the program finds its files by the same paths:
//
//   DIR/package.json   the manifest: what a user of the package needs of the repository's, which is private
//   DIR/controller/    the program as JavaScript: Node strips no types below node_modules
//   DIR/crds/*.yaml    the definitions of the resources, which the program validates by
//   DIR/README.md, LICENSE
//
// `npm pack DIR` packs it; `npm publish` of the repository itself is refused, because it is private.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(import.meta.dirname))

type Manifest = Readonly<Record<string, unknown>>

/**
 * The manifest of the package. `environment`: a workflow of GitHub names its repository there, which a publication with
 * provenance needs.
 */
export function manifestOf(own: Manifest, environment: NodeJS.ProcessEnv): Manifest {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = environment
  const { name, version, description, license, type, engines, bin, dependencies } = own
  return {
    ...{ name, version, description, license, type, engines, bin },
    files: ['controller', 'crds'],
    dependencies,
    publishConfig: { access: 'public' },
    ...(server && repository
      ? { repository: { type: 'git', url: `git+${server}/${repository}.git` } }
      : {}),
  }
}

/** Writes the package into a new or empty folder. Throws if the folder holds something, or if the compiler finds an error. */
export function build(folder: string, environment: NodeJS.ProcessEnv): void {
  mkdirSync(folder, { recursive: true })
  if (readdirSync(folder).length > 0) throw new Error(`${folder} is not empty: name another one`)
  compile(folder)
  mkdirSync(join(folder, 'crds'))
  for (const name of readdirSync(join(root, 'crds')).filter((each) => each.endsWith('.yaml')))
    copyFileSync(join(root, 'crds', name), join(folder, 'crds', name))
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
  copyFileSync(join(import.meta.dirname, 'README.md'), join(folder, 'README.md'))
  const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  for (const launcher of Object.values<string>(own.bin)) chmodSync(join(folder, launcher), 0o755)
  const manifest = JSON.stringify(manifestOf(own, environment), null, 2)
  writeFileSync(join(folder, 'package.json'), `${manifest}\n`)
}

function compile(folder: string): void {
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const args = ['--project', join(import.meta.dirname, 'tsconfig.json'), '--outDir', folder]
  const { status } = spawnSync(process.execPath, [compiler, ...args], { stdio: 'inherit' })
  if (status !== 0) throw new Error('the compiler found an error, see above')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const usual = join(root, 'dist')
  const [folder = usual] = process.argv.slice(2)
  if (folder === usual) rmSync(usual, { recursive: true, force: true })
  build(resolve(folder), process.env)
}
