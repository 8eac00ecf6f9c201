// Servers that answer byte by byte, as no library would let them.
import { createServer, type Server, type Socket } from 'node:net'
import type { Host } from './case.ts'

/** A request that came. */
export type Asked = Readonly<{ operation: string; head: string; body: string }>

/** A server on a free port that hands each request to `serve`, on its bare connection. */
export async function wire(serve: (socket: Socket, asked: Asked) => void): Promise<Host> {
  let hits = 0
  return listening(
    (socket) => {
      let held = Buffer.alloc(0)
      socket.on('data', (chunk) => {
        held = Buffer.concat([held, chunk])
        for (let next = requestIn(held); next !== undefined; next = requestIn(held)) {
          held = held.subarray(next.bytes)
          hits += 1
          serve(socket, next.asked)
        }
      })
    },
    () => hits,
  )
}

/** A server that gets bare connections; each counts as a hit, unless `hits` counts otherwise. */
export async function listening(
  connected: (socket: Socket) => void,
  hits?: () => number,
): Promise<Host> {
  const sockets = new Set<Socket>()
  let connections = 0
  const server: Server = createServer((socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    connected(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}/EWS/Exchange.asmx`,
    hits: hits ?? (() => connections),
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function requestIn(held: Buffer): { asked: Asked; bytes: number } | undefined {
  const end = held.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = held.toString('latin1', 0, end)
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
  const bytes = end + 4 + length
  if (held.length < bytes) return undefined
  const body = held.toString('utf8', end + 4, bytes)
  const operation = /<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?([A-Za-z]+)/.exec(body)?.[1] ?? ''
  return { asked: { operation, head, body }, bytes }
}

/** The head of an answer; `length` undefined: chunked. */
export function headOf(
  status: string,
  length: number | undefined,
  more: readonly string[] = ['Content-Type: text/xml; charset=utf-8'],
): string {
  const framing = length === undefined ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`
  return `${[`HTTP/1.1 ${status}`, framing, ...more].join('\r\n')}\r\n\r\n`
}

/** Answers with this body, in one piece. */
export function answer(
  socket: Socket,
  body: string | Buffer,
  status = '200 OK',
  more?: readonly string[],
): void {
  const bytes = Buffer.from(body as string)
  socket.write(headOf(status, bytes.length, more))
  socket.write(bytes)
}

/** Writes the pieces as fast as they are taken; `done` when all are. Stops when nobody listens any more. */
export function pour(
  socket: Socket,
  pieces: Iterable<string | Buffer>,
  { chunked = false, done = () => {} }: { chunked?: boolean; done?: () => void } = {},
): void {
  const each = pieces[Symbol.iterator]()
  const next = () => {
    for (;;) {
      if (socket.destroyed) return
      const { value, done: over } = each.next()
      if (over) {
        if (chunked) socket.write('0\r\n\r\n')
        done()
        return
      }
      const bytes = Buffer.from(value as string)
      if (chunked) socket.write(`${bytes.length.toString(16)}\r\n`)
      const room = socket.write(bytes)
      if (chunked) socket.write('\r\n')
      if (!room) {
        socket.once('drain', next)
        return
      }
    }
  }
  next()
}

/** Writes the pieces one by one, so many ms apart, as long as somebody listens. */
export function trickle(socket: Socket, pieces: Iterable<string>, everyMs: number): void {
  const each = pieces[Symbol.iterator]()
  const timer = setInterval(() => {
    const { value, done } = each.next()
    if (done || socket.destroyed) clearInterval(timer)
    else socket.write(value)
  }, everyMs)
  socket.on('close', () => clearInterval(timer))
}

/** So many times the same. */
export function* times(count: number, piece: string | Buffer): Generator<string | Buffer> {
  for (let n = 0; n < count; n += 1) yield piece
}

const soap =
  '<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ' +
  'xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" ' +
  'xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Body>'

/** An envelope's beginning and end, and what is between them. */
export const opening = soap
export const closing = '</s:Body></s:Envelope>'
export const envelope = (body: string) => `${soap}${body}${closing}`

/** A response message that refuses the request with this code. */
export function refusal(operation: string, code: string, more = ''): string {
  const message = `<m:MessageText>x</m:MessageText><m:ResponseCode>${code}</m:ResponseCode>${more}`
  return envelope(
    `<m:${operation}Response><m:ResponseMessages><m:${operation}ResponseMessage ResponseClass="Error">` +
      `${message}</m:${operation}ResponseMessage></m:ResponseMessages></m:${operation}Response>`,
  )
}

/** A SOAP fault with this code, and waits that it asks for. */
export function fault(code: string, xml = ''): string {
  return envelope(
    `<s:Fault><faultcode>a:${code}</faultcode><faultstring>x</faultstring><detail>` +
      `<e:ResponseCode xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">${code}</e:ResponseCode>${xml}</detail></s:Fault>`,
  )
}
