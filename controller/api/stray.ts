// Unintended characters in a Secret: usually a line end of a file, a copy from a document, or a file in another encoding.
// Sent to a server they make a wrong password, and some servers lock the account for it.

const names: Readonly<Record<string, string>> = {
  '\0': 'a NUL',
  '\t': 'a tab',
  '\n': 'a line feed',
  '\r': 'a carriage return',
  ' ': 'a blank',
  '\u00a0': 'a no-break space',
  '\u200b': 'a zero-width space',
  '\ufeff': 'a byte order mark',
  '\ufffd': 'a byte that is not UTF-8',
}

// Control characters, invisible characters, encoding marks and line separators. Never a letter, a digit or a sign.
const stray = /[\p{Cc}\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\ufffd]/u

/**
 * The fault of a value for signing in, like `ends with a line feed (U+000A)`; undefined without one. It names the stray
 * character only. Spaces at the ends of a password are accepted: some directories allow them.
 */
export function strayIn(key: string, value: string): string | undefined {
  const blank = key === 'password' ? /[^\S ]/u : /\s/u
  const letters = [...value]
  const isStray = (letter: string) => stray.test(letter)
  const isOdd = (letter: string) => isStray(letter) || blank.test(letter)
  const last = letters.findLastIndex((letter) => !isOdd(letter)) + 1
  if (last < letters.length) return `ends with ${listed(letters.slice(last))}`
  const first = letters.findIndex((letter) => !isOdd(letter))
  if (first > 0) return `begins with ${listed(letters.slice(0, first))}`
  const inside = letters.filter(isStray)
  return inside.length === 0 ? undefined : `contains ${listed(inside)}`
}

function listed(letters: readonly string[]): string {
  const each = [...new Set(letters)].slice(0, 3).map((letter) => {
    const code = `U+${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
    const name = names[letter] ?? (/\s/u.test(letter) ? 'a white space' : 'an invisible character')
    // The original bytes are not shown: they would reveal a part of the Secret.
    return letter === '\ufffd' ? name : `${name} (${code})`
  })
  return each.join(' and ')
}

/** How to write a value without stray characters. */
export const strayRemedy =
  'write it without, for example with printf %s or kubectl create secret --from-literal, never with echo or an editor'
