// The regular expressions in a source file of TypeScript, as they are written.

// After these a slash begins a regular expression; after a value it divides.
const before =
  /(?:^|[=(,:;!&|?{}[+\-*%<>~^]|\b(?:return|typeof|case|in|of|void|delete|throw|new|else|do|yield|await))\s*$/

/** Every regular expression literal of the source. */
export function literalsIn(file: string): readonly RegExp[] {
  const source = file.replace(/^#!.*/, '')
  const found: RegExp[] = []
  let code = ''
  // How many braces are open since each `${`.
  const templates: number[] = []
  for (let at = 0; at < source.length; ) {
    const two = source.slice(at, at + 2)
    const one = source[at] ?? ''
    const skip = (pattern: RegExp) => {
      pattern.lastIndex = at
      const [text = one] = pattern.exec(source) ?? []
      at += text.length
      return text
    }
    if (two === '//') skip(/\/\/[^\n]*/y)
    else if (two === '/*') skip(/\/\*[\s\S]*?\*\//y)
    else if (one === "'" || one === '"') {
      skip(one === "'" ? /'(?:\\[\s\S]|[^'\\])*'/y : /"(?:\\[\s\S]|[^"\\])*"/y)
      code += '0'
    } else if (one === '`' || (one === '}' && templates.at(-1) === 0)) {
      if (one === '}') templates.pop()
      const text = skip(/[`}](?:\\[\s\S]|\$(?!\{)|[^`\\$])*(?:`|\$\{)/y)
      if (text.endsWith('${')) templates.push(0)
      code += text.endsWith('${') ? '(' : '0'
    } else if (one === '/' && before.test(code.slice(-20))) {
      const text = skip(/\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y)
      const end = text.lastIndexOf('/')
      found.push(new RegExp(text.slice(1, end), text.slice(end + 1)))
      code += '0'
    } else {
      const open = templates.length - 1
      if (open >= 0 && (one === '{' || one === '}'))
        templates[open] = (templates[open] ?? 0) + (one === '{' ? 1 : -1)
      code += one
      at += 1
    }
  }
  return found
}
