// For whom work on a server is done when places are shared out: a namespace is a tenant, and a server is known by its
// origin, under however many names it is declared.
import { SyncError } from '../core/sync-error.ts'
import type { Party } from './line.ts'
import { type Asked, isServers, type ServerKey, type Servers } from './server-health.ts'

const starts = { closed: 'worker', open: 'worker', unknown: 'first', 'half-open': 'again' } as const

/** The party of work for the tenant on the server at the URL. Where the circuit is open, a worker finds that out at once. */
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

/** Is it an answer of the server's, although it is an error? */
export function isAnswer(error: unknown): boolean {
  return error instanceof SyncError && !isServers(error)
}

function originOf(url = ''): string {
  return URL.canParse(url) ? new URL(url).origin : url
}
