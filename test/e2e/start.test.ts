// Where compiled code is kept between starts: in a folder that is the user's alone, and nowhere when there is none.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'

const program = fileURLToPath(new URL('../../controller/main.ts', import.meta.url))
const top = mkdtempSync(join(tmpdir(), 'exsync-start-'))
afterAll(() => rmSync(top, { recursive: true, force: true }))

/** Starts the program with nothing in its environment but this; it must say its version and nothing else. */
function start(env: Readonly<Record<string, string>>): void {
  const args = ['--disable-warning=ExperimentalWarning', program, '--version']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' })
  expect({ status, stdout, stderr }).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^exsync \d+\.\d+\.\d+\n$/),
    stderr: '',
  })
}

const filesIn = (folder: string) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile())
    : []

test('it is kept in the cache folder, which is made, and used again', () => {
  const cache = join(top, 'cache')
  start({ XDG_CACHE_HOME: cache })
  const kept = filesIn(join(cache, 'exsync')).length
  expect(kept).toBeGreaterThan(50)
  expect(statSync(join(cache, 'exsync')).mode & 0o777).toBe(0o700)
  start({ XDG_CACHE_HOME: cache })
  expect(filesIn(join(cache, 'exsync'))).toHaveLength(kept)
  start({ HOME: join(top, 'home') })
  expect(filesIn(join(top, 'home', '.cache', 'exsync')).length).toBe(kept)
})

test('NODE_COMPILE_CACHE names another folder', () => {
  const [own, cache] = [join(top, 'own'), join(top, 'unused')]
  start({ NODE_COMPILE_CACHE: own, XDG_CACHE_HOME: cache })
  expect([filesIn(own).length > 50, existsSync(cache)]).toEqual([true, false])
})

test('without a folder that may be written it starts as well', () => {
  writeFileSync(join(top, 'file'), '')
  for (const env of [{}, { XDG_CACHE_HOME: join(top, 'file') }, { HOME: '/dev/null/nobody' }])
    start(env)
})

test('a folder that others may write is not used: what lies there is run', () => {
  const folder = join(top, 'shared', 'exsync')
  mkdirSync(folder, { recursive: true })
  chmodSync(folder, 0o777)
  start({ XDG_CACHE_HOME: join(top, 'shared') })
  expect(filesIn(folder)).toEqual([])
})
