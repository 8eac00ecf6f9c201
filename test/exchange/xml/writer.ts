// Writes text and attributes so that no value can break the XML around it: what has a meaning in XML is
// escaped, what XML forbids (control characters, lone surrogates) is left out.

const SPECIAL = /[&<>"\u0000-\u001f\ufffe\uffff\ud800-\udfff]/
const PIECES = /[\ud800-\udbff][\udc00-\udfff]|[&<>"\u0000-\u001f\ufffe\uffff\ud800-\udfff]/g

const TEXT: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '"',
  '\t': '\t',
  '\n': '\n',
  '\r': '&#xD;',
}
const ATTRIBUTE: Readonly<Record<string, string>> = {
  ...TEXT,
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
}

/** A value as element content. */
export function text(value: string): string {
  return SPECIAL.test(value) ? value.replace(PIECES, (piece) => safe(TEXT, piece)) : value
}

/** A value as it stands between the quotes of an attribute. */
export function attribute(value: string): string {
  return SPECIAL.test(value) ? value.replace(PIECES, (piece) => safe(ATTRIBUTE, piece)) : value
}

/** ` name="value"`, or nothing when there is no value. */
export function attributeOf(name: string, value: string | undefined): string {
  return value === undefined ? '' : ` ${name}="${attribute(value)}"`
}

/** An element with text, in the types namespace. */
export function leaf(name: string, value: string): string {
  return value === '' ? `<t:${name}/>` : `<t:${name}>${text(value)}</t:${name}>`
}

function safe(table: Readonly<Record<string, string>>, piece: string): string {
  return piece.length === 2 ? piece : (table[piece] ?? '')
}
