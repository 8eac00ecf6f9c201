// ews-javascript-api, patched against the defects that lose data or hang (0.15.3; each reproduced): it does not escape
// XML; it calls a function that Node 23 removed; it does not send a changed part of a loaded address; it fails on
// characters that XML forbids; one error for a whole batch, or an empty HTTP 500, leaves its promise pending; it ignores
// time-outs and certificates. All code that uses the library imports it from here.
import { createRequire } from 'node:module'
import util from 'node:util'
import type { ExchangeService } from 'ews-javascript-api'
import { escaped, withoutForbidden } from './xml.ts'

/** Sends one SOAP request and answers the text of the response; rejects with the error that the caller gets. */
export type Send = (soap: string) => Promise<string>

type Loose = Record<string, unknown>
type Method = (this: Loose, ...given: readonly unknown[]) => unknown
type Class = { prototype: Record<string, Method> }

const load = createRequire(import.meta.url)
const patchedUtil = util as typeof util & { isNullOrUndefined?: (value: unknown) => boolean }
patchedUtil.isNullOrUndefined ??= (value) => value == null

/** The patched library, loaded once. Loading costs half a second: call it late. */
export function library(): typeof import('ews-javascript-api') {
  const ews = load('ews-javascript-api') as typeof import('ews-javascript-api')
  if (!remedied) remedy()
  remedied = true
  return ews
}

/** A service that sends through `send`, in UTC; `actAs` is the mailbox that it impersonates. */
export function exchangeService(send: Send, url: string, actAs?: string): ExchangeService {
  const ews = library()
  const service = new ews.ExchangeService(ews.ExchangeVersion.Exchange2016, ews.TimeZoneInfo.Utc)
  service.Url = new ews.Uri(url)
  // The library demands credentials; the sender uses its own.
  service.Credentials = new ews.WebCredentials('sent', 'elsewhere')
  if (actAs !== undefined) {
    service.ImpersonatedUserId = new ews.ImpersonatedUserId(ews.ConnectingIdType.SmtpAddress, actAs)
  }
  const xhr = async ({ data }: { data?: unknown }) => {
    const responseText = withoutForbidden(await send(String(data)))
    return {
      status: 200,
      responseText,
      response: responseText,
      getAllResponseHeaders: () => '',
      getResponseHeader: () => null,
      headers: {},
    }
  }
  const api = { xhr, xhrStream: xhr, disconnect: () => {}, apiName: 'exsync' }
  service.XHRApi = api as unknown as typeof service.XHRApi
  return service
}

let remedied = false

function remedy(): void {
  const { EwsServiceXmlWriter: writer } = load(
    'ews-javascript-api/js/Core/EwsServiceXmlWriter.js',
  ) as Record<string, Class>
  const { SimplePropertyBag: bag } = load(
    'ews-javascript-api/js/Core/SimplePropertyBag.js',
  ) as Record<string, Class>
  const { SimpleServiceRequestBase: request } = load(
    'ews-javascript-api/js/Core/Requests/SimpleServiceRequestBase.js',
  ) as Record<string, Class>
  const { MultiResponseServiceRequest: batch } = load(
    'ews-javascript-api/js/Core/Requests/MultiResponseServiceRequest.js',
  ) as Record<string, Class>
  const { EwsServiceXmlReader: Reader } = load(
    'ews-javascript-api/js/Core/EwsServiceXmlReader.js',
  ) as Record<string, new (...given: unknown[]) => { JsObject: unknown }>
  if (!writer || !bag || !request || !batch || !Reader)
    throw new Error('this version of ews-javascript-api is not supported')
  escapeText(writer)
  bag.prototype.Changed = function () {
    for (const changed of (this.OnChange ?? []) as (() => void)[]) changed()
  }
  request.prototype.InternalExecute = async function () {
    const answer = await (this.ValidateAndEmitRequest as Method).call(
      this,
      (this.BuildXHR as Method).call(this),
    )
    const { responseText } = answer as { responseText: string }
    // Parsing it would throw inside a callback, and the promise would stay pending.
    if (responseText.trim() === '') throw new Error('the server’s answer is empty')
    const reader = new Reader(responseText, this.Service)
    return (this.ReadResponsePrivate as Method).call(this, answer, reader.JsObject)
  }
  oneForAll(batch)
}

function escapeText(writer: Class): void {
  const { WriteValue: write, WriteAttributeString: attribute } = writer.prototype
  if (!write || !attribute) throw new Error('this version of ews-javascript-api is not supported')
  const text = (value: unknown) => (typeof value === 'string' ? escaped(value) : value)
  writer.prototype.WriteValue = function (value, name) {
    return write.call(this, text(value), name)
  }
  writer.prototype.WriteAttributeString = function (...given) {
    return attribute.call(this, ...given.slice(0, -1), text(given.at(-1)))
  }
}

// One response message may be the answer for the whole batch (ErrorServerBusy): it then counts for every item.
function oneForAll(batch: Class): void {
  const parse = batch.prototype.ParseResponseXMLJsObject
  if (!parse) throw new Error('this version of ews-javascript-api is not supported')
  batch.prototype.ParseResponseXMLJsObject = function (answer) {
    const name = (this.GetResponseMessageXmlElementName as Method).call(this) as string
    const messages = ((answer as Loose).ResponseMessages as Loose | undefined)?.[name]
    const expected = (this.GetExpectedResponseMessageCount as Method).call(this) as number
    const only = Array.isArray(messages)
      ? messages.length === 1
        ? messages[0]
        : undefined
      : messages
    if (only === undefined || expected < 2) return parse.call(this, answer)
    const spread = {
      ...(answer as Loose),
      ResponseMessages: { [name]: Array(expected).fill(only) },
    }
    return parse.call(this, spread)
  }
}
