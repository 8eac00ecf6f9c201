// What the server makes of a contact by itself when it is saved: the display name and the subject from the
// names, FileAs under its mapping, a body with everything that HTML wants. It is what turns a careless
// synchronisation into a storm, so it is on unless a test switches it off.
import type { ItemKind } from '../protocol/fields.ts'
import type { Normalise } from './item.ts'
import { textAt, type Values } from './values.ts'

const NAMES = ['GivenName', 'MiddleName', 'Surname', 'Generation', 'CompanyName'].map(
  (name) => `contacts:${name}`,
)
const TITLE = 'x:tag:3a45/String'
const DISPLAY = 'contacts:DisplayName'
const SUBJECT = 'item:Subject'
const FILE_AS = 'contacts:FileAs'
const MAPPING = 'contacts:FileAsMapping'

/** Completes `values` in place, given which keys a client has just set or taken away. */
export function derive(
  kind: ItemKind,
  values: Values,
  changed: ReadonlySet<string>,
  normalise: Normalise,
): void {
  if (changed.has('item:Body') || changed.has('item:Body#Type')) deriveBody(values, normalise)
  if (kind === 'Contact' && normalise.names) deriveNames(values, changed, normalise.titles)
  if (kind === 'DistributionList' && changed.has(DISPLAY)) {
    const name = textAt(values, DISPLAY) ?? ''
    values.set(SUBJECT, name)
    values.set(FILE_AS, name)
  }
}

function deriveNames(values: Values, changed: ReadonlySet<string>, titles: boolean): void {
  const sources = titles ? [TITLE, ...NAMES] : NAMES
  const renamed = sources.some((key) => changed.has(key))
  if (changed.has(FILE_AS) && !changed.has(MAPPING)) values.set(MAPPING, 'None')
  if (!changed.has(DISPLAY) && (renamed || !values.has(DISPLAY))) {
    const full = fullName(values)
    const title = titles && full !== '' ? textAt(values, TITLE) : undefined
    const name = joined(' ', title, full) || textAt(values, 'contacts:CompanyName')
    const fallback = name || textAt(values, 'contacts:EmailAddress/EmailAddress1')
    if (fallback) values.set(DISPLAY, fallback)
    else values.delete(DISPLAY)
  }
  const display = textAt(values, DISPLAY)
  const follows = renamed || changed.has(DISPLAY) || !values.has(SUBJECT)
  if (!changed.has(SUBJECT) && follows && display !== undefined) values.set(SUBJECT, display)
  const mapping = textAt(values, MAPPING) ?? 'None'
  const touched = renamed || changed.has(MAPPING) || changed.has(DISPLAY) || changed.has(FILE_AS)
  if (mapping !== 'None' && touched) values.set(FILE_AS, fileAs(mapping, values))
  if (!values.has(MAPPING)) values.set(MAPPING, 'None')
}

/** First, middle and last name, and what follows them. */
export function fullName(values: ReadonlyMap<string, string | readonly string[]>): string {
  return joined(' ', ...NAMES.slice(0, 4).map((key) => textAt(values as Values, key)))
}

function fileAs(mapping: string, values: Values): string {
  const of = (name: string) => textAt(values, `contacts:${name}`)
  const [first, middle, last] = [of('GivenName'), of('MiddleName'), of('Surname')]
  const [suffix, company] = [of('Generation'), of('CompanyName')]
  const given = joined(' ', first, middle)
  const comma = joined(', ', last, given)
  const space = joined(' ', last, given)
  const plain = joined('', last, given)
  switch (mapping) {
    case 'LastCommaFirst':
      return comma
    case 'FirstSpaceLast':
      return joined(' ', given, last, suffix)
    case 'Company':
      return company ?? ''
    case 'LastCommaFirstCompany':
      return joined('\r\n', comma, company)
    case 'CompanyLastFirst':
      return joined('\r\n', company, plain)
    case 'LastFirst':
      return plain
    case 'LastFirstCompany':
      return joined('\r\n', plain, company)
    case 'CompanyLastCommaFirst':
      return joined('\r\n', company, comma)
    case 'LastFirstSuffix':
      return joined(' ', plain, suffix)
    case 'LastSpaceFirstCompany':
      return joined('\r\n', space, company)
    case 'CompanyLastSpaceFirst':
      return joined('\r\n', company, space)
    case 'LastSpaceFirst':
      return space
    case 'DisplayName':
      return of('DisplayName') ?? ''
    case 'FirstName':
      return first ?? ''
    case 'LastFirstMiddleSuffix':
      return joined(' ', comma, suffix)
    case 'LastName':
      return last ?? ''
    default:
      return ''
  }
}

function joined(glue: string, ...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join(glue)
}

function deriveBody(values: Values, normalise: Normalise): void {
  const body = textAt(values, 'item:Body')
  if (body === undefined) {
    values.delete('item:Body#Type')
  } else if (textAt(values, 'item:Body#Type') === 'HTML') {
    if (normalise.bodies) values.set('item:Body', wholeHtml(body))
  } else if (normalise.lines) {
    values.set('item:Body', body.replace(/\r\n|\r|\n/g, '\r\n'))
  }
}

const META = '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'

/** The same HTML, as the whole document that Exchange keeps. */
export function wholeHtml(html: string): string {
  const lines = html.replace(/\r\n|\r|\n/g, '\r\n')
  if (/<html[\s>]/i.test(lines)) {
    if (/<meta[^>]+charset/i.test(lines)) return lines
    if (/<head[^>]*>/i.test(lines)) return lines.replace(/<head[^>]*>/i, `$&\r\n${META}`)
    return lines.replace(/<html[^>]*>/i, `$&\r\n<head>\r\n${META}\r\n</head>`)
  }
  const body = /<body[\s>]/i.test(lines) ? lines : `<body>\r\n${lines}\r\n</body>`
  return `<html>\r\n<head>\r\n${META}\r\n</head>\r\n${body}\r\n</html>\r\n`
}

/** What a person would read in an HTML body. */
export function textOfHtml(html: string): string {
  return html
    .replace(/<head[\s\S]*?<\/head>/gi, '')
    .replace(/[\r\n]+/g, '')
    .replace(/<br\s*\/?>|<\/(?:p|div|li|tr|h\d)>/gi, '\r\n')
    .replace(/<[^>]*>/g, '')
    .replace(/&nbsp;/g, '\u00a0')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&#(\d{1,6});/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replace(/&amp;/g, '&')
}

/** A text body as HTML. */
export function htmlOfText(text: string): string {
  const escaped = text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
  const lines = escaped.replace(/\r\n|\r|\n/g, '<br>\r\n')
  return wholeHtml(`<div class="PlainText">${lines}</div>`)
}
