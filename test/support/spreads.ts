// Finds arguments that are spread (`push(...found)`): each is a slot of the stack, so that a long list from outside
// ends the process. Reads code without comments; a scanner, as no parser of TypeScript is at hand.

const keywords = /(?:^|[^\w$.])(if|for|while|switch|catch|return|function|of|in|case|typeof|await)$/

/** The spread arguments of a source text, each with what is called. */
export function spreadArguments(code: string): readonly string[] {
  const bare = withoutTexts(code)
  const open: { at: number; sign: string }[] = []
  const found: string[] = []
  for (let at = 0; at < bare.length; at += 1) {
    const sign = bare[at] ?? ''
    if ('([{'.includes(sign)) open.push({ at, sign })
    else if (')]}'.includes(sign)) open.pop()
    else if (bare.startsWith('...', at)) {
      const inner = open.at(-1)
      if (inner?.sign === '(' && isCall(bare, inner.at)) {
        const line = code.slice(0, at).split('\n').length
        found.push(
          `${line}: ${calledIn(bare, inner.at)}(...${/^[\w$.#]*/.exec(bare.slice(at + 3))})`,
        )
      }
      at += 2
    }
  }
  return found
}

function calledIn(bare: string, at: number): string {
  return /[\w$.#?]*$/.exec(bare.slice(0, at))?.[0] ?? ''
}

// A list of parameters is followed by an arrow, a type or a body.
function isCall(bare: string, at: number): boolean {
  const before = bare.slice(Math.max(0, at - 80), at).trimEnd()
  if (!/[\w$)\]>]$/.test(before) || keywords.test(before)) return false
  if (/\bfunction\*?\s+[\w$]+(<[^>]*>)?$/.test(before)) return false
  let depth = 0
  for (let end = at; end < bare.length; end += 1) {
    if ('([{'.includes(bare[end] ?? '')) depth += 1
    if (')]}'.includes(bare[end] ?? '')) depth -= 1
    if (depth === 0) return !/^\s*(=>|\{|:\s)/.test(bare.slice(end + 1, end + 40))
  }
  return true
}

// Texts, templates but for what is in their braces, and regular expressions, as blanks.
function withoutTexts(code: string): string {
  const literal =
    /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\$]|\\.|\$(?!\{))*(?:`|\$\{)|(?<=[=(,:[!&|?{;\n]\s*)\/(?![/*])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\//g
  return code.replace(literal, (found) => found.replace(/[^\n]/g, ' '))
}
