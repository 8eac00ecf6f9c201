// A world: the users, mailboxes and public folders that an embedded Exchange starts from, as a YAML file.
// Mistakes in it are reported with file, line, column and path, and with what would be right.
import { existsSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { LineCounter, parseDocument } from 'yaml'
import { PROTECTIONS, SCHEMES, type WorldSignIn } from './sign-in/settings.ts'
import { type Literal, LiteralError, valuesOf } from './store/literal.ts'
import { LEVELS, type Level } from './store/rights.ts'

/** What is in a folder: so many generated contacts, or these. */
export type Contacts = number | readonly Literal[]

/** A folder of a mailbox; the long form says its class, and from which seed contacts are made. */
export type FolderContent =
  | Contacts
  | Readonly<{ class?: string; contacts?: Contacts; seed?: number }>

/** Somebody with a mailbox. */
export type WorldUser = Readonly<{
  mailbox: string
  password: string
  /** Other addresses of the mailbox: it may be named by them where a folder is, and not be impersonated. */
  aliases?: readonly string[]
  folders?: Readonly<Record<string, FolderContent>>
  impersonates?: 'all' | readonly string[]
}>

/** A public folder. Who is not named in `permissions` has what `Default` has, which is None. */
export type WorldPublicFolder = Readonly<{
  path: string
  permissions?: Readonly<Record<string, Level>>
  contacts?: Contacts
  seed?: number
  class?: string
}>

/** Everything an embedded Exchange starts from. */
export type World = Readonly<{
  domain: string
  users: readonly WorldUser[]
  publicFolders?: readonly WorldPublicFolder[]
  signIn?: WorldSignIn
}>

/** A world cannot be used; the message says where and why, one line per mistake. */
export class WorldError extends Error {
  override readonly name = 'WorldError'
}

type Path = readonly (string | number)[]
type Mistake = Readonly<{ path: Path; message: string }>

const CONTACTS_MAX = 1_000_000

/** The world that a YAML text describes. Throws `WorldError`. */
export function parseWorld(text: string, file: string): World {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const [broken] = document.errors
  if (broken) {
    const { line, col } = lines.linePos(broken.pos[0])
    throw new WorldError(`${file}:${line}:${col}: ${broken.message}`)
  }
  const value: unknown = document.toJS()
  const found = mistakes(value)
  if (found.length === 0) return value as World
  const texts = found.map(({ path, message }) => {
    const { line, col } = lines.linePos(offsetOf(document, path))
    return `${file}:${line}:${col}: ${pathText(path)}: ${message}`
  })
  throw new WorldError(texts.join('\n'))
}

/** Checks a world that a program has made. Throws `WorldError`. */
export function checkWorld(world: World): World {
  const found = mistakes(world)
  if (found.length === 0) return world
  throw new WorldError(found.map(({ path, message }) => `${pathText(path)}: ${message}`).join('\n'))
}

function pathText(path: Path): string {
  const text = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')
  return text === '' ? 'world' : text.replace(/^\./, '')
}

type Node = Readonly<{ range?: readonly number[] | null }>
type Pair = Readonly<{ key: Node & { value?: unknown } }>
type Documents = Readonly<{ getIn: (path: Path, keep: true) => unknown; contents: unknown }>

/** Where the last step of a path that can be found begins: a key, or an entry of a list. */
function offsetOf(document: Documents, path: Path): number {
  for (let length = path.length; length > 0; length -= 1) {
    const parent =
      length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true)
    const { items = [] } = (parent ?? {}) as { items?: readonly (Node | Pair)[] }
    const step = path[length - 1]
    const found =
      typeof step === 'number'
        ? (items[step] as Node | undefined)
        : (items as readonly Pair[]).find(({ key }) => key?.value === step)?.key
    if (found?.range) return found.range[0] ?? 0
  }
  return (document.contents as Node | null)?.range?.[0] ?? 0
}

/** Everything that is wrong with a world. */
function mistakes(world: unknown): Mistake[] {
  const found: Mistake[] = []
  const check = checksFor(found)
  if (!check.mapping(world, [], ['domain', 'users', 'publicFolders', 'signIn'])) return found
  const { domain, users, publicFolders = [] } = world
  if (typeof domain !== 'string' || !/^[\w.-]+$/.test(domain)) {
    check.wrong(['domain'], 'write the mail domain, such as corp.example')
  }
  if (!Array.isArray(users)) {
    check.wrong(['users'], 'write a list of users, each with mailbox and password')
    return found
  }
  const known = new Set<string>()
  users.forEach((user: unknown, index) => {
    checkUser(user, ['users', index], check, known)
  })
  users.forEach((user: { impersonates?: unknown }, index) => {
    checkImpersonation(user?.impersonates, ['users', index, 'impersonates'], check, known)
  })
  if (!Array.isArray(publicFolders)) check.wrong(['publicFolders'], 'write a list of folders')
  else {
    publicFolders.forEach((folder: unknown, index) => {
      checkPublicFolder(folder, ['publicFolders', index], check, known)
    })
  }
  if (world.signIn !== undefined) checkSignIn(world.signIn, check, mailboxesOf(users))
  return found
}

