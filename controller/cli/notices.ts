// Wires the notices of a running controller (`--notify-url`): from the statuses of groups and servers to the webhook.
import { join } from 'node:path'
import type { Logger } from 'pino'
import packageJson from '../../package.json' with { type: 'json' }
import { groupNotice, type Noticed, serverNotice } from '../api/notices.ts'
import type {
  ExchangeServer,
  ExchangeServerStatus,
  SyncGroupStatus,
} from '../api/resources.generated.ts'
import { nameOfServer, namesIn } from '../api/topology.ts'
import type { Config } from '../config.ts'
import type { Clock, Declared } from '../sync/ports.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { Notifier } from '../telemetry/notify.ts'
import { Webhook } from '../telemetry/webhook.ts'

/** How long a process with --once waits for the receiver at its end, ms. */
const drainMs = 15_000

/** The notices of one process. */
export class Notices {
  readonly #notifier: Notifier
  readonly #webhook: Webhook
  readonly #stop: AbortSignal
  readonly #once: boolean
  readonly #ended = new AbortController()
  #running: Promise<void> = Promise.resolve()

  private constructor(webhook: Webhook, notifier: Notifier, stop: AbortSignal, once: boolean) {
    this.#webhook = webhook
    this.#notifier = notifier
    this.#stop = stop
    this.#once = once
  }

  /** The notices as configured; undefined without a receiver. `leads`: may this process send? */
  static of(
    { notify, state, once }: Config,
    { clock, chance, stop }: Readonly<{ clock: Clock; chance: () => number; stop: AbortSignal }>,
    log: Logger,
    metrics: Metrics,
    leads: () => boolean,
  ): Notices | undefined {
    if (notify === undefined) return undefined
    const webhook = new Webhook({
      ...notify,
      agent: `exchange-sync-controller/${packageJson.version}`,
    })
    const { host, digest: receiver } = webhook
    const post: Webhook['post'] = (letter, nowMs, signal) => webhook.post(letter, nowMs, signal)
    const file = join(state, 'notified.json')
    const notifier = new Notifier({
      clock,
      chance,
      post,
      host,
      receiver,
      file,
      leads,
      metrics,
      log,
    })
    return new Notices(webhook, notifier, stop, once)
  }

  /** Begins to send; after the state is open. Rejects with a terminal SyncError if the secret cannot be used. */
  async begin(): Promise<void> {
    await this.#webhook.check()
    await this.#notifier.load()
    this.#running = this.#notifier.run(this.#ended.signal)
  }

  /** A pass of a group ended with this status; undefined: the group was released. */
  group({ id, group }: Declared, status: SyncGroupStatus | undefined): void {
    const { uid } = group.metadata
    if (status === undefined) this.gone('SyncGroup', id)
    else this.#notifier.offer(groupNotice({ kind: 'SyncGroup', ...namesIn(id), uid }, status))
  }

  /** A probe of a server ended with this status. */
  server(server: ExchangeServer, status: ExchangeServerStatus): void {
    const { uid } = server.metadata
    const subject = { kind: 'ExchangeServer', ...namesIn(nameOfServer(server)), uid } as const
    this.#notifier.offer(serverNotice(subject, status))
  }

  /** A resource (namespace/name) is not declared any more. */
  gone(kind: Noticed['kind'], id: string): void {
    this.#notifier.gone({ kind, ...namesIn(id) })
  }

  /** Ends the sending. With --once it waits a little for a slow receiver; else what was not sent is sent after the start. */
  async end(): Promise<void> {
    if (this.#once)
      await this.#notifier.drained(AbortSignal.any([this.#stop, AbortSignal.timeout(drainMs)]))
    this.#ended.abort()
    await this.#running
    await this.#webhook.close()
  }
}
