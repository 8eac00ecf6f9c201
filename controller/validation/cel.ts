// CEL, the language of validation rules, evaluated as an API server does.
//
// cel-js provides core CEL. `transformMapEntry` is added here: it builds a map from a list and fails on a duplicate key. It
// is the only linear test for duplicates, and so the only one that an API server accepts for long lists.

import { Environment } from '@marcbachmann/cel-js'

/** A compiled expression over `self`: whether evaluating it is an error, and its value. */
export type Expression =
  | Readonly<{ state: 'ready'; evaluate: (self: unknown) => unknown }>
  | Readonly<{ state: 'unknown'; reason: string }> // It cannot be evaluated here.

/** Two entries of a list have the same key. */
export class DuplicateKey extends Error {
  override readonly name = 'DuplicateKey'
  readonly index: number
  readonly first: number
  constructor(index: number, first: number) {
    super(`entry ${index} has the key of entry ${first}`)
    this.index = index
    this.first = first
  }
}

// The arguments that cel-js 8 passes to a macro; it publishes no types for them.
type Ast = Readonly<{ op: string; args: unknown }>
type Scope = {
  forkWithVariable: (name: string, type: unknown) => Scope
  reuse: (parent: Scope) => Scope
  setIterValue: (value: unknown, evaluator: Evaluator) => Scope
}
type Evaluator = { run: (ast: Ast, scope: Scope) => unknown }
type Checker = { check: (ast: Ast, scope: Scope) => unknown; getType: (name: string) => unknown }
type Call = Readonly<{ args: readonly [Ast, Ast, Ast]; receiver: Ast }>

const environment = new Environment()
  .registerVariable('self', 'dyn')
  .registerFunction('list.transformMapEntry(ast, ast, ast): map', transformMapEntry)

/**
 * Compiles an expression over `self`. `evaluate` takes ints as BigInt, and throws the error of the
 * evaluation.
 */
export function expressionOf(text: string): Expression {
  try {
    const parsed = environment.parse(text)
    const checked = parsed.check()
    if (!checked.valid) return { state: 'unknown', reason: firstLine(checked.error) }
    return { state: 'ready', evaluate: (self) => parsed({ self }) }
  } catch (error) {
    return { state: 'unknown', reason: firstLine(error) }
  }
}

/** The first line of an error's message; below it cel-js draws the expression. */
export function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0] ?? ''
}

/**
 * `list.transformMapEntry(index, value, {key: value})`, from CEL's comprehensions over two
 * variables.
 */
function transformMapEntry({ args: [index, value, entry], receiver }: Call) {
  let scopes: { outer: Scope; inner: Scope } | undefined
  return {
    async: false,
    typeCheck(checker: Checker, _: unknown, scope: Scope): unknown {
      checker.check(receiver, scope)
      const outer = scope.forkWithVariable(String(index.args), checker.getType('int'))
      const inner = outer.forkWithVariable(String(value.args), checker.getType('dyn'))
      scopes = { outer, inner }
      checker.check(entry, inner)
      return checker.getType('map')
    },
    evaluate(evaluator: Evaluator, _: unknown, scope: Scope): unknown {
      if (scopes === undefined) throw new Error('transformMapEntry was not checked')
      const { outer, inner } = scopes
      const keys = new Map<unknown, number>()
      const result = new Map<unknown, unknown>()
      for (const [i, item] of (evaluator.run(receiver, scope) as unknown[]).entries()) {
        const around = outer.reuse(scope).setIterValue(BigInt(i), evaluator)
        const made = evaluator.run(entry, inner.reuse(around).setIterValue(item, evaluator))
        for (const [key, mapped] of entriesOf(made)) {
          const first = keys.get(key)
          if (first !== undefined) throw new DuplicateKey(i, first)
          keys.set(key, i)
          result.set(key, mapped)
        }
      }
      return result
    },
  }
}

function entriesOf(map: unknown): Iterable<[unknown, unknown]> {
  return map instanceof Map ? map : Object.entries(map as object)
}
