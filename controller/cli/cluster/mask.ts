// Replaces what names people and places: mailboxes, hosts, addresses of machines and folder paths. Equal ones become the same
// pseudonym, by a digest with a key that is kept nowhere, so that one bundle can be followed and two cannot be compared.
//
// Guarantees: a mailbox, a host with a domain, an IP address and credentials of HTTP are found in any text, and of a URL only the
// scheme, the host and the port are left; a folder path and a mailbox of any spelling where a resource has it, and from then on in
// any text (literals.ts).
// Caveats: names of resources and namespaces stay. Too much rather than too little is replaced. A name that no resource has, and that
// has no form of its own, is not known: a user name without a domain, a folder that was renamed.
import { createHmac } from 'node:crypto'
import { Literals } from './literals.ts'

type Sort = 'mailbox' | 'account' | 'host' | 'ip' | 'folder'

// Begins where a word does, so that each word is read once.
const mailbox =
  /(?<![^\s"'`<>()[\]{},;:=/\\|@])[^\s"'`<>()[\]{},;:=/\\|@]+@[^\s"'`<>()[\]{},;:=/\\|]+/g
const credentials = /\b(Basic|Bearer|Negotiate|NTLM) +[A-Za-z0-9+/=._~-]{8,}/g
// Elsewhere a backslash between two words is a file or a key of a registry.
const account =
  /\b(account|identity|principal|user|username)([\s:="'“]{1,4})([\w.-]{1,64}\\{1,2}[\w.$-]{1,64})/gi
const ipv4 =
  /(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.]*\d)/g
const ipv6 = /(?<!\w)[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,8}(?!\w)/gi
const host = /(?<![\w.-])(?:[a-z0-9_-]{1,63}\.){1,10}[a-z]{2,24}(?![\w-])/gi
const url = /\b([a-z][a-z0-9+.-]{0,20}:\/\/)([^\s"<>\\]+)/gi
/** The path that every Exchange has. */
const usualPath = '/ews/exchange.asmx'

/** Texts that look like a host: fields of resources, files, and the domains of Kubernetes' own names. */
const noHost =
  /^(spec|status|metadata|auth|tls|limits|allowed|guard|hub)\.|\.(asmx|ts|js|mjs|json|ya?ml|db|log)$|(^|\.)(kubernetes\.io|k8s\.io|exchangesync\.dev|fluxcd\.io|argoproj\.io|helm\.sh)$/i

/** The keys of our resources whose values are replaced as a whole, with what they hold. */
const keys: Readonly<Record<string, Sort>> = {
  mailbox: 'mailbox',
  mailboxes: 'mailbox',
  publicFolder: 'folder',
  folder: 'folder',
  hubs: 'folder',
  folders: 'folder',
}

// A replica is named by its mailbox or its public folder, or by a word.
function sortOf(key: string, text: string): Sort | undefined {
  if (key !== 'replica') return keys[key]
  return text.startsWith('/') ? 'folder' : text.includes('@') ? 'mailbox' : undefined
}

/** The pseudonyms of one bundle. */
export class Mask {
  readonly #key: string
  /** Mailboxes are looked for first: the domain of one is a host. */
  readonly #mailboxes = new Literals()
  readonly #places = new Literals()

  /** `key`: random, and used for one bundle only. */
  constructor(key: string) {
    this.#key = key
  }

  /** The pseudonym of a value. */
  of(sort: Sort, value: string): string {
    if (sort === 'folder') return this.#path(value)
    const digest = this.#digest(value.toLowerCase())
    return sort === 'host' ? `${sort}-${digest}.invalid` : `${sort}-${digest}`
  }

  /** Looks for the value in all texts from now on, in any letter case, also as JSON writes it; one of too many is not looked for. */
  learn(sort: Sort, value: string): void {
    const literals = sort === 'mailbox' ? this.#mailboxes : this.#places
    const pseudonym = this.of(sort, value)
    for (const form of [value, JSON.stringify(value).slice(1, -1)]) literals.learn(form, pseudonym)
  }

  /** Learns the mailboxes, hosts, domains and paths that a resource declares, or that its status has. */
  learnFrom(value: unknown, key = ''): void {
    if (typeof value === 'string') this.#learnText(key, value)
    else if (Array.isArray(value)) for (const each of value) this.learnFrom(each, key)
    else if (typeof value === 'object' && value !== null)
      for (const [name, each] of Object.entries(value)) this.learnFrom(each, name)
  }

  #learnText(key: string, text: string): void {
    const sort = sortOf(key, text)
    if (sort === 'folder')
      // A member's folder may have the name of the hub's: each part of a path is learned, too. A folder of the kind itself
      // has a word of everyday language as its name.
      for (const path of [text, ...partsOf(text)])
        if (!/^(Contacts|Calendar|Tasks|Notes|\/*)$|\*/i.test(path)) this.learn('folder', path)
    if (sort === 'mailbox') {
      if (!text.includes('*')) this.learn('mailbox', text)
      const domain = text.split('@').at(-1)
      if (domain?.includes('.')) this.learn('host', domain)
    }
    if (URL.canParse(text)) {
      const { hostname } = new URL(text)
      if (hostname !== '') this.learn('host', hostname)
    }
  }

  /** Leaves the name of a resource, namespace/name, as it is, also if a folder has a part of it as its name. */
  keepName(name: string): void {
    this.#places.keep(name)
  }

  /** A resource, an event or another JSON value, with the pseudonyms. */
  value(value: unknown, key = ''): unknown {
    if (typeof value === 'string') return this.#valued(key, value)
    if (Array.isArray(value)) return value.map((each) => this.value(each, key))
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value).map(([name, each]) => [
      this.text(name),
      this.value(each, name),
    ])
    return Object.fromEntries(entries)
  }

  #valued(key: string, text: string): string {
    // Exchange's version looks like an address.
    if (key === 'version' && /^[\d.]+$/.test(text)) return text
    const sort = sortOf(key, text)
    return sort === undefined ? this.text(text) : this.of(sort, text)
  }

  /** Any text, with the pseudonyms. */
  text(text: string): string {
    // A URL may hold credentials before its host. Mailboxes next: the domain of one is a host, and its local part names a person.
    const named = this.#mailboxes
      .replaced(
        text
          .replace(credentials, '$1 …')
          .replace(url, (_, scheme: string, rest: string) => scheme + this.#restOf(rest)),
      )
      .replace(mailbox, (found) => this.of('mailbox', found))
      .replace(account, (_, word: string, between: string, name: string) => {
        return word + between + this.of('account', name.replace(/\\+/, '\\'))
      })
    return this.#places
      .replaced(named)
      .replace(ipv4, (found) => (/^(127|0)\./.test(found) ? found : this.of('ip', found)))
      .replace(ipv6, (found) => this.#ipv6Of(found))
      .replace(host, (found) => (noHost.test(found) ? found : this.#hostOf(found)))
  }

  // The host and the port of a URL: the path and the query may hold a token, what is before the host a password.
  #restOf(rest: string): string {
    // The end of a sentence is not part of it.
    const ends = rest.includes('[') ? /[)'’.,;:!?]/ : /[)\]'’.,;:!?]/
    let end = rest.length
    while (end > 0 && ends.test(rest.charAt(end - 1))) end -= 1
    const [, authority = '', path = ''] = /^([^/?#]*)(.*)$/s.exec(rest.slice(0, end)) ?? []
    const at = authority.slice(authority.lastIndexOf('@') + 1)
    const [, name = '', port = ''] = /^(\[[^\]]*\]|[^:]*)((?::\d{1,5})?)/.exec(at) ?? []
    // An IPv6 address of a URL, without its brackets and its zone.
    const [bare = ''] = name.replace(/^\[|\]$/g, '').split('%')
    const shown = isIpv6(bare)
      ? this.of('ip', bare)
      : /^[\d.]*$/.test(bare)
        ? bare
        : this.#hostOf(bare)
    const kept = path.toLowerCase() === usualPath || path === '/' ? path : path === '' ? '' : '/…'
    return shown + port + kept + rest.slice(end)
  }

  // A colon may end a sentence. Many groups of a few digits may name a machine in another way.
  #ipv6Of(found: string): string {
    const bare = /[^:]:$/.test(found) ? found.slice(0, -1) : found
    if (/^::1?$/.test(bare)) return found
    if (!isIpv6(bare) && bare.split(':').length < 4) return found
    return this.of('ip', bare) + found.slice(bare.length)
  }

  #hostOf(name: string): string {
    return isMasked(name) || name === 'localhost' ? name : this.of('host', name)
  }

  #path(path: string): string {
    return path
      .split('/')
      .map((each) => (/^\**$/.test(each) ? each : `folder-${this.#digest(each.toLowerCase())}`))
      .join('/')
  }

  #digest(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('hex').slice(0, 10)
  }
}

// With a backslash before it a slash is part of a name.
function partsOf(path: string): readonly string[] {
  return path.split(/(?<!\\)\//).map((part) => part.replace(/\\(.)/g, '$1'))
}

function isIpv6(text: string): boolean {
  return text.includes(':') && /^[0-9a-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]`)
}

function isMasked(text: string): boolean {
  return /(mailbox|account|host|ip|folder)-[0-9a-f]{10}/.test(text)
}
