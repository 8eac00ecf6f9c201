// Lists the content of the image. `node image/contents.ts DIR` writes, for the packages beside this folder:
//
//   DIR/sbom.cdx.json         a bill of materials (CycloneDX 1.6): the packages of package-lock.json, Node and its
//                             built-in libraries, and the base image by its digest
//   DIR/THIRD-PARTY-NOTICES   the licences of all of them, unchanged
//
// The same packages give the same bytes. `npm sbom` cannot be used: it fails because an indirect dependency asks for a
// range of undici that excludes our version.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** An entry of package-lock.json. */
export type Locked = Readonly<{
  version: string
  license?: string
  integrity?: string
  dev?: boolean
  devOptional?: boolean
  optional?: boolean
  dependencies?: Readonly<Record<string, string>>
  optionalDependencies?: Readonly<Record<string, string>>
  peerDependencies?: Readonly<Record<string, string>>
}>

type Packages = Readonly<Record<string, Locked>>

/** The packages that the program needs when it runs and that are installed, by their paths, sorted. */
export function runtimePackages(root: string): Packages {
  const { packages } = jsonIn(join(root, 'package-lock.json')) as { packages: Packages }
  const entries = Object.entries(packages).filter(([path, { dev, devOptional, optional }]) => {
    if (path === '' || dev || devOptional) return false
    const there = existsSync(join(root, path, 'package.json'))
    if (!there && !optional) throw new Error(`${path} is not installed: npm ci`)
    return there
  })
  return Object.fromEntries(entries.toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

/** The bill of materials in the CycloneDX format. */
export function billOf(root: string): object {
  const packages = runtimePackages(root)
  const own = jsonIn(join(root, 'package.json')) as Locked & { name: string }
  const self = purlOf(own.name, own.version)
  const paths = Object.keys(packages)
  const refOf = (path: string) => `${purlOf(nameOf(path), packages[path]?.version ?? '')}#${path}`
  const dependsOn = (from: string, locked: Locked) =>
    needed(locked)
      .flatMap((name) => resolved(name, from, packages) ?? [])
      .map(refOf)
      .sort()
  const base = baseIn(readFileSync(join(root, 'Dockerfile'), 'utf8'))
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': self,
        name: own.name,
        version: own.version,
        licenses: licensesOf(own.license),
        purl: self,
      },
    },
    components: [
      ...paths.map((path) => componentOf(path, packages[path] as Locked, refOf(path))),
      ...platform(),
      {
        type: 'container',
        'bom-ref': `base:${base.digest}`,
        name: base.name,
        version: base.tag,
        hashes: [{ alg: 'SHA-256', content: base.digest.replace('sha256:', '') }],
        purl: `pkg:oci/${base.name}@${encodeURIComponent(base.digest)}?tag=${base.tag}`,
      },
    ],
    dependencies: [
      { ref: self, dependsOn: dependsOn('', own) },
      ...paths.map((path) => ({
        ref: refOf(path),
        dependsOn: dependsOn(path, packages[path] as Locked),
      })),
    ],
  }
}

/** The licences of all third-party parts. */
export function noticesOf(root: string): string {
  const packages = Object.entries(runtimePackages(root)).map(([path, { version, license }]) => {
    const title = `${nameOf(path)} ${version} (${license ?? 'no licence named'})`
    return section(title, textsIn(join(root, path), license))
  })
  const prefix = join(dirname(process.execPath), '..')
  const node = textOf(join(prefix, 'LICENSE'))
  const nodeUrl = `https://github.com/nodejs/node/blob/${process.version}/LICENSE`
  // The libraries of Debian that Node is linked with.
  const debian = ['libc6', 'libgcc-s1', 'libstdc++6'].flatMap((name) => {
    const text = textOf(`/usr/share/doc/${name}/copyright`)
    return text === undefined ? [] : [section(`${name} (of the base image)`, [text])]
  })
  const opening = 'The third-party parts of this image, and their licences.\n'
  const own = [section(`Node.js ${process.versions.node} (MIT)`, [node ?? `See ${nodeUrl}.\n`])]
  return [opening, ...own, ...debian, ...packages].join('\n')
}

/** The base image of the Dockerfile's stage `node`. Throws if it has no digest. */
export function baseIn(
  dockerfile: string,
): Readonly<{ name: string; tag: string; digest: string }> {
  const from = /^FROM ([a-z0-9./-]+):([\w.-]+)@(sha256:[a-f0-9]{64}) AS node$/m.exec(dockerfile)
  const [, name, tag, digest] = from ?? []
  if (name === undefined || tag === undefined || digest === undefined)
    throw new Error('the Dockerfile names its base image without a digest')
  return { name, tag, digest }
}

