// Two small HTTP servers: health for the kubelet, metrics for Prometheus. An address is host:port, or :port for all.
import { createServer, type Server } from 'node:http'
import { SyncError } from '../core/sync-error.ts'

/** The answer for a path. */
export type Answer = Readonly<{ status: number; text: string; type?: string }>

/** A server that listens, or one that does not because its address is in use. */
export type Listening = Readonly<{ port: number; close: () => Promise<void> }>

/**
 * Answers GET for the paths. Rejects with a terminal SyncError if it cannot listen on the address.
 */
export async function listening(
  address: string,
  paths: Readonly<Record<string, () => Answer | Promise<Answer>>>,
): Promise<Listening> {
  const server = createServer((request, response) => {
    const path = pathIn(request.url ?? '/')
    const answer = Object.hasOwn(paths, path) ? paths[path] : undefined
    const said = async (): Promise<Answer> => {
      if (request.method !== 'GET' && request.method !== 'HEAD')
        return { status: 405, text: 'only GET\n' }
      if (answer === undefined)
        return { status: 404, text: `known paths: ${Object.keys(paths).join(', ')}\n` }
      return answer()
    }
    said().then(
      ({ status, text, type = 'text/plain; charset=utf-8' }) => {
        response.writeHead(status, { 'content-type': type }).end(text)
      },
      () => response.writeHead(500).end(),
    )
  })
  // An open connection of a probe must not keep the process running.
  server.keepAliveTimeout = 5_000
  const port = await bound(server, address)
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

// A client may send an invalid path.
function pathIn(url: string): string {
  return URL.canParse(url, 'http://here') ? new URL(url, 'http://here').pathname : ''
}

function bound(server: Server, address: string): Promise<number> {
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? []
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const message = `cannot listen on ${address} (${error.code ?? error.name}): name another address with --metrics-bind-address or --health-probe-bind-address, or 0 for none`
      reject(new SyncError('terminal', 'AddressUnusable', message, { cause: error }))
    })
    const chosen = host.replace(/^\[(.*)\]$/, '$1')
    const listen = { port: Number(port), ...(chosen === '' ? {} : { host: chosen }) }
    server.listen(listen, () => {
      const bound = server.address()
      resolve(typeof bound === 'object' && bound !== null ? bound.port : 0)
    })
  })
}
