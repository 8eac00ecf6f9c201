// Reads the YAML documents of a file, with the line and column of every value.
//
// YAML is read as kubectl reads it: version 1.1 (`yes` is true, `<<` merges) without dates and
// sexagesimal numbers. YAML's warnings are errors here. Messages never quote the text, which may be a
// Secret's.

import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  visit,
  type YAMLError,
  type YAMLMap,
} from 'yaml'
import { tokensOf } from './bounds.ts'
import { causeIn, forgottenMark } from './misleading.ts'
import { type Path, type Problem, problemsMax, someOf } from './problem.ts'
import type { Read } from './read-file.ts'

/**
 * A file that was read; `name` is its name in problems. `over`: its resources replace those of the same kind, namespace and
 * name in other files.
 */
export type Source = Read & Readonly<{ name: string; over?: true }>

/** A position in a file; both count from 1. */
export type Place = Readonly<{ line: number; column: number }>

/** One document of a file. */
export type YamlDocument = Readonly<{
  file: string
  /** Plain JSON: objects, arrays, strings, numbers, booleans and null. */
  value: unknown
  /** The position of a path; for a missing field, that of its innermost existing parent. */
  place: (path: Path, at?: 'key' | 'value') => Place
}>

type YamlFault = Readonly<{ offset: number; code: string; message: string }>

/**
 * How often aliases may repeat nodes in a document, so that a small file cannot grow without bound.
 */
const ALIASES_MAX = 100
/** The most nodes of a document; each alias counts as the nodes that it repeats. */
const nodesMax = 500_000
const REMOVED_TAGS = ['binary', 'omap', 'pairs', 'set', 'timestamp'].map(
  (name) => `tag:yaml.org,2002:${name}`,
)

const REMEDIES: Readonly<Record<string, string>> = {
  BAD_ALIAS:
    'an alias (*name) needs an anchor (&name) before it; put text that starts with * in quotes',
  BAD_INDENT: 'a bracket above is not closed, or the indentation matches no line above',
  BAD_SCALAR_START: 'text must not start with this character; put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'this line has a second ": "; put text that contains it in quotes',
  DUPLICATE_KEY: 'this key occurs twice in one mapping; keep one of them',
  KEY_OVER_1024_CHARS: 'a key has at most 1024 characters; a ":" is missing or misplaced',
  MISSING_CHAR: 'a closing quote, bracket or comma is missing, or a ":" after a key',
  MULTILINE_IMPLICIT_KEY:
    'this line is not "key: value"; a ":" is missing, or the indentation is wrong',
  TAB_AS_INDENT: 'tabs cannot indent YAML; use spaces',
  TAG_RESOLVE_FAILED: 'this tag (!name) or value is unknown; put text that starts with ! in quotes',
}

/** The documents of a file without empty ones, and the faults of its YAML. Never throws. */
export function documentsOf(source: Source): {
  documents: readonly YamlDocument[]
  problems: readonly Problem[]
} {
  const { name, text, unread } = source
  if (unread !== undefined) {
    const problem = { file: name, line: 1, column: 1, path: '', message: unread }
    return { documents: [], problems: [problem] }
  }
  const lines = new LineCounter()
  const tokens = tokensOf(text, lines)
  if ('offset' in tokens) {
    const problem = problemAt(name, placeIn(text, tokens.offset), tokens.message)
    return { documents: [], problems: [problem] }
  }
  const documents: YamlDocument[] = []
  const problems: Problem[] = []
  for (const document of composed(tokens)) {
    const faults: YamlFault[] = [...document.errors, ...document.warnings].map((fault) => ({
      offset: fault.pos[0],
      code: fault.code,
      message: causeOf(fault),
    }))
    faults.push(...keyFaultsIn(document))
    const value = faults.length > 0 || isEmpty(document) ? undefined : plainOf(document)
    if (value !== undefined && 'plain' in value) {
      const place = (path: Path, at: 'key' | 'value' = 'value') =>
        placeOf(document, path, at, lines)
      documents.push({ file: name, value: value.plain, place })
    }
    const all =
      value !== undefined && 'offset' in value ? [value] : worthTelling(caused(faults, text))
    problems.push(
      ...all.map((fault) => problemAt(name, placeAt(fault.offset, lines), fault.message)),
    )
  }
  return { documents, problems }
}

