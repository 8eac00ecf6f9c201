// The SOAP envelope: what a request says about itself, and the frames of answers and faults.
import { MESSAGES_SPACE, TYPES_SPACE, violation } from '../grammar/grammar.ts'
import { type Element, position, readXml, XmlError } from '../xml/reader.ts'
import { attribute, text } from '../xml/writer.ts'
import { type Details, SoapFault } from './errors.ts'

/** A request, taken out of its envelope. */
export type Envelope = Readonly<{
  operation: string
  request: Element
  /** The request's schema version, as a year. */
  version: number
  /** Whom the caller wants to act as, by address. */
  impersonated: string | undefined
  /** Must that be the mailbox's primary address? */
  primaryOnly: boolean
}>

const SOAP = 'http://schemas.xmlsoap.org/soap/envelope/'
const ERRORS = 'http://schemas.microsoft.com/exchange/services/2006/errors'
const VERSIONS: Readonly<Record<string, number>> = {
  Exchange2007: 2007,
  Exchange2007_SP1: 2007,
  Exchange2010: 2010,
  Exchange2010_SP1: 2010,
  Exchange2010_SP2: 2010,
  Exchange2013: 2013,
  Exchange2013_SP1: 2013,
  Exchange2016: 2016,
}

/** The request in a SOAP envelope. Throws `SoapFault`. */
export function envelopeOf(body: string): Envelope {
  const root = parsed(body)
  if (root.name !== 'Envelope' || root.space !== SOAP) {
    throw new SoapFault('ErrorInvalidRequest', 'The request is no SOAP 1.1 envelope.')
  }
  const part = (name: string) =>
    root.children.find((one) => one.name === name && one.space === SOAP)
  const [request, more] = part('Body')?.children ?? []
  if (!request || more) {
    throw new SoapFault('ErrorInvalidRequest', 'The SOAP body must hold exactly one request.')
  }
  const headers = (part('Header')?.children ?? []).filter(({ space }) => space === TYPES_SPACE)
  const header = (name: string) => headers.find((one) => one.name === name)
  const version = header('RequestServerVersion')?.attributes.Version
  const year = version === undefined ? 2013 : VERSIONS[version]
  if (year === undefined) throw new SoapFault('ErrorInvalidServerVersion')
  const impersonation = header('ExchangeImpersonation')
  return {
    operation: request.space === MESSAGES_SPACE ? request.name : '',
    request,
    version: year,
    impersonated: impersonatedBy(impersonation, body),
    primaryOnly: impersonation?.children[0]?.children[0]?.name === 'PrimarySmtpAddress',
  }
}

function parsed(body: string): Element {
  try {
    return readXml(body)
  } catch (error) {
    if (!(error instanceof XmlError)) throw error
    const { line, column } = position(body, error.offset)
    const message = `The request is not well-formed XML: ${error.message} (line ${line}, position ${column}).`
    throw new SoapFault('ErrorInvalidRequest', message)
  }
}

function impersonatedBy(header: Element | undefined, body: string): string | undefined {
  if (!header) return undefined
  demandValid(header, 'ExchangeImpersonation', body)
  const [sid] = header.children[0]?.children ?? []
  if (!sid || sid.name === 'SID') {
    throw new SoapFault('ErrorInvalidExchangeImpersonationHeaderData', 'Name the user by address.')
  }
  return sid.text.trim()
}

/** Refuses an element that Exchange's schema would not accept. */
export function demandValid(element: Element, type: string, body: string): void {
  const found = violation(element, type)
  if (!found) return
  const { line, column } = position(body, found.offset)
  throw new SoapFault(
    'ErrorSchemaValidation',
    `The request failed schema validation: ${found.message}`,
    { LineNumber: String(line), LinePosition: String(column), Violation: found.message },
  )
}

const SERVER_VERSION = `<h:ServerVersionInfo xmlns:h="${TYPES_SPACE}" MajorVersion="15" MinorVersion="2" MajorBuildNumber="2562" MinorBuildNumber="17" Version="V2017_07_11"/>`

/** The envelope around an answer. */
export function answer(operation: string, content: string, attributes = ''): string {
  return `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="${SOAP}"><s:Header>${SERVER_VERSION}</s:Header><s:Body><m:${operation}Response xmlns:m="${MESSAGES_SPACE}" xmlns:t="${TYPES_SPACE}"${attributes}>${content}</m:${operation}Response></s:Body></s:Envelope>`
}

/** The envelope around a fault. */
export function faultXml(fault: SoapFault): string {
  const { code, message, details } = fault
  const more = messageXml(details, 't', code === 'ErrorSchemaValidation')
  return `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="${SOAP}"><s:Body><s:Fault><faultcode xmlns:a="${TYPES_SPACE}">a:${attribute(code)}</faultcode><faultstring xml:lang="en-US">${text(message)}</faultstring><detail><e:ResponseCode xmlns:e="${ERRORS}">${text(code)}</e:ResponseCode><e:Message xmlns:e="${ERRORS}">${text(message)}</e:Message>${more}</detail></s:Fault></s:Body></s:Envelope>`
}

/** MessageXml with the details of an error; nothing when there are none. */
export function messageXml(details: Details, prefix: 't' | 'm', asElements = false): string {
  const entries = Object.entries(details)
  if (entries.length === 0) return ''
  const values = entries.map(([name, value]) =>
    asElements
      ? `<t:${name}>${text(value)}</t:${name}>`
      : `<t:Value Name="${attribute(name)}">${text(value)}</t:Value>`,
  )
  return `<${prefix}:MessageXml xmlns:t="${TYPES_SPACE}">${values.join('')}</${prefix}:MessageXml>`
}
