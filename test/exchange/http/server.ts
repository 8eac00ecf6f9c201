// Puts the border on a socket, with or without TLS.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { HttpRequest, HttpResponse } from './border.ts'
import { ConnectionLost } from './fault.ts'

/** What a server needs. */
export type ServerOptions = Readonly<{
  /** The address that it listens on. Default: 127.0.0.1. */
  host?: string | undefined
  port: number
  tls: Readonly<{ key: string; cert: string }> | undefined
  gzip: boolean
  handle: (request: HttpRequest) => Promise<HttpResponse>
}>

/** A listening server. */
export type Listening = Readonly<{ port: number; close: () => Promise<void> }>

const BODY_MAX = 64 * 1024 * 1024
const GZIP_MIN = 1024
const zipped = promisify(gzip)

/** Listens. Throws when the port is taken, or the address is none of this machine's. */
export async function listen(options: ServerOptions): Promise<Listening> {
  const { tls, host = '127.0.0.1', port } = options
  const respond = (request: IncomingMessage, response: ServerResponse) => {
    serve(options, request, response).catch(() => response.destroy())
  }
  const server: Server = tls ? createTlsServer(tls, respond) : createServer(respond)
  server.keepAliveTimeout = 60_000
  server.requestTimeout = 0
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

async function serve(
  options: ServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await received(request)
  if (!body) {
    response.writeHead(413, { connection: 'close' }).end()
    return
  }
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers)) headers[name] = String(value)
  const { method = '', url = '' } = request
  try {
    const answer = await options.handle({
      method,
      path: url,
      headers,
      body,
      connection: request.socket,
    })
    await send(options, answer, headers, response)
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error
    request.socket.destroy()
  }
}

/** The bytes of a request; undefined when there are too many. */
async function received(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length <= BODY_MAX) chunks.push(chunk)
    else chunks.length = 0 // Read on, so that the client gets to hear the answer.
  }
  return length > BODY_MAX ? undefined : Buffer.concat(chunks)
}

async function send(
  options: ServerOptions,
  answer: HttpResponse,
  requested: Readonly<Record<string, string>>,
  response: ServerResponse,
): Promise<void> {
  const plain = Buffer.from(answer.body)
  const zip =
    options.gzip &&
    !answer.truncated &&
    plain.length >= GZIP_MIN &&
    /\bgzip\b/.test(requested['accept-encoding'] ?? '')
  const body = zip ? await zipped(plain, { level: 1 }) : plain
  const more = zip ? { 'content-encoding': 'gzip', vary: 'accept-encoding' } : {}
  // Of a truncated answer, more is announced than ever comes.
  const length = body.length + (answer.truncated ? 1000 : 0)
  if (answer.undated) response.sendDate = false
  response.writeHead(answer.status, { ...answer.headers, ...more, 'content-length': length })
  if (answer.truncated) response.write(body, () => response.destroy())
  else response.end(body)
}