function composed(tokens: readonly CST.Token[]): Iterable<Document> {
  const composer = new Composer({
    prettyErrors: false,
    version: '1.1',
    // The library compares each key with all others, in quadratic time; `doublesIn` does not.
    uniqueKeys: false,
    customTags: (tags) =>
      tags.filter(
        (tag) =>
          typeof tag === 'string' ||
          !(REMOVED_TAGS.includes(tag.tag) || ('format' in tag && tag.format === 'TIME')),
      ),
  })
  return composer.compose(tokens)
}

/** The faults of keys, one more than are reported: duplicates, and those that are no text. */
function keyFaultsIn(document: Document): readonly YamlFault[] {
  const found: YamlFault[] = []
  visit(document, {
    Map: (_, map) => {
      found.push(...someOf(keyFaults(map, map === document.contents)))
      const ended = found.length > problemsMax || found.at(-1)?.code === 'FORGOTTEN_MARK'
      return ended ? visit.BREAK : undefined
    },
  })
  return found
}

function* keyFaults({ items }: YAMLMap, top: boolean): Generator<YamlFault> {
  const keys = new Set<unknown>()
  for (const { key } of items) {
    const offset = start(key) ?? 0
    if (isCollection(key)) yield { offset, code: 'COLLECTION_KEY', message: 'a key must be text' }
    if (!isScalar(key)) continue
    if (keys.has(key.value)) {
      // The rest of the mapping belongs to the second resource.
      if (top && (key.value === 'apiVersion' || key.value === 'kind')) {
        yield { offset, code: 'FORGOTTEN_MARK', message: forgottenMark }
        return
      }
      yield { offset, code: 'DUPLICATE_KEY', message: REMEDIES.DUPLICATE_KEY ?? '' }
    }
    keys.add(key.value)
  }
}

/** The faults, or the one cause that explains them. */
function caused(faults: readonly YamlFault[], text: string): readonly YamlFault[] {
  const first = faults.find(({ code }) => code !== 'DUPLICATE_KEY')
  const cause = first && causeIn(text, first.offset)
  return cause === undefined ? faults : [{ ...cause, code: 'CAUSE' }]
}

/**
 * All duplicate keys, and the first of all other faults: after a broken line the rest is meaningless.
 */
function worthTelling(faults: readonly YamlFault[]): readonly YamlFault[] {
  const first = faults.find(({ code }) => code !== 'DUPLICATE_KEY')
  const told = faults.filter((fault) => fault.code === 'DUPLICATE_KEY' || fault === first)
  if (told.length <= problemsMax) return told
  const [more] = told.slice(problemsMax)
  const rest = { offset: more?.offset ?? 0, code: 'MORE', message: 'there are more' }
  return [...told.slice(0, problemsMax), rest]
}

function causeOf({ code, message }: YAMLError): string {
  // The text before a colon or a quotation mark is the parser's own; the rest may be the
  // user's.
  return REMEDIES[code] ?? `${message.split(/[:"]/)[0]}; see https://yaml.org/spec/1.1`
}

/** The document as plain JSON, or the fault that prevents it. */
function plainOf(document: Document): { plain: unknown } | YamlFault {
  const { fault, nodes } = expanded(document)
  if (fault !== undefined) return fault
  const tooMany = (what: string): YamlFault => {
    const message = `aliases repeat more than ${what}; write the values out instead`
    return { offset: start(document.contents) ?? 0, code: 'ALIASES', message }
  }
  try {
    const plain = document.toJS({ maxAliasCount: ALIASES_MAX }) as unknown
    return nodes > nodesMax ? tooMany(`${nodesMax} nodes`) : { plain }
  } catch {
    return tooMany(`${ALIASES_MAX} times`)
  }
}

