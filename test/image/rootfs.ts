// Puts together in a folder what the Dockerfile puts together in an image: node test/image/rootfs.ts DIR
//
// Each COPY of the last stage is done as it is written. What comes from another stage is made here in its own way: Node and its
// libraries are this machine's, the packages are those of node_modules that package-lock.json does not call development's.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { writeContents } from '../../image/contents.ts'
import { type Copy, type Image, imageOf, root } from './dockerfile.ts'

type Locked = Readonly<{ dev?: boolean; devOptional?: boolean; optional?: boolean }>

/** Makes the file system of the image, or of another stage, in an empty folder. */
export function makeRootfs(folder: string, image: Image = imageOf()): void {
  for (const copy of image.copies) {
    const target = join(folder, copy.target)
    if (copy.text !== undefined) write(target, copy.text)
    else if (copy.from === undefined) copyFromRepository(copy, target)
    else copyFromStage(copy, target)
    if (copy.mode !== undefined) chmodSync(target, copy.mode)
    // Only root can give a file away; whoever else runs this owns all of it.
    if (copy.owner !== undefined && process.getuid?.() === 0)
      chownSync(target, copy.owner, copy.owner)
  }
}

/** As Docker does it: what is in a folder goes into the target, a file goes into a target that ends with a slash. */
function copyFromRepository({ sources }: Copy, target: string): void {
  for (const pattern of sources) {
    const found = globSync(pattern, { cwd: root })
    if (found.length === 0) throw new Error(`${pattern} matches nothing`)
    for (const source of found) {
      const to = target.endsWith('/') ? join(target, basename(source)) : target
      cpSync(join(root, source), to, { recursive: true })
    }
  }
}

function copyFromStage({ from, sources: [source] }: Copy, target: string): void {
  const known: Readonly<Record<string, () => void>> = {
    'node /node': () => copyNode(target),
    'node /state': () => mkdirSync(target, { recursive: true }),
    'packages /app/node_modules': () => copyPackages(target),
    'packages /app/node_modules/yaml': () =>
      cpSync(join(root, 'node_modules/yaml'), target, { recursive: true }),
    'packages /contents': () => writeContents(root, target),
  }
  const made = known[`${from} ${source}`]
  if (made === undefined) throw new Error(`${source} of stage ${from} is not understood`)
  made()
}

/** Node where the official image has it, and the libraries where its loader looks for them. */
function copyNode(target: string): void {
  const node = realpathSync(join(root, 'node_modules/node/bin/node'))
  place(node, join(target, 'usr/local/bin/node'))
  const linked = execFileSync('ldd', [node], { encoding: 'utf8' })
  for (const [library] of linked.matchAll(/\/[^ ]+/g)) place(library, join(target, library))
}

function place(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true })
  cpSync(realpathSync(from), to)
}

/** Each package without what is nested in it: that has a line of its own in package-lock.json. */
function copyPackages(target: string): void {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const packages = Object.entries(lock.packages as Record<string, Locked>)
  for (const [path, { dev, devOptional, optional }] of packages) {
    if (path === '' || dev || devOptional) continue
    const source = join(root, path)
    if (!existsSync(source)) {
      if (optional) continue
      throw new Error(`${path} is not installed`)
    }
    const nested = join(source, 'node_modules')
    cpSync(source, join(dirname(target), path), {
      recursive: true,
      filter: (file) => file !== nested,
    })
  }
}

function write(target: string, text: string): void {
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, text)
}

if (import.meta.main) {
  const [folder] = process.argv.slice(2)
  if (folder === undefined) throw new Error('usage: node test/image/rootfs.ts DIR')
  makeRootfs(folder)
}
