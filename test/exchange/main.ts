// The embedded Exchange as a program: `npm run exchange -- --world FILE [--state FILE] [--port N] [--tls DIR]`.
// In a pod it has a certificate from a Secret, and listens on all addresses (examples/kind).
// Prints `ready URL` when it answers, and ends on SIGTERM or SIGINT.
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { parseArgs } from 'node:util'
import { type ExchangeOptions, startExchange } from './exchange.ts'
import { bytesFor, Keeper, type Kept, KeptError, readKept } from './kept.ts'
import type { Behaviour } from './protocol/session.ts'
import { NameError, secretsFor } from './secrets.ts'
import { parseWorld, type World, WorldError } from './world.ts'

const USAGE = `Usage: npm run exchange -- --world FILE [--state FILE] [--now TIME] [--port N] [--tls DIR]
       npm run exchange -- --print-secrets SERVICE.NAMESPACE.svc

  --world FILE  the users, mailboxes and public folders to start from; see test/exchange/README.md
  --state FILE  keep everything in FILE, and go on from it when it is there (then --world is not read)
  --now TIME    the server's time at the start, such as 2026-01-31T08:00:00Z; it goes on from there
                (default: the machine's time, or that of a kept world with a time of its own)
  --port N      listen on this port (default: a free one)
  --listen ADDRESS
                listen on this address (default: 127.0.0.1); any other one only with https
  --tls DIR     serve https, and write the certificate authority to DIR/ca.crt
  --tls-cert FILE --tls-key FILE
                serve https with this certificate and key, in PEM
  --print-secrets SERVICE.NAMESPACE.svc
                print two Secrets of that namespace, and do nothing else: SERVICE-tls with a new certificate and
                key for that name, SERVICE-ca with the authority that signed it
  --gzip        compress answers for clients that accept it
  --public-folder-sync refused | works | empty
                what SyncFolderItems does in a public folder (default: refused, as documented)
  --help        show this`

/** What a kept world is started with: nothing of it is looked at. */
const NOWHERE: World = { domain: 'nowhere', users: [] }

/** Something that the person at the keyboard can put right. */
class UsageError extends Error {}

try {
  await run(process.argv.slice(2))
} catch (error) {
  const known = [UsageError, WorldError, KeptError, NameError].some((kind) => error instanceof kind)
  if (!known) throw error
  console.error((error as Error).message)
  process.exitCode = 1
}

async function run(args: readonly string[]): Promise<void> {
  const flags = flagsOf(args)
  if (flags.help) {
    console.log(USAGE)
    return
  }
  if (flags['print-secrets'] !== undefined) {
    process.stdout.write(secretsFor(flags['print-secrets'], Date.now()))
    return
  }
  const kept = flags.state === undefined ? undefined : readKept(flags.state)
  if (kept === undefined && flags.world === undefined)
    throw new UsageError(`--world is missing.\n\n${USAGE}`)
  const time = timeOf(flags, kept)
  let keep = async () => {}
  const options: ExchangeOptions = {
    port: portOf(flags.port),
    gzip: flags.gzip,
    publicFolderSync: syncOf(flags['public-folder-sync']),
    ...listeningOf(flags),
    ...(kept && { resume: kept.state }),
    clock: time.clock,
    dated: true,
    changed: () => told(keep()),
  }
  const world = kept ? NOWHERE : worldIn(flags.world ?? '')
  const exchange = await startExchange(world, options).catch((error: NodeJS.ErrnoException) => {
    throw refusal(error, flags)
  })
  const { extendedProtection = 'Off' } = exchange.store.state.signIn ?? {}
  if (extendedProtection !== 'Off' && !isEncrypted(flags))
    console.error('signIn.extendedProtection checks nothing without --tls')
  if (flags.state !== undefined) {
    const { state } = exchange.store
    const keeper = new Keeper(flags.state, () => bytesFor(state, time.clock(), time.own))
    keep = saving(keeper, flags.state)
    await keep().catch(async (error: Error) => {
      await exchange.close()
      throw error
    })
    if (kept) console.error(`It goes on from ${flags.state}`)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      exchange
        .close()
        .then(() => told(keep()))
        .then(
          () => process.exit(0),
          () => process.exit(1),
        )
    })
  }
  console.log(`ready ${exchange.url}`)
}

