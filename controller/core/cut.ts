// Text that a status or an Event has only so much room for. Cut between characters as the API server counts them:
// half of a surrogate pair would be refused, with everything around it.

/** How long a token of an annotation may be. */
export const tokenMax = 256

/** The text, or as many of its characters as there is room for. */
export function cut(text: string, max: number): string {
  return text.length <= max ? text : [...text].slice(0, max).join('')
}
