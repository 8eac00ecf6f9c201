// The healthy group that lives beside the hostile ones: an Exchange, and a user who edits a contact again and again, as
// soon as the edit before has arrived everywhere.
import { setTimeout as delay } from 'node:timers/promises'
import { type Resource, serverOf } from '../e2e/support.ts'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import { accountOf, memberOf, passwordOf } from './case.ts'
import { companyOf, hubPath, memberPath, oddAnywhere, people } from './world.ts'

const size = 40
const tokens = Array.from({ length: size }, (_, n) => `hub-${n}`)

/** The healthy group, while it runs. */
export class Good {
  readonly exchange: Exchange
  readonly #ended = new AbortController()
  readonly #user: Promise<void>
  /** How many edits have arrived in the hub and at the other member. */
  carried = 0

  private constructor(exchange: Exchange) {
    this.exchange = exchange
    this.#user = this.#edits()
  }

  static async start(): Promise<Good> {
    return new Good(await startExchange(companyOf('good', people(size), 2)))
  }

  declared(): readonly Resource[] {
    return declared('good', this.exchange.url, { members: 2 })
  }

  /** What is lost or doubled. */
  wrong(): readonly string[] {
    return oddAnywhere('good', this.exchange, tokens, 2)
  }

  async close(): Promise<void> {
    this.#ended.abort()
    await this.#user
    await this.exchange.close()
  }

  async #edits(): Promise<void> {
    const { store } = this.exchange
    const [mine, other] = [1, 2].map((n) => store.mailbox(memberOf('good', n)).folder(memberPath))
    const hub = store.publicFolder(hubPath)
    const titleIn = (folder: typeof hub) =>
      folder.items().find(({ contact }) => String(contact.Surname).endsWith('-hub-7'))
    const there = () => mine?.exists() && other?.exists() && titleIn(mine) && titleIn(other)
    let title = ''
    while (!this.#ended.signal.aborted) {
      await delay(50, undefined, { signal: this.#ended.signal }).catch(() => {})
      if (!there() || mine === undefined || other === undefined) continue
      const arrived = [hub, other].every((folder) => titleIn(folder)?.contact.JobTitle === title)
      if (title !== '' && !arrived) continue
      if (title !== '') this.carried += 1
      title = `Title ${this.carried + 1}`
      mine.update(titleIn(mine)?.id ?? '', { JobTitle: title })
    }
  }
}

/** What the namespace of a case declares: server, Secret and group. */
export function declared(
  name: string,
  url: string,
  {
    members = 1,
    server = {},
    group = {},
    secret = {},
    annotations = {},
  }: Readonly<{
    members?: number
    server?: Resource
    group?: Resource
    secret?: Resource
    annotations?: Resource
  }> = {},
): readonly Resource[] {
  const { metadata, ...rest } = serverOf(url, server) as { metadata: Resource } & Resource
  const namespace = name
  const credentials = { username: accountOf(name), password: passwordOf(name), ...secret }
  return [
    { ...rest, metadata: { ...metadata, namespace } },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'account', namespace, labels: { 'exchangesync.dev/credentials': 'true' } },
      stringData: credentials,
    },
    {
      apiVersion: 'exchangesync.dev/v1alpha1',
      kind: 'SyncGroup',
      metadata: { name: 'contacts', namespace, annotations },
      spec: {
        serverRef: { name: 'corp' },
        hub: { publicFolder: hubPath },
        members: Array.from({ length: members }, (_, n) => ({ mailbox: memberOf(name, n + 1) })),
        interval: '2s',
        retryInterval: '2s',
        ...group,
      },
    },
  ]
}