function componentOf(path: string, { version, license, integrity }: Locked, ref: string): object {
  const name = nameOf(path)
  const [scope, bare = name] = name.startsWith('@') ? name.split('/') : []
  return {
    type: 'library',
    'bom-ref': ref,
    ...(scope === undefined ? {} : { group: scope }),
    name: bare,
    version,
    scope: 'required',
    ...(integrity?.startsWith('sha512-') ? { hashes: [sha512(integrity)] } : {}),
    licenses: licensesOf(license),
    purl: purlOf(name, version),
  }
}

// The built-in libraries of Node are listed one by one, because an advisory names OpenSSL, not Node.
function platform(): readonly object[] {
  const { node, openssl, sqlite, zlib, v8, uv, llhttp, ares, nghttp2 } = process.versions
  const parts = { node, openssl, sqlite, zlib, v8, libuv: uv, llhttp, 'c-ares': ares, nghttp2 }
  return Object.entries(parts).flatMap(([name, version]) =>
    version === undefined
      ? []
      : [
          {
            type: name === 'node' ? 'platform' : 'library',
            'bom-ref': `pkg:generic/${name}@${version}`,
            name,
            version,
            purl: `pkg:generic/${name}@${encodeURIComponent(version)}`,
          },
        ],
  )
}

function sha512(integrity: string): object {
  const content = Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex')
  return { alg: 'SHA-512', content }
}

function licensesOf(license: string | undefined): readonly object[] {
  if (license === undefined) return []
  return /[ ()]/.test(license) ? [{ expression: license }] : [{ license: { id: license } }]
}

function needed({ dependencies, optionalDependencies, peerDependencies }: Locked): string[] {
  return Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })
}

// The resolution of Node: beside the package, then in the folders above.
function resolved(name: string, from: string, packages: Packages): string | undefined {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const path = at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`
    if (path in packages) return path
    if (at === '') return undefined
  }
}

function nameOf(path: string): string {
  return path.split('node_modules/').at(-1) ?? path
}

function purlOf(name: string, version: string): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`
}

function section(title: string, texts: readonly string[]): string {
  const line = '='.repeat(80)
  return [line, title, line, '', ...texts.map((text) => `${text.trim()}\n`)].join('\n')
}

/** The licence files of a package, else the section of its README, else the licence that package.json names. */
function textsIn(folder: string, license: string | undefined): readonly string[] {
  const files = readdirSync(folder).sort()
  const own = files.filter((name) => /^(un)?(licen[cs]e|notice|copying)/i.test(name))
  const texts = own.flatMap((name) => textOf(join(folder, name)) ?? [])
  if (texts.length > 0) return texts
  const readme = files.find((name) => /^readme/i.test(name))
  const said = readme && licenceIn(textOf(join(folder, readme)) ?? '')
  if (said) return [said]
  const { author, repository } = jsonIn(join(folder, 'package.json')) as Record<string, unknown>
  const by = typeof author === 'string' ? author : (author as { name?: string } | undefined)?.name
  const url = typeof repository === 'string' ? repository : (repository as { url?: string })?.url
  return [
    `The package has no licence file. Its package.json names ${license}; by ${by ?? 'unknown'}; ${url ?? ''}`,
  ]
}

// The licence section of a README; a heading begins with # or is underlined.
function licenceIn(readme: string): string | undefined {
  const lines = readme.split('\n')
  const isHeading = (at: number) =>
    /^#+ /.test(lines[at] ?? '') || /^(-{3,}|={3,})$/.test((lines[at + 1] ?? '').trim())
  const start = lines.findIndex((line, at) => /^#* *licen[cs]e *$/i.test(line) && isHeading(at))
  if (start < 0) return undefined
  const next = lines.findIndex((_, at) => at > start + 1 && isHeading(at))
  return lines.slice(start, next < 0 ? undefined : next).join('\n')
}

function textOf(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8').replaceAll('\r\n', '\n') : undefined
}

function jsonIn(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'))
}

/** Writes both files into a folder, and creates it if needed. */
export function writeContents(root: string, folder: string): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'sbom.cdx.json'), `${JSON.stringify(billOf(root), null, 2)}\n`)
  writeFileSync(join(folder, 'THIRD-PARTY-NOTICES'), noticesOf(root))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder] = process.argv.slice(2)
  if (folder === undefined) throw new Error('usage: node image/contents.ts DIR')
  writeContents(dirname(import.meta.dirname), folder)
}
