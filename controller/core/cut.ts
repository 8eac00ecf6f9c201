// Cuts text for a status or an Event. It cuts between characters as the API server counts them: the API server would refuse
// half of a surrogate pair, and the whole status with it.

/** The longest token of an annotation, in characters. */
export const tokenMax = 256

/** The text, cut to at most `max` characters. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text
  // A character has at most two UTF-16 units: this much of a long text is enough.
  const some = text.slice(0, 2 * max)
  return [...some].slice(0, max).join('')
}

/** The text, cut to at most `max` bytes of UTF-8, between characters. */
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
