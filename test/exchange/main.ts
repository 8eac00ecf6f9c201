// The embedded Exchange as a program: `npm run exchange -- --world FILE [--port N] [--tls DIR]`.
// Prints `ready URL` when it answers, and ends on SIGTERM or SIGINT.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type ExchangeOptions, startExchange } from './exchange.ts'
import type { Behaviour } from './protocol/session.ts'
import { parseWorld, WorldError } from './world.ts'

const USAGE = `Usage: npm run exchange -- --world FILE [--port N] [--tls DIR]

  --world FILE  the users, mailboxes and public folders to start from; see test/exchange/README.md
  --port N      listen on this port of 127.0.0.1 (default: a free one)
  --tls DIR     serve https, and write the certificate authority to DIR/ca.crt
  --gzip        compress answers for clients that accept it
  --public-folder-sync refused | works | empty
                what SyncFolderItems does in a public folder (default: refused, as documented)
  --help        show this`

/** Something that the person at the keyboard can put right. */
class UsageError extends Error {}

try {
  await run(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof UsageError || error instanceof WorldError)) throw error
  console.error(error.message)
  process.exitCode = 1
}

async function run(args: readonly string[]): Promise<void> {
  const flags = flagsOf(args)
  if (flags.help) {
    console.log(USAGE)
    return
  }
  if (flags.world === undefined) throw new UsageError(`--world is missing.\n\n${USAGE}`)
  const world = parseWorld(read(flags.world), flags.world)
  const options: ExchangeOptions = {
    port: portOf(flags.port),
    gzip: flags.gzip,
    publicFolderSync: syncOf(flags['public-folder-sync']),
    ...(flags.tls !== undefined && { tls: flags.tls }),
  }
  const exchange = await startExchange(world, options).catch((error: NodeJS.ErrnoException) => {
    throw refusal(error, flags)
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      exchange.close().then(() => process.exit(0))
    })
  }
  console.log(`ready ${exchange.url}`)
}

type Flags = Readonly<{
  world?: string
  port?: string
  tls?: string
  gzip: boolean
  help: boolean
  'public-folder-sync': string
}>

function flagsOf(args: readonly string[]): Flags {
  const options = {
    world: { type: 'string' },
    port: { type: 'string' },
    tls: { type: 'string' },
    gzip: { type: 'boolean', default: false },
    'public-folder-sync': { type: 'string', default: 'refused' },
    help: { type: 'boolean', default: false },
  } as const
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${USAGE}`)
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`
    throw new UsageError(`${file}: ${why}; name a world file with --world`)
  }
}

function portOf(text: string | undefined): number {
  const port = Number(text ?? 0)
  if (Number.isInteger(port) && port >= 0 && port <= 65535 && text !== '') return port
  throw new UsageError(`--port ${text} is not a port; write a number from 0 to 65535`)
}

function syncOf(text: string): Behaviour['publicFolderSync'] {
  if (text === 'refused' || text === 'works' || text === 'empty') return text
  throw new UsageError(`--public-folder-sync ${text} is unknown; write refused, works or empty`)
}

function refusal(error: NodeJS.ErrnoException, flags: Flags): Error {
  if (error.code === 'EADDRINUSE') {
    return new UsageError(`Port ${flags.port} is taken; choose another one with --port`)
  }
  if (error.code === 'EACCES' || error.code === 'ENOTDIR' || error.code === 'EROFS') {
    return new UsageError(`${error.message}; choose another --port or --tls directory`)
  }
  return error
}