type Checks = ReturnType<typeof checksFor>

function checksFor(found: Mistake[]) {
  const wrong = (path: Path, message: string) => {
    found.push({ path, message })
  }
  const mapping = (
    value: unknown,
    path: Path,
    allowed: readonly string[],
  ): value is Record<string, unknown> => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      wrong(path, `write a mapping with ${allowed.join(', ')}`)
      return false
    }
    for (const key of Object.keys(value)) {
      if (!allowed.includes(key)) {
        wrong([...path, key], `"${key}" is not known here; allowed are ${allowed.join(', ')}`)
      }
    }
    return true
  }
  return { wrong, mapping }
}

function checkUser(user: unknown, path: Path, check: Checks, known: Set<string>): void {
  if (!check.mapping(user, path, ['mailbox', 'password', 'aliases', 'folders', 'impersonates']))
    return
  const { mailbox, password, aliases = [], folders = {} } = user
  checkAddress(mailbox, [...path, 'mailbox'], check, known)
  if (!Array.isArray(aliases)) check.wrong([...path, 'aliases'], 'write a list of addresses')
  else {
    aliases.forEach((alias: unknown, index) => {
      checkAddress(alias, [...path, 'aliases', index], check, known)
    })
  }
  if (typeof password !== 'string' || password === '') {
    check.wrong([...path, 'password'], 'write a text; put quotation marks around a number')
  }
  if (typeof folders !== 'object' || folders === null || Array.isArray(folders)) {
    check.wrong([...path, 'folders'], 'write folder names with what is in them, { Contacts: 12 }')
    return
  }
  for (const [name, content] of Object.entries(folders)) {
    checkContent(content, [...path, 'folders', name], check)
  }
}

function checkAddress(address: unknown, path: Path, check: Checks, known: Set<string>): void {
  if (typeof address !== 'string' || !/^[^@\s]+@[^@\s]+$/.test(address)) {
    check.wrong(path, 'write an address, such as anna@corp.example')
  } else if (known.has(address.toLowerCase())) {
    check.wrong(path, `${address} is there twice; give every user another mailbox`)
  } else {
    known.add(address.toLowerCase())
  }
}

function checkContent(content: unknown, path: Path, check: Checks): void {
  if (typeof content === 'object' && content !== null && !Array.isArray(content)) {
    if (!check.mapping(content, path, ['class', 'contacts', 'seed'])) return
    checkClass(content.class, path, check)
    if (content.contacts !== undefined)
      checkContacts(content.contacts, [...path, 'contacts'], check)
    checkSeed(content.seed, path, check)
  } else {
    checkContacts(content, path, check)
  }
}

function checkClass(value: unknown, path: Path, check: Checks): void {
  if (value === undefined || (typeof value === 'string' && value.startsWith('IPF.'))) return
  check.wrong([...path, 'class'], 'write a folder class, such as IPF.Contact or IPF.Note')
}

function checkSeed(seed: unknown, path: Path, check: Checks): void {
  if (seed !== undefined && !Number.isSafeInteger(seed)) {
    check.wrong([...path, 'seed'], 'write a whole number')
  }
}

function checkContacts(contacts: unknown, path: Path, check: Checks): void {
  if (Array.isArray(contacts)) {
    contacts.forEach((literal: unknown, index) => {
      try {
        valuesOf(literal, [...path, index])
      } catch (error) {
        if (!(error instanceof LiteralError)) throw error
        check.wrong(error.path, error.message)
      }
    })
  } else if (
    !Number.isSafeInteger(contacts) ||
    Number(contacts) < 0 ||
    Number(contacts) > CONTACTS_MAX
  ) {
    check.wrong(path, `write a number of contacts from 0 to ${CONTACTS_MAX}, or a list of contacts`)
  }
}

function checkImpersonation(
  impersonates: unknown,
  path: Path,
  check: Checks,
  known: ReadonlySet<string>,
): void {
  if (impersonates === undefined || impersonates === 'all') return
  if (!Array.isArray(impersonates)) {
    check.wrong(path, 'write all, or a list of mailboxes')
    return
  }
  impersonates.forEach((address: unknown, index) => {
    if (typeof address !== 'string' || !known.has(address.toLowerCase())) {
      check.wrong([...path, index], `there is no mailbox ${String(address)} among the users`)
    }
  })
}

