// An office whose Exchange stands behind a front that may refuse a sign-in: what reaches it is counted there.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import type { SyncGroupStatus } from '../../controller/api/resources.generated.ts'
import type { GroupId } from '../../controller/core/id.ts'
import { Connections } from '../../controller/ews/connections.ts'
import { openState } from '../../controller/store/state.ts'
import type { Environment } from '../../controller/sync/environment.ts'
import type { Declared } from '../../controller/sync/ports.ts'
import { Servers } from '../../controller/sync/server-health.ts'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import type { HttpRequest, HttpResponse } from '../exchange/http/border.ts'
import { listen } from '../exchange/http/server.ts'
import { declaration } from '../support/declaration.ts'

export const account = 'sync@corp.example'

/** What the front answers in the server's place; undefined lets the request through. `n` counts from 1. */
export type Front = (request: HttpRequest) => Promise<HttpResponse | undefined>

/** An answer without a body. */
export const status = (code: number): HttpResponse => ({ status: code, headers: {}, body: '' })

/** The running office. */
export type Office = Readonly<{
  exchange: Exchange
  url: string
  connections: Connections
  /** Status and request, in the order of the answers. */
  answers: { status: number; request: HttpRequest }[]
  /** How many requests were under way at once, at most. */
  most: { atOnce: number }
  time: { ms: number }
  front: { answer: Front }
  statuses: Map<string, SyncGroupStatus>
  site: (groups: readonly Declared[]) => Environment
}>

/** Starts one with so many members; a back-off is over at once, a deadline never comes. */
export async function officeOf(members: number): Promise<Office> {
  const time = { ms: Date.UTC(2020, 0, 1) }
  const exchange = await startExchange(
    {
      domain: 'corp.example',
      users: [
        { mailbox: account, password: 'right', impersonates: 'all' },
        ...names(members).map((name) => ({ mailbox: `${name}@corp.example`, password: 'p' })),
      ],
      publicFolders: [
        { path: '/Company', permissions: { [account]: 'PublishingEditor' }, contacts: 2 },
      ],
    },
    { clock: () => time.ms },
  )
  const answers: Office['answers'] = []
  const most = { atOnce: 0 }
  const front: Office['front'] = { answer: async () => undefined }
  let atOnce = 0
  const handle = async (request: HttpRequest) => {
    atOnce += 1
    most.atOnce = Math.max(most.atOnce, atOnce)
    try {
      // What is sent at the same time is seen together.
      await turn()
      const response = (await front.answer(request)) ?? (await exchange.handle(request))
      answers.push({ status: response.status, request })
      return response
    } finally {
      atOnce -= 1
    }
  }
  const { port, close } = await listen({ port: 0, tls: undefined, gzip: false, handle })
  const sleep = (delayMs: number) =>
    delayMs < 30_000 ? Promise.resolve() : new Promise<void>(() => {})
  const clock = { now: () => time.ms, sleep }
  const connections = new Connections(clock)
  const directory = mkdtempSync(join(tmpdir(), 'exsync-sign-in-'))
  const state = openState(directory)
  const statuses = new Map<string, SyncGroupStatus>()
  const servers = new Servers(clock, { leastMs: 1_000, mostMs: 1_000 })
  onTestFinished(async () => {
    await connections.close()
    state.close()
    rmSync(directory, { recursive: true, force: true })
    await close()
    await exchange.close()
  })
  const site = (groups: readonly Declared[]): Environment => ({
    declarations: {
      groups: async () => groups,
      changed: async () => {},
      hold: async () => {},
      report: async ({ id }, reported) => void statuses.set(id, reported),
      released: async () => {},
    },
    replicas: (declared, signal) => connections.replicas(declared, signal),
    former: (declared, ids, signal) => connections.former(declared, ids, signal),
    baseline: (group: GroupId) => state.baseline(group),
    recent: async () => [],
    clock,
    servers,
    onEnded: () => {},
  })
  const url = `http://127.0.0.1:${port}/EWS/Exchange.asmx`
  return { exchange, url, connections, answers, most, time, front, statuses, site }
}

/** A group of all these members: its name, the name of its server, and what it signs in with. */
export function groupOn(
  url: string,
  members: number,
  { name = 'company', server = 'corp', password = 'right', annotations = {} } = {},
): Declared {
  const namespace = 'sales'
  const auth = { type: 'Basic', secretRef: { name: 'account' } }
  const spec = {
    serverRef: { name: server },
    hub: { publicFolder: '/Company' },
    members: names(members).map((who) => ({
      mailbox: `${who}@corp.example`,
      folder: `Contacts/${name}`,
    })),
  }
  return declaration(
    { metadata: { name: server, namespace }, spec: { url, auth } },
    { metadata: { name, namespace, annotations }, spec },
    { credentials: { username: account, password }, fingerprint: '' },
  )
}

const names = (members: number) => Array.from({ length: members }, (_, n) => `m${n + 1}`)
