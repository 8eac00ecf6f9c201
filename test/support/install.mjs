// Installs what is missing, before a script of package.json runs. Plain JavaScript without imports from
// npm: it must work on a fresh clone, on any Node from 20 up.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const lock = createHash('sha256')
  .update(readFileSync(`${root}/package-lock.json`))
  .digest('hex')
const stamp = `${root}/node_modules/.installed`
const installed = existsSync(stamp) && readFileSync(stamp, 'utf8') === lock

if (!installed) {
  console.error('Installing what is missing (npm ci), once …')
  const npm = spawnSync('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (npm.status !== 0) {
    console.error('npm ci failed, see above: is the package registry reachable?')
    process.exit(1)
  }
  // The scripts run on the Node that comes as a package, whatever this one is.
  const needs = spawnSync(`${root}/node_modules/.bin/node`, [`${root}/controller/needs.mjs`], {
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (needs.status !== 0) {
    console.error(
      'The Node that comes as a package cannot run the program: is npm configured to ignore scripts?',
    )
    process.exit(1)
  }
  writeFileSync(stamp, lock)
}