function checkPublicFolder(
  folder: unknown,
  path: Path,
  check: Checks,
  known: ReadonlySet<string>,
): void {
  const allowed = ['path', 'permissions', 'contacts', 'seed', 'class']
  if (!check.mapping(folder, path, allowed)) return
  const { path: name, permissions = {}, contacts } = folder
  if (typeof name !== 'string' || !isAbsolute(name) || /\/\/|.\/$/.test(name)) {
    check.wrong([...path, 'path'], 'write a path from the root, such as /Company/Contacts')
  }
  if (contacts !== undefined) checkContacts(contacts, [...path, 'contacts'], check)
  checkClass(folder.class, path, check)
  checkSeed(folder.seed, path, check)
  if (typeof permissions !== 'object' || permissions === null || Array.isArray(permissions)) {
    check.wrong([...path, 'permissions'], 'write { anna@corp.example: Reviewer }')
    return
  }
  for (const [who, level] of Object.entries(permissions)) {
    const at = [...path, 'permissions', who]
    if (who !== 'Default' && !known.has(who.toLowerCase())) {
      check.wrong(at, `there is no user ${who}; name a mailbox of the users, or Default`)
    }
    if (!LEVELS.includes(level as Level)) {
      check.wrong(at, `"${String(level)}" is no permission level; allowed are ${LEVELS.join(', ')}`)
    }
  }
}

// Aliases are no names to sign in with.
function mailboxesOf(users: readonly unknown[]): ReadonlySet<string> {
  const names = users.map((user) => String((user as { mailbox?: unknown } | null)?.mailbox))
  return new Set(names.map((name) => name.toLowerCase()))
}

function checkSignIn(signIn: unknown, check: Checks, mailboxes: ReadonlySet<string>): void {
  const path = ['signIn']
  const allowed = ['offers', 'extendedProtection', 'apps', 'tokenSeconds', 'kerberos']
  if (!check.mapping(signIn, path, allowed)) return
  const { offers = ['Basic'], extendedProtection = 'Off', apps = [], tokenSeconds = 1 } = signIn
  if (!Array.isArray(offers) || offers.length === 0 || new Set(offers).size < offers.length) {
    check.wrong([...path, 'offers'], `write a list, each once, of ${SCHEMES.join(', ')}`)
  } else {
    offers.forEach((scheme: unknown, index) => {
      if (SCHEMES.includes(scheme as never)) return
      const message = `"${String(scheme)}" is not offered here; allowed are ${SCHEMES.join(', ')}`
      check.wrong([...path, 'offers', index], message)
    })
  }
  if (!PROTECTIONS.includes(extendedProtection as never)) {
    check.wrong([...path, 'extendedProtection'], `write one of ${PROTECTIONS.join(', ')}`)
  }
  if (!Number.isSafeInteger(tokenSeconds) || Number(tokenSeconds) < 1) {
    check.wrong([...path, 'tokenSeconds'], 'write a number of seconds from 1')
  }
  checkKerberos(signIn.kerberos, [...path, 'kerberos'], check)
  if (!Array.isArray(apps)) check.wrong([...path, 'apps'], 'write a list of { id, secret, as }')
  else {
    apps.forEach((app: unknown, index) => {
      checkApp(app, [...path, 'apps', index], check, mailboxes)
    })
  }
}

function checkKerberos(kerberos: unknown, path: Path, check: Checks): void {
  if (kerberos === undefined || !check.mapping(kerberos, path, ['keytab'])) return
  const { keytab } = kerberos
  if (typeof keytab !== 'string' || keytab === '')
    check.wrong([...path, 'keytab'], 'write the path of a keytab')
  else if (!existsSync(keytab))
    check.wrong([...path, 'keytab'], 'name a file that exists, from where the program is started')
}

function checkApp(app: unknown, path: Path, check: Checks, mailboxes: ReadonlySet<string>): void {
  if (!check.mapping(app, path, ['id', 'secret', 'as'])) return
  for (const key of ['id', 'secret']) {
    if (typeof app[key] === 'string' && app[key] !== '') continue
    check.wrong([...path, key], 'write a text; put quotation marks around a number')
  }
  if (typeof app.as !== 'string' || !mailboxes.has(app.as.toLowerCase())) {
    check.wrong([...path, 'as'], `there is no mailbox ${String(app.as)} among the users`)
  }
}
