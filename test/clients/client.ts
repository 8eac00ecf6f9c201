// What every client of the tests does, whatever it is written in: the port through which the story drives it, and the
// one client of it that is a process of its own and speaks JSON, a request and an answer per line.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** The fields of a contact in the story, as EWS names them; the address is the one at home. */
export const FIELDS = [
  ...(['GivenName', 'Surname', 'CompanyName', 'JobTitle', 'EmailAddress1'] as const),
  ...(['MobilePhone', 'BusinessPhone', 'Street', 'City', 'Body'] as const),
] as const

/** A contact; a field that it does not have is absent. */
export type Card = Readonly<Partial<Record<(typeof FIELDS)[number], string>>>

/** The folder of Anna's mailbox, or the public one. */
export type Place = 'mailbox' | 'public folder'

/** A client that has signed in as Anna. Ids are the client's own; errors are thrown with what the client said. */
export type Client = Readonly<{
  create: (place: Place, card: Card) => Promise<string>
  /** The whole contact; undefined when it is not there. */
  read: (place: Place, id: string) => Promise<Card | undefined>
  /** Makes it this card: fields that the card does not have are taken away. */
  change: (place: Place, id: string, card: Card) => Promise<void>
  delete: (place: Place, id: string) => Promise<void>
  /** All contacts of the folder, asked for now. */
  list: (place: Place) => Promise<readonly Card[]>
  /** All contacts of the folder as the client knows them after it asked for what is new since it last did. */
  sync: (place: Place) => Promise<readonly Card[]>
  close: () => Promise<void>
}>

/** How a client's process ends up speaking JSON. */
export type Program = Readonly<{ path: string; args: readonly string[]; env: NodeJS.ProcessEnv }>

/** Starts a process that is a client. Rejects with its last words when it ends before it is ready. */
export async function spokenClient({ path, args, env }: Program): Promise<Client> {
  const child = spawn(path, args, { env: { ...process.env, ...env } })
  const answers = linesOf(child)
  const ask = async <T>(request: object): Promise<T> => {
    child.stdin.write(`${JSON.stringify(request)}\n`)
    return answers<T>()
  }
  const ended = new Promise((resolve) => child.once('close', resolve))
  await answers()
  return {
    create: (place, card) => ask({ do: 'create', place, card }),
    read: async (place, id) => (await ask<Card | null>({ do: 'read', place, id })) ?? undefined,
    change: (place, id, card) => ask({ do: 'change', place, id, card }),
    delete: (place, id) => ask({ do: 'delete', place, id }),
    list: (place) => ask({ do: 'list', place }),
    sync: (place) => ask({ do: 'sync', place }),
    close: async () => {
      child.stdin.end()
      await ended
    },
  }
}

// Answers come in the order of the requests, each a line `{"ok": …}` or `{"error": "…"}`.
function linesOf(child: ChildProcessWithoutNullStreams): <T>() => Promise<T> {
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-2000)
  })
  child.stdin.on('error', () => {})
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return async <T>() => {
    for (;;) {
      const { value, done } = await lines.next()
      if (done) throw new Error(`the client ended: ${errors}`)
      // Processes that the client starts may print there, too.
      if (!value.startsWith('{"')) continue
      const answer = JSON.parse(value) as { ok: T; error?: string }
      if (answer.error !== undefined) throw new Error(`${answer.error}\n${errors}`)
      return answer.ok
    }
  }
}
