// The clients that are not npm packages: exchangelib in a virtual environment of Python, DavMail and evolution-ews out
// of Debian's packages, unpacked into the cache without installing them. The requirements' hashes pin the first, the
// release of Debian and the signatures of its lists the others.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A directory that holds a client, or why there is none. */
export type Obtained = Readonly<
  { path: string; missing?: never } | { path?: never; missing: string }
>

const run = promisify(execFile)

/** A virtual environment with exchangelib: `bin/python` in it runs. In continuous integration, throws when it cannot be made. */
export function exchangelib(): Promise<Obtained> {
  const requirements = join(import.meta.dirname, 'requirements.txt')
  return obtained('exchangelib', async () => {
    const about = 'import sys; print(sys.version, sys.base_prefix)'
    const python = await out('python3', ['-c', about])
    const install = async (draft: string) => {
      await out('python3', ['-m', 'venv', draft])
      const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps']
      const given = ['--require-hashes', '--requirement', requirements]
      await out(join(draft, 'bin', 'python'), [...pip, ...given])
    }
    return { key: python + readFileSync(requirements, 'utf8'), install }
  })
}

/** curl of this machine, which speaks NTLM. In continuous integration, throws when there is none. */
export function curl(): Promise<Obtained> {
  return obtained('curl', async () => {
    await demand('curl', ['--version'], /\bNTLM\b/)
    return { key: '', install: async () => {} }
  })
}

/**
 * DavMail's server and all that it needs except Java, as the tree of a file system.
 * In continuous integration, throws when it cannot be had.
 */
export function davmail(): Promise<Obtained> {
  return obtained('davmail', async () => {
    await demand('java', ['-version'], /version "(?!1\.)/)
    return debian({ needed: [], alone: DAVMAIL.split(' '), without: /^$/ })
  })
}

/**
 * The part of evolution-ews, and of the data server that loads it, that is not on this machine yet, as the tree of a
 * file system. In continuous integration, throws when it cannot be had.
 */
export function evolution(): Promise<Obtained> {
  // What it depends on is a whole desktop, with Evolution itself.
  return obtained('evolution', () => debian({ ...EVOLUTION, alone: ['evolution-ews'] }))
}

// All of it is Java: what it depends on is named here, so that the machine's own versions do not matter.
const DAVMAIL =
  'davmail-server libactivation-java libcommons-codec-java libcommons-logging-java libhtmlcleaner-java libhttpclient-java libhttpcore-java libjackrabbit-java libjcifs-java libjna-java libjna-jni libjettison-java liblog4j1.2-java libmail-java libslf4j-java libstax2-api-java libwoodstox-java'

const EVOLUTION = {
  needed:
    'evolution-data-server libmspack0 python3-gi dbus-daemon gir1.2-ebook-1.2 gir1.2-ebookcontacts-1.2 gir1.2-edataserver-1.2'.split(
      ' ',
    ),
  without: /webkit|gst|flite|keyring|pinentry|spell|enchant|^gcr$|^p11|dictionar|bubblewrap|theme/,
}

type Plan = Readonly<{ key: string; install: (draft: string) => Promise<void> }>

async function obtained(name: string, plan: () => Promise<Plan>): Promise<Obtained> {
  try {
    const { key, install } = await plan()
    const digest = createHash('sha256').update(key).digest('hex').slice(0, 16)
    const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
    const path = join(cache, 'exchange-sync-controller', 'clients', `${name}-${digest}`)
    if (existsSync(path)) return { path }
    console.error(`Installing ${name} into ${path}, once …`)
    const draft = `${path}.${process.pid}`
    mkdirSync(draft, { recursive: true })
    try {
      await install(draft)
      // Another run may have been quicker.
      if (!existsSync(path)) renameSync(draft, path)
    } finally {
      rmSync(draft, { recursive: true, force: true })
    }
    return { path }
  } catch (error) {
    const missing = `${name} cannot be installed: ${(error as Error).message}`
    if (process.env.CI === 'true') throw new Error(missing, { cause: error })
    console.error(missing)
    return { missing }
  }
}

type Packages = Readonly<{
  /** These, and what they depend on and this machine does not have. */
  needed: readonly string[]
  /** These without their dependencies. */
  alone: readonly string[]
  /** Dependencies that are not needed for what the tests do. */
  without: RegExp
}>

// A program of the machine that a client needs.
async function demand(program: string, args: readonly string[], says: RegExp): Promise<void> {
  const { stdout, stderr } = await run(program, args)
  if (!says.test(stdout + stderr))
    throw new Error(`${program} ${args.join(' ')} does not say ${says}`)
}

async function debian({ needed, alone, without }: Packages): Promise<Plan> {
  const release = readFileSync('/etc/os-release', 'utf8')
  const install = async (draft: string) => {
    const scratch = mkdtempSync(join(tmpdir(), 'exsync-clients-'))
    try {
      const apt = await aptIn(scratch)
      const listed =
        needed.length > 0 ? await apt('install', '--print-uris', '--yes', ...needed) : ''
      const files = [...listed.matchAll(/^'\S+' (\S+?)_\S+ \d+/gm)].map(([, name]) => name ?? '')
      await apt('download', ...files.filter((name) => !without.test(name)), ...alone)
      const packages = (await out('ls', [scratch]))
        .split('\n')
        .filter((file) => /\.deb$/.test(file))
      for (const file of packages) await out('dpkg', ['-x', join(scratch, file), draft])
    } finally {
      rmSync(scratch, { recursive: true, force: true })
    }
  }
  return { key: release + JSON.stringify({ needed, alone, without: String(without) }), install }
}

// apt with lists of its own: those of the machine may be old, and only root may renew them.
async function aptIn(scratch: string): Promise<(...args: string[]) => Promise<string>> {
  for (const folder of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(join(scratch, folder), { recursive: true })
  const options = [
    `Dir::State::lists=${join(scratch, 'lists')}`,
    `Dir::Cache=${join(scratch, 'cache')}`,
    'Acquire::Retries=3',
    'APT::Install-Recommends=false',
    'APT::Sandbox::User=',
    'Debug::NoLocking=true',
  ].flatMap((option) => ['-o', option])
  const apt = (...args: string[]) => out('apt-get', ['-qq', ...options, ...args], scratch)
  await apt('update')
  return apt
}

async function out(program: string, args: readonly string[], cwd?: string): Promise<string> {
  const { stdout } = await run(program, args, { maxBuffer: 2 ** 26, ...(cwd && { cwd }) })
  return stdout
}
