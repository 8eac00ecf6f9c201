// The SOAP envelope of a request, and the errors of an answer: HTTP status, SOAP fault, or one per item.
import { SyncError } from '../core/sync-error.ts'
import { faultOf } from './response-codes.ts'
import { at, element, escaped, type Node, textAt, type Xml } from './xml.ts'

/** The schema version of our requests; Exchange 2016, 2019 and SE all know it. */
const version = 'Exchange2016'

/** The envelope around an operation's body. `actAs`: the mailbox that the request impersonates. */
export function envelopeXml(body: Xml, actAs: string | undefined): Xml {
  const impersonation =
    actAs === undefined
      ? ''
      : `<t:ExchangeImpersonation><t:ConnectingSID>${element('t:PrimarySmtpAddress', actAs)}</t:ConnectingSID></t:ExchangeImpersonation>`
  return (
    '<?xml version="1.0" encoding="utf-8"?>' +
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"' +
    ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"' +
    ' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">' +
    `<s:Header><t:RequestServerVersion Version="${version}"/>${impersonation}</s:Header>` +
    `<s:Body>${body}</s:Body></s:Envelope>`
  )
}

/** The operation's answer in an envelope. Throws the SyncError of a SOAP fault, and EmptyAnswer. */
export function answerOf(envelope: Node): Node {
  if (envelope.name !== 'Envelope') {
    throw new SyncError(
      'transient',
      'NotSoap',
      'the server’s answer is not SOAP: check that the URL is that of EWS',
    )
  }
  const fault = at(envelope, 'Body', 'Fault')
  if (fault !== undefined) throw faultIn(fault)
  const answer = at(envelope, 'Body')?.children[0]
  if (answer === undefined)
    throw new SyncError('transient', 'EmptyAnswer', 'the server’s answer is empty')
  return answer
}

/**
 * The answer to this operation (GetItem). Throws as `answerOf` does, and IncompleteAnswer for the answer to another one: a
 * success there says nothing about the items of this request.
 */
export function answerTo(operation: string, envelope: Node): Node {
  const answer = answerOf(envelope)
  if (answer.name === `${operation}Response`) return answer
  const message = `the server sent the answer to another operation instead of that to ${operation}; the controller asks again. If this persists, check any proxy before the server`
  throw new SyncError('transient', 'IncompleteAnswer', message)
}

/** The response messages of an answer, in the order of the request's items. */
export function messagesOf(answer: Node): readonly Node[] {
  return at(answer, 'ResponseMessages')?.children ?? []
}

/** The error of a response message; undefined on success. */
export function errorOf(message: Node): SyncError | undefined {
  if (message.attributes.ResponseClass === 'Success') return undefined
  const code = textAt(message, 'ResponseCode') ?? 'ErrorUnknown'
  if (code === 'NoError' && message.attributes.ResponseClass === 'Warning') return undefined
  return coded(code, message)
}

/** A FolderId. */
export function folderXml(folder: string): Xml {
  return `<t:FolderId Id="${escaped(folder)}"/>`
}

function faultIn(fault: Node): SyncError {
  // SOAP 1.2, which proxies may use, has other element names.
  const detail = at(fault, 'detail') ?? at(fault, 'Detail')
  const named = [
    textAt(detail, 'ResponseCode'),
    textAt(fault, 'faultcode'),
    textAt(fault, 'Code', 'Subcode', 'Value'),
    textAt(fault, 'Code', 'Value'),
  ]
  const codes = named.map((text = '') => text.slice(text.lastIndexOf(':') + 1).trim())
  return coded(codes.find((code) => code !== '') ?? '', detail)
}

// A busy server says so in several places (exchange-protocol §4.2); the wait is in MessageXml.
function coded(text: string, node: Node | undefined): SyncError {
  // A code becomes a reason and a label. Any other text in its place may be content and is not used.
  const code = /^[A-Za-z][A-Za-z0-9]{0,99}$/.test(text) ? text : 'ErrorUnknown'
  const values = at(node, 'MessageXml')?.children ?? []
  const value = (name: string) => values.find(({ attributes }) => attributes.Name === name)?.text
  const backOffMs = Number(value('BackOffMilliseconds') ?? Number.NaN)
  const inner = value('InnerErrorResponseCode')
  const cause = code === 'ErrorInternalServerError' && inner === 'ErrorServerBusy' ? inner : code
  return faultOf(cause, backOffMs)
}
