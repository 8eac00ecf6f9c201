// The causes that mislead a reader of a YAML file: spaces that only look like one, a template that was not rendered, a
// forgotten `---` between two resources, a duration without a unit.

// White space that neither YAML nor a name accepts: no-break, typographic and zero-width spaces, a byte order mark.
const oddSpace = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u2060\u3000\ufeff]/
const indentedBy = /^[ \t]*[\u00a0\u1680\u2000-\u200b\u202f\u205f\u2060\u3000\ufeff]/
const template = /\{\{/
const templateText =
  'is a template, {{ … }}, that was not rendered: render it first (helm template, kustomize build)'

/** The message for a forgotten `---`. */
export const forgottenMark = 'a second resource begins here: put a line --- before it'

function spaceText(found: string): string {
  const code = (found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  const name = code === '00A0' ? 'a no-break space' : 'an odd space'
  return `contains ${name} (U+${code}); replace it by a plain space, or remove it`
}

/** Why a text is not what it seems; undefined if it is. Never contains the text. */
export function oddity(text: string): string | undefined {
  const [space] = oddSpace.exec(text) ?? []
  if (space !== undefined) return spaceText(space)
  return template.test(text) ? templateText : undefined
}

/** The same for any value, as an addition to a message: `; it contains …`. Empty for none. */
export function oddityOf(value: unknown): string {
  const odd = typeof value === 'string' ? oddity(value) : undefined
  return odd === undefined ? '' : `; it ${odd}`
}

/** For a value that should be a duration and is a bare number: the addition to a message. Empty for any other value. */
export function unitOf(value: unknown, message: string): string {
  const bare = typeof value === 'string' && /^\d{1,6}$/.test(value) && /\bduration\b/.test(message)
  return bare ? `; ${value} has no unit: write ${value}s for seconds` : ''
}

/** The cause of a YAML fault, with its own offset, if the line of the fault or the one before shows it. */
export function causeIn(
  text: string,
  at: number,
): Readonly<{ offset: number; message: string }> | undefined {
  const end = text.indexOf('\n', at)
  const line = text.lastIndexOf('\n', at - 1)
  const from = line < 1 ? 0 : text.lastIndexOf('\n', line - 1) + 1
  let offset = from
  for (const each of text.slice(from, end < 0 ? undefined : end).split('\n')) {
    const marks = template.exec(each.replace(/(^|\s)#.*$/, ''))
    if (marks !== null) return { offset: offset + marks.index, message: `this ${templateText}` }
    const [indentation] = indentedBy.exec(each) ?? []
    if (indentation !== undefined) {
      const message = `the indentation ${spaceText(indentation.slice(-1))}`
      return { offset: offset + indentation.length - 1, message }
    }
    offset += each.length + 1
  }
  return undefined
}
