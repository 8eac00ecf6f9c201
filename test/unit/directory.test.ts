// A directory is read as kubectl reads it, and every change of it is told, however it came about.

import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readDirectory, watchDirectory } from '../../controller/local/directory.ts'

let dir = ''
let stop = new AbortController()

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'directory-'))
  stop = new AbortController()
})
afterEach(async () => {
  stop.abort()
  await rm(dir, { recursive: true, force: true })
})

const write = async (name: string, text = name) => {
  await mkdir(join(dir, name, '..'), { recursive: true })
  await writeFile(join(dir, name), text)
}
const read = async () =>
  Object.fromEntries(
    (await readDirectory(dir)).map(({ name, text }) => [relative(dir, name), text]),
  )

describe('reading', () => {
  test('finds YAML files below, sorted, and nothing hidden', async () => {
    for (const name of [
      'b.yaml',
      'a.yml',
      'sub/c.yaml',
      '.hidden.yaml',
      '.git/d.yaml',
      'e.txt',
      'f.json',
    ]) {
      await write(name)
    }
    expect(Object.entries(await read())).toEqual([
      ['a.yml', 'a.yml'],
      ['b.yaml', 'b.yaml'],
      ['sub/c.yaml', 'sub/c.yaml'],
    ])
  })

  test('follows links, as a mounted ConfigMap has them, and no link in a circle', async () => {
    await write('..2026_01/a.yaml', 'one')
    await symlink('..2026_01', join(dir, '..data'))
    await symlink('..data/a.yaml', join(dir, 'a.yaml'))
    await mkdir(join(dir, 'sub'))
    await symlink('..', join(dir, 'sub/around'))
    await symlink('nowhere', join(dir, 'broken.yaml'))
    // A link that leads nowhere declares nothing; that it is there says that something should be.
    expect(await read()).toEqual({ 'a.yaml': 'one', 'broken.yaml': '' })
  })

  test('says which directory cannot be read', async () => {
    await expect(readDirectory(join(dir, 'nowhere'))).rejects.toThrow(/nowhere/)
  })
})

/**
 * Watches, and hands out a function that waits until the directory reads as wanted after a change
 * was told.
 */
async function watched(options = { debounceMs: 5, pollMs: 60_000 }) {
  let told: PromiseWithResolvers<void> = Promise.withResolvers()
  let count = 0
  const onChange = () => {
    count++
    const { resolve } = told
    told = Promise.withResolvers()
    resolve()
  }
  await watchDirectory(dir, onChange, stop.signal, options)
  return {
    count: () => count,
    async until(wanted: Readonly<Record<string, string>>): Promise<void> {
      for (;;) {
        const next = told.promise
        const now = await read().catch(() => ({}))
        if (count > 0 && JSON.stringify(now) === JSON.stringify(wanted)) return
        await next
      }
    },
  }
}

describe('watching tells', () => {
  test('a new file, an edit and a removal', async () => {
    const watch = await watched()
    await write('a.yaml', 'one')
    await watch.until({ 'a.yaml': 'one' })
    await write('a.yaml', 'two')
    await watch.until({ 'a.yaml': 'two' })
    await unlink(join(dir, 'a.yaml'))
    await watch.until({})
  })

  test('an edit of the same length, by rename, as editors save', async () => {
    await write('a.yaml', 'one')
    const watch = await watched()
    for (const text of ['two', 'six', 'ten']) {
      await write('.a.yaml.swp', text)
      await rename(join(dir, '.a.yaml.swp'), join(dir, 'a.yaml'))
      await watch.until({ 'a.yaml': text })
    }
  })

  test('the swap of ..data in a mounted ConfigMap', async () => {
    await write('..1/a.yaml', 'one')
    await symlink('..1', join(dir, '..data'))
    await symlink('..data/a.yaml', join(dir, 'a.yaml'))
    const watch = await watched()
    for (const [version, text] of [
      ['..2', 'two'],
      ['..3', 'three'],
    ] as const) {
      await write(`${version}/a.yaml`, text)
      await symlink(version, join(dir, '..data_tmp'))
      await rename(join(dir, '..data_tmp'), join(dir, '..data'))
      await watch.until({ 'a.yaml': text })
    }
  })

  test('a file in a directory that was not there before', async () => {
    const watch = await watched()
    await write('sub/a.yaml', 'one')
    await watch.until({ 'sub/a.yaml': 'one' })
    await write('sub/a.yaml', 'two')
    await watch.until({ 'sub/a.yaml': 'two' })
  })

  test('what happens while the directory itself goes and comes back, by the poll', async () => {
    await write('a.yaml', 'one')
    const watch = await watched({ debounceMs: 5, pollMs: 20 })
    await rm(dir, { recursive: true })
    await watch.until({})
    await write('a.yaml', 'two')
    await watch.until({ 'a.yaml': 'two' })
    await write('a.yaml', 'three')
    await watch.until({ 'a.yaml': 'three' })
  })

  test('a directory that is not there yet', async () => {
    await rm(dir, { recursive: true })
    const watch = await watched({ debounceMs: 5, pollMs: 20 })
    await write('a.yaml', 'one')
    await watch.until({ 'a.yaml': 'one' })
  })

  test('an edit beside a file that is written all the time', async () => {
    await write('a.yaml', 'one')
    await write('all.log')
    const watch = await watched({ debounceMs: 300, pollMs: 60_000 })
    await write('a.yaml', 'two')
    let found = false
    const told = watch.until({ 'a.yaml': 'two' }).finally(() => {
      found = true
    })
    while (!found) await write('all.log')
    await told
  })

  test('nothing for files that are not YAML, and nothing after its end', async () => {
    const watch = await watched()
    await write('notes.txt')
    await write('a.yaml', 'one')
    await watch.until({ 'a.yaml': 'one' })
    const before = watch.count()
    expect(before).toBeLessThanOrEqual(2) // A file may be seen empty and then written.
    stop.abort()
    await write('a.yaml', 'two')
    await readDirectory(dir)
    expect(watch.count()).toBe(before)
  })
})
