// `exsync support-bundle`: a directory with what a support case needs: versions, resources with their statuses, events, the
// controller's pod, its log and metrics. No content, no secret: Secrets are never read, and mailboxes, hosts and folder paths
// are replaced by pseudonyms (mask.ts).
//
// Guarantees: each file is at most `fileMax` bytes. A part that cannot be taken is named with the reason, and the others follow.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import packageJson from '../../../package.json' with { type: 'json' }
import { codeIn, invalidArguments, syncErrorOf } from '../../core/sync-error.ts'
import type { KubeObject } from '../../kube/runtime/resource.ts'
import { type Out, printableLines, yamlText } from '../output.ts'
import type { Mask } from './mask.ts'

/** The largest file of a bundle, bytes. */
const fileMax = 8 * 1024 * 1024

/** The text of one file and what it holds, for people; or why it could not be taken. */
export type Part = Readonly<{ text: string; about: string }>

/** The annotations that stay; others may hold anything, among it the last applied declaration with its addresses. */
const annotationsKept = /^(exchangesync\.dev|meta\.helm\.sh)\//
const labelsKept =
  /^(app\.kubernetes\.io|helm\.sh|helm\.toolkit\.fluxcd\.io|kustomize\.toolkit\.fluxcd\.io|argocd\.argoproj\.io|exchangesync\.dev)\//

/** A bundle that is being written. */
export class Bundle {
  readonly directory: string
  readonly mask: Mask
  readonly #out: Out
  readonly #lines: string[] = []

  /** Makes the directory. Throws InvalidArguments if it exists, or cannot be made. */
  constructor(directory: string, mask: Mask, out: Out) {
    this.directory = directory
    this.mask = mask
    this.#out = out
    try {
      mkdirSync(directory, { mode: 0o700 })
    } catch (error) {
      const why =
        codeIn(error) === 'EEXIST' ? 'exists already' : `cannot be made (${codeIn(error)})`
      throw invalidArguments(`the directory ${directory} ${why}: name another one`)
    }
  }

  /** Takes one part, and says so. A part that fails is named; it never rejects, except with the signal's reason. */
  async add(file: string, signal: AbortSignal, take: () => Promise<Part>): Promise<void> {
    const said = await this.#taken(file, take).catch((error: unknown) => {
      signal.throwIfAborted()
      return `not taken: ${syncErrorOf(error).message}`
    })
    await this.#say(`${file.padEnd(24)}${this.mask.text(said)}`)
  }

  async #taken(file: string, take: () => Promise<Part>): Promise<string> {
    const { text, about } = await take()
    const safe = Buffer.from(printableLines(text))
    const cut = safe.length > fileMax
    writeFileSync(join(this.directory, file), cut ? safe.subarray(0, fileMax) : safe)
    return cut ? `${about}, cut at ${fileMax / 1024 / 1024} MiB` : about
  }

  async #say(line: string): Promise<void> {
    this.#lines.push(line)
    await this.#out(line)
  }

  /** Writes the list of the parts into the bundle, and says where it is. */
  async finish(time: string): Promise<void> {
    const head = [
      `Support bundle of exsync ${packageJson.version}, made at ${time}.`,
      'Mailboxes, hosts, IP addresses and folder paths are pseudonyms, the same ones in all files of this bundle. It has no',
      'content and no secret. Names of resources and namespaces stay. docs/operations.md says which names may remain.',
      '',
    ]
    writeFileSync(join(this.directory, 'README.txt'), [...head, ...this.#lines, ''].join('\n'))
    await this.#out('')
    await this.#out(
      `the bundle is the directory ${this.directory}: look through it before you send it`,
    )
  }
}

/** Versions of the program and of what it runs on. `server`: the answer of the API server to /version. */
export function versionsPart(server?: unknown): Part {
  const { gitVersion } = (server ?? {}) as { gitVersion?: unknown }
  const versions = {
    exsync: packageJson.version,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    ...(typeof gitVersion === 'string' ? { kubernetes: gitVersion } : {}),
  }
  return { text: yamlText(versions), about: `exsync ${packageJson.version}` }
}

/** Resources as documents of YAML, with pseudonyms. */
export function resourcesPart(resources: readonly object[], what: string, mask: Mask): Part {
  for (const each of resources) {
    const { namespace, name } = (each as Partial<KubeObject>).metadata ?? {}
    mask.keepName(`${namespace}/${name}`)
    mask.learnFrom(each)
  }
  const documents = resources.map((each) => yamlText(mask.value(slim(each))))
  return { text: documents.join('\n---\n'), about: `${resources.length} ${what}` }
}

/** The resource without the metadata that may hold anything. */
function slim(resource: object): object {
  const { metadata = {}, ...rest } = resource as Readonly<{ metadata?: Record<string, unknown> }>
  const { managedFields: _, annotations, labels, ...own } = metadata
  const only = (texts: unknown, kept: RegExp) =>
    Object.fromEntries(Object.entries(texts ?? {}).filter(([name]) => kept.test(name)))
  return {
    ...rest,
    metadata: {
      ...own,
      labels: only(labels, labelsKept),
      annotations: only(annotations, annotationsKept),
    },
  }
}

/** An argument of the controller without a URL, whose path may be a secret (a webhook). */
export function argumentShown(argument: string): string {
  return argument.includes('://') ? argument.replace(/(=|^)[^=]*:\/\/.*$/s, '$1…') : argument
}

/** A text with pseudonyms. */
export function textPart(text: string, about: string, mask: Mask): Part {
  return { text: mask.text(text), about }
}
