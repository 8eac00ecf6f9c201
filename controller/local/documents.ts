// Reads the YAML documents of a file so that every value can be found again: its line and column.
//
// YAML is read as kubectl reads it: version 1.1 (`yes` is true, `<<` merges) without dates and
// sexagesimal numbers. What YAML merely warns of is an error here. Messages never quote the text,
// as it may be a Secret's.

import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  visit,
  type YAMLError,
  type YAMLMap,
} from 'yaml'
import type { Path, Problem } from './problem.ts'

/** A file as it was read; `name` is what problems call it. */
export type Source = Readonly<{ name: string; text: string }>

/** A place in a file; both count from 1. */
export type Place = Readonly<{ line: number; column: number }>

/** One document of a file. */
export type YamlDocument = Readonly<{
  file: string
  /** Plain JSON: objects, arrays, strings, numbers, booleans and null. */
  value: unknown
  /** Where a path is. Of a field that is not there, where the innermost of its parents is. */
  place: (path: Path, at?: 'key' | 'value') => Place
}>

type YamlFault = Readonly<{ offset: number; code: string; message: string }>

/**
 * How often aliases may repeat nodes in a document, so that a small file cannot grow without bound.
 */
const ALIASES_MAX = 100
const REMOVED_TAGS = ['binary', 'omap', 'pairs', 'set', 'timestamp'].map(
  (name) => `tag:yaml.org,2002:${name}`,
)

const REMEDIES: Readonly<Record<string, string>> = {
  BAD_ALIAS:
    'an alias (*name) needs an anchor (&name) before it; put text that starts with * in quotes',
  BAD_INDENT: 'a bracket above is not closed, or the indentation fits nothing above',
  BAD_SCALAR_START: 'text must not start with this character; put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a second ": " in one line; put text that contains it in quotes',
  DUPLICATE_KEY: 'this key is there twice in one mapping; keep one of them',
  MISSING_CHAR: 'a closing quote, bracket or comma is missing, or a ":" after a key',
  MULTILINE_IMPLICIT_KEY:
    'this line is no "key: value"; a ":" is missing, or the indentation is wrong',
  TAB_AS_INDENT: 'tabs cannot indent YAML; use spaces',
  TAG_RESOLVE_FAILED:
    'this tag (!name) or value is not known here; put text that starts with ! in quotes',
}

/** The documents of a file, without empty ones, and what is wrong with its YAML. Never throws. */
export function documentsOf(source: Source): {
  documents: readonly YamlDocument[]
  problems: readonly Problem[]
} {
  const lines = new LineCounter()
  const parsed = parsedDocuments(source.text, lines)
  if (parsed === undefined) {
    const message = 'it is nested too deeply'
    return { documents: [], problems: [problemAt(source.name, { line: 1, column: 1 }, message)] }
  }
  const documents: YamlDocument[] = []
  const problems: Problem[] = []
  for (const document of parsed) {
    const faults = [...document.errors, ...document.warnings].map((fault) => ({
      offset: fault.pos[0],
      code: fault.code,
      message: causeOf(fault),
    }))
    const value = faults.length > 0 || isEmpty(document) ? undefined : plainOf(document)
    if (value !== undefined && 'plain' in value) {
      const place = (path: Path, at: 'key' | 'value' = 'value') =>
        placeOf(document, path, at, lines)
      documents.push({ file: source.name, value: value.plain, place })
    }
    const all = value !== undefined && 'offset' in value ? [value] : worthTelling(faults)
    problems.push(
      ...all.map((fault) => problemAt(source.name, placeAt(fault.offset, lines), fault.message)),
    )
  }
  return { documents, problems }
}

function parsedDocuments(text: string, lineCounter: LineCounter): Document[] | undefined {
  try {
    const documents = parseAllDocuments(text, {
      lineCounter,
      prettyErrors: false,
      version: '1.1',
      customTags: (tags) =>
        tags.filter(
          (tag) =>
            typeof tag === 'string' ||
            !(REMOVED_TAGS.includes(tag.tag) || ('format' in tag && tag.format === 'TIME')),
        ),
    })
    return 'empty' in documents ? [] : documents
  } catch (error) {
    if (error instanceof RangeError) return undefined // The parser's stack overflowed.
    throw error
  }
}

/**
 * All duplicate keys, and of everything else the first: what follows a broken line means nothing.
 */
function worthTelling(faults: readonly YamlFault[]): readonly YamlFault[] {
  const first = faults.find(({ code }) => code !== 'DUPLICATE_KEY')
  return faults.filter((fault) => fault.code === 'DUPLICATE_KEY' || fault === first)
}

function causeOf({ code, message }: YAMLError): string {
  // What stands before a colon or a quotation mark is the parser's own; what follows may be the
  // user's.
  return REMEDIES[code] ?? `${message.split(/[:"]/)[0]}; see https://yaml.org/spec/1.1`
}

/** The document as plain JSON, or why it cannot be. */
function plainOf(document: Document): { plain: unknown } | YamlFault {
  let unresolved: number | undefined
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) === undefined) unresolved ??= start(alias)
    },
  })
  if (unresolved !== undefined) {
    return { offset: unresolved, code: 'BAD_ALIAS', message: REMEDIES.BAD_ALIAS ?? '' }
  }
  try {
    return { plain: document.toJS({ maxAliasCount: ALIASES_MAX }) as unknown }
  } catch {
    const message = `aliases repeat more than ${ALIASES_MAX} times; write the rest out`
    return { offset: start(document.contents) ?? 0, code: 'ALIASES', message }
  }
}

function problemAt(file: string, place: Place, message: string): Problem {
  return { file, ...place, path: '', message: `invalid YAML: ${message}` }
}

function isEmpty(document: Document): boolean {
  const { contents } = document
  return contents === null || (isScalar(contents) && contents.value === null && !contents.tag)
}

/** Walks down as far as the path exists. */
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

function start(node: unknown): number | undefined {
  return isNode(node) ? ((node as Node).range?.[0] ?? undefined) : undefined
}

/** The pair with this key, also when it comes from a merged (`<<`) mapping. */
function pairOf(map: YAMLMap, key: string, document: Document): Pair | undefined {
  const named = (name: string) =>
    map.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === name)
  const own = named(key)
  const merged = own === undefined ? named('<<')?.value : undefined
  const target: unknown = isAlias(merged) ? merged.resolve(document) : merged
  return own ?? (isMap(target) ? pairOf(target, key, document) : undefined)
}
