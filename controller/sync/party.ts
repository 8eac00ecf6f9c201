// The party of work on a server, by which places are shared out: a namespace is a tenant, and a server is known by its
// origin, whatever names it is declared under.
import { SyncError } from '../core/sync-error.ts'
import type { Party } from './line.ts'
import { type Asked, isServers, type ServerKey, type Servers } from './server-health.ts'

const starts = { closed: 'worker', open: 'worker', unknown: 'first', 'half-open': 'again' } as const

/**
 * The party of work for the tenant on the server at the URL. With an open circuit, the work gets a worker, which is
 * refused at once.
 */
export function partyOn(
  servers: Servers,
  tenant: string,
  url: string | undefined,
  key: ServerKey,
  asked: Asked,
): Party {
  return {
    tenant,
    server: originOf(url),
    way: `${key} ${asked ?? ''}`,
    start: () => {
      const state = servers.state(key, asked)
      return state === 'half-open' && servers.isTried(key) ? 'not' : starts[state]
    },
    answered: () => servers.answered(key),
  }
}

/** Is the error an answer of the server? */
export function isAnswer(error: unknown): boolean {
  return error instanceof SyncError && !isServers(error)
}

function originOf(url = ''): string {
  return URL.canParse(url) ? new URL(url).origin : url
}
