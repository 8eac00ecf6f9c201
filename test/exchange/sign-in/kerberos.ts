// Accepts the tickets of Kerberos by GSSAPI itself, through the package kerberos. As the keytab is taken from the
// environment, it runs in a process of its own, which this file is, too.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'

/** Who a ticket is of, and the answer to it (base64, SPNEGO). Empty when it is not accepted. */
export type Accepted = Readonly<{ principal?: string; answer?: string }>

type Kerberos = Readonly<{
  initializeServer: (service: string) => Promise<{
    step: (token: string) => Promise<unknown>
    readonly username: string
    readonly response: string | null
  }>
}>

/** The service's side of Kerberos, with any key of a keytab. */
export class Acceptor {
  readonly #keytab: string
  #child: ChildProcess | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(keytab: string) {
    this.#keytab = keytab
  }

  /** Judges a token (base64, SPNEGO). Rejects when the package kerberos is not there. */
  accepted(token: string): Promise<Accepted> {
    const answer = this.#last.then(async () => {
      this.#child ??= fork(import.meta.filename, [], {
        execArgv: ['--disable-warning=ExperimentalWarning'],
        env: { ...process.env, KRB5_KTNAME: `FILE:${this.#keytab}` },
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      })
      const done = new AbortController()
      const { signal } = done
      try {
        const message = once(this.#child, 'message', { signal })
        const ended = once(this.#child, 'exit', { signal }).then(() => {
          throw new Error('Kerberos is not available: is the package kerberos there?')
        })
        this.#child.send(token)
        return (await Promise.race([message, ended]))[0] as Accepted
      } finally {
        done.abort()
      }
    })
    this.#last = answer.catch(() => {})
    return answer
  }

  /** Ends the process. */
  close(): void {
    this.#child?.kill()
  }
}

if (process.argv[1] === import.meta.filename && process.send !== undefined) {
  const kerberos = createRequire(import.meta.url)('kerberos') as Kerberos
  process.on('message', async (token: string) => process.send?.(await judged(kerberos, token)))
  process.on('disconnect', () => process.exit())
}

async function judged({ initializeServer }: Kerberos, token: string): Promise<Accepted> {
  try {
    const server = await initializeServer('')
    await server.step(token)
    const { username, response } = server
    return { principal: username, ...(response !== null && { answer: response }) }
  } catch {
    return {}
  }
}