/** Where it listens, and with which certificate. */
function listeningOf(flags: Flags): Pick<ExchangeOptions, 'host' | 'tls' | 'certificate'> {
  const { tls, listen = '127.0.0.1', 'tls-cert': cert, 'tls-key': key } = flags
  if ((cert === undefined) !== (key === undefined))
    throw new UsageError('--tls-cert and --tls-key are given together, or neither is')
  if (tls !== undefined && cert !== undefined)
    throw new UsageError('--tls makes a certificate, --tls-cert names one: give one of them')
  if (!/^(127(\.\d+){3}|localhost|::1)$/.test(listen) && !isEncrypted(flags))
    throw new UsageError(
      `--listen ${listen} without https lets everybody read passwords: add --tls-cert and --tls-key`,
    )
  return {
    host: listen,
    ...(tls !== undefined && { tls }),
    ...(cert && key && { certificate: certificateIn(cert, key) }),
  }
}

function certificateIn(certFile: string, keyFile: string): { cert: string; key: string } {
  const pair = { cert: read(certFile, 'cert'), key: read(keyFile, 'key') }
  try {
    createSecureContext(pair)
    return pair
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new UsageError(
      `${certFile} and ${keyFile} are no certificate and its key in PEM (${code})`,
    )
  }
}

function isEncrypted(flags: Flags): boolean {
  return flags.tls !== undefined || flags['tls-cert'] !== undefined
}

function worldIn(file: string): World {
  return parseWorld(read(file, 'world'), file)
}

function saving(keeper: Keeper, file: string): () => Promise<void> {
  return async () => {
    try {
      await keeper.save()
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      const remedy = 'make room or its directory, or name another file with --state'
      throw new UsageError(`${file}: the world cannot be kept there (${code}); ${remedy}`)
    }
  }
}

// When it cannot be kept, a request is not answered: whoever was answered may rely on it.
async function told(saved: Promise<void>): Promise<void> {
  await saved.catch((error: Error) => {
    console.error(error.message)
    throw error
  })
}

/** The server's clock, and whether it is another one than the machine's. */
function timeOf(flags: Flags, kept: Kept | undefined): { clock: () => number; own: boolean } {
  const told = flags.now === undefined ? undefined : momentOf(flags.now)
  const own = told !== undefined || (kept?.ownTime ?? false)
  const restMs = kept?.nowMs ?? 0
  if (told !== undefined && told < restMs) {
    const at = new Date(restMs).toISOString()
    throw new UsageError(
      `--now ${flags.now} is before ${at}, when the kept world ended; name a later time, or none`,
    )
  }
  // Time never goes back: clients would take the world for one out of a backup.
  const startMs = told ?? restMs
  const since = performance.now()
  const passed = () => Math.floor(startMs + performance.now() - since)
  return { clock: own ? passed : () => Math.max(Date.now(), passed()), own }
}

function momentOf(text: string): number {
  const form = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/
  const ms = form.test(text) ? Date.parse(text) : Number.NaN
  if (ms >= 0) return ms
  throw new UsageError(
    `--now ${text} is no time after 1970; write it as 2026-01-31T08:00:00Z, or 2026-01-31`,
  )
}

type Flags = Readonly<{
  world?: string
  state?: string
  now?: string
  port?: string
  listen?: string
  tls?: string
  'tls-cert'?: string
  'tls-key'?: string
  'print-secrets'?: string
  gzip: boolean
  help: boolean
  'public-folder-sync': string
}>

function flagsOf(args: readonly string[]): Flags {
  const options = {
    world: { type: 'string' },
    state: { type: 'string' },
    now: { type: 'string' },
    port: { type: 'string' },
    listen: { type: 'string' },
    tls: { type: 'string' },
    'tls-cert': { type: 'string' },
    'tls-key': { type: 'string' },
    'print-secrets': { type: 'string' },
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

function read(file: string, what: 'world' | 'cert' | 'key'): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`
    const flag = { world: '--world', cert: '--tls-cert', key: '--tls-key' }[what]
    throw new UsageError(`${file}: ${why}; name a ${what} file with ${flag}`)
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
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
    return new UsageError(`--listen ${flags.listen} is no address of this machine`)
  if (error.code === 'EACCES' || error.code === 'ENOTDIR' || error.code === 'EROFS') {
    return new UsageError(`${error.message}; choose another --port or --tls directory`)
  }
  return error
}
