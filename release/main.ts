// The parts of a release that are texts: node release/main.ts COMMAND …
//
//   prepare VERSION DATE               writes the version into every file that has it, and the date into CHANGELOG.md
//   check TAG                          refuses a tag that is not the version of all of them
//   crds                               prints the resource definitions as one file
//   chart DIR IMAGE DIGEST             copies the chart into a new directory, with this image in its values
//   notes TAG REPOSITORY IMAGE DIGEST  prints the notes: the section of CHANGELOG.md, and how to install and verify
//
// Only node:* and relative imports: it runs in jobs that install no packages.
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('..', import.meta.url))
const CHART = 'charts/exchange-sync-controller'
const VERSION = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/
const IMAGE = /^[a-z0-9.:-]+(\/[a-z0-9._-]+){2,}$/
const DIGEST = /^sha256:[0-9a-f]{64}$/

/** A release that cannot be made; the message has a line for each fault. */
export class ReleaseError extends Error {}

/** A file that has the version, and each place of it there: before, the version, after. */
const places: readonly (readonly [string, RegExp])[] = [
  ['package.json', /^( {2}"version": ")([^"]+)(",)$/m],
  ['package-lock.json', /^( {2}"version": ")([^"]+)(",)$/m],
  ['package-lock.json', /^( {4}"": \{\n(?: {6}.*\n)*? {6}"version": ")([^"]+)(",)$/m],
  [`${CHART}/Chart.yaml`, /^(version: )(.+)()$/m],
  [`${CHART}/Chart.yaml`, /^(appVersion: "?)([^"\n]+)("?)$/m],
]

/**
 * The faults of a tag, an empty list when it may be released: every file has its version, and CHANGELOG.md a section with a date.
 * @param tag like `v1.2.3`
 */
export function faultsOf(tag: string, root = repository): readonly string[] {
  const version = tag.replace(/^v/, '')
  if (!tag.startsWith('v') || !VERSION.test(version))
    return [`${tag} is not a tag like v1.2.3 or v1.2.3-rc.1`]
  const wrong = places.flatMap(([file, place]) => {
    const found = place.exec(read(root, file))?.[2]
    return found === version ? [] : [`${file} has the version ${found}, not ${version}`]
  })
  const heading = sectionOf(read(root, 'CHANGELOG.md'), version)?.heading
  if (heading === undefined) return [...wrong, `CHANGELOG.md has no section ${version}`]
  if (/ \d{4}-\d\d-\d\d$/.test(heading)) return wrong
  return [...wrong, `CHANGELOG.md has no date in “${heading}”: run release/main.ts prepare`]
}

/**
 * Writes a version into every file that has it, and its date into the first section of CHANGELOG.md, which becomes the section of
 * the version. Throws `ReleaseError` when the section is one of a released version.
 */
export function prepare(version: string, date: string, root = repository): void {
  if (!VERSION.test(version) || !/^\d{4}-\d\d-\d\d$/.test(date))
    throw new ReleaseError('write the version as 1.2.3, and the date as 2026-01-31')
  const changes = read(root, 'CHANGELOG.md')
  const first = /^## .*$/m.exec(changes)?.[0] ?? ''
  if (!/unreleased/i.test(first))
    throw new ReleaseError(`the first section of CHANGELOG.md is “${first}”, not one of Unreleased`)
  writeFileSync(
    join(root, 'CHANGELOG.md'),
    changes.replace(first, () => `## ${version} – ${date}`),
  )
  for (const [file, place] of places) {
    const text = read(root, file)
    if (!place.test(text)) throw new ReleaseError(`${file} has no version at its place`)
    writeFileSync(
      join(root, file),
      text.replace(place, (_, before, __, after) => before + version + after),
    )
  }
}

/** The resource definitions as one file, for `kubectl apply --server-side`. */
export function definitions(root = repository): string {
  const files = readdirSync(join(root, 'crds')).filter((name) => name.endsWith('.yaml'))
  const texts = files.sort().map((name) => read(root, `crds/${name}`).trimEnd())
  return `${texts.join('\n---\n')}\n`
}

/** Copies the chart into a directory that is not there yet, with an image, by its digest, in its values. */
export function writeChart(folder: string, image: string, digest: string, root = repository): void {
  checkImage(image, digest)
  cpSync(join(root, CHART), folder, { recursive: true, errorOnExist: true, force: false })
  const slash = image.indexOf('/')
  const values = {
    registry: image.slice(0, slash),
    repository: image.slice(slash + 1),
    digest,
  }
  let text = read(folder, 'values.yaml')
  for (const [name, value] of Object.entries(values)) {
    // The image is the first mapping at the top, and its values are two spaces in.
    const place = new RegExp(`^(image:\\n(?: {2}.*\\n)*? {2}${name}: ).*$`, 'm')
    if (!place.test(text)) throw new ReleaseError(`values.yaml has no image.${name}`)
    text = text.replace(place, (_, before) => before + JSON.stringify(value))
  }
  writeFileSync(join(folder, 'values.yaml'), text)
}

/**
 * The notes of a release in Markdown: the section of CHANGELOG.md, and release/notes.md with the names filled in.
 * @param name the repository, like `owner/exchange-sync-controller`
 */
export function notes(
  tag: string,
  name: string,
  image: string,
  digest: string,
  root = repository,
): string {
  checkImage(image, digest)
  if (!/^[\w.-]+\/[\w.-]+$/.test(name)) throw new ReleaseError(`${name} is not OWNER/REPOSITORY`)
  const version = tag.replace(/^v/, '')
  const section = sectionOf(read(root, 'CHANGELOG.md'), version)
  if (section === undefined) throw new ReleaseError(`CHANGELOG.md has no section ${version}`)
  const names: Readonly<Record<string, string>> = {
    VERSION: version,
    REPOSITORY: name,
    OWNER: name.split('/')[0]?.toLowerCase() ?? '',
    IMAGE: image,
    DIGEST: digest,
  }
  const filled = read(root, 'release/notes.md').replace(
    /\{(\w+)\}/g,
    (whole, each) => names[each] ?? whole,
  )
  return `${section.text}\n\n${filled}`
}

function checkImage(image: string, digest: string): void {
  if (!IMAGE.test(image))
    throw new ReleaseError(`${image} is not REGISTRY/OWNER/NAME, in small letters`)
  if (!DIGEST.test(digest)) throw new ReleaseError(`${digest} is not a digest like sha256:…`)
}

/** The section of a version: its heading, and the lines below it. */
function sectionOf(changes: string, version: string) {
  const sections = changes.split(/^(?=## )/m)
  const found = sections.find((each) => each.slice(3).split(/[ \n]/)[0] === version)
  if (found === undefined) return undefined
  const [heading = '', ...lines] = found.split('\n')
  return { heading, text: lines.join('\n').trim() }
}

function read(folder: string, file: string): string {
  return readFileSync(join(folder, file), 'utf8')
}

function run(command: string | undefined, args: readonly string[]): void {
  const [first = '', second = '', third = '', fourth = ''] = args
  const commands: Readonly<Record<string, readonly [number, () => void]>> = {
    prepare: [2, () => prepare(first, second)],
    check: [1, () => failWith(faultsOf(first))],
    crds: [0, () => void process.stdout.write(definitions())],
    chart: [3, () => writeChart(first, second, third)],
    notes: [4, () => void process.stdout.write(notes(first, second, third, fourth))],
  }
  const [count, act] = commands[command ?? ''] ?? []
  if (act === undefined || count !== args.length)
    throw new ReleaseError('usage: node release/main.ts prepare|check|crds|chart|notes …')
  act()
}

function failWith(faults: readonly string[]): void {
  if (faults.length > 0) throw new ReleaseError(faults.join('\n'))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const [command, ...args] = process.argv.slice(2)
    run(command, args)
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}