// An alias counts as the nodes that it repeats. An alias within its own anchor would never end.
function expanded(document: Document): { fault: YamlFault | undefined; nodes: number } {
  const sizes = new Map<string, number | 'open'>()
  let fault: YamlFault | undefined
  const sizeOf = (node: unknown): number => {
    if (isPair(node)) return sizeOf(node.key) + sizeOf(node.value)
    if (isAlias(node)) {
      const size = sizes.get(node.source)
      if (typeof size === 'number') return size
      const message = size === 'open' ? 'an alias is inside its own anchor' : REMEDIES.BAD_ALIAS
      fault ??= { offset: start(node) ?? 0, code: 'BAD_ALIAS', message: message ?? '' }
      return 1
    }
    const anchor = isCollection(node) || isScalar(node) ? node.anchor : undefined
    if (anchor !== undefined) sizes.set(anchor, 'open')
    const size = isCollection(node)
      ? (node.items as unknown[]).reduce<number>((sum, item) => sum + sizeOf(item), 1)
      : 1
    if (anchor !== undefined) sizes.set(anchor, size)
    return size
  }
  const nodes = sizeOf(document.contents)
  return { fault, nodes }
}

function problemAt(file: string, place: Place, message: string): Problem {
  return { file, ...place, path: '', message: `invalid YAML: ${message}` }
}

function isEmpty(document: Document): boolean {
  const { contents } = document
  return contents === null || (isScalar(contents) && contents.value === null && !contents.tag)
}

/** Follows the path as far as it exists. */
function placeOf(document: Document, path: Path, at: 'key' | 'value', lines: LineCounter): Place {
  let node: unknown = document.contents
  let offset = start(node) ?? 0
  for (const [i, part] of path.entries()) {
    const target: unknown = isAlias(node) ? node.resolve(document) : node
    if (isMap(target)) {
      const pair = pairOf(target, String(part), document)
      if (pair === undefined) break
      const last = i === path.length - 1
      node = pair.value
      offset = (last && at === 'value' ? start(node) : start(pair.key)) ?? offset
    } else if (isSeq(target) && typeof part === 'number' && part < target.items.length) {
      node = target.items[part]
      offset = start(node) ?? offset
    } else break
  }
  return placeAt(offset, lines)
}

function placeAt(offset: number, lines: LineCounter): Place {
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(line, 1), column: Math.max(col, 1) }
}

/** The same for a text without a line counter. */
function placeIn(text: string, offset: number): Place {
  const lines = text.slice(0, offset).split('\n')
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 }
}

function start(node: unknown): number | undefined {
  return isNode(node) ? ((node as Node).range?.[0] ?? undefined) : undefined
}

const pairs = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>()

/** The pair with this key, also from a merged (`<<`) mapping. */
function pairOf(map: YAMLMap, key: string, document: Document, merges = 8): Pair | undefined {
  const known = pairs.get(map) ?? pairsOf(map)
  pairs.set(map, known)
  const own = known.get(key)
  const merged = own === undefined ? known.get('<<')?.value : undefined
  const target: unknown = isAlias(merged) ? merged.resolve(document) : merged
  const further = isMap(target) && merges > 0
  return own ?? (further ? pairOf(target, key, document, merges - 1) : undefined)
}

/** The first pair of each key. */
function pairsOf({ items }: YAMLMap): ReadonlyMap<string, Pair> {
  const found = items.toReversed().filter(({ key }) => isScalar(key))
  const textOf = ({ value }: { value?: unknown }) =>
    typeof value === 'symbol' ? (value.description ?? '') : String(value)
  return new Map(found.map((pair) => [textOf(pair.key as object), pair]))
}
