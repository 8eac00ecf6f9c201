// Text that a status or an Event has only so much room for. Cut between characters as the API server counts them:
// half of a surrogate pair would be refused, with everything around it.

/** How long a token of an annotation may be. */
export const tokenMax = 256

/** The text, or as many of its characters as there is room for. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text
  // No character has more than two units; so much of a long text is enough.
  const some = text.slice(0, 2 * max)
  return [...some].slice(0, max).join('')
}

/** The text, or as many of its characters as have room in so many bytes of UTF-8. */
export function cutBytes(text: string, max: number): string {
  const some = cut(text, max)
  if (Buffer.byteLength(some) <= max) return some
  let [bytes, end] = [0, 0]
  for (const character of some) {
    bytes += Buffer.byteLength(character)
    if (bytes > max) break
    end += character.length
  }
  return some.slice(0, end)
}
