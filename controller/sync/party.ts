// For whom work on a server is done when places are shared out: a namespace is a tenant, and a server is known by its
// origin, under however many names it is declared.
import { SyncError } from '../core/sync-error.ts'
import type { Party } from './line.ts'
import { type Asked, isServers, type ServerKey, type Servers } from './server-health.ts'

const starts = { well: 'worker', resting: 'worker', unknown: 'first', ill: 'again' } as const

/** The party of work for the tenant on the server at the URL. One that rests is told so at once, by a worker. */
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
      const standing = servers.standing(key, asked)
      return standing === 'ill' && servers.isTried(key) ? 'not' : starts[standing]
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
