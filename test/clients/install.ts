// The clients that are not npm packages: exchangelib in a virtual environment of Python, DavMail and evolution-ews out
// of Debian's packages, unpacked into the cache without installing them. The requirements' hashes pin the first, the
// release of Debian and the signatures of its lists the others.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
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
    return debian(DAVMAIL)
  })
}

/**
 * The part of evolution-ews, and of the data server that loads it, that is not on this machine yet, as the tree of a
 * file system. In continuous integration, throws when it cannot be had.
 */
export function evolution(): Promise<Obtained> {
  return obtained('evolution', () => debian(EVOLUTION))
}

// All of it is Java: what it depends on is named here, so that the machine's own versions do not matter. Older
// releases than 6.3 send no channel binding.
const DAVMAIL: Packages = {
  release: 'trixie',
  needed: [],
  alone:
    'davmail-server libactivation-java libcommons-codec-java libcommons-logging-java libhtmlcleaner-java libhttpclient-java libhttpcore-java libjackrabbit-java libjettison-java libjna-java libjna-jni liblog4j1.2-java libmail-java libslf4j-java libstax2-api-java libwoodstox-java'.split(
      ' ',
    ),
  without: /^$/,
}

const EVOLUTION: Packages = {
  needed:
    'evolution-data-server libmspack0 python3-gi dbus-daemon gir1.2-ebook-1.2 gir1.2-ebookcontacts-1.2 gir1.2-edataserver-1.2'.split(
      ' ',
    ),
  // Its dependencies are a whole desktop, with Evolution itself.
  alone: ['evolution-ews'],
  without: /webkit|gst|flite|keyring|pinentry|spell|enchant|^gcr$|^p11|dictionar|bubblewrap|theme/,
}

/** What to install; `key` changes when that does. */
export type Plan = Readonly<{ key: string; install: (draft: string) => Promise<void> }>

/** A plan carried out, once for each `key`; what it installs stays in the cache. */
export async function obtained(name: string, plan: () => Promise<Plan>): Promise<Obtained> {
  try {
    const { key, install } = await plan()
    const digest = createHash('sha256').update(key).digest('hex').slice(0, 16)
    const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
    const path = join(cache, 'exchange-sync-controller', 'clients', `${name}-${digest}`)
    if (existsSync(path)) return { path }
    console.error(`Installing ${name} into ${path}, once …`)
    const draft = `${path}.${process.pid}`
    try {
      await installed(draft, install)
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

// A download may break off, so it is tried three times.
async function installed(draft: string, install: Plan['install']): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    rmSync(draft, { recursive: true, force: true })
    mkdirSync(draft, { recursive: true })
    try {
      return await install(draft)
    } catch (error) {
      if (attempt === 3) throw error
    }
  }
}

/** Packages of Debian. */
export type Packages = Readonly<{
  /** The release of Debian; default: the machine's. Only for what runs anywhere. */
  release?: string
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

/** The plan to unpack packages of Debian, without installing them, into the root of a tree. */
export async function debian(packages: Packages): Promise<Plan> {
  const { needed, alone, without } = packages
  const own = readFileSync('/etc/os-release', 'utf8')
  const install = async (draft: string) => {
    const scratch = mkdtempSync(join(tmpdir(), 'exsync-clients-'))
    try {
      const apt = await aptIn(scratch, packages.release)
      const listed =
        needed.length > 0 ? await apt('install', '--print-uris', '--yes', ...needed) : ''
      const names = [...listed.matchAll(/^'\S+' (\S+?)_\S+ \d+/gm)].map(([, name]) => name ?? '')
      await apt('download', ...names.filter((name) => !without.test(name)), ...alone)
      const files = readdirSync(scratch).filter((file) => file.endsWith('.deb'))
      for (const file of files) await out('dpkg', ['-x', join(scratch, file), draft])
    } finally {
      rmSync(scratch, { recursive: true, force: true })
    }
  }
  return { key: own + JSON.stringify({ ...packages, without: String(without) }), install }
}

// apt with lists of its own: those of the machine may be old, and only root may renew them.
async function aptIn(scratch: string, release: string | undefined) {
  for (const folder of ['lists/partial', 'cache/archives/partial', 'sources'])
    mkdirSync(join(scratch, folder), { recursive: true })
  const options = [
    `Dir::State::lists=${join(scratch, 'lists')}`,
    `Dir::Cache=${join(scratch, 'cache')}`,
    'Acquire::Retries=3',
    'APT::Install-Recommends=false',
    'APT::Sandbox::User=',
    'Debug::NoLocking=true',
  ]
  if (release !== undefined) {
    copySources(join(scratch, 'sources'), release)
    options.push('Dir::Etc::sourcelist=-', `Dir::Etc::sourceparts=${join(scratch, 'sources')}`)
  }
  const flags = ['-qq', ...options.flatMap((option) => ['-o', option])]
  const apt = (...args: string[]) => out('apt-get', [...flags, ...args], scratch)
  await apt('update')
  return apt
}

// Where the machine has its packages from, there are those of the other releases.
function copySources(folder: string, release: string): void {
  const parts = '/etc/apt/sources.list.d'
  const files = existsSync(parts) ? readdirSync(parts).map((file) => join(parts, file)) : []
  const codename = /^VERSION_CODENAME=(.+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1]
  if (codename === undefined) throw new Error('this is no release of Debian')
  for (const file of ['/etc/apt/sources.list', ...files]) {
    if (!existsSync(file) || !/\.(list|sources)$/.test(file)) continue
    const text = readFileSync(file, 'utf8').replaceAll(codename, release)
    writeFileSync(join(folder, basename(file)), text)
  }
}

/** What a program writes. Rejects with its last line of error. */
export async function out(program: string, args: readonly string[], cwd?: string): Promise<string> {
  try {
    const { stdout } = await run(program, args, { maxBuffer: 2 ** 26, ...(cwd && { cwd }) })
    return stdout
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string }
    throw new Error(`${program}: ${stderr.trim().split('\n').at(-1) || message}`, { cause: error })
  }
}
