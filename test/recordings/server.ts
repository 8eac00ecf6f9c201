// An HTTP server that answers EWS requests with bytes that are given.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An answer, byte for byte. */
export type Bytes = Readonly<{ bytes: Uint8Array; status: number }>

/** Serves what `answerTo` gives for an operation (GetItem), on a port of 127.0.0.1. */
export async function serving(
  answerTo: (operation: string) => Bytes,
): Promise<Readonly<{ port: number; close: () => Promise<void> }>> {
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    const { bytes, status } = answerTo(/<m:(\w+)/.exec(body)?.[1] ?? '')
    response.writeHead(status, { 'content-type': 'text/xml; charset=utf-8' }).end(bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
  }
  return { port: (server.address() as AddressInfo).port, close }
}
